"""Decoding: log-probabilities in, symbols and their probabilities out. numpy and numba; no torch."""

from seqrec.decoding.fold import fold
from seqrec.decoding.forward import log_probability
from seqrec.decoding.greedy import Greedy, greedy

__all__ = ["Greedy", "fold", "greedy", "log_probability"]
