"""Drawings: verovio's SVG as outlines with their places, each known by the token that it belongs to."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

import numpy as np

from seqrec_sheet_music import outlines
from seqrec_sheet_music.bending import Bend
from seqrec_sheet_music.outlines import Contour

Box = tuple[float, float, float, float]
"""left, top, right, bottom in units of the drawing."""
PARTS = frozenset({"notehead", "accid", "dots", "stem", "flag", "keyAccid", "multiRestNum", "artic", "verse"})
"""Classes of groups inside a token's group whose places are kept apart."""
ALONE = frozenset({"clef", "keySig", "meterSig", "barLine", "beam"})
"""Classes of groups that are numbered in the order in which they are drawn."""
NOTE_SIGN = "\ueca5"
"""A quarter note among words. Source: SMuFL 1.4, "Metronome marks"."""
SKIPPED = "placeholder"
"""Class of groups that are drawn on no paper."""

_NUMBERS = re.compile(r"-?\d+\.?\d*")
_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
_STRAIGHT = re.compile(r"M(-?[\d.]+) (-?[\d.]+) L(-?[\d.]+) (-?[\d.]+)\s*")


@dataclass(frozen=True)
class Text:
    """Words beside the staff.

    Attributes:
        x: Of the start, or of the middle.
        y: Of the baseline.
        words: What is written; among them may be `NOTE_SIGN`.
        size: Of the font.
        style: `regular`, `italic`, `bold` or `bold italic`.
        middle: Whether x is the middle.
    """

    x: float
    y: float
    words: str
    size: float
    style: str
    middle: bool


