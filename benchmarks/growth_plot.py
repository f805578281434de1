"""Charts of `seqrec.charts` as one SVG file that needs no style sheet."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

COLOURS = ("#2b6cb0", "#c05621", "#2f855a")
WIDTH, HEIGHT = 472, 270
"""Of a chart with its head; `seqrec.charts` draws into 472 × 240 of it."""
COLUMNS = 2
STYLE = """text { font: 11px sans-serif; fill: #4a5568 } .title { font-weight: bold; fill: #1a202c }
.grid { stroke: #e2e8f0 } .axis { stroke: #a0aec0 } polyline { fill: none; stroke-width: 2 }"""


def svg(charts: Sequence[Mapping[str, Any]]) -> str:
    """The charts in two columns."""
    rows = -(-len(charts) // COLUMNS)
    size = f"{COLUMNS * WIDTH} {rows * HEIGHT}"
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}">', f"<style>{STYLE}</style>"]
    lines.append('<rect width="100%" height="100%" fill="#ffffff"/>')
    for place, one in enumerate(charts):
        lines.append(f'<g transform="translate({place % COLUMNS * WIDTH} {place // COLUMNS * HEIGHT})">')
        lines += _chart(one)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>"]) + "\n"


def _chart(one: Mapping[str, Any]) -> Iterator[str]:
    yield f'<text class="title" x="16" y="18">{escape(one["title"])}</text>'
    yield f'<text x="456" y="18" text-anchor="end">{escape(one["unit"])}</text>'
    yield '<g transform="translate(0 28)">'
    for y, text in one["y_ticks"]:
        yield f'<line class="grid" x1="62" x2="452" y1="{y}" y2="{y}"/><text x="56" y="{y + 4}" text-anchor="end">{text}</text>'
    yield '<line class="axis" x1="62" x2="452" y1="200" y2="200"/>'
    for x, text in one["x_ticks"]:
        yield f'<line class="axis" x1="{x}" x2="{x}" y1="200" y2="204"/><text x="{x}" y="217" text-anchor="middle">{text}</text>'
    yield f'<text x="257" y="235" text-anchor="middle">{escape(one["x_name"])}</text>'
    for place, (line, colour) in enumerate(zip(one["lines"], COLOURS, strict=False)):
        points = " ".join(f"{x},{y}" for x, y in line["points"])
        yield f'<polyline points="{points}" stroke="{colour}"/>'
        yield from (f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in line["points"])
        yield f'<text x="72" y="{24 + 15 * place}" style="fill: {colour}">{escape(line["name"])}</text>'
    yield "</g>"
