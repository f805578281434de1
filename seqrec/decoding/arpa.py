r"""ARPA files: n-gram language models as text, with logarithms to base 10.

A symbol stands in the file as it is, save four kinds, where the characters in question are written as `%` and the two
hexadecimal digits of each of their bytes in UTF-8: white space and control characters (the space is `%20`), the first character
of a symbol that starts with a backslash or is `<s>`, `</s>` or `<unk>`, and a `%` before two hexadecimal digits. So every symbol
is read back as it was. In files of others `▁` and `<space>` are the space as well, where the alphabet has no such symbol.
"""

import gzip
import re
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet
from seqrec.decoding.grams import NEVER, START, Grams, Level, stack
from seqrec.errors import GrammarError

MAX_ORDER = 20
"""Longest n-grams that are read."""
FLOOR = 1e-7
"""Probability of a symbol that a file lacks, where it lacks `<unk>` too."""

_LN10 = float(np.log(10))
_LEAST = -1000.0  # least logarithm to base 10 that is taken for one of a probability; -99 is the custom for never
_LINE_BYTES = 65_536
_PREAMBLE_LINES = _BLANK_LINES = 1000
_SWELLS = 100  # times that a packed file may grow; n-grams grow to ten times at most
_RESERVED = ("<s>", "</s>", "<unk>", "<UNK>")
_SPACES = ("▁", "<space>")
_DECLARED = re.compile(rb"ngram\s+(\d{1,3})\s*=\s*(\d{1,18})")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_TO_ESCAPE = re.compile(r"[\s\x00-\x20\x7f-\x9f]|%(?=[0-9A-Fa-f]{2})|\A\\")


def escape(symbol: str) -> str:
    r"""A symbol as it stands in an ARPA file.

    Example:
        >>> [escape(symbol) for symbol in ("a", " ", "%", "<s>", "\\", "100%25")]
        ['a', '%20', '%', '%3Cs>', '%5C', '100%2525']
    """
    if symbol in _RESERVED:
        return "%3C" + symbol[1:]
    return _TO_ESCAPE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), symbol)


def unescape(token: str) -> str:
    """The symbol that `escape` wrote so; what is no UTF-8 stays as it is.

    Example:
        >>> [unescape(token) for token in ("a", "%20", "%", "%3Cs>", "%FF")]
        ['a', ' ', '%', '<s>', '%FF']
    """
    try:
        return _ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode(), token)
    except UnicodeDecodeError:
        return token


def arpa_lines(grams: Grams, alphabet: Alphabet) -> Iterator[str]:
    """A model as ARPA text, line by line; nine digits a number, so that it is read back to the bit."""
    yield "\\data\\"
    for order in range(1, grams.order + 1):
        yield f"ngram {order}={grams.first[order + 1] - grams.first[order]}"
    tokens = ["<s>", *map(escape, alphabet.symbols), "</s>"]
    texts = [""]
    for order in range(1, grams.order + 1):
        nodes = grams.nodes(order)
        symbols = grams.symbol[nodes].tolist()
        prefixes = (grams.prefix[nodes] - grams.first[order - 1]).tolist()
        texts = [f"{texts[prefix]} {tokens[symbol]}" for prefix, symbol in zip(prefixes, symbols, strict=True)]
        weights = (grams.weight[nodes].astype(float) / _LN10).tolist()
        backoffs = (grams.backoff[nodes].astype(float) / _LN10).tolist()
        yield f"\n\\{order}-grams:"
        for text, symbol, weight, backoff in zip(texts, symbols, weights, backoffs, strict=True):
            followed = order < grams.order and symbol != grams.end
            yield f"{weight:.9g}\t{text[1:]}\t{backoff:.9g}" if followed else f"{weight:.9g}\t{text[1:]}"
    yield "\n\\end\\"


