"""The symbols that a user names on the command line, and how they are written in Python."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from seqrec.errors import AlphabetError

_LINE = 100  # characters of a line of Python, about


def read_symbols(text: str) -> list[str]:
    """The symbols of a text: code points and their ranges, a file with one in each line, or the characters as they stand.

    Raises:
        AlphabetError: No code point, or an empty range or file.

    Example:
        >>> read_symbols("0123")
        ['0', '1', '2', '3']
        >>> read_symbols("U+16A0-U+16A2,U+0021")
        ['ᚠ', 'ᚡ', 'ᚢ', '!']
    """
    if text.startswith("U+"):
        found = [character for piece in text.split(",") for character in _range(piece.strip())]
    elif len(text) < 4096 and Path(text).is_file():
        lines = Path(text).read_text(encoding="utf-8-sig").splitlines()
        found = [unicodedata.normalize("NFC", line) for line in lines if line]
    else:
        found = list(unicodedata.normalize("NFC", text))
    if not found:
        raise AlphabetError(
            f"--symbols {text!r} names no symbol; write them (0123456789), as U+2800-U+283F, or name a file of lines"
        )
    return list(dict.fromkeys(found))


def _range(piece: str) -> list[str]:
    first, _, last = piece.partition("-")
    try:
        low, high = (int(code.strip().removeprefix("U+"), 16) for code in (first, last or first))
        return [chr(code) for code in range(low, high + 1)]
    except (ValueError, OverflowError):
        raise AlphabetError(f"--symbols: {piece!r} is no range of code points; write U+2800-U+283F") from None


def as_python(symbols: Sequence[str]) -> str:
    """A list of symbols as Python writes it, in lines that fit.

    Example:
        >>> as_python(["0", "1"])
        '[*"01"]'
        >>> as_python(["ᚠ", "note-C4"])
        '["ᚠ", "note-C4"]'
        >>> as_python([chr(code) for code in range(0x2800, 0x2840)])
        '[chr(code) for code in range(0x2800, 0x2840)]'
    """
    codes = [ord(symbol) for symbol in symbols if len(symbol) == 1]
    if len(codes) == len(symbols) > 16 and codes == list(range(codes[0], codes[0] + len(codes))):
        return f"[chr(code) for code in range(0x{codes[0]:04X}, 0x{codes[-1] + 1:04X})]"
    if len(codes) == len(symbols) <= 60:
        return f"[*{_quoted(''.join(symbols))}]"
    words = [_quoted(symbol) for symbol in symbols]
    if sum(map(len, words)) + 2 * len(words) <= _LINE:
        return f"[{', '.join(words)}]"
    lines, line = [], "   "
    for word in words:
        if len(line) + len(word) + 2 > _LINE:
            lines.append(line)
            line = "   "
        line += f" {word},"
    return "\n".join(["[", *lines, line, "]"])


def _quoted(text: str) -> str:
    """A Python string; what could not be seen, or would join what stands before it, is written as its code."""
    shown = "".join(
        character
        if character.isprintable() and not unicodedata.combining(character) and character not in '"\\'
        else _escaped(character)
        for character in text
    )
    return f'"{shown}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
