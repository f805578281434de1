"""ABC → tokens, for tunes of one voice as collections have them.

Source:
    Walshaw 2011, "The ABC music standard 2.1": the fields K, L, M, T, N and X, and in the tune notes, rests, bars, ties and
    broken rhythm. Repeats stay as they are written, notes of tuplets have the values that are written; grace notes, chord names,
    slurs and decorations are passed over; of a chord the first note counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from seqrec_sheet_music.accidentals import Bar
from seqrec_sheet_music.alphabets import DURATIONS, METERS
from seqrec_sheet_music.tokens import LETTERS, SHARPS, Barline, Clef, Element, Key, Meter, Note, Pitch, Rest, Tie, Value, spell

_MODES = {"": 0, "maj": 0, "ion": 0, "m": -3, "min": -3, "aeo": -3, "mix": -1, "dor": -2, "phr": -4, "lyd": 1, "loc": -5}
"""Fifths from the major key of the same tonic."""
_FIELD = re.compile(r"([A-Za-z]):(.*)")
_KEY = re.compile(r"\s*([A-G])([#b]?)\s*([A-Za-z]*)")
_METER = re.compile(r"\s*(?:(C\|?)|(\d+)\s*/\s*(\d+))")
_TOKEN = re.compile(
    r"""(?P<skip>"[^"]*"|![^!\n]*!|\{[^}]*\}|\[[A-Za-z]:[^\]]*\]|\[\d[-,\d]*|\(\d(?::\d*){0,2})"""
    r"""|(?P<bar>[|:\]\[]*[|:][|:\]]*\d?)"""
    r"""|(?P<chord>\[(?=[\^_=]*[A-Ga-g]))"""
    r"""|(?P<sign>\^\^?|__?|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)(?P<length>\d*/*\d*)"""
    r"""|(?P<rest>[zx])(?P<rest_length>\d*/*\d*)"""
    r"""|(?P<broken>>+|<+)"""
    r"""|(?P<tie>-)"""
    r"""|(?P<close>\](?P<chord_length>\d*/*\d*))"""
)


@dataclass(frozen=True)
class Tune:
    """A tune of a collection.

    Attributes:
        number: Field X.
        title: Field T, the first of them.
        note: Field N, the first of them: in the Essen collection the tune's signature there.
        tokens: Semantic tokens on one endless staff, repeats not played.
    """

    number: str
    title: str
    note: str
    tokens: tuple[str, ...]


def read_abc(text: str) -> Iterator[Tune]:
    """The tunes of a file of ABC, those that hold a note.

    Example:
        >>> (tune,) = read_abc("X:1\\nT:Scale\\nM:2/4\\nL:1/8\\nK:G\\nGABc|d4|")
        >>> tune.title, tune.tokens[:4]
        ('Scale', ('clef-G2', 'keySignature-GM', 'timeSignature-2/4', 'note-G4_eighth'))
    """
    for part in re.split(r"^(?=X:)", text, flags=re.MULTILINE):
        if part.startswith("X:"):
            tune = _tune(part)
            if any(token.startswith("note-") for token in tune.tokens):
                yield tune


def _tune(text: str) -> Tune:
    fields: dict[str, str] = {}
    body: list[str] = []
    for line in text.splitlines():
        line = line.partition("%")[0]
        field = _FIELD.match(line)
        if field and "K" not in fields:
            fields.setdefault(field[1], field[2].strip())
        elif not field:  # fields inside a tune: lyrics, new keys; the first one counts
            body.append(line)
    key, meter = _key(fields.get("K", "")), _meter(fields.get("M", ""))
    reading = _Reading(key, meter, _unit(fields.get("L", ""), meter))
    reading.read("\n".join(body))
    return Tune(fields["X"], fields.get("T", ""), fields.get("N", ""), tuple(map(_spelt, reading.finish())))


def _key(text: str) -> Key:
    found = _KEY.match(text)
    mode = found[3].lower() if found else ""
    if not found or (mode and mode[:3] not in _MODES):
        return Key(0)
    fifths = SHARPS.index(found[1]) - 1 + {"b": -7, "": 0, "#": 7}[found[2]] + _MODES[mode[:3]]
    return Key(min(max(fifths, -7), 7))


def _meter(text: str) -> Meter | None:
    found = _METER.match(text)
    if not found:
        return None
    sign = {"C": "C", "C|": "C/"}[found[1]] if found[1] else f"{found[2]}/{found[3]}"
    return Meter(sign) if sign in METERS else None


def _unit(text: str, meter: Meter | None) -> Fraction:
    """Length of a note without a number; by default an eighth, in short bars a sixteenth."""
    top, _, bottom = text.replace(" ", "").partition("/")
    if top.isdigit() and bottom.isdigit() and int(bottom):
        return Fraction(int(top), int(bottom))
    return Fraction(1, 16) if meter and meter.length < Fraction(3, 4) else Fraction(1, 8)


