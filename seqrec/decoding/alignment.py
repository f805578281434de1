"""Alignment: which frames, and which pixels, the symbols of a given label stand at."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.alphabet import BLANK, frames_needed
from seqrec.decoding.posteriors import ROUNDING
from seqrec.errors import AlphabetError, ShapeError

_IMPOSSIBLE = -1e6
"""Nats that a probability of 0 counts while paths are compared: a label of probability 0 still gets the path with the fewest."""
_STAYED, _FROM_BLANK, _FROM_SYMBOL = 0, 1, 2
"""Where the best path to a symbol was a frame before: at it, at the blank before it, at the symbol before that."""


@dataclass(frozen=True)
class Alignment:
    """The most probable path of a label.

    Attributes:
        frame_spans: For each symbol its first frame and the one after its last.
        path_log_probability: Nats; of this one path. Minus infinity where the label has probability 0: the path is then one with
            the fewest impossible frames.
        confidences: For each symbol the highest posterior among its frames, 0..1.
    """

    frame_spans: tuple[tuple[int, int], ...]
    path_log_probability: float
    confidences: tuple[float, ...]


def align(log_probs: npt.NDArray[np.float32], ids: Sequence[int]) -> Alignment:
    """The most probable of the paths that collapse to a label.

    Of equally probable paths it takes the one with the lower class, from the last frame back. Greedy reading breaks its ties the
    same way, so that `greedy`'s own ids get `greedy`'s own spans and confidences.

    Args:
        log_probs: (T, C), after log_softmax; valid frames only.
        ids: Symbol ids 1..K; may be empty.

    Raises:
        AlphabetError: An id is the blank's or beyond the classes.
        ShapeError: Not (T, C), fewer frames than the label needs, or NaN or a value above 0 in a class that the label uses.

    Source:
        Viterbi 1967, "Error bounds for convolutional codes", over the states of Graves et al. 2006, section 4.1: blank, symbol,
        blank, symbol, …, blank. In log space and double precision.

    Example:
        >>> log_probs = np.log(np.array([[0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]], np.float32))
        >>> align(log_probs, [1, 2]).frame_spans
        ((0, 1), (2, 3))
    """
    label = checked_label(log_probs.shape, ids)
    columns = np.ascontiguousarray(log_probs[:, [BLANK, *label]], np.float32)
    spans, peaks = np.empty((len(label), 2), np.int64), np.empty(len(label), np.float32)
    total = _best_path(columns, np.array(label, np.int64), spans, peaks)
    if math.isnan(total):
        frame, column = np.argwhere(~(columns <= ROUNDING))[0].tolist()
        found = "NaN" if np.isnan(columns[frame, column]) else f"{columns[frame, column]:.3g}"
        number = [BLANK, *label][column]
        raise ShapeError(f"the log-probability of class {number} at frame {frame} is {found}; expected at most 0")
    frame_spans = tuple((first, stop) for first, stop in spans.tolist())
    return Alignment(frame_spans, total, tuple(np.exp(np.minimum(peaks, 0)).tolist()))


def checked_label(shape: Sequence[int], ids: Sequence[int]) -> list[int]:
    """A label that posteriors of a shape can spell.

    Args:
        shape: (T, C).
        ids: Symbol ids 1..K.

    Raises:
        AlphabetError: An id is the blank's or beyond the classes.
        ShapeError: Not (T, C), or fewer frames than the label needs.
    """
    if len(shape) != 2 or shape[1] == 0:
        raise ShapeError(f"log-probabilities have shape {tuple(shape)}; expected (T, C), the valid frames of one sample")
    frames, classes = shape
    label = list(ids)
    if label and not (min(label) > BLANK and max(label) < classes):
        wrong = next(number for number in label if not BLANK < number < classes)
        raise AlphabetError(f"id {wrong} cannot be aligned to posteriors of {classes} classes; ids are 1..{classes - 1}")
    if frames < 2 * len(label) and frames < frames_needed(label):  # two a symbol are always enough
        needed = frames_needed(label)
        raise ShapeError(
            f"a label of {len(label)} symbols with {needed - len(label)} repeats needs {needed} frames, the posteriors have "
            f"{frames}; widen the picture or align another label"
        )
    return label


def spans_px(
    frame_spans: Sequence[tuple[int, int]],
    stride_px: float,
    offset_px: float,
    scale: float,
    width_px: float,
    height_px: int,
) -> tuple[tuple[float, float], ...]:
    """Left and right edge of each symbol in pixels of the picture as it was given.

    A trained CTC network emits a symbol in one or two frames about its middle, whatever the symbol's width. So a symbol is taken
    to reach half-way to its neighbours' middles, the first and the last as far outwards as inwards, none further from its middle
    than half the picture's height (a letter is seldom wider than its line is high; beyond that there is a gap, and a symbol
    that stands alone has no neighbour to ask), none beyond the picture, and none less far than its own frames.

    Args:
        frame_spans: For each symbol its first frame and the one after its last, in order.
        stride_px: From frame to frame, in pixels of the network's input.
        offset_px: Middle of frame 0, in the same pixels.
        scale: Pixels of the given picture a pixel of the network's input, along the direction of reading.
        width_px: Of the given picture, along the direction of reading.
        height_px: Of the given picture, across it.

    Example:
        >>> spans_px([(2, 3), (4, 5)], stride_px=4, offset_px=2, scale=1.0, width_px=100, height_px=32)
        ((6.0, 14.0), (14.0, 22.0))
    """
    if not frame_spans:
        return ()
    runs = [
        (scale * (offset_px + stride_px * (first - 0.5)), scale * (offset_px + stride_px * (stop - 0.5)))
        for first, stop in frame_spans
    ]
    middles = [(left + right) / 2 for left, right in runs]
    edges = [
        min(max((middle + next_middle) / 2, right), next_left)  # half-way, but in nobody's frames
        for middle, (_, right), next_middle, (next_left, _) in zip(middles, runs, middles[1:], runs[1:], strict=False)
    ]
    outermost = (2 * middles[0] - edges[0], 2 * middles[-1] - edges[-1]) if edges else (-math.inf, math.inf)
    edges = [outermost[0], *edges, outermost[1]]
    reach = height_px / 2
    spans = []
    for (left, right), middle, before, after in zip(runs, middles, edges, edges[1:], strict=False):
        left, right = min(left, max(before, middle - reach)), max(right, min(after, middle + reach))
        spans.append((min(max(left, 0.0), float(width_px)), min(right, float(width_px))))
    return tuple(spans)


@njit(cache=True, nogil=True)
def _best_path(
    columns: npt.NDArray[np.float32], ids: npt.NDArray[np.int64], spans: npt.NDArray[np.int64], peaks: npt.NDArray[np.float32]
) -> float:
    """Log-probability of the best path, NaN where a value is none; fills the symbols' spans and highest log-probabilities.

    Args:
        columns: Log-probabilities of the blank and of each of the label's symbols in turn, (T, S + 1).
        ids: The symbols, (S,).
        spans: Is filled, (S, 2).
        peaks: Is filled, (S,).
    """
    frames, symbols = len(columns), len(ids)
    for value in columns.flat:
        if not value <= ROUNDING:
            return np.nan
    floored = np.maximum(columns, np.float32(_IMPOSSIBLE))
    at_blank = np.full(symbols + 1, -np.inf)  # score of the best path that has s symbols behind it and is at a blank
    at_symbol = np.full(symbols, -np.inf)  # score of the best path that is at symbol s; minus infinity where none leads there
    to_blank = np.zeros((frames, symbols + 1), np.bool_)  # whether that path was at the symbol before, a frame ago
    to_symbol = np.zeros((frames, symbols), np.int8)  # where that path was a frame ago
    at_blank[0] = floored[0, 0] if frames else 0.0
    if frames and symbols:
        at_symbol[0] = floored[0, 1]
    for frame in range(1, frames):
        for s in range(symbols - 1, -1, -1):  # downwards: what stands below is still of the frame before
            to_blank[frame, s + 1] = at_symbol[s] > at_blank[s + 1]
            at_blank[s + 1] = max(at_symbol[s], at_blank[s + 1]) + floored[frame, 0]
            best, source = at_blank[s], _FROM_BLANK  # the lowest class: it wins ties
            if at_symbol[s] > best:
                best, source = at_symbol[s], _STAYED
            if s > 0 and ids[s - 1] != ids[s]:
                tied = at_symbol[s - 1] == best and source == _STAYED and ids[s - 1] < ids[s]
                if tied or at_symbol[s - 1] > best:
                    best, source = at_symbol[s - 1], _FROM_SYMBOL
            at_symbol[s] = best + floored[frame, s + 1]
            to_symbol[frame, s] = source
        at_blank[0] += floored[frame, 0]
    blank_last = symbols == 0 or at_blank[symbols] >= at_symbol[symbols - 1]
    return _traced(columns, to_blank, to_symbol, blank_last, spans, peaks)


@njit(cache=True, nogil=True)
def _traced(
    columns: npt.NDArray[np.float32],
    to_blank: npt.NDArray[np.bool_],
    to_symbol: npt.NDArray[np.int8],
    at_blank: bool,
    spans: npt.NDArray[np.int64],
    peaks: npt.NDArray[np.float32],
) -> float:
    """Follow the best path from its last frame, at the last blank or the last symbol, to the first; as `_best_path`."""
    total, s = 0.0, len(spans)  # s symbols, the one at hand included, are still ahead
    spans[:] = 0
    for frame in range(len(columns) - 1, -1, -1):
        if at_blank:
            total += columns[frame, 0]
            at_blank = not to_blank[frame, s]
            continue
        value = columns[frame, s]
        total += value
        spans[s - 1, 0] = frame
        if spans[s - 1, 1] == 0:
            spans[s - 1, 1], peaks[s - 1] = frame + 1, value
        peaks[s - 1] = max(peaks[s - 1], value)
        source = to_symbol[frame, s - 1]
        at_blank = source == _FROM_BLANK
        s -= source != _STAYED
    return total
