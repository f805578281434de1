"""Sets of an alphabet's symbols by how they are written, which is what patterns are made of."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from fnmatch import translate

from seqrec.alphabet import Alphabet


class SymbolSets:
    """Looks up sets of symbols; a set is a mask in which bit i stands for id i, and 0 where there is no such symbol.

    Args:
        alphabet: Its symbols and their other spellings, composed (NFC) or as they are.
        either_case: Whether spellings that differ in case only are the same.

    Attributes:
        every: All symbols.
        kinds: For each letter of `\\d \\w \\s` the symbols of one character that are such, by Unicode's properties as in
            Python; for the upper-case letters all other symbols.
        has_names: Whether some symbols have several characters.
    """

    def __init__(self, alphabet: Alphabet, *, either_case: bool) -> None:
        self._either_case = either_case
        self._masks: dict[str, int] = {}
        for spelling in (*alphabet.symbols, *alphabet.canonical):
            for form in {spelling, unicodedata.normalize("NFC", spelling)}:
                mask = 1 << alphabet.encode([form])[0]
                for case in {form, form.lower(), form.upper(), form.casefold()} if either_case else {form}:
                    self._masks[case] = self._masks.get(case, 0) | mask
        self._characters = sorted(form for form in self._masks if len(form) == 1)
        self.every = (1 << alphabet.classes) - 2
        composed = [unicodedata.normalize("NFC", symbol) for symbol in alphabet.symbols]
        self.has_names = any(len(form) > 1 for form in composed)
        singles = [(1 << number, form) for number, form in enumerate(composed, start=1) if len(form) == 1]
        self.kinds = {
            "d": sum(bit for bit, form in singles if form.isdecimal()),
            "w": sum(bit for bit, form in singles if form.isalnum() or form == "_"),
            "s": sum(bit for bit, form in singles if form.isspace()),
        }
        self.kinds |= {letter.upper(): self.every & ~mask for letter, mask in self.kinds.items()}

    def spelt(self, spelling: str) -> int:
        """The symbol that is spelt so; where either case will do there can be several."""
        return self._masks.get(spelling.casefold() if self._either_case else spelling, 0)

    def between(self, low: str, high: str) -> int:
        """Symbols with a spelling of one character from `low` to `high`."""
        return self._union(self._characters[bisect_left(self._characters, low) : bisect_right(self._characters, high)])

    def like(self, pieces: list[str]) -> int:
        """Symbols with a spelling that a wildcard matches.

        Args:
            pieces: Characters, each as it is or after a backslash; a bare `*` stands for any characters, a bare `?` for one.
        """
        wildcard = "".join(f"[{piece[-1]}]" if piece in ("[", "\\[", "\\*", "\\?") else piece[-1] for piece in pieces)
        pattern = re.compile(translate(wildcard), re.IGNORECASE if self._either_case else 0)
        return self._union(form for form in self._masks if pattern.match(form))

    def _union(self, forms: Iterable[str]) -> int:
        mask = 0
        for form in forms:
            mask |= self._masks[form]
        return mask
