"""Agnostic symbols → semantic tokens: what the shapes on a staff mean, by the rules of notation."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from seqrec_sheet_music.accidentals import SIGNS, Bar
from seqrec_sheet_music.agnostic import signature
from seqrec_sheet_music.staff import Problem
from seqrec_sheet_music.tokens import (
    VALUES,
    Barline,
    Clef,
    Element,
    Grace,
    Key,
    Meter,
    Multirest,
    Note,
    Pitch,
    Rest,
    Tie,
    Value,
    spell,
)

_ALTERS = {sign: alter for alter, sign in SIGNS.items()}
_SYMBOL = re.compile(r"(?P<kind>[a-z]+)(?:\.(?P<what>[\w/]+))?-(?P<row>[LS])(?P<number>-?\d+)")


class Shape(NamedTuple):
    """One agnostic symbol.

    Attributes:
        kind: As in `note`, `accidental`, `digit`.
        what: Which of its kind: `quarter`, `sharp`, `3`; empty for kinds of one shape.
        step: Staff step, 0 for the lowest line.
    """

    kind: str
    what: str
    step: int


def shape(symbol: str) -> Shape | None:
    """The shape of a symbol; None for one of another encoding."""
    found = _SYMBOL.fullmatch(symbol)
    if not found:
        return None
    number = int(found["number"])
    return Shape(found["kind"], found["what"] or "", 2 * (number - 1) if found["row"] == "L" else 2 * number - 1)


def to_semantic(symbols: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """The tokens that shapes on a staff mean.

    Returns:
        Tokens, and which symbols mean nothing where they stand; these are left out. `place` counts symbols. Places of rests and
        dots are not looked at, and neither is what stands under a beam: `note.beamedLeft1` is an eighth.
    """
    reading = _Deduction()
    for place, symbol in enumerate(symbols):
        found = shape(symbol)
        if found is None or not reading.take(place, found):
            reading.problems.append(Problem(place, f"{symbol!r} means nothing here; it is left out"))
    tokens = [spell(element) for element in reading.finish()]
    return tokens, sorted(reading.problems, key=lambda problem: problem.place)


class _Deduction:
    """Symbols read so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.elements: list[Element] = []
        self.clef: Clef | None = None
        self.key = Key(0)
        self.bar = Bar(Key(0))
        self.in_head = True
        self.accidental: tuple[int, Shape] | None = None
        self.fermata = False
        self.digits = ""
        self.top = ""
        self.tied: Pitch | None = None
        self.arrived = False

    def finish(self) -> list[Element]:
        """All elements."""
        self._leave_head()
        self._drop_accidental()
        return self.elements

    def take(self, place: int, shape: Shape) -> bool:
        """One more symbol; whether it means something here."""
        match shape.kind:
            case "clef":
                return self._clef(shape)
            case "accidental":
                return self._accidental(place, shape)
            case "metersign":
                return self._meter(shape.what)
            case "digit":
                return self._digit(shape)
            case "multirest":
                return self._multirest()
            case "barline":
                self._leave_head()
                self._drop_accidental()
                self.elements.append(Barline())
                self.bar = Bar(self.key)
                return True
            case "fermata":
                self.fermata = True
                return True
            case "dot":
                return self._dot()
            case "slur":
                return self._slur(shape)
            case "rest" if shape.what in VALUES:
                self._leave_head()
                self._drop_accidental()
                self.elements.append(Rest(Value(shape.what), self._held()))
                return True
            case "note" | "gracenote":
                return self._note(shape)
        return False

    def _clef(self, shape: Shape) -> bool:
        if self.clef or self.elements or shape.what not in ("G", "F", "C") or shape.step not in range(0, 9, 2):
            return False
        self.clef = Clef(shape.what, shape.step // 2 + 1)
        self.elements.append(self.clef)
        return True

    def _accidental(self, place: int, shape: Shape) -> bool:
        """One more of the key signature, or one before a note."""
        if shape.what not in _ALTERS:
            return False
        alter = _ALTERS[shape.what]
        if self.in_head and self.clef and alter and not self.accidental:
            longer = Key(self.key.fifths + alter)
            grows = abs(self.key.fifths) < abs(longer.fifths) < 8
            if grows and signature(self.clef, longer)[-1] == (shape.step, alter):
                self.key = longer
                return True
        self._drop_accidental()
        self.accidental = place, shape
        return True

    def _drop_accidental(self) -> None:
        if self.accidental:
            self.problems.append(
                Problem(self.accidental[0], "an accidental without a note at its place behind it; it is left out")
            )
            self.accidental = None

    def _leave_head(self) -> None:
        """Whatever comes now is no part of the key signature."""
        if self.in_head:
            self.in_head = False
            self.bar = Bar(self.key)
            self.elements += [self.key] * bool(self.key.fifths)

    def _meter(self, sign: str) -> bool:
        if not self.in_head:
            return False
        self._leave_head()
        self.elements.append(Meter(sign))
        return True

    def _digit(self, shape: Shape) -> bool:
        if not shape.what.isdigit():
            return False
        if shape.step == 9:
            self.digits += shape.what
        elif shape.step == 6:
            self.top = shape.what
        elif self.top:
            top, self.top = self.top, ""
            return self._meter(f"{top}/{shape.what}")
        else:
            return False
        return True

    def _multirest(self) -> bool:
        digits, self.digits = self.digits.lstrip("0"), ""
        if not digits:
            return False
        self._leave_head()
        self.elements.append(Multirest(int(digits)))
        return True

    def _dot(self) -> bool:
        last = self.elements[-1] if self.elements else None
        if not isinstance(last, Note | Rest | Grace) or last.value.dots == 2:
            return False
        self.elements[-1] = replace(last, value=Value(last.value.name, last.value.dots + 1))
        return True

    def _slur(self, shape: Shape) -> bool:
        """A slur that begins at a note is a tie; whether it ends at one of the same place is for the reader of tokens to say."""
        last = self.elements[-1] if self.elements else None
        if shape.what == "start" and isinstance(last, Note):
            self.tied = last.pitch
            self.elements.append(Tie())
            return True
        if shape.what == "end" and self.tied is not None:
            self.arrived = True
            return True
        return False

    def _held(self) -> bool:
        held, self.fermata = self.fermata, False
        return held

    def _note(self, shape: Shape) -> bool:
        name = _value(shape.what)
        if name is None:
            return False
        self._leave_head()
        clef = self.clef or Clef("G", 2)
        pitch = Pitch(shape.step + clef.bottom)
        if self.arrived and self.tied is not None and self.tied.diatonic == pitch.diatonic:
            pitch = self.tied
        elif self.accidental is not None and self.accidental[1].step == shape.step:
            pitch = Pitch(pitch.diatonic, _ALTERS[self.accidental[1].what])
            self.bar.draw(pitch)
            self.accidental = None
        else:
            pitch = Pitch(pitch.diatonic, self.bar.alter(pitch.diatonic))
        if shape.kind == "note":
            self.elements.append(Note(pitch, Value(name), self._held()))
        else:
            self.elements.append(Grace(pitch, Value(name)))
        self._drop_accidental()
        self.tied, self.arrived = None, False
        return True


def _value(what: str) -> str | None:
    """The value of a note's shape; None where it is none."""
    if what in VALUES:
        return what
    beams = re.fullmatch(r"beamed(?:Left|Right|Both)([1-5])", what)
    return list(VALUES)[list(VALUES).index("quarter") + int(beams[1])] if beams else None
