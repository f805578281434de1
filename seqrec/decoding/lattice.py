"""A transducer's readings: their probability over all walks through the lattice, and where their symbols stand."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.alphabet import BLANK
from seqrec.decoding.alignment import Alignment
from seqrec.decoding.forward import add
from seqrec.decoding.steps import Steps
from seqrec.errors import AlphabetError, ShapeError

_IMPOSSIBLE = -1e6
"""Nats that a probability of 0 counts while walks are compared."""

Doubles = npt.NDArray[np.float64]


def entered_at_start(frames: int) -> Doubles:
    """Log-mass of the walks that begin at each frame, (T,): all of them at the first."""
    entered = np.full(frames, -np.inf)
    entered[:1] = 0.0
    return entered


@njit(cache=True, nogil=True)
def standing(entered: Doubles, blank: npt.NDArray[np.float32]) -> Doubles:
    """Log-mass of the walks that stand at each frame with the same symbols read, (T,).

    Args:
        entered: Log-mass of those that came there by their last symbol, (T,).
        blank: Log-probability of the blank at each frame, (T,).
    """
    stand = entered.copy()
    for frame in range(1, len(stand)):
        stand[frame] = add(stand[frame - 1] + blank[frame - 1], entered[frame])
    return stand


def steps_log_probability(steps: Steps, ids: Sequence[int]) -> float:
    """Log of the probability that a transducer reads `ids`, summed over all walks.

    Args:
        steps: Of one sample.
        ids: Symbol ids 1..K; may be empty.

    Returns:
        Nats, at most 0.

    Raises:
        AlphabetError: An id is the blank's or beyond the classes.

    Source:
        Graves 2012, "Sequence transduction with recurrent neural networks", section 2.4; in log space and double precision.
    """
    blanks, symbols = _columns(steps, ids)
    if not steps.frames:
        return 0.0 if not len(ids) else -math.inf
    entered = entered_at_start(steps.frames)
    for blank, symbol in zip(blanks, symbols, strict=False):
        entered = standing(entered, blank) + symbol
    return float(standing(entered, blanks[-1])[-1] + blanks[-1][-1])


def align_steps(steps: Steps, ids: Sequence[int]) -> Alignment:
    """The most probable walk of a reading; a symbol's span is the one frame at which the walk takes it.

    `confidences` are, for each symbol, its probability after the symbols before it, wherever it stands. Their product, times the
    probability that nothing follows, is the probability of the reading.

    Args:
        steps: Of one sample.
        ids: Symbol ids 1..K; may be empty.

    Raises:
        AlphabetError: An id is the blank's or beyond the classes.
        ShapeError: Symbols, and no frame for them to stand at.
    """
    blanks, symbols = _columns(steps, ids)
    if not steps.frames:
        if len(ids):
            raise ShapeError(f"a label of {len(ids)} symbols needs at least one frame, the picture gives none; widen it")
        return Alignment((), 0.0, ())
    places, total = _best_walk(np.stack(blanks), np.stack(symbols) if symbols else np.zeros((0, steps.frames), np.float32))
    confidences, before, entered = [], 0.0, entered_at_start(steps.frames)
    for blank, symbol in zip(blanks, symbols, strict=False):
        entered = standing(entered, blank) + symbol
        mass = float(np.logaddexp.reduce(entered))
        confidences.append(math.exp(min(mass - before, 0.0)) if before > -math.inf else 0.0)
        before = mass
    return Alignment(tuple((frame, frame + 1) for frame in places.tolist()), total, tuple(confidences))


def _columns(steps: Steps, ids: Sequence[int]) -> tuple[list[npt.NDArray[np.float32]], list[npt.NDArray[np.float32]]]:
    """Log-probabilities, (T,) each, of the blank after 0, 1, … S symbols, and of the next symbol after 0, 1, … S - 1."""
    last = steps.classes - 1
    for number in ids:
        if not BLANK < number <= last:
            raise AlphabetError(f"id {number} cannot be read by a transducer of {last + 1} classes; ids are 1..{last}")
    rows = [(steps(tuple(ids[:count])), following) for count, following in enumerate([*ids, BLANK])]
    blanks = [np.ascontiguousarray(row[:, BLANK]) for row, _ in rows]
    return blanks, [np.ascontiguousarray(row[:, following]) for row, following in rows[:-1]]


@njit(cache=True, nogil=True)
def _best_walk(blanks: npt.NDArray[np.float32], symbols: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], float]:
    """Frame of each symbol on the most probable walk, (S,), and its log-probability; blanks (S + 1, T), symbols (S, T)."""
    count, frames = symbols.shape
    best = np.full((count + 1, frames), -np.inf)
    best[0, 0] = 0.0
    took = np.zeros((count + 1, frames), np.bool_)  # whether the best walk came there by a symbol
    for read in range(count + 1):
        for frame in range(frames):
            if frame > 0:
                best[read, frame] = best[read, frame - 1] + max(blanks[read, frame - 1], _IMPOSSIBLE)
            if read > 0:
                by_symbol = best[read - 1, frame] + max(symbols[read - 1, frame], _IMPOSSIBLE)
                if by_symbol > best[read, frame]:
                    best[read, frame], took[read, frame] = by_symbol, True
    places, read, frame, total = np.zeros(count, np.int64), count, frames - 1, np.float64(blanks[count, frames - 1])
    while read > 0 or frame > 0:
        if took[read, frame]:
            read -= 1
            places[read] = frame
            total += symbols[read, frame]
        else:
            frame -= 1
            total += blanks[read, frame]
    return places, total
