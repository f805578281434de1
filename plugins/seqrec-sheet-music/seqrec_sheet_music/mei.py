"""MEI: tokens and what is drawn beside them, as the text that verovio engraves.

The group of token number 7 has the id `t-7`, its fermata `f-7`; clef, key, meter and barlines are known by their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from seqrec.rendering import Dice
from seqrec_sheet_music import accidentals, beams
from seqrec_sheet_music.tokens import Barline, Clef, Element, Grace, Key, Meter, Multirest, Note, Rest, Tie, Value

DURATIONS = {
    "double_whole": "breve", "whole": "1", "half": "2", "quarter": "4", "eighth": "8", "sixteenth": "16", "thirty_second": "32",
}  # fmt: skip
ACCIDENTALS = {-1: "f", 0: "n", 1: "s"}
WHOLE_BAR = Value("whole")


@dataclass
class Extras:
    """How the tokens are drawn, and what is drawn beside them; indices are tokens'.

    Attributes:
        inside: MEI within a note: articulation, syllables.
        beside: MEI of signs that hang on a token and stand in its measure: slurs, dynamics, words.
        barlines: Form of barlines that are not single: `dbl`, `end`, `rptend` …
        courtesy: Notes with an accidental that they would not need; true puts it in parentheses.
        stems: Direction of stems: `up` or `down`.
        beam_style: One of `beams.STYLES`.
        slashed: Whether grace notes are struck through.
        deep_ties: Whether ties are arcs as deep as those of slurs.
        tied_in: Whether a tie leads into the first note from the line before; no token says so.
        bar_number: Number above the first bar, or 0.
        volta: First and last bar (from 0) under a bracket, and its words.
    """

    inside: dict[int, str] = field(default_factory=dict)
    beside: dict[int, list[str]] = field(default_factory=dict)
    barlines: dict[int, str] = field(default_factory=dict)
    courtesy: dict[int, bool] = field(default_factory=dict)
    stems: dict[int, str] = field(default_factory=dict)
    beam_style: str = "beat"
    slashed: bool = False
    deep_ties: bool = False
    tied_in: bool = False
    bar_number: int = 0
    volta: tuple[int, int, str] | None = None


def bars(elements: Sequence[Element]) -> list[list[int]]:
    """Indices of the elements of each bar, with the barline at its end; clef, key and meter are left out."""
    found: list[list[int]] = [[]]
    for index, element in enumerate(elements):
        if isinstance(element, Clef | Key | Meter):
            continue
        found[-1].append(index)
        if isinstance(element, Barline):
            found.append([])
    return [bar for bar in found if bar]


def written(elements: Sequence[Element], extras: Extras, dice: Dice) -> str:
    """The MEI of a staff.

    Args:
        elements: Of the tokens.
        extras: How they are drawn, and what is beside them.
        dice: Chance, for beams.
    """
    writer = _Writer(elements, extras, dice)
    return (
        '<mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="5.0"><meiHead/><music><body><mdiv><score><scoreDef>'
        f'<staffGrp><staffDef n="1" lines="5">{_signature(elements)}</staffDef></staffGrp></scoreDef>'
        f"<section>{writer.measures()}</section></score></mdiv></body></music></mei>"
    )


def _signature(elements: Sequence[Element]) -> str:
    text = ""
    for element in elements[:3]:
        match element:
            case Clef():
                text += f'<clef shape="{element.sign}" line="{element.line}"/>'
            case Key():
                text += f'<keySig sig="{abs(element.fifths)}{"s" if element.fifths > 0 else "f"}"/>'
            case Meter(sign="C"):
                text += '<meterSig sym="common"/>'
            case Meter(sign="C/"):
                text += '<meterSig sym="cut"/>'
            case Meter():
                top, bottom = element.fraction
                text += f'<meterSig count="{top}" unit="{bottom}"/>'
    return text


class _Writer:
    """Writes the measures of one staff."""

    def __init__(self, elements: Sequence[Element], extras: Extras, dice: Dice) -> None:
        self.elements, self.extras, self.dice = elements, extras, dice
        self.bars = bars(elements)
        drawn = next((element for element in elements if isinstance(element, Meter)), None)
        self.meter = drawn or beams.likely_meter([[elements[index] for index in bar] for bar in self.bars])
        self.signs = accidentals.drawn(elements)

    def measures(self) -> str:
        """All of them, with a bracket above some."""
        texts = []
        volta = self.extras.volta
        for number, bar in enumerate(self.bars):
            text = self._measure(bar, number, upbeat=number == 0 and len(self.bars) > 1)
            if volta and number == volta[0]:
                text = f'<ending n="{escape(volta[2])}">{text}'
            if volta and number == volta[1]:
                text += "</ending>"
            texts.append(text)
        return "".join(texts)

    def _measure(self, bar: Sequence[int], number: int, upbeat: bool) -> str:
        closed = isinstance(self.elements[bar[-1]], Barline)
        right = self.extras.barlines.get(bar[-1], "single") if closed else "invis"
        inner = [index for index in bar if not isinstance(self.elements[index], Barline)]
        contents = [self.elements[index] for index in inner]
        groups = beams.beamed(contents, self.meter, self.extras.beam_style, self.dice, upbeat)
        opens = {inner[first] for first, _ in groups}
        closes = {inner[last] for _, last in groups}
        alone = sum(not isinstance(element, Tie) for element in contents) == 1
        layer, beside = "", ""
        for index in inner:
            layer += "<beam>" * (index in opens) + self._event(index, alone) + "</beam>" * (index in closes)
            beside += self._hanging(index)
        label = f"<mNum>{self.extras.bar_number}</mNum>" if self.extras.bar_number and number == 0 else ""
        staff = f'<staff n="1"><layer n="1">{layer}</layer></staff>'
        return f'<measure n="{number + 1}" right="{right}">{label}{staff}{beside}</measure>'

    def _hanging(self, index: int) -> str:
        """What hangs on a token: its tie to the next note, its fermata, and extras."""
        element = self.elements[index]
        text = "".join(self.extras.beside.get(index, []))
        if isinstance(element, Note | Rest) and element.fermata:
            text += f'<fermata xml:id="f-{index}" startid="#t-{index}" place="above"/>'
        if isinstance(element, Tie):
            after = range(index + 1, len(self.elements))
            following = next((other for other in after if isinstance(self.elements[other], Note)), None)
            if following is not None:  # else it leads into the next line, which verovio does not draw
                arc = "slur" if self.extras.deep_ties else "tie"
                text += f'<{arc} xml:id="t-{index}" startid="#t-{index - 1}" endid="#t-{following}"/>'
        return text

    def _event(self, index: int, alone: bool) -> str:
        """A note or rest, `alone` in its bar or not."""
        match self.elements[index]:
            case Rest(value=value):
                if alone and value == WHOLE_BAR and self.meter != Meter("4/2"):  # whose bar's rest looks otherwise
                    return f'<mRest xml:id="t-{index}"/>'
                return f'<rest xml:id="t-{index}"{_value(value)}/>'
            case Multirest(bars=count):
                return f'<multiRest xml:id="t-{index}" num="{count}"/>'
            case Note() | Grace() as note:
                return self._note(note, index)
        return ""

    def _note(self, note: Note | Grace, index: int) -> str:
        extras, pitch = self.extras, note.pitch
        head = f'<note xml:id="t-{index}"{_value(note.value)} pname="{pitch.letter.lower()}" oct="{pitch.octave}"'
        if isinstance(note, Grace):
            head += f' grace="{"unacc" if extras.slashed else "acc"}"'
        if index in extras.stems:
            head += f' stem.dir="{extras.stems[index]}"'
        sign, inside = self.signs[index], extras.inside.get(index, "")
        if sign is not None:
            inside += f'<accid accid="{ACCIDENTALS[sign]}"/>'
        elif index in extras.courtesy:
            around = ' enclose="paren"' if extras.courtesy[index] else ""
            inside += f'<accid accid="{ACCIDENTALS[pitch.alter]}"{around}/>'
        return f"{head}>{inside}</note>" if inside else f"{head}/>"


def _value(value: Value) -> str:
    return f' dur="{DURATIONS[value.name]}"' + (f' dots="{value.dots}"' if value.dots else "")