@dataclass(eq=False)
class Drawing:
    """One staff as shapes, in units of verovio.

    Attributes:
        areas: What is filled: each a list of contours, holes among them.
        strokes: Beside each area the width of the line around it, mostly 0.
        staff: left, top line's y, right, bottom line's y.
        line_width: Width of the staff lines.
        boxes: Where the parts of tokens are: (name of the group, part) → boxes in the order of drawing. The part of a whole
            group is "".
        glyphs: For each group the codes of the glyphs drawn for it, in order.
        texts: Words.
    """

    areas: list[list[Contour]] = field(default_factory=list)
    strokes: list[float] = field(default_factory=list)
    staff: Box = (0.0, 0.0, 0.0, 0.0)
    line_width: float = 0.0
    boxes: dict[tuple[str, str], list[Box]] = field(default_factory=dict)
    glyphs: dict[str, list[str]] = field(default_factory=dict)
    texts: list[Text] = field(default_factory=list)

    @property
    def space(self) -> float:
        """From one staff line to the next."""
        return (self.staff[3] - self.staff[1]) / 4

    @property
    def extent(self) -> tuple[float, float]:
        """Highest and lowest y of the ink that belongs to a token or beam, the staff's own lines included."""
        found = [box for boxes in self.boxes.values() for box in boxes]
        return min([self.staff[1], *(box[1] for box in found)]), max([self.staff[3], *(box[3] for box in found)])

    def place(self, name: str, part: str = "") -> Box | None:
        """The box around a part of a group, or None where nothing is drawn."""
        return around(self.boxes.get((name, part), []))

    def add(self, area: list[Contour], stroke: float = 0.0, token: str = "", part: str = "") -> None:
        """Draw an area, as part of a token's group where one is named."""
        self.areas.append(area)
        self.strokes.append(stroke)
        if token:
            points = area[0] if len(area) == 1 else np.concatenate(area)
            left, top = points.min(axis=0).tolist()
            right, bottom = points.max(axis=0).tolist()
            self.boxes.setdefault((token, part), []).append((left, top, right, bottom))

    def erase(self, box: Box) -> None:
        """Take out the areas that lie within a box."""
        left, top, right, bottom = box
        edge = 0.05 * self.space

        def within(area: list[Contour]) -> bool:
            points = np.concatenate(area)
            (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
            return bool(x0 >= left - edge and x1 <= right + edge and y0 >= top - edge and y1 <= bottom + edge)

        kept = [place for place, area in enumerate(self.areas) if not within(area)]
        self.areas = [self.areas[place] for place in kept]
        self.strokes = [self.strokes[place] for place in kept]


def around(boxes: list[Box]) -> Box | None:
    """The smallest box around some, or None."""
    if not boxes:
        return None
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def read_svg(svg: str, bend: Bend | None = None) -> Drawing:
    """The drawing in verovio's SVG of one staff.

    Args:
        svg: As verovio writes it.
        bend: What happens to the outlines of each glyph.

    Raises:
        ValueError: Something in it that we cannot draw; nothing is left out in silence.
    """
    return _Reader(ElementTree.fromstring(svg.replace(_NAMESPACE, "", 1)), bend).drawing


class _Reader:
    """Walks through the SVG once; keeps which token's group and which part of it we are in."""

    def __init__(self, root: ElementTree.Element, bend: Bend | None) -> None:
        self.drawing = Drawing()
        self.symbols: dict[str, tuple[Contour, ...]] = {}
        self.lines: list[tuple[float, float, float, float, float]] = []
        self.alone = dict.fromkeys(ALONE, 0)
        for group in root.iterfind("defs/g"):
            path = group.find("path")
            if path is None:
                raise ValueError(f"glyph {group.get('id')!r} has no outline")
            name, shape = str(group.get("id")), outlines.contours(path.get("d", ""))
            self.symbols[name] = bend(name, shape) if bend and shape else shape
        for page in root.iterfind("svg"):
            self._group(page, "", "", "")
        if len(self.lines) < 5:
            raise ValueError(f"{len(self.lines)} staff lines are drawn; expected 5")
        left, _, right, _, _ = (np.array(column) for column in zip(*self.lines, strict=True))
        heights = sorted({line[1] for line in self.lines})
        self.drawing.staff = (float(left.min()), heights[0], float(right.max()), heights[-1])
        self.drawing.line_width = self.lines[0][4]
        if len(heights) != 5:
            raise ValueError(f"staff lines at {len(heights)} heights are drawn; expected 5")

    def _group(self, parent: ElementTree.Element, token: str, part: str, kind: str) -> None:
        for element in parent:
            tag = element.tag
            if tag == "g":
                classes = element.get("class", "")
                if SKIPPED in classes:
                    continue
                name = classes.partition(" ")[0]
                inner, inner_part = self._named(name, element.get("id", ""), token, part)
                self._group(element, inner, inner_part, name)
            elif tag == "use":
                self._use(element, token, part)
            elif tag == "text":
                self._text(element, kind)
            else:
                self._shape(tag, element, token, part, kind)

    def _named(self, name: str, identity: str, token: str, part: str) -> tuple[str, str]:
        """The token's group and the part of it that a group inside them is."""
        if name in ALONE:
            self.alone[name] += 1
            return f"{name}{self.alone[name] - 1}", ""
        if identity[1:2] == "-":  # ours; verovio's own have no hyphen
            return f"t{identity[1:]}", "fermata" if identity[0] == "f" else ""
        return (token, name if name in PARTS else part) if token else ("", "")

    def _use(self, element: ElementTree.Element, token: str, part: str) -> None:
        name = element.get("href", "").lstrip("#")
        x, y, across, down = (float(number) for number in _NUMBERS.findall(element.get("transform", "")))
        shape = self.symbols.get(name)
        if not shape:
            raise ValueError(f"glyph {name!r} is used but has no outline")
        scale = np.array((across, -down), np.float32)  # the outlines are turned over in the definitions
        place = np.array((x, y), np.float32)
        self.drawing.add([contour * scale + place for contour in shape], 0.0, token, part)
        self.drawing.glyphs.setdefault(token + part, []).append(name.partition("-")[0])

    def _shape(self, tag: str, element: ElementTree.Element, token: str, part: str, kind: str) -> None:
        get = element.get
        width = float(get("stroke-width", "0"))
        if tag == "path" and (straight := _STRAIGHT.fullmatch(get("d", ""))):
            x0, y0, x1, y1 = map(float, straight.groups())
            if kind == "staff":
                self.lines.append((x0, y0, x1, y1, width))
            else:
                self._line(x0, y0, x1, y1, width, get("stroke-dasharray"), token, part)
        elif tag == "path":
            self.drawing.add(list(outlines.contours(get("d", ""))), width, token, part)
        elif tag == "ellipse":
            self.drawing.add([outlines.ellipse(*(float(get(key, "0")) for key in ("cx", "cy", "rx", "ry")))], 0.0, token, part)
        elif tag == "rect":
            x, y, across, down = (float(get(key, "0")) for key in ("x", "y", "width", "height"))
            self._line(x, y + down / 2, x + across, y + down / 2, down, None, token, part)
        elif tag in ("polygon", "polyline"):
            points = np.array(_NUMBERS.findall(get("points", "")), np.float32).reshape(-1, 2)
            if tag == "polygon":
                self.drawing.add([points], 0.0, token, part)
            else:
                for (x0, y0), (x1, y1) in zip(points.tolist(), points[1:].tolist(), strict=False):
                    self._line(x0, y0, x1, y1, width, None, token, part)
        elif tag not in ("desc", "style", "defs", "title"):
            raise ValueError(f"<{tag}> in the SVG cannot be drawn")

    def _line(self, x0: float, y0: float, x1: float, y1: float, width: float, dashes: str | None, token: str, part: str) -> None:
        if not dashes:
            self.drawing.add([outlines.bar(x0, y0, x1, y1, width)], 0.0, token, part)
            return
        on, off = (float(number) for number in _NUMBERS.findall(dashes)[:2])
        long = float(np.hypot(x1 - x0, y1 - y0))
        for start in np.arange(0, long, on + off):
            a, b = float(start) / long, min(float(start) + on, long) / long
            across, down = x1 - x0, y1 - y0
            dash = outlines.bar(x0 + a * across, y0 + a * down, x0 + b * across, y0 + b * down, width)
            self.drawing.add([dash], 0.0, token, part)

    def _text(self, element: ElementTree.Element, kind: str) -> None:
        bold = kind in ("tempo", "fing", "reh", "voltaBracket")
        italic = kind in ("dir", "dynam", "mNum")
        words, size = "", 0.0
        for span in element.iter():
            if span.text and span.get("font-size"):
                words += span.text
                size = max(size, float(span.get("font-size", "0px")[:-2]))
            italic = italic or span.get("font-style") == "italic"
        if words.strip():
            style = " ".join(["bold"] * bold + ["italic"] * italic) or "regular"
            middle = element.get("text-anchor") == "middle"
            x, y = float(element.get("x", "0")), float(element.get("y", "0"))
            self.drawing.texts.append(Text(x, y, words.strip(), size, style, middle))
