"""Faces: digits and the letter C as typefaces have them, for meters and long rests; `COPYRIGHTS.txt` names the families.

`tools/collect_faces.py` makes the file.
"""

from functools import cache
from pathlib import Path

import numpy as np

from seqrec_sheet_music.outlines import Contour

CHARACTERS = "0123456789Cc"
STEPS_OF_HEIGHT = 200

Face = dict[str, tuple[Contour, ...]]
"""Contours of each character, from its upper left corner; its height is 1."""


@cache
def faces() -> tuple[Face, ...]:
    """All there are."""
    with np.load(Path(__file__).parent / "faces.npz", allow_pickle=False) as file:
        points, counts, lengths = file["points"], file["counts"].astype(int), file["lengths"].astype(int)
    contours = np.split(points.astype(np.float32) / STEPS_OF_HEIGHT, np.cumsum(lengths)[:-1])
    ends = np.cumsum(counts)
    shapes = [tuple(contours[end - count : end]) for end, count in zip(ends.tolist(), counts.tolist(), strict=True)]
    size = len(CHARACTERS)
    return tuple(dict(zip(CHARACTERS, shapes[at : at + size], strict=True)) for at in range(0, len(shapes), size))
