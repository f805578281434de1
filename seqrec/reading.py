"""What comes out: a reading and everything known about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reading:
    """One reading of one picture.

    Attributes:
        symbols: The symbols read, in order.
        text: The symbols joined as the alphabet joins them.
        confidence: p(reading | picture), 0..1, summed over all CTC paths by the forward algorithm, and brought to the model's
            temperature; of a lexicon's word, summed over its spellings too. Of a transducer, summed over all its walks.
        symbol_confidences: For each symbol the highest posterior among the frames that its best path gives it, 0..1; of a
            transducer its probability after the symbols before it.
        spans: For each symbol its left and right edge in pixels of the picture as it was given (for a turned picture: along
            the direction of reading); see `seqrec.decoding.alignment.spans_px`.
        alternatives: Other readings, best first; empty unless more than one was asked for.
        word: Canonical form of the lexicon's word that was read; empty without a lexicon.
        share: The word's part of the probability of the whole lexicon, 0..1; -1 where it was not asked for. Of a fragment: 1
            over the number of words that hold it as nearly.
        edits: Where the picture shows a fragment of a word: edits between it and the nearest part of the word; -1 elsewhere.
        free: Whether this is the reading without a lexicon or pattern, kept because nothing that fits was probable enough.
        drawn: Where a notation says what is read: the symbols of the network, of which `symbols` are the meaning; else empty.
        turned: Degrees by which the picture was turned anti-clockwise before it was read: 0, 90, 180 or 270.
        remark: What the task's preparation found odd about the picture; else empty.
        hint: A remark for the user where the picture does not look like what the reader was made for; else empty. The task's own
            `hint` says it where there is one, and has seen `remark`.
        extra: What the task's `finish` added.
    """

    symbols: tuple[str, ...]
    text: str
    confidence: float
    symbol_confidences: tuple[float, ...] = ()
    spans: tuple[tuple[float, float], ...] = ()
    alternatives: tuple["Reading", ...] = ()
    word: str = ""
    share: float = -1.0
    edits: int = -1
    free: bool = False
    drawn: tuple[str, ...] = ()
    turned: int = 0
    remark: str = ""
    hint: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON: `text, symbols, confidence, symbol_confidences, spans`, and what applies of the rest."""
        values: dict[str, object] = {
            "text": self.text,
            "symbols": list(self.symbols),
            "confidence": round(self.confidence, 6),
            "symbol_confidences": [round(value, 6) for value in self.symbol_confidences],
            "spans": [[round(left, 1), round(right, 1)] for left, right in self.spans],
        }
        if self.alternatives:
            values["alternatives"] = [alternative.as_dict() for alternative in self.alternatives]
        if self.word:
            values["word"] = self.word
        if self.share >= 0:
            values["share"] = round(self.share, 6)
        if self.edits >= 0:
            values["edits"] = self.edits
        if self.free:
            values["free"] = True
        if self.turned:
            values["turned"] = self.turned
        if self.hint:
            values["hint"] = self.hint
        return values | dict(self.extra)
