"""The text of a pattern, read into a tree of symbol sets, rows, choices and repeats."""

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from seqrec.alphabet import Alphabet
from seqrec.decoding.symbol_sets import SymbolSets
from seqrec.errors import GrammarError

MAX_LENGTH = 5_000
"""Characters of an expression: bounds the work of reading it."""
MAX_DEPTH = 50
"""Groups within groups: bounds the recursion."""
MAX_COUNT = 1_000
"""Largest number in `{m,n}`."""
MAX_SIZE = 10_000
"""Symbol sets of an expression whose counts are written out: bounds the memory of compiling it."""


@dataclass(frozen=True)
class Symbols:
    """One symbol out of a set that is never empty; bit i of `mask` stands for id i."""

    mask: int
    size = 1


@dataclass(frozen=True)
class Row:
    """Parts one after the other; without parts the empty sequence."""

    parts: "tuple[Node, ...]"

    @cached_property
    def size(self) -> int:
        """Symbol sets when all counts are written out, an empty sequence counted as one."""
        return max(1, sum(part.size for part in self.parts))


@dataclass(frozen=True)
class Choice:
    """One of the parts."""

    parts: "tuple[Node, ...]"

    @cached_property
    def size(self) -> int:
        """As `Row.size`."""
        return sum(part.size for part in self.parts)


@dataclass(frozen=True)
class Repeat:
    """A part at least `least` times and at most `most` times; None is without end."""

    part: "Node"
    least: int
    most: int | None

    @cached_property
    def size(self) -> int:
        """As `Row.size`."""
        return self.part.size * max(1, self.least if self.most is None else self.most)


Node = Symbols | Row | Choice | Repeat


def parse(expression: str, alphabet: Alphabet) -> Node:
    """The tree of an expression; `seqrec.decoding.pattern.Pattern` gives the syntax.

    Raises:
        GrammarError: The expression is malformed, too long, too deep or too large, or names what the alphabet has not.
    """
    return _Parser(unicodedata.normalize("NFC", expression), alphabet).tree()  # as alphabets do with labels


def refusal(expression: str, problem: str) -> GrammarError:
    """The error that names an expression, in one line."""
    return GrammarError(f"pattern {_beginning(expression, 80)!r}: {problem}")