@cache
def _factor(text: str) -> Fraction:
    """`3`, `/`, `//`, `3/2`: how many units."""
    top, slash, bottom = text.partition("/")
    if not slash:
        return Fraction(int(top or 1))
    halves = 2 ** (1 + bottom.count("/"))
    return Fraction(int(top or 1), int(bottom.strip("/") or halves) or 1)


class _Reading:
    """A tune read so far."""

    def __init__(self, key: Key, meter: Meter | None, unit: Fraction) -> None:
        self.key, self.meter, self.unit = key, meter, unit
        self.elements: list[Element] = []
        self.sounds: list[tuple[Pitch | None, Fraction]] = []  # of this bar; None for a rest
        self.tied: set[int] = set()
        self.bar = Bar(key)
        self.broken = Fraction(1)  # factor of the next note
        self.chord: int | None = None  # notes of the chord we are in

    def read(self, text: str) -> None:
        """The body of a tune."""
        for found in _TOKEN.finditer(text):
            kind = found.lastgroup
            if found["bar"] is not None:
                self._close()
            elif found["chord"] is not None:
                self.chord = 0
            elif found["close"] is not None and self.chord is not None:
                self.chord = None
                self._stretch(_factor(found["chord_length"]))
            elif found["letter"] is not None and not self.chord:
                self.chord = None if self.chord is None else 1
                self._add(self._pitch(found["sign"], found["letter"], found["octave"]), _factor(found["length"]))
            elif found["rest"] is not None:
                self._add(None, _factor(found["rest_length"]))
            elif found["broken"] is not None and self.sounds:
                share = Fraction(1, 2 ** len(found["broken"]))
                first, self.broken = (2 - share, share) if found["broken"][0] == ">" else (share, 2 - share)
                self._stretch(first)
            elif kind == "tie" and self.sounds:
                self.tied.add(len(self.sounds) - 1)

    def finish(self) -> list[Element]:
        """All elements, under the clef that suits them best."""
        self._close()
        notes = [element.pitch for element in self.elements if isinstance(element, Note)]
        low = sum(note.midi for note in notes) < 57 * len(notes)
        clef = Clef("F", 4) if low else Clef("G", 2)
        head: list[Element] = [clef, *([self.key] if self.key.fifths else []), *([self.meter] if self.meter else [])]
        return [*head, *_without_slurs(self.elements)]

    def _pitch(self, sign: str | None, letter: str, octave: str) -> Pitch:
        diatonic = (
            7 * (5 if letter.islower() else 4) + LETTERS.index(letter.upper()) + 7 * (octave.count("'") - octave.count(","))
        )
        if sign is None:
            return Pitch(diatonic, self.bar.alter(diatonic))
        alter = sign.count("^") - sign.count("_")
        if abs(alter) == 2:  # its neighbour sounds the same
            near = Pitch(diatonic + alter // 2)
            return Pitch(near.diatonic, Pitch(diatonic).midi + alter - near.midi)
        self.bar.draw(Pitch(diatonic, alter))
        return Pitch(diatonic, alter)

    def _add(self, pitch: Pitch | None, factor: Fraction) -> None:
        self.sounds.append((pitch, self.unit * factor * self.broken))
        self.broken = Fraction(1)

    def _stretch(self, factor: Fraction) -> None:
        """The last sound is longer, or shorter."""
        if self.sounds:
            pitch, length = self.sounds[-1]
            self.sounds[-1] = pitch, length * factor

    def _close(self) -> None:
        """The bar's sounds as notes and rests, tied where no single value has their length."""
        if not self.sounds:
            return
        for place, (pitch, length) in enumerate(self.sounds):
            values = _values(length)
            for number, value in enumerate(values, start=1):
                self.elements.append(Rest(value) if pitch is None else Note(pitch, value))
                if pitch is not None and (number < len(values) or place in self.tied):
                    self.elements.append(Tie())
        self.elements.append(Barline())
        self.sounds, self.tied, self.bar = [], set(), Bar(self.key)


_BY_LENGTH = sorted(((value.length, value) for value in DURATIONS), key=lambda pair: -pair[0])


@cache
def _values(length: Fraction) -> tuple[Value, ...]:
    """Values that together last so long, the longest first; what is left below the shortest one is dropped."""
    found = next((value for size, value in _BY_LENGTH if size <= length), None)
    return (found, *_values(length - found.length)) if found else ()


def _without_slurs(elements: list[Element]) -> Iterator[Element]:
    """Elements less the hyphens that lead to another pitch, or to none."""
    pitches = iter([element.pitch for element in elements if isinstance(element, Note)][1:])
    later: Pitch | None = None
    pitch: Pitch | None = None
    for element in elements:
        if isinstance(element, Note):
            pitch, later = element.pitch, next(pitches, None)
        if not isinstance(element, Tie) or pitch == later:
            yield element


_spelt = cache(spell)
