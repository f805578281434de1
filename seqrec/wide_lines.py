"""Lines wider than the network should see at a time: read in overlapping windows whose posteriors are joined."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import BLANK
from seqrec.interfaces import Picture

if TYPE_CHECKING:
    from seqrec.recognizer import Engine

WIDEST_PX = 3200
"""Of the network's input in one piece; wider lines are cut into windows of this width."""

_OVERLAP_PX = 640
"""Of neighbouring windows. Half of it, 80 frames of the built-in networks, is context that each window has beyond what counts of
it: more than their convolutions see, and more than their LSTMs were found to remember."""


def wide_posteriors(engine: "Engine", line: Picture) -> npt.NDArray[np.float32]:
    """Log-probabilities (T, C) of a line of any width, in memory that does not grow with it, but for the posteriors themselves.

    Each window is measured by the brightness of the whole line. Neighbours are joined near the middle of what they share, where
    they are surest that no symbol stands.

    Args:
        engine: Gives posteriors.
        line: (H, W), uint8, of the engine's height and a width that it takes.
    """
    spans = windows_px(line.shape[1], engine.width_step_px, engine.frame_stride_px)
    levels = np.array([[line.mean(dtype=np.float64), max(line.std(dtype=np.float64), 1.0)]], np.float32)
    parts = []
    for start, stop in spans:
        window = np.ascontiguousarray(line[None, None, :, start:stop])
        log_probs, lengths = engine.run(window, np.array([stop - start], np.int64), levels)
        parts.append(log_probs[: lengths[0], 0])
    return joined(parts, [round(start / engine.frame_stride_px) for start, _ in spans])


def windows_px(width_px: int, width_step_px: int, frame_stride_px: float) -> list[tuple[int, int]]:
    """First column, and the one behind the last, of each window.

    Windows begin at multiples of `width_step_px` at which a frame begins too, so that theirs are frames of the whole line.

    Example:
        >>> windows_px(8000, 4, 4.0)
        [(0, 3200), (2560, 5760), (4800, 8000)]
    """
    step = math.lcm(width_step_px, Fraction(frame_stride_px).limit_denominator(1000).numerator)
    stride = max((WIDEST_PX - _OVERLAP_PX) // step, 1) * step
    last = max(width_px - WIDEST_PX, 0) // step * step
    starts = [*range(0, last, stride), last]
    return [(start, min(start + WIDEST_PX, width_px)) for start in starts[:-1]] + [(last, width_px)]


def joined(parts: Sequence[npt.NDArray[np.float32]], firsts: Sequence[int]) -> npt.NDArray[np.float32]:
    """One sequence of frames of overlapping ones.

    Args:
        parts: Log-probabilities of each window, (T, C).
        firsts: The whole line's frame that each window's first frame is.
    """
    kept, begin = [], 0
    for part, first, following, next_first in zip(parts, firsts, parts[1:], firsts[1:], strict=False):
        shared = first + len(part) - next_first
        low, high = shared // 4, max(3 * shared // 4, shared // 4 + 1)  # near its edges each lacks context
        blank = part[next_first - first : len(part), BLANK][low:high] + following[low:high, BLANK]
        stop = next_first + low + int(blank.argmax())
        kept.append(part[begin - first : stop - first])
        begin = stop
    kept.append(parts[-1][begin - firsts[-1] :])
    return np.concatenate(kept)
