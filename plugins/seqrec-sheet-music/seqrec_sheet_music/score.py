"""Tokens ↔ music21."""

from collections.abc import Sequence
from typing import Any

from seqrec_sheet_music.errors import MusicError, needed
from seqrec_sheet_music.musicxml import TYPES, to_musicxml
from seqrec_sheet_music.tokens import (
    LETTERS,
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
    spelt,
)

_VALUES = {name: value for value, name in TYPES.items()}


def to_score(staves: Sequence[Sequence[str]], title: str = "", meter: str = "") -> Any:
    """A music21 score of the staves of one piece; see `seqrec_sheet_music.musicxml.to_musicxml`.

    Raises:
        MissingExtraError: music21 is absent.
        MusicError: `meter` is not one of the alphabet.
    """
    converter = needed("music21.converter")
    return converter.parse(to_musicxml(staves, title, meter), format="musicxml")


def from_score(score: Any) -> list[list[str]]:
    """Tokens of each system of a music21 score's first part, or of a part; one list where there are no system breaks.

    Raises:
        MissingExtraError: music21 is absent.
        MusicError: Music that the tokens cannot say; the message names the measure.
    """
    stream = needed("music21.stream")
    part = score.parts.first() if isinstance(score, stream.Score) else score
    measures = list(part.getElementsByClass("Measure")) if part is not None else []
    if not measures:
        raise MusicError("a score without measures; music21's makeMeasures() makes them")
    reader = _Reader(part)
    for measure in measures:
        try:
            reader.measure(measure)
        except MusicError as error:
            raise MusicError(f"measure {measure.measureNumber}: {error}") from error
    return reader.staves()


class _Reader:
    """Measures read so far."""

    def __init__(self, part: Any) -> None:
        self.systems: list[list[Element]] = []
        self.closed = False
        self.clef: Clef | None = None
        self.key = Key(0)
        self.meter: Meter | None = None
        spanners = list(part.getElementsByClass("MultiMeasureRest"))
        self.multirest = {id(rest): (len(spanner), not place) for spanner in spanners for place, rest in enumerate(spanner)}

    def staves(self) -> list[list[str]]:
        """The tokens of each system."""
        self._end_measure()
        return [[spelt(element) for element in system] for system in self.systems]

    def _end_measure(self) -> None:
        if self.closed:
            self.systems[-1].append(Barline())
        self.closed = False

    def measure(self, measure: Any) -> None:
        """One more measure."""
        if measure.hasVoices():
            raise MusicError("several voices; tokens have one")
        sounding = list(measure.notesAndRests)
        bars, leads = self.multirest.get(id(sounding[0]), (0, False)) if sounding else (0, False)
        if not bars or leads:
            self._end_measure()
            begins = not self.systems or any(layout.isNew for layout in measure.getElementsByClass("SystemLayout"))
            self._head(measure, begins)
            self.systems[-1] += [Multirest(bars)] if bars else [one for found in sounding for one in self._sound(found)]
        right = measure.rightBarline
        self.closed = bool(sounding) and (right is None or right.type != "none")

    def _head(self, measure: Any, begins: bool) -> None:
        """Clef, key and meter, which stand at the beginning of a system."""
        before = self.clef, self.key, self.meter
        for clef in measure.getElementsByClass("Clef"):
            if clef.sign not in ("G", "F", "C") or clef.octaveChange:
                raise MusicError(f"clef {clef.name}; tokens have none")
            self.clef = Clef(clef.sign, clef.line)
        for key in measure.getElementsByClass("KeySignature"):
            self.key = Key(key.sharps)
        shown = False
        for time in measure.getElementsByClass("TimeSignature"):
            sign = {("common", "4/4"): "C", ("cut", "2/2"): "C/"}.get((time.symbol, time.ratioString), time.ratioString)
            self.meter = Meter(sign)
            shown = not (time.hasStyleInformation and time.style.hideObjectOnPrint)
        if not begins:
            if (self.clef, self.key, self.meter) != before:
                raise MusicError("a change of clef, key or meter inside a system; tokens have them at its beginning")
            return
        if self.clef is None:
            raise MusicError("no clef")
        self.systems.append(
            [self.clef, *([self.key] if self.key.fifths else []), *([self.meter] if self.meter and shown else [])]
        )

    def _sound(self, found: Any) -> list[Element]:
        """The elements of one note or rest."""
        fermata = any("Fermata" in mark.classes for mark in found.expressions)
        if found.isRest:
            fills = found.fullMeasure is True and found.duration.type != "breve"
            return [Rest(Value("whole") if fills else _value(found.duration), fermata)]
        if not found.isNote:
            raise MusicError("a chord or a note without pitch; tokens have none")
        alter = found.pitch.alter
        if alter not in (-1, 0, 1):
            raise MusicError(f"a pitch altered by {alter:g} semitones; tokens have sharps and flats")
        pitch = Pitch(7 * found.pitch.octave + LETTERS.index(found.pitch.step), int(alter))
        if found.duration.isGrace:
            return [Grace(pitch, _value(found.duration))]
        ties = found.tie is not None and found.tie.type in ("start", "continue")
        return [Note(pitch, _value(found.duration), fermata), *([Tie()] if ties else [])]


def _value(duration: Any) -> Value:
    """What a music21 duration is worth.

    Raises:
        MusicError: A tuplet, or a length that no single note has.
    """
    if duration.tuplets:
        raise MusicError("a tuplet; tokens have none")
    if duration.type not in _VALUES or duration.dots > 2:
        raise MusicError(f"a note of type {duration.type!r} with {duration.dots} dots; tokens have none")
    return Value(_VALUES[duration.type], duration.dots)