def read_arpa(path: Path, alphabet: Alphabet) -> tuple[Grams, tuple[str, ...]]:
    """The n-grams of an ARPA file, plain or packed by gzip, and what is to be said of it.

    N-grams with `<unk>` are left out. Symbols of the alphabet that the file lacks share the probability of its `<unk>`, or have
    `FLOOR` each; at least half of the alphabet must be there, and nothing else.

    Raises:
        GrammarError: No such file, no ARPA file, a broken one, or a model of another alphabet.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            most = _SWELLS * path.stat().st_size + (1 << 20)
            return _Reader(file, path, alphabet, most).read()
    except OSError as error:
        raise GrammarError(f"'{path}' cannot be read: {error}; give the path of an ARPA file") from error


class _Section(NamedTuple):
    """The n-grams of one order as they stand in the file."""

    symbols: npt.NDArray[np.int32]  # (n-grams, order)
    weight: npt.NDArray[np.float64]  # to base 10
    backoff: npt.NDArray[np.float64]
    line: npt.NDArray[np.int64]


class _Tokens(dict[bytes, int]):
    """What stands for each token: `<s>` 0, the alphabet's symbols 1..K, `</s>` K + 1, `<unk>` K + 2, foreign ones beyond.

    Filled by the 1-grams, after which other tokens raise a KeyError.
    """

    def __init__(self, alphabet: Alphabet) -> None:
        self.end = len(alphabet) + 1
        self.unknown = self.end + 1
        self.foreign: list[str] = []
        self.filled = False
        self._ids = {symbol: number for number, symbol in enumerate(alphabet.symbols, start=1)}  # no other spellings here
        super().__init__(zip(map(str.encode, _RESERVED), (START, self.end, self.unknown, self.unknown), strict=True))

    def __missing__(self, token: bytes) -> int:
        if self.filled:
            raise KeyError(token)
        text = token.decode()
        spellings = [unescape(text), text, *[" "] * (text in _SPACES)]
        number = next((self._ids[spelling] for spelling in spellings if spelling in self._ids), None)
        if number is None:
            self.foreign.append(spellings[0])
            number = self.unknown + len(self.foreign)
        self[token] = number
        return number


class _Reader:
    """Reads one file; every error names it and the line."""

    def __init__(self, file: "IO[bytes] | gzip.GzipFile", path: Path, alphabet: Alphabet, most: int) -> None:
        self.file = file
        self.left = most  # bytes that may still come
        self.path = path
        self.alphabet = alphabet
        self.tokens = _Tokens(alphabet)
        self.number = 0  # of the line
        self.line = b""
        self.notes: list[str] = []

    def read(self) -> tuple[Grams, tuple[str, ...]]:
        declared = self.declared()
        levels: list[Level] = []
        left_out = 0
        for order, count in enumerate(declared, start=1):
            section = self.section(order, count)
            self.check(section, last=order == len(declared))
            if order == 1:
                section = self.completed(section)
            known = (section.symbols != self.tokens.unknown).all(axis=1)
            left_out += int((~known).sum())
            levels.append(self.level(_Section(*(column[known] for column in section)), levels))
        self.expect(b"\\end\\")
        if left_out:
            self.notes.insert(0, f"{left_out:,} n-grams with <unk> are left out")
        return stack(levels), tuple(self.notes)

    def broken(self, found: str, line: int | None = None) -> GrammarError:
        return GrammarError(f"'{self.path}', line {line or self.number}: {found}")

    def advance(self) -> bytes:
        """The next line that is not blank."""
        for _ in range(_BLANK_LINES):
            self.number += 1
            try:
                line = self.file.readline(_LINE_BYTES)
            except (OSError, EOFError, zlib.error) as error:
                raise self.broken(f"cannot be read further ({error}); copy the file again") from error
            if not line:
                raise self.broken("the file ends here, before its '\\end\\'; if it is an ARPA file it was cut off: copy it again")
            self.left -= len(line)
            if self.left < 0:
                raise self.broken(f"unpacked it is more than {_SWELLS} times as large; no language model is packed so well")
            if len(line) == _LINE_BYTES:
                raise self.broken(f"longer than {_LINE_BYTES:,} bytes; this is no ARPA file")
            self.line = line.strip()
            if self.line:
                return self.line
        raise self.broken(f"{_BLANK_LINES:,} blank lines; this is no ARPA file")

    def expect(self, line: bytes) -> None:
        if self.line != line:
            raise self.broken(f"{_shown(self.line)} stands where {_shown(line)} is expected")

    def declared(self) -> list[int]:
        """How many n-grams of each order the header declares; numbers to check, not to reserve memory for."""
        while self.advance().removeprefix(b"\xef\xbb\xbf") != b"\\data\\":
            if self.number > _PREAMBLE_LINES:
                raise self.broken("no line '\\data\\' until here; this is no ARPA file")
        counts: list[int] = []
        while match := _DECLARED.fullmatch(self.advance()):
            if int(match[1]) != len(counts) + 1 or len(counts) == MAX_ORDER:
                raise self.broken(f"{_shown(self.line)}: orders must be 1, 2, 3 … and at most {MAX_ORDER}")
            counts.append(int(match[2]))
        if not counts:
            raise self.broken(f"{_shown(self.line)} stands where 'ngram 1=…' is expected")
        return counts

    def section(self, order: int, declared: int) -> _Section:
        """The n-grams of one order; the line behind them is the current one then."""
        self.expect(b"\\%d-grams:" % order)
        symbols, weight, backoff, lines = array("i"), array("d"), array("d"), array("q")
        while not self.advance().startswith(b"\\"):
            fields = self.line.split()
            if len(fields) not in (order + 1, order + 2):
                expected = f"a logarithm, {order} symbols with white space between, and perhaps a backoff weight"
                raise self.broken(f"{_shown(self.line)} has {len(fields)} fields; expected {expected}")
            try:
                weight.append(float(fields[0]))
                backoff.append(float(fields[-1]) if len(fields) == order + 2 else 0.0)
            except ValueError as error:
                raise self.broken(f"{_shown(self.line)}: {error}") from error
            try:
                symbols.extend([self.tokens[token] for token in fields[1 : order + 1]])
            except UnicodeDecodeError as error:
                raise self.broken(f"not UTF-8 ({error}); save the file as UTF-8") from error
            except KeyError as error:
                raise self.broken(f"symbol {_shown(error.args[0])} is not among the 1-grams") from error
            lines.append(self.number)
            if len(lines) > declared:
                raise self.broken(f"more {order}-grams than the {declared:,} that the header declares")
        if len(lines) < declared:
            told = f"only {len(lines):,} {order}-grams where the header declares {declared:,}"
            raise self.broken(f"{told}; the file was cut or edited")
        columns = (np.array(symbols, np.int32).reshape(-1, order), np.array(weight), np.array(backoff), np.array(lines))
        return _Section(*columns)

    def check(self, section: _Section, last: bool) -> None:
        """Refuses impossible numbers and `<s>` or `</s>` in the middle; puts 0 where no backing off can be."""
        symbols, weight, backoff, lines = section
        final = symbols[:, -1]
        if symbols.shape[1] == 1:
            weight[final == START] = NEVER / _LN10  # whatever the file says: some say minus infinity
        backoff[(final == self.tokens.end) | last] = 0.0
        for wrong, told in (
            (~((weight <= 0) & (weight >= _LEAST)), f"the logarithm of a probability must be from {_LEAST:.0f} to 0"),
            (~(np.abs(backoff) <= -_LEAST), f"a backoff weight must be from {_LEAST:.0f} to {-_LEAST:.0f}"),
            ((symbols[:, 1:] == START).any(axis=1), "<s> can only be the first symbol"),
            ((symbols[:, :-1] == self.tokens.end).any(axis=1), "</s> can only be the last symbol"),
        ):
            if wrong.any():
                raise self.broken(told, int(lines[wrong.argmax()]))

    def completed(self, section: _Section) -> _Section:
        """The 1-grams with those symbols of the alphabet that the file lacks."""
        tokens, alphabet = self.tokens, self.alphabet
        tokens.filled = True
        found = section.symbols[:, 0]
        for number, token in ((START, "<s>"), (tokens.end, "</s>")):
            if number not in found:
                raise self.broken(f"{token} is not among the 1-grams; build the model with marks for start and end")
        missing = np.setdiff1d(np.arange(1, tokens.end), found).astype(np.int32)
        lacked = _named(alphabet.decode(missing.tolist()))
        if tokens.foreign or 2 * len(missing) > len(alphabet):
            raise GrammarError(
                f"'{self.path}' is a model of another alphabet: {len(tokens.foreign):,} of its symbols are not in alphabet "
                f"'{alphabet.name}'{_named(tokens.foreign)}, and {len(missing):,} of the alphabet's {len(alphabet):,} are not in "
                f"the model{lacked}; choose the alphabet that it was built for"
            )
        if not len(missing):
            return section
        unknown = section.weight[found == tokens.unknown]
        weight = unknown[0] - np.log10(len(missing)) if len(unknown) else np.log10(FLOOR)
        given = "share the probability of <unk>" if len(unknown) else f"have a probability of {FLOOR} each"
        self.notes.append(f"{len(missing):,} of {len(alphabet):,} symbols are not in the model{lacked}; they {given}")
        more = _Section(missing[:, None], np.full(len(missing), weight), np.zeros(len(missing)), np.zeros(len(missing), np.int64))
        return _Section(*(np.concatenate([own, added]) for own, added in zip(section, more, strict=True)))

    def level(self, section: _Section, below: list[Level]) -> Level:
        """The n-grams of one order as the levels of a trie have them."""
        base = self.tokens.end + 1
        place = np.zeros(len(section.line), np.int64)  # of the prefix in the level below, found symbol by symbol
        for level, symbols in zip(below, section.symbols.T, strict=False):
            codes = np.append(level.prefix * base + level.symbol, -1)
            wanted = place * base + symbols
            place = np.searchsorted(codes[:-1], wanted)
            lacking = codes[place] != wanted
            if lacking.any():
                told = f"what this {len(below) + 1}-gram starts with is not among the {len(below)}-grams"
                raise self.broken(told, int(section.line[lacking.argmax()]))
        codes = place * base + section.symbols[:, -1]
        order = np.argsort(codes, kind="stable")
        codes = codes[order]
        twice = np.flatnonzero(codes[1:] == codes[:-1])
        if len(twice):
            raise self.broken(f"this {len(below) + 1}-gram stands here a second time", int(section.line[order[twice[0] + 1]]))
        return Level(codes // base, codes % base, section.weight[order] * _LN10, section.backoff[order] * _LN10)


def _shown(line: bytes) -> str:
    return repr(line[:60].decode(errors="backslashreplace"))


def _named(symbols: list[str]) -> str:
    return f" ({', '.join(map(repr, symbols[:3]))}{', …' * (len(symbols) > 3)})" if symbols else ""
