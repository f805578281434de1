"""What a search finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hypothesis:
    """One reading of one sample's posteriors.

    Attributes:
        ids: Symbol ids 1..K.
        log_probability: Nats; p(ids | picture), summed over all paths (or over those that a beam kept).
        score: What the search ranked by: `log_probability` and the weights of grammars and lexicons.
        word: Number of the lexicon's word, -1 without a lexicon.
        text: The word's canonical form; empty without a lexicon.
        free: Whether this is the free reading, kept because nothing that fits was probable enough beside it.
        share: p(word | picture) as a share of the whole lexicon's, 0..1; -1 without a lexicon. Of a fragment: 1 over the number
            of words that hold it as nearly.
        edits: Between a fragment and the nearest part of the word; -1 for what is no fragment.
    """

    ids: tuple[int, ...]
    log_probability: float
    score: float
    word: int = -1
    text: str = ""
    free: bool = False
    share: float = -1.0
    edits: int = -1
