"""Tokens → MusicXML, as notation programs open it.

Source:
    W3C, MusicXML 4.0. What is used of it is in version 2.0 already, but for the attribute `measure` of rests, of version 3.0.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import lcm
from xml.etree import ElementTree
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import SubElement

from seqrec_sheet_music.accidentals import SIGNS, drawn
from seqrec_sheet_music.bars import meters_of
from seqrec_sheet_music.staff import Bar, Event, Staff, elements_of, staff_of
from seqrec_sheet_music.tokens import Grace, Multirest, Note, Rest, Value

TYPES = {
    "quadruple_whole": "long",
    "double_whole": "breve",
    "whole": "whole",
    "half": "half",
    "quarter": "quarter",
    "eighth": "eighth",
    "sixteenth": "16th",
    "thirty_second": "32nd",
    "sixty_fourth": "64th",
    "hundred_twenty_eighth": "128th",
}
"""Values as MusicXML names them."""


def to_musicxml(staves: Sequence[Sequence[str]], title: str = "", meter: str = "") -> str:
    """MusicXML of the staves of one piece, in order: one part, each staff on a system of its own.

    Tokens that are no music give what is music in them; see `seqrec_sheet_music.staff.staff_of`. Where no meter is drawn the file
    has one that is not shown, so that programs lay the bars out; `seqrec_sheet_music.musicxml_reader` makes no token
    of that. Beams are left to the program.

    Args:
        staves: Tokens of each staff.
        title: Of the piece, or nothing.
        meter: Where none is drawn, as in `3/4`; empty for the one that fits most bars.

    Raises:
        MusicError: `meter` is not one of the alphabet.
    """
    read = [staff_of(tokens)[0] for tokens in staves or [[]]]
    read = [staff if staff.bars else replace(staff, bars=_SILENCE) for staff in read]
    root = Node("score-partwise", version="3.1")
    if title:
        SubElement(SubElement(root, "work"), "work-title").text = title
    SubElement(SubElement(SubElement(root, "identification"), "encoding"), "software").text = "seqrec"
    part_of_list = SubElement(SubElement(root, "part-list"), "score-part", id="P1")
    SubElement(part_of_list, "part-name", {"print-object": "no"}).text = title or "Music"
    _Writer(SubElement(root, "part", id="P1"), read, meter).write()
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


_SILENCE = (Bar((Event(Rest(Value("whole"))),)),)
"""What a staff without notes gets: a file without bars is none."""


class _Writer:
    """Writes the measures of a part."""

    def __init__(self, part: Node, staves: Sequence[Staff], meter: str) -> None:
        self.part, self.staves, self.meters = part, staves, meters_of(staves, meter)
        self.now = self.meters[0]
        bars = [bar for staff in staves for bar in staff.bars]
        lengths = [one.length for one in self.meters]
        lengths += [
            event.element.value.length for bar in bars for event in bar.events if not isinstance(event.element, Multirest)
        ]
        self.divisions = lcm(*(length.denominator for length in lengths), 4) // 4  # of a quarter note
        self.pickup = not bars[0].multirest and not bars[0].silent and bars[0].length < self.now.length
        self.number = 0
        self.arriving: Event | None = None  # a note that is tied to the next one

    def write(self) -> None:
        """All staves."""
        for staff, meter in zip(self.staves, self.meters, strict=True):
            self.now = meter
            self._staff(staff)

    def _staff(self, staff: Staff) -> None:
        """One staff, which begins a system."""
        elements = elements_of(staff)
        signs = (sign for one, sign in zip(elements, drawn(elements), strict=True) if isinstance(one, Note | Grace))
        last = self.part
        for number, bar in enumerate(staff.bars):
            for again in range(max(bar.multirest, 1)):
                last = self._measure()
                if not number and not again:
                    self._begin(last, staff)
                if bar.multirest and not again:
                    self._multiple_rest(last, bar.multirest)
                for event in bar.events:
                    self._note(last, event, signs, fills=bar.silent or bool(bar.multirest))
        if not staff.closed:
            SubElement(SubElement(last, "barline", location="right"), "bar-style").text = "none"

    def _measure(self) -> Node:
        """The next measure; a pickup has the number 0."""
        if self.pickup and not len(self.part):
            return SubElement(self.part, "measure", number="0", implicit="yes")
        self.number += 1
        return SubElement(self.part, "measure", number=str(self.number))

    def _begin(self, measure: Node, staff: Staff) -> None:
        """What stands at the beginning of a staff."""
        fresh = len(self.part) == 1
        if not fresh:
            SubElement(measure, "print", {"new-system": "yes"})
        attributes = SubElement(measure, "attributes")
        if fresh:
            SubElement(attributes, "divisions").text = str(self.divisions)
        SubElement(SubElement(attributes, "key"), "fifths").text = str(staff.key.fifths)
        if staff.meter or fresh:
            time = SubElement(attributes, "time")
            if not staff.meter:
                time.set("print-object", "no")
            if self.now.sign in ("C", "C/"):
                time.set("symbol", "common" if self.now.sign == "C" else "cut")
            top, bottom = self.now.fraction
            SubElement(time, "beats").text, SubElement(time, "beat-type").text = str(top), str(bottom)
        clef = SubElement(attributes, "clef")
        SubElement(clef, "sign").text, SubElement(clef, "line").text = staff.clef.sign, str(staff.clef.line)

    def _multiple_rest(self, measure: Node, bars: int) -> None:
        """A number over so many bars of rest; without it they would stand one by one."""
        attributes = measure.find("attributes")
        if attributes is None:
            attributes = SubElement(measure, "attributes")
        SubElement(SubElement(attributes, "measure-style"), "multiple-rest").text = str(bars)

    def _note(self, measure: Node, event: Event, signs: Iterator[int | None], fills: bool) -> None:
        """A note with the grace notes before it, or a rest; `fills` for a rest that lasts as long as the bar."""
        for grace in event.graces:
            node = SubElement(measure, "note")
            SubElement(node, "grace")
            self._sound(node, grace)
            self._look(node, grace.value, next(signs))
        node = SubElement(measure, "note")
        element = event.element
        if not isinstance(element, Note):
            SubElement(node, "rest", {"measure": "yes"} if fills else {})
            self._duration(node, self.now.length if fills or isinstance(element, Multirest) else element.value.length)
            self._look(node, Value("whole") if isinstance(element, Multirest) else element.value, None)
            if isinstance(element, Rest) and element.fermata:
                SubElement(SubElement(node, "notations"), "fermata", type="upright")
            return
        stops = self.arriving is not None and self.arriving.element.pitch == element.pitch  # type: ignore[union-attr]
        ends = ["stop"] * stops + ["start"] * event.tied
        self._sound(node, element)
        self._duration(node, element.value.length)
        for end in ends:
            SubElement(node, "tie", type=end)
        self._look(node, element.value, next(signs))
        if ends or element.fermata:
            notations = SubElement(node, "notations")
            for end in ends:
                SubElement(notations, "tied", type=end)
            if element.fermata:
                SubElement(notations, "fermata", type="upright")
        self.arriving = event if event.tied else None

    def _duration(self, node: Node, length: Fraction) -> None:
        SubElement(node, "duration").text = str(int(length * 4 * self.divisions))

    @staticmethod
    def _sound(node: Node, note: Note | Grace) -> None:
        """The pitch."""
        pitch = SubElement(node, "pitch")
        SubElement(pitch, "step").text = note.pitch.letter
        if note.pitch.alter:
            SubElement(pitch, "alter").text = str(note.pitch.alter)
        SubElement(pitch, "octave").text = str(note.pitch.octave)

    @staticmethod
    def _look(node: Node, value: Value, sign: int | None) -> None:
        """What the note or rest looks like."""
        SubElement(node, "voice").text = "1"
        SubElement(node, "type").text = TYPES[value.name]
        for _ in range(value.dots):
            SubElement(node, "dot")
        if sign is not None:
            SubElement(node, "accidental").text = SIGNS[sign]
