"""Engraving: tokens → verovio → a drawing in which every token has been found, with the number of noteheads it should have."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqrec.rendering import Dice
from seqrec_sheet_music import accidentals, mei, outlines
from seqrec_sheet_music.bending import Bend
from seqrec_sheet_music.drawing import Box, Drawing, around, read_svg
from seqrec_sheet_music.errors import MusicError, needed
from seqrec_sheet_music.tokens import Barline, Clef, Element, Grace, Key, Meter, Multirest, Note, Rest, Tie, parse

FONTS = ("Leipzig", "Bravura", "Leland", "Gootville")
HELD_OUT_FONT = "Petaluma"
"""Never drawn in training."""

FIXED: Mapping[str, object] = {
    "adjustPageHeight": True, "adjustPageWidth": True, "breaks": "none", "header": "none", "footer": "none", "svgFormatRaw": True,
    "svgRemoveXlink": True, "smuflTextFont": "none", "mnumInterval": 0,
}  # fmt: skip
"""Options of verovio that everything is drawn with: one line, as wide as it is, with nothing around it."""
_CLEF_GLYPHS = {"G": "E050", "C": "E05C", "F": "E062"}
_HEADS = {"double_whole": ("E0A0", "E0A1"), "whole": ("E0A2",), "half": ("E0A3",)}
_RESTS = {
    "double_whole": "E4E2", "whole": "E4E3", "half": "E4E4", "quarter": "E4E5", "eighth": "E4E6", "sixteenth": "E4E7",
    "thirty_second": "E4E8",
}  # fmt: skip
"""Codes of the Standard Music Font Layout. Source: SMuFL 1.4, "Clefs", "Noteheads", "Rests"."""

_toolkits: dict[tuple[int, str, tuple[str, ...]], Any] = {}


class EngravingError(MusicError):
    """A drawing that does not show what the tokens say."""


@dataclass(frozen=True, eq=False)
class Engraving:
    """A staff with the places of its tokens.

    Attributes:
        drawing: What is drawn.
        elements: Of the tokens.
        places: For each token the box around its own ink: a note's with accidental, dots and flag but without stem and beam.
    """

    drawing: Drawing
    elements: tuple[Element, ...]
    places: tuple[Box, ...]

    def part(self, index: int, part: str) -> Box | None:
        """The box around one part of a note or rest, as `notehead`, `accid`, `dots` or `fermata`."""
        return self.drawing.place(f"t-{index}", part)


def engraved(
    tokens: Sequence[str],
    font: str = FONTS[0],
    extras: mei.Extras | None = None,
    options: Mapping[str, object] | None = None,
    dice: Dice | None = None,
    bend: Bend | None = None,
) -> Engraving:
    """A staff as verovio engraves it.

    Args:
        tokens: Of one staff, clef first.
        font: Music font.
        extras: How tokens are drawn and what stands beside them.
        options: Of verovio, beyond its defaults: widths of lines, spacing.
        dice: Chance, for beams of meters that can be beamed in several ways.
        bend: What happens to the outlines of the font's glyphs.

    Raises:
        EngravingError: What is drawn is not what the tokens say.
        MusicError: A token that is none.
        MissingExtraError: verovio is absent.
    """
    elements = tuple(parse(token) for token in tokens)
    extras = extras or mei.Extras()
    options = dict(FIXED) | dict(options or {})
    toolkit = _toolkit(font, tuple(options))
    toolkit.setOptions(options)
    text = mei.written(elements, extras, dice or Dice(np.random.default_rng(0)))
    if not toolkit.loadData(text):
        raise EngravingError(f"verovio cannot read what is written for {' '.join(tokens)!r}")
    try:
        drawing = read_svg(toolkit.renderToSVG(1), bend)
    except ValueError as error:
        raise EngravingError(f"{' '.join(tokens)!r}: {error}") from error
    _complete(drawing, elements, extras)
    return Engraving(drawing, elements, tuple(_places(drawing, elements, extras)))


def _toolkit(font: str, options: tuple[str, ...]) -> Any:
    """The toolkit of this process for a font and certain options, which keep their values from one drawing to the next.

    A forked process must not use its parent's.
    """
    key = (os.getpid(), font, options)
    if key not in _toolkits:
        verovio = needed("verovio")
        data = Path(verovio.__file__).parent / "data"
        verovio.setDefaultResourcePath(str(data))
        verovio.enableLog(verovio.LOG_OFF)
        toolkit = verovio.toolkit()
        if not (data / f"{font}.xml").is_file() or not toolkit.setOptions({"font": font}):
            raise EngravingError(f"verovio has no font '{font}' in {data}; reinstall verovio")
        _toolkits[key] = toolkit
    return _toolkits[key]


def _complete(drawing: Drawing, elements: Sequence[Element], extras: mei.Extras) -> None:
    """Draw what verovio leaves out: dots behind rests of two whole notes, ties that lead into the line or beyond its end."""
    space = drawing.space
    first = next((index for index, element in enumerate(elements) if isinstance(element, Note | Rest | Multirest)), 0)
    if extras.tied_in and isinstance(elements[first], Note):
        _open_tie(drawing, first, leads_in=True)
    for index, element in enumerate(elements):
        name = f"t-{index}"
        if isinstance(element, Rest) and element.value.name == "double_whole" and not _count(drawing, name, "dots"):
            _, top, right, _ = drawing.boxes[name, ""][0]
            for dot in range(element.value.dots):
                outline = outlines.ellipse(right + (0.6 + 0.7 * dot) * space, top + 0.5 * space, 0.2 * space, 0.2 * space)
                drawing.add([outline], 0.0, name, "dots")
        if isinstance(element, Tie) and not any(isinstance(later, Note) for later in elements[index + 1 :]):
            _open_tie(drawing, index - 1, token=name)


def _open_tie(drawing: Drawing, index: int, leads_in: bool = False, token: str = "") -> None:
    """An arc from a note beyond the end of the line, or into one from before the line."""
    space = drawing.space
    head, stem = drawing.place(f"t-{index}", "notehead"), drawing.place(f"t-{index}", "stem")
    if head is None:
        return
    above = not stem or stem[1] >= head[1] - space / 2
    y = head[1] - 0.2 * space if above else head[3] + 0.2 * space
    start, end = head[2] - 0.3 * space, max(drawing.staff[2], head[2] + 1.5 * space)
    if leads_in:
        before = [drawing.place(name, part) for name, part in (("clef0", ""), ("keySig0", "keyAccid"), ("meterSig0", ""))]
        edge = max((box[2] for box in before if box), default=0.0)
        end = head[0] + 0.3 * space
        start = min(max(head[0] - 1.7 * space, edge), end - space)
    height = space * min(1.0, 0.3 + 0.1 * (end - start) / space)
    drawing.add([outlines.arc(start, end, y, height if above else -height, 0.2 * space)], 0.0, token)


def _places(drawing: Drawing, elements: Sequence[Element], extras: mei.Extras) -> list[Box]:
    """The place of each token, after a look at whether all of its ink is there.

    Raises:
        EngravingError: It is not.
    """
    signs = accidentals.drawn(elements)
    places, barlines = [], 0
    for index, element in enumerate(elements):
        name = f"t-{index}"
        match element:
            case Clef(sign=sign):
                name = "clef0"
                fine = drawing.glyphs.get(name) == [_CLEF_GLYPHS[sign]]
            case Key(fifths=fifths):
                name = "keySig0"
                fine = len(drawing.boxes.get((name, "keyAccid"), [])) == abs(fifths)
            case Meter():
                name = "meterSig0"
                fine = bool(drawing.boxes.get((name, "")))
            case Barline():
                name, barlines = f"barLine{barlines}", barlines + 1
                fine = bool(drawing.boxes.get((name, "")))
            case Note(value=value) | Grace(value=value):
                sign_drawn = signs[index] is not None or index in extras.courtesy
                heads = drawing.glyphs.get(name + "notehead", [])
                fine = len(heads) == 1 and heads[0] in _HEADS.get(value.name, ("E0A4",))
                fine = fine and _count(drawing, name, "dots") == value.dots
                fine = fine and bool(_count(drawing, name, "accid")) == sign_drawn
            case Rest(value=value):
                fine = drawing.glyphs.get(name) == [_RESTS[value.name]] and _count(drawing, name, "dots") == value.dots
            case Multirest() | Tie():
                fine = bool(drawing.boxes.get((name, "")))
        if isinstance(element, Note | Rest) and element.fermata:
            fine = fine and _count(drawing, name, "fermata") == 1
        if not fine:
            raise EngravingError(f"token {index} of a staff is drawn wrongly: {element}, {drawing.glyphs.get(name)}")
        places.append(_place(drawing, name))
    return places


def _count(drawing: Drawing, name: str, part: str) -> int:
    return len(drawing.boxes.get((name, part), []))


def _place(drawing: Drawing, name: str) -> Box:
    parts = ("", "notehead", "accid", "dots", "flag", "keyAccid", "multiRestNum")
    box = around([box for part in parts for box in drawing.boxes.get((name, part), [])])
    assert box is not None  # it has been counted
    return box