def _beginning(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


_COUNT = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_NAME = re.compile(r"<((?:[^>\\]|\\.)*)>", re.DOTALL)
_SHORT_COUNTS: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_EXTENSIONS = {
    "(?=": "look-ahead",
    "(?!": "look-ahead",
    "(?<": "look-behind",
    "(?P": "named group",
    "(?>": "atomic group",
    "(?(": "condition",
    "(?#": "comment",
}


class _Parser:
    """Recursive descent; `place` is the next character's index, positions in messages count from 1."""

    def __init__(self, text: str, alphabet: Alphabet) -> None:
        if len(text) > MAX_LENGTH:
            raise refusal(text, f"{len(text)} characters; at most {MAX_LENGTH} are read (a long list of words is a lexicon)")
        self.text, self.place, self.depth = text, 0, 0
        self.alphabet = alphabet
        self.sets = SymbolSets(alphabet, either_case=self._take("(?i)"))
        self._take("^")

    def tree(self) -> Node:
        node = self._choice()
        if self._next() == ")":
            raise self._error("unbalanced ')'", self.place, "open it with '(', or write \\) for the character")
        self._check_size(node, 0)
        return node

    def _error(self, problem: str, place: int, cure: str) -> GrammarError:
        return refusal(self.text, f"{problem} at position {place + 1}; {cure}")

    def _written(self, begin: int) -> str:
        """What stands from an index to the next character, in one line."""
        written = _beginning(self.text[begin : self.place], 40)
        return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in written)

    def _next(self) -> str:
        return self.text[self.place : self.place + 1]

    def _take(self, expected: str) -> bool:
        """Step over what is expected, if it stands here."""
        found = self.text.startswith(expected, self.place)
        self.place += len(expected) * found
        return found

    def _choice(self) -> Node:
        parts = [self._row()]
        while self._take("|"):
            parts.append(self._row())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _row(self) -> Node:
        parts: list[Node] = []
        while self._next() not in ("", "|", ")"):
            if self.text[self.place :] == "$":
                self.place += 1
            else:
                parts.append(self._repeated())
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def _repeated(self) -> Node:
        node, begin = self._atom(), self.place
        if self._next() not in ("?", "*", "+", "{"):
            return node
        least, most = self._count()
        self._take("?")  # lazy: which match is found first is no matter for a whole sequence
        if self._next() in ("?", "*", "+", "{"):
            raise self._error(f"second count '{self._next()}'", self.place, "put what is repeated into a group, (…)")
        node = Repeat(node, least, most)
        self._check_size(node, begin)
        return node

    def _count(self) -> tuple[int, int | None]:
        begin = self.place
        if self._next() != "{":
            self.place += 1
            return _SHORT_COUNTS[self.text[begin]]
        found = _COUNT.match(self.text, begin)
        if not found:
            raise self._error("'{' without a count", begin, "write {m}, {m,} or {m,n}, or \\{ for the character")
        self.place = found.end()
        for digits in (found[1], found[3] or "0"):
            if len(digits) > 9 or int(digits) > MAX_COUNT:
                raise self._error(f"count {digits[:12]}", begin, f"the largest is {MAX_COUNT}")
        least = int(found[1])
        most = int(found[3]) if found[3] else None if found[2] else least
        if most is not None and most < least:
            raise self._error(f"bad count '{found[0]}'", begin, "write the smaller number first")
        return least, most

    def _check_size(self, node: Node, place: int) -> None:
        if node.size > MAX_SIZE:
            raise self._error(f"{node.size} symbols, all counts written out,", place, f"at most {MAX_SIZE} are compiled")

    def _atom(self) -> Node:
        begin, character = self.place, self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character in "?*+{":
            raise self._error(f"nothing to repeat before '{character}'", begin, f"write \\{character} for the character")
        if character in "^$":
            raise self._error(
                f"'{character}' within the pattern",
                begin,
                f"the whole sequence is matched anyway: leave it out, or write \\{character} for the character",
            )
        if character in "]}":
            raise self._error(f"unbalanced '{character}'", begin, f"write \\{character} for the character")
        if self._take("."):
            return Symbols(self.sets.every)
        return Symbols(self._known(self._member(), begin))

    def _group(self) -> Node:
        begin = self.place
        if not self._take("(?:") and self.text.startswith("(?", begin):
            kind = _EXTENSIONS.get(self.text[begin : begin + 3], "flag")
            self.place += 3
            raise self._error(
                f"{kind} '{self._written(begin)}'",
                begin,
                "groups are (…) and (?:…), the only flag is (?i) at the start",
            )
        if self.place == begin:
            self.place += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} groups within groups", begin, "write the expression flatter")
        node = self._choice()
        if not self._take(")"):
            raise self._error("unbalanced '('", begin, "close it with ')', or write \\( for the character")
        self.depth -= 1
        return node

    def _class(self) -> Node:
        begin = self.place
        self.place += 1
        negated = self._take("^")
        mask, start = 0, self.place
        while self.place == start or self._next() != "]":  # as in Python a first ']' is a character
            if not self._next():
                raise self._error("unbalanced '['", begin, "close it with ']' (a first one is a character), or write \\[ for it")
            mask |= self._class_item()
        self.place += 1
        if negated:
            mask = self.sets.every & ~mask
        if not mask:
            raise self._error(f"class '{self._written(begin)}', which matches nothing,", begin, "leave a symbol in it")
        return Symbols(mask)

    def _class_item(self) -> int:
        begin, low = self.place, self._member()
        if not self._next():
            return 0  # the class is not closed, which is what must be said first
        if self._next() != "-" or self.text[self.place + 1 : self.place + 2] in ("", "]"):
            return self._known(low, begin)
        self.place += 1
        high = self._member()
        written = self._written(begin)
        if isinstance(low, int) or isinstance(high, int):
            raise self._error(f"bad range '{written}'", begin, "a range goes from character to character; write \\- for a hyphen")
        if low > high:
            raise self._error(f"bad range '{written}'", begin, "write the lower character first")
        mask = self.sets.between(low, high)
        return mask or self._known(mask, begin)

    def _known(self, member: str | int, begin: int) -> int:
        """The set that a member stands for: a character to look up, or a set already; never empty."""
        mask = self.sets.spelt(member) if isinstance(member, str) else member
        if mask:
            return mask
        alphabet = f"alphabet '{self.alphabet.name}' ({len(self.alphabet)} symbols)"
        if isinstance(member, int):
            raise self._error(f"'{self._written(begin)}', which matches no symbol of {alphabet},", begin, "leave it out")
        cure = "write its symbols only"
        if self.sets.has_names:
            cure = "write a symbol of several characters as <…>, and nothing between two symbols"
        elif member.swapcase() in self.alphabet:
            cure = "begin with (?i) to match either case"
        raise self._error(f"symbol {member!r} (U+{ord(member):04X}) outside {alphabet}", begin, cure)

    def _member(self) -> str | int:
        """A character, or the set of an escape such as `\\d` or of a `<name>`, which may be empty."""
        character = self._next()
        if character == "\\":
            return self._escape()
        if character == "<" and self.sets.has_names:
            return self._name()
        self.place += 1
        return character

    def _escape(self) -> str | int:
        begin = self.place
        escaped = self.text[begin + 1 : begin + 2]
        self.place += 2
        if not escaped:
            raise self._error("'\\' with nothing after it", begin, "write \\\\ for the character")
        if escaped in self.sets.kinds:
            return self.sets.kinds[escaped]
        if escaped.isascii() and escaped.isalnum():
            kind = "back-reference" if escaped.isdigit() else "unknown escape"
            raise self._error(
                f"{kind} '\\{escaped}'", begin, "there are \\d \\w \\s \\D \\W \\S, and \\ before a character of the syntax"
            )
        return escaped

    def _name(self) -> int:
        """The symbols of `<name>`, in which `*` and `?` are wildcards and a backslash takes a character as it is."""
        begin = self.place
        found = _NAME.match(self.text, begin)
        if not found:
            raise self._error("unbalanced '<'", begin, "close it with '>', or write \\< for the character")
        self.place = found.end()
        pieces: list[str] = re.findall(r"\\.|[^\\]", found[1], re.DOTALL)
        if "*" in pieces or "?" in pieces:
            return self.sets.like(pieces)
        name = "".join(piece[-1] for piece in pieces)
        mask = self.sets.spelt(name)
        if not mask:
            near = get_close_matches(name, self.alphabet.symbols, n=1)
            raise self._error(
                f"symbol {_beginning(name, 40)!r} outside alphabet '{self.alphabet.name}' ({len(self.alphabet)} symbols)",
                begin,
                f"did you mean '{near[0]}'?" if near else "write one of its symbols, or a wildcard as in <note-*>",
            )
        return mask
