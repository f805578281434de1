"""Decoding: log-probabilities in, symbols and their probabilities out. numpy and numba; no torch."""

from seqrec.decoding.alignment import Alignment, align, spans_px
from seqrec.decoding.beam import beam_search, product
from seqrec.decoding.bktree import BKTree
from seqrec.decoding.choice import Decoding
from seqrec.decoding.decoders import (
    BeamDecoder,
    BKTreeDecoder,
    Decoder,
    FragmentDecoder,
    GreedyDecoder,
    LexiconDecoder,
    OrFree,
    decode_batch,
)
from seqrec.decoding.fold import fold
from seqrec.decoding.forward import log_probability
from seqrec.decoding.fragment import Fragments
from seqrec.decoding.grammar import Automaton, Grammar
from seqrec.decoding.greedy import Greedy, greedy
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.decoding.lattice import align_steps, steps_log_probability
from seqrec.decoding.lexicon import Entry, Lexicon, any_case, read_entries
from seqrec.decoding.lexicon_file import load_lexicon, save_lexicon, verify_lexicon
from seqrec.decoding.ngram import NGram
from seqrec.decoding.pattern import Pattern
from seqrec.decoding.slow_beam import slow_beam_search
from seqrec.decoding.steps import Joint, Steps
from seqrec.decoding.steps_decoders import BeamSteps, GreedySteps

__all__ = [
    "Alignment",
    "Automaton",
    "BKTree",
    "BKTreeDecoder",
    "BeamDecoder",
    "BeamSteps",
    "Decoder",
    "Decoding",
    "Entry",
    "FragmentDecoder",
    "Fragments",
    "Grammar",
    "Greedy",
    "GreedyDecoder",
    "GreedySteps",
    "Hypothesis",
    "Joint",
    "Lexicon",
    "LexiconDecoder",
    "NGram",
    "OrFree",
    "Pattern",
    "Steps",
    "align",
    "align_steps",
    "any_case",
    "beam_search",
    "decode_batch",
    "fold",
    "greedy",
    "load_lexicon",
    "log_probability",
    "product",
    "read_entries",
    "save_lexicon",
    "slow_beam_search",
    "spans_px",
    "steps_log_probability",
    "verify_lexicon",
]
