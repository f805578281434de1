"""Alphabets: the symbols of a task, their ids 1..K, and the blank, which is never one of them."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from seqrec.errors import AlphabetError

BLANK = 0
"""Id of the blank: 'no symbol here'. Symbols have the ids 1..K, classes are 0..K."""


def frames_needed(ids: Sequence[int]) -> int:
    """Fewest frames in which CTC can spell a target: one a symbol, and a blank between two that are equal.

    Example:
        >>> frames_needed([2, 1, 1])
        4
    """
    return len(ids) + sum(one == other for one, other in zip(ids, ids[1:], strict=False))


def size_told(ids: Sequence[int], needed: int) -> str:
    """How long a target is, in words; with its repeats where these are among the frames that it needs.

    Example:
        >>> size_told([2, 1, 1], 4), size_told([2, 1, 1], 1)
        ('3 symbols with 1 repeats', '3 symbols')
    """
    repeats = frames_needed(ids) - len(ids)
    return f"{len(ids)} symbols" + (f" with {repeats} repeats" if repeats and needed == len(ids) + repeats else "")


@dataclass(frozen=True)
class Alphabet:
    """An ordered set of symbols; a symbol is a string of any length (`a`, `note-C4_quarter`).

    Args:
        name: Short name, as in `ascii95`.
        symbols: The symbols in the order of their ids, 1..K.
        canonical: Other spellings, each with the symbol it stands for (`{'É': 'E'}`); labels are brought to this form
            before they are encoded.
        separator: What stands between the symbols of a label in a file. With `""` a label is split from left to
            right, longest symbol first.
        source: Where the set comes from.
        parts: What symbols are composed of (a note: its kind, staff step, duration …). A transcription may then learn parts
            instead of symbols, so that a rare symbol profits from common ones; a symbol without an entry is a part of its own.

    Raises:
        AlphabetError: No symbol, an empty one, one twice, a canonical form that is not a symbol, or two symbols of equal parts.

    Example:
        >>> abc = Alphabet("abc", ["a", "b", "c"], canonical={"A": "a"})
        >>> abc.encode("cAb")
        [3, 1, 2]
        >>> abc.text(abc.decode([3, 1, 2]))
        'cab'
    """

    name: str
    symbols: Sequence[str]
    canonical: Mapping[str, str] = field(default_factory=dict)
    separator: str = ""
    source: str = ""
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbols", tuple(self.symbols))
        object.__setattr__(self, "parts", {symbol: tuple(parts) for symbol, parts in self.parts.items()})
        object.__setattr__(self, "canonical", dict(self.canonical))
        if not self.symbols:
            raise AlphabetError(f"alphabet '{self.name}' has no symbols; give at least one")
        seen: set[str] = set()
        for symbol in self.symbols:
            if not isinstance(symbol, str) or not symbol:
                raise AlphabetError(f"alphabet '{self.name}': {symbol!r} is no symbol; a symbol is a non-empty string")
            if symbol in seen:
                raise AlphabetError(f"alphabet '{self.name}': symbol {symbol!r} stands there twice; list each once")
            if self.separator and self.separator in symbol:
                raise AlphabetError(f"alphabet '{self.name}': symbol {symbol!r} holds the separator {self.separator!r}")
            seen.add(symbol)
        for spelling, symbol in self.canonical.items():
            if symbol not in seen:
                raise AlphabetError(
                    f"alphabet '{self.name}': {spelling!r} is another spelling of {symbol!r}, which is no symbol of it"
                )

        self._check_parts(seen)

    def _check_parts(self, symbols: set[str]) -> None:
        for symbol, parts_given in self.parts.items():
            if symbol not in symbols:
                raise AlphabetError(f"alphabet '{self.name}': {symbol!r} has parts and is no symbol; leave it out of `parts`")
            if not parts_given or not all(parts_given):
                raise AlphabetError(f"alphabet '{self.name}': {symbol!r} has no part, or an empty one; name at least one")
        owner: dict[frozenset[str], str] = {}
        for symbol in self.symbols if self.parts else ():
            parts = frozenset(self.parts_of(symbol))
            other = owner.setdefault(parts, symbol)
            if other != symbol:
                raise AlphabetError(
                    f"alphabet '{self.name}': {other!r} and {symbol!r} have the same parts ({', '.join(sorted(parts))}), so that "
                    "nothing could tell them apart; give one of them another part"
                )

    def __len__(self) -> int:
        return len(self.symbols)

    def parts_of(self, symbol: str) -> tuple[str, ...]:
        """What a symbol is composed of; itself where nothing is said."""
        return tuple(self.parts.get(symbol, (symbol,)))

    def __hash__(self) -> int:
        return hash((self.name, self.symbols))

    @property
    def classes(self) -> int:
        """K + 1: the symbols and the blank."""
        return len(self.symbols) + 1

    @cached_property
    def _ids(self) -> dict[str, int]:
        ids = {symbol: index for index, symbol in enumerate(self.symbols, start=1)}
        for spelling, symbol in self.canonical.items():
            ids.setdefault(spelling, ids[symbol])
        for spelling, number in list(ids.items()):  # labels are split in this form
            ids.setdefault(unicodedata.normalize("NFC", spelling), number)
        return ids

    @cached_property
    def _longest(self) -> int:
        return max(len(spelling) for spelling in self._ids)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._ids

    def id_of(self, symbol: str) -> int | None:
        """The id of a symbol or of another spelling of one; None where it is neither."""
        return self._ids.get(symbol)

    def split(self, label: str) -> list[str]:
        """The label's pieces, in or out of the alphabet: by the separator, else from the left, longest first.

        A character that starts no symbol is a piece of its own, so that nothing is dropped in silence.
        """
        if self.separator:
            return [piece for piece in label.split(self.separator) if piece]
        label = unicodedata.normalize("NFC", label)
        if self._longest == 1:
            return list(label)
        pieces, start = [], 0
        while start < len(label):
            stop = next(
                (end for end in range(min(len(label), start + self._longest), start, -1) if label[start:end] in self),
                start + 1,
            )
            pieces.append(label[start:stop])
            start = stop
        return pieces

    def unknown(self, label: str) -> list[str]:
        """The pieces of a label that are not in the alphabet, in order, each once."""
        return list(dict.fromkeys(piece for piece in self.split(label) if piece not in self))

    def encode(self, label: str | Iterable[str]) -> list[int]:
        """Ids of a label.

        Args:
            label: Text as in a file, or the symbols themselves.

        Returns:
            Ids 1..K, as many as symbols.

        Raises:
            AlphabetError: A piece is not in the alphabet; the message gives it and its position.
        """
        pieces = self.split(label) if isinstance(label, str) else list(label)
        ids = []
        for position, piece in enumerate(pieces, start=1):
            number = self._ids.get(piece)
            if number is None:
                code = f" (U+{ord(piece):04X})" if len(piece) == 1 else ""
                shown = label if isinstance(label, str) else self.text(pieces)
                raise AlphabetError(
                    f"symbol {piece!r}{code} at position {position} of {shown!r} is not in alphabet "
                    f"'{self.name}' ({len(self)} symbols)"
                )
            ids.append(number)
        return ids

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Symbols of ids 1..K.

        Raises:
            AlphabetError: An id is the blank's or beyond K.
        """
        symbols = []
        for number in ids:
            if not 1 <= number <= len(self.symbols):
                raise AlphabetError(f"id {number} is no symbol of alphabet '{self.name}'; ids are 1..{len(self)}")
            symbols.append(self.symbols[number - 1])
        return symbols

    def text(self, symbols: Iterable[str]) -> str:
        """Symbols joined as they stand in a file."""
        return self.separator.join(symbols)

    def reduce(self, label: str) -> str:
        """The label in canonical form, with every piece outside the alphabet left out.

        What evaluation protocols use; training refuses such labels instead.
        """
        return self.text(self.symbols[self._ids[piece] - 1] for piece in self.split(label) if piece in self)

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads back to an equal alphabet."""
        fields: dict[str, object] = {
            "name": self.name,
            "symbols": list(self.symbols),
            "canonical": dict(self.canonical),
            "separator": self.separator,
            "source": self.source,
        }
        if self.parts:
            fields["parts"] = {symbol: list(parts) for symbol, parts in self.parts.items()}
        return json.dumps(fields, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Alphabet":
        """The alphabet that `to_json` wrote.

        Raises:
            AlphabetError: The text is not such JSON.
        """
        try:
            fields = json.loads(text)
            return cls(**fields)
        except (ValueError, TypeError, AttributeError) as error:
            raise AlphabetError(f"no alphabet: {error}; expected the JSON that Alphabet.to_json writes") from error


def fold_map(source: Alphabet, target: Alphabet) -> list[int]:
    """For each class of `source` the class of `target` that takes over its probability.

    Case variants and other spellings go where `target`'s canonical form says, everything else to the blank. Adding
    probabilities frame by frame is our definition of reading with a smaller alphabet; it is not the sum over all
    spellings of a word.

    Returns:
        `source.classes` ids in 0..`target` K; the first is the blank.
    """
    return [BLANK] + [target.id_of(symbol) or BLANK for symbol in source.symbols]
