"""Lines wider than the backbone should see at a time: it sees overlapping windows, and their frames are joined."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from seqrec.interfaces import Picture
from seqrec.recipe import FIXED_LEVELS

if TYPE_CHECKING:
    from seqrec.recognizer import Engine

WIDEST_PX = 3200
"""Of the network's input in one piece; wider lines are cut into windows of this width."""

_OVERLAP_PX = 512
"""Of neighbouring windows. Half of it is context that each has beyond what counts of it; built-in backbones see 25 pixels far."""


def wide_posteriors(engine: "Engine", line: Picture, measures: Literal["own", "fixed"] = "own") -> npt.NDArray[np.float32]:
    """Log-probabilities (T, C) of a line of any width: those of the line in one piece, in much less memory.

    Pictures are what takes memory, frames do not. So windows go through the backbone, each measured by the brightness of the
    whole line; the sequence model, whose memory has no end, reads the frames of all of them.

    Args:
        engine: Gives posteriors.
        line: (H, W), uint8, of the engine's height and a width that it takes.
        measures: The recipe's `picture.levels`.
    """
    spans = windows_px(line.shape[1], engine.width_step_px, engine.frame_stride_px)
    own = line.mean(dtype=np.float64), max(line.std(dtype=np.float64), 1.0)
    levels = np.array([own if measures == "own" else FIXED_LEVELS], np.float32)
    windows = (np.ascontiguousarray(line[None, None, :, start:stop]) for start, stop in spans)
    parts = [engine.frames(window, levels) for window in windows]
    return engine.log_probs(joined(parts, [round(start / engine.frame_stride_px) for start, _ in spans]))[:, 0]


def windows_px(width_px: int, width_step_px: int, frame_stride_px: float) -> list[tuple[int, int]]:
    """First column, and the one behind the last, of each window.

    Windows begin at multiples of `width_step_px` at which a frame begins too, so that theirs are frames of the whole line.

    Example:
        >>> windows_px(8000, 4, 4.0)
        [(0, 3200), (2688, 5888), (4800, 8000)]
    """
    step = math.lcm(width_step_px, Fraction(frame_stride_px).limit_denominator(1000).numerator)
    stride = max((WIDEST_PX - _OVERLAP_PX) // step, 1) * step
    last = max(width_px - WIDEST_PX, 0) // step * step
    starts = range(0, last, stride)
    return [*((start, start + WIDEST_PX) for start in starts), (last, width_px)]


def joined(parts: Sequence[npt.NDArray[np.float32]], firsts: Sequence[int]) -> npt.NDArray[np.float32]:
    """One sequence of frames of overlapping ones: of what two share, each gives the half that it has more context for.

    Args:
        parts: Frames of each window, (T, …).
        firsts: The whole line's frame that each window's first frame is.
    """
    kept, begin = [], 0
    for part, first, following in zip(parts, firsts, firsts[1:], strict=False):
        stop = (following + first + len(part)) // 2
        kept.append(part[begin - first : stop - first])
        begin = stop
    kept.append(parts[-1][begin - firsts[-1] :])
    return np.concatenate(kept)
