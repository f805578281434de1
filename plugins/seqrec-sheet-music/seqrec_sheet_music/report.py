"""What can be checked of a reading: bars, ties, accidentals, range, and that MusicXML and MIDI say the same as the tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from seqrec_sheet_music.bars import BarCheck, check_bars, meters_of
from seqrec_sheet_music.midi import midi_length, to_midi
from seqrec_sheet_music.musicxml import to_musicxml
from seqrec_sheet_music.musicxml_reader import from_musicxml
from seqrec_sheet_music.staff import Problem, Staff, staff_of
from seqrec_sheet_music.tokens import SHARPS, Clef, Meter, Note, Pitch

_LEDGER_LINES = 3
"""More are rare …"""
_WIDE_LEAP = 12
"""… and so are leaps of so many staff steps; a twelfth is 11 …"""
_FOREIGN = 0.5
"""… and staves with a greater share of notes outside the key."""
_FLATMOST, _SHARPMOST = -6, 10
"""Fifths from the major tonic that belong to a key: down to the Neapolitan's flat and below, up to the minor's raised notes."""


@dataclass(frozen=True)
class Report:
    """What is right and wrong about the tokens of one staff, as far as music tells.

    A wrong pitch inside the key is not seen by any of this.

    Attributes:
        tokens: As they were given.
        staff: What is music in them.
        meter: That the bars are held against.
        meter_from: `drawn`, `given`, or `fitted` for the one that fits most bars.
        problems: What is no music, and left out of the staff.
        bars: How each bar fills the meter.
        doubts: What is music but improbable.
        musicxml_same: Whether MusicXML, written and read back, gives the same tokens.
        length: Sum of the bars in whole notes.
        midi_length: Of the MIDI file in whole notes.
    """

    tokens: tuple[str, ...]
    staff: Staff
    meter: Meter
    meter_from: str
    problems: tuple[Problem, ...]
    bars: tuple[BarCheck, ...]
    doubts: tuple[Problem, ...]
    musicxml_same: bool
    length: Fraction
    midi_length: Fraction

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong; doubts may remain."""
        return not self.problems and not self.doubtful_bars and self.musicxml_same and self.length == self.midi_length

    @property
    def doubtful_bars(self) -> list[BarCheck]:
        """Bars that are longer than the meter, or shorter where they may not be."""
        return [bar for bar in self.bars if not bar.fine]

    @property
    def full_bars(self) -> float:
        """Share of bars that fill the meter or may be short, 0..1; 0 without bars."""
        return sum(bar.fine for bar in self.bars) / max(len(self.bars), 1)

    def lines(self) -> list[str]:
        """The report in words, a line for each thing."""
        drawn = {"drawn": "as drawn", "given": "as given", "fitted": "none drawn; it fits most bars"}[self.meter_from]
        found = [f"{len(self.bars)} bars in {self.meter.sign} ({drawn}), {len(self.doubtful_bars)} doubtful"]
        for bar in self.doubtful_bars:
            found.append(
                f"bar {bar.number} (tokens {bar.first + 1} to {bar.stop}) is too {bar.fill}: {bar.length} of {bar.expected}"
            )
        for problem in (*self.problems, *self.doubts):
            place = f"token {problem.place + 1}, {self.tokens[problem.place]!r}: " if problem.place >= 0 else ""
            found.append(place + problem.text)
        if not self.musicxml_same:
            found.append("MusicXML read back gives other tokens")
        if self.length != self.midi_length:
            found.append(f"MIDI lasts {self.midi_length} whole notes, the bars {self.length}")
        return found

    def to_dict(self) -> dict[str, object]:
        """The report for a JSON file; lengths are written as fractions of a whole note."""

        def listed(problems: tuple[Problem, ...]) -> list[dict[str, object]]:
            return [{"token": one.place, "text": one.text} for one in problems]

        bars = [
            {
                "number": bar.number,
                "fill": bar.fill,
                "fine": bar.fine,
                "length": str(bar.length),
                "first_token": bar.first,
                "stop_token": bar.stop,
            }
            for bar in self.bars
        ]
        return {
            "fine": self.fine,
            "tokens": list(self.tokens),
            "meter": {"sign": self.meter.sign, "from": self.meter_from},
            "bars": bars,
            "full_bars": self.full_bars,
            "problems": listed(self.problems),
            "doubts": listed(self.doubts),
            "musicxml_same": self.musicxml_same,
            "length": str(self.length),
            "midi_length": str(self.midi_length),
        }


