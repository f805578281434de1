"""Tokens of one staff: the PrIMuS semantic encoding, and its arithmetic of pitches, staff steps and lengths.

A token is a string (`note-F#4_quarter.`), an element is the same as an object. `parse` and `spell` go from one to the other.

Source:
    Calvo-Zaragoza and Rizo 2018, "End-to-end neural optical music recognition of monophonic scores", the semantic encoding.
    All of it is understood here; `seqrec_sheet_music.alphabets` lists what is in scope.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from seqrec_sheet_music.errors import MusicError

LETTERS = "CDEFGAB"
ACCIDENTALS = {-1: "b", 0: "", 1: "#"}
SEMITONES = (0, 2, 4, 5, 7, 9, 11)
VALUES = {
    "quadruple_whole": Fraction(4),
    "double_whole": Fraction(2),
    "whole": Fraction(1),
    "half": Fraction(1, 2),
    "quarter": Fraction(1, 4),
    "eighth": Fraction(1, 8),
    "sixteenth": Fraction(1, 16),
    "thirty_second": Fraction(1, 32),
    "sixty_fourth": Fraction(1, 64),
    "hundred_twenty_eighth": Fraction(1, 128),
}
"""Note values in whole notes, the longest first."""
KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
"""Major keys from seven flats to seven sharps."""
SHARPS = "FCGDAEB"
"""Letters in the order in which a signature sharpens them; flats are the other way round."""
LOWEST_STEP, HIGHEST_STEP = -8, 16
"""Staff steps in scope: from the fourth ledger line below to the fourth above."""


@dataclass(frozen=True, order=True)
class Pitch:
    """A sounding pitch as it is written.

    Attributes:
        diatonic: Letters above C0: 7 × octave + letter.
        alter: Semitones up: -1 flat, 0, 1 sharp.
    """

    diatonic: int
    alter: int = 0

    @property
    def letter(self) -> str:
        """`C` to `B`."""
        return LETTERS[self.diatonic % 7]

    @property
    def octave(self) -> int:
        """4 from middle C on."""
        return self.diatonic // 7

    @property
    def midi(self) -> int:
        """Number of the key, 60 for middle C."""
        return 12 * (self.octave + 1) + SEMITONES[self.diatonic % 7] + self.alter

    def __str__(self) -> str:
        return f"{self.letter}{ACCIDENTALS[self.alter]}{self.octave}"


@dataclass(frozen=True)
class Value:
    """What a note or rest is worth.

    Attributes:
        name: A key of `VALUES`.
        dots: 0 to 2.
    """

    name: str
    dots: int = 0

    @property
    def length(self) -> Fraction:
        """In whole notes, dots included."""
        return _length(self.name, self.dots)

    def __str__(self) -> str:
        return self.name + "." * self.dots


@cache
def _length(name: str, dots: int) -> Fraction:
    return VALUES[name] * (2 - Fraction(1, 2**dots))


@dataclass(frozen=True)
class Clef:
    """A clef: its sign `G`, `F` or `C` on line 1 (the lowest) to 5."""

    sign: str
    line: int

    @property
    def bottom(self) -> int:
        """The diatonic number of the lowest line, which is staff step 0."""
        return {"G": 32, "F": 24, "C": 28}[self.sign] - 2 * (self.line - 1)

    def step(self, pitch: Pitch) -> int:
        """Staff step of a pitch: 0 on the lowest line, 8 on the highest, odd between lines, beyond these on ledger lines."""
        return pitch.diatonic - self.bottom


@dataclass(frozen=True)
class Key:
    """A key signature: its sharps, or flats as a negative number."""

    fifths: int

    def alter(self, letter: str) -> int:
        """What the signature does to a letter: -1, 0 or 1."""
        place = SHARPS.index(letter)
        return 1 if place < self.fifths else -1 if place >= 7 + self.fifths else 0


@dataclass(frozen=True)
class Meter:
    """A meter as it is drawn: `3/4`, `C` or `C/`."""

    sign: str

    @property
    def fraction(self) -> tuple[int, int]:
        """Upper and lower number: `C` is 4/4, `C/` is 2/2."""
        top, _, bottom = {"C": "4/4", "C/": "2/2"}.get(self.sign, self.sign).partition("/")
        return int(top), int(bottom)

    @property
    def length(self) -> Fraction:
        """Of one bar, in whole notes."""
        return Fraction(*self.fraction)


@dataclass(frozen=True)
class Note:
    """A note."""

    pitch: Pitch
    value: Value
    fermata: bool = False


@dataclass(frozen=True)
class Grace:
    """A grace note: it takes no time."""

    pitch: Pitch
    value: Value


@dataclass(frozen=True)
class Rest:
    """A rest. A whole or double whole one alone in a bar lasts as long as the bar does."""

    value: Value
    fermata: bool = False


@dataclass(frozen=True)
class Multirest:
    """Several bars of rest under one sign."""

    bars: int


@dataclass(frozen=True)
class Barline:
    """A barline of any kind."""


@dataclass(frozen=True)
class Tie:
    """Between the first and the second of two tied notes; a barline may follow it."""


Element = Clef | Key | Meter | Note | Grace | Rest | Multirest | Barline | Tie

_NAMES = "|".join(VALUES)
_NOTE = re.compile(rf"(note|gracenote)-([A-G])([#b]?)(\d)_({_NAMES})(\.{{0,2}})(_fermata)?")
_REST = re.compile(rf"rest-({_NAMES})(\.{{0,2}})(_fermata)?")
_CLEF = re.compile(r"clef-([GFC])([1-5])")
_METER = re.compile(r"timeSignature-(C/?|[1-9]\d?/[1-9]\d?)")
_MULTIREST = re.compile(r"multirest-([1-9]\d*)")


def pitch(name: str) -> Pitch:
    """The pitch of a name such as `F#4`.

    Raises:
        MusicError: There is no such pitch.
    """
    found = re.fullmatch(r"([A-G])([#b]?)(\d)", name)
    if not found:
        raise MusicError(f"pitch {name!r}: expected a letter A to G, perhaps # or b, and an octave, as in F#4")
    letter, accidental, octave = found.groups()
    return Pitch(7 * int(octave) + LETTERS.index(letter), {"b": -1, "": 0, "#": 1}[accidental])


@cache
def parse(token: str) -> Element:
    """The element that a token stands for.

    Raises:
        MusicError: The token is none of this encoding.

    Example:
        >>> note = parse("note-F#4_quarter.")
        >>> str(note.pitch), note.value.length
        ('F#4', Fraction(3, 8))
    """
    if token == "barline":
        return Barline()
    if token == "tie":
        return Tie()
    if found := _NOTE.fullmatch(token):
        kind, letter, accidental, octave, name, dots, fermata = found.groups()
        value = Value(name, len(dots))
        if kind == "note":
            return Note(pitch(letter + accidental + octave), value, bool(fermata))
        if not fermata:
            return Grace(pitch(letter + accidental + octave), value)
    if found := _REST.fullmatch(token):
        return Rest(Value(found[1], len(found[2])), bool(found[3]))
    if found := _CLEF.fullmatch(token):
        return Clef(found[1], int(found[2]))
    if found := _METER.fullmatch(token):
        return Meter(found[1])
    if found := _MULTIREST.fullmatch(token):
        return Multirest(int(found[1]))
    if token.startswith("keySignature-") and token.endswith("M") and token[13:-1] in KEYS:
        return Key(KEYS.index(token[13:-1]) - 7)
    raise MusicError(f"token {token!r} is none of the PrIMuS semantic encoding; expected one as clef-G2 or note-F#4_quarter.")


def spelt(element: Element) -> str:
    """The token of an element that comes from elsewhere.

    Raises:
        MusicError: There is none for it: a key of more than seven sharps or flats, a clef on no line, a pitch that no piano has.
    """
    if isinstance(element, Key) and abs(element.fifths) > 7:
        raise MusicError(f"a key of {abs(element.fifths)} sharps or flats; tokens have at most 7")
    token = spell(element)
    parse(token)
    return token


def spell(element: Element) -> str:
    """The token of an element."""
    match element:
        case Note(pitch=high, value=value, fermata=fermata):
            return f"note-{high}_{value}{'_fermata' if fermata else ''}"
        case Grace(pitch=high, value=value):
            return f"gracenote-{high}_{value}"
        case Rest(value=value, fermata=fermata):
            return f"rest-{value}{'_fermata' if fermata else ''}"
        case Clef(sign=sign, line=line):
            return f"clef-{sign}{line}"
        case Key(fifths=fifths):
            return f"keySignature-{KEYS[fifths + 7]}M"
        case Meter(sign=sign):
            return f"timeSignature-{sign}"
        case Multirest(bars=bars):
            return f"multirest-{bars}"
        case Barline():
            return "barline"
        case Tie():
            return "tie"
