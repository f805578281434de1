"""What comes out: a reading and everything known about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reading:
    """One reading of one picture.

    Attributes:
        symbols: The symbols read, in order.
        text: The symbols joined as the alphabet joins them.
        confidence: p(reading | picture), 0..1, summed over all CTC paths by the forward algorithm.
        symbol_confidences: For each symbol the highest posterior among the frames that the best path gives it, 0..1.
        spans: For each symbol its left and right edge in pixels of the picture as it was given (for a turned picture: along
            the direction of reading).
        alternatives: Other readings, most probable first; empty for greedy reading.
        turned: Degrees by which the picture was turned anti-clockwise before it was read: 0, 90 or 270.
        hint: A remark for the user where the picture does not look like what the reader was made for; else empty.
        extra: What the task's `finish` added.
    """

    symbols: tuple[str, ...]
    text: str
    confidence: float
    symbol_confidences: tuple[float, ...] = ()
    spans: tuple[tuple[float, float], ...] = ()
    alternatives: tuple["Reading", ...] = ()
    turned: int = 0
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
        if self.turned:
            values["turned"] = self.turned
        if self.hint:
            values["hint"] = self.hint
        return values | dict(self.extra)