def report(tokens: Sequence[str], meter: str = "") -> Report:
    """What can be checked of the tokens of one staff.

    Args:
        tokens: Any strings; what is no music is named.
        meter: For a staff where none is drawn, as in `3/4`; empty for the one that fits most bars.

    Raises:
        MusicError: `meter` is not one of the alphabet.

    Example:
        >>> short = report("clef-G2 timeSignature-2/4 note-C4_half barline note-D4_quarter barline note-E4_half".split())
        >>> short.fine, short.lines()[1]
        (False, 'bar 2 (tokens 5 to 5) is too short: 1/4 of 1/2')
    """
    staff, problems = staff_of(tokens)
    (held_against,) = meters_of([staff], meter)
    back = from_musicxml(to_musicxml([tokens], meter=meter))
    bars = check_bars(staff.bars, held_against)
    return Report(
        tuple(tokens),
        staff,
        held_against,
        "drawn" if staff.meter else "given" if meter else "fitted",
        tuple(problems),
        tuple(bars),
        tuple(_doubts(staff)),
        back == [list(tokens)],
        sum((bar.length for bar in bars), Fraction(0)),
        midi_length(to_midi([tokens], meter)),
    )


def _doubts(staff: Staff) -> list[Problem]:
    """What is music but improbable, in order of place."""
    notes = [(event.place, event.element) for event in staff.events if isinstance(event.element, Note)]
    found = [Problem(place, text) for place, note in notes for text in _of_note(staff, note.pitch)]
    for (_, before), (place, note) in zip(notes, notes[1:], strict=False):
        leap = abs(note.pitch.diatonic - before.pitch.diatonic)
        if leap >= _WIDE_LEAP:
            found.append(Problem(place, f"a leap of {leap} staff steps from {before.pitch} to {note.pitch}"))
    foreign = sum(note.pitch.alter != staff.key.alter(note.pitch.letter) for _, note in notes)
    if foreign > max(_FOREIGN * len(notes), 3):
        found.append(Problem(-1, f"{foreign} of {len(notes)} notes are not in the key; is the key signature right?"))
    steps = [staff.clef.step(note.pitch) for _, note in notes]
    if steps and not -2 <= sum(steps) / len(steps) <= 10:
        found.append(Problem(-1, "the notes lie beside the staff, not on it; is the clef right?"))
    if staff.events and staff.events[-1].tied:
        found.append(Problem(staff.events[-1].place + 1, "a tie that leads beyond the end of the staff"))
    return sorted(found, key=lambda problem: problem.place)


def _of_note(staff: Staff, pitch: Pitch) -> list[str]:
    """What is improbable about one note."""
    lines = _ledger_lines(staff.clef, pitch)
    found = [f"{pitch} has {lines} ledger lines in this clef"] if lines > _LEDGER_LINES else []
    distance = _fifths(pitch) - staff.key.fifths
    if not _FLATMOST <= distance <= _SHARPMOST:
        found.append(f"{pitch} is far from the key")
    return found


def _ledger_lines(clef: Clef, pitch: Pitch) -> int:
    """How many ledger lines a note needs."""
    step = clef.step(pitch)
    return max(0, -step // 2 if step < 0 else (step - 8) // 2)


def _fifths(pitch: Pitch) -> int:
    """Place on the line of fifths, 0 for C, 1 for G, -1 for F."""
    return SHARPS.index(pitch.letter) - 1 + 7 * pitch.alter
