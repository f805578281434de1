"""Braille for seqrec: the 64 cells of six dots, U+2800 to U+283F.

Source:
    The Unicode Standard, "Braille Patterns": the number of a cell is a sum of 1, 2, 4, 8, 16, 32 for its dots 1 to 6.
"""

from pathlib import Path

from seqrec import Alphabet, Task, hookimpl
from seqrec.rendering import FontRenderer

FONT = Path(__file__).parent / "noto-sans-symbols-2-braille.woff2"

BLANK_CELL = "\u2800"
CELLS = [chr(code) for code in range(0x2800, 0x2840)]
DOTS = {cell: [f"dot-{dot + 1}" for dot in range(6) if ord(cell) >> dot & 1] for cell in CELLS if cell != BLANK_CELL}


@hookimpl
def seqrec_tasks() -> list[Task]:
    """One task: lines of cells. A space counts as the blank cell; what is learnt of a dot serves all cells that have it."""
    alphabet = Alphabet("braille", CELLS, canonical={" ": BLANK_CELL}, parts=DOTS, source="Unicode, Braille Patterns")
    renderer = FontRenderer(alphabet, fonts=[FONT], length=(1, 16))
    return [Task("braille", alphabet, renderer=renderer, description="lines of six-dot braille cells")]
