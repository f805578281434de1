"""Glyphs of music fonts that verovio does not bring; `COPYRIGHTS.txt` names the fonts.

`tools/collect_glyphs.py` makes the file.
"""

from functools import cache
from pathlib import Path

import numpy as np

from seqrec_sheet_music.outlines import Contour

UNITS_PER_EM = 1000
"""Of the outlines, as of verovio's; four staff spaces are one em. Source: SMuFL 1.4, "Metrics and glyph registration"."""

Glyphs = dict[str, tuple[Contour, ...]]
"""SMuFL code, as in `E0A4`, → outlines, y upwards."""


@cache
def music_fonts() -> dict[str, Glyphs]:
    """Name → glyphs of each font."""
    with np.load(Path(__file__).parent / "glyphs.npz", allow_pickle=False) as file:
        points, lengths, counts = file["points"].astype(np.float32), file["lengths"].astype(int), file["counts"].astype(int)
        names, codes = file["fonts"].tolist(), file["codes"].tolist()
    contours = np.split(points, np.cumsum(lengths)[:-1])
    ends = np.cumsum(counts).tolist()
    found: dict[str, Glyphs] = {}
    for name, code, end, count in zip(names, codes, ends, counts.tolist(), strict=True):
        found.setdefault(name, {})[code] = tuple(contours[end - count : end])
    return found
