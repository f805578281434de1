"""A task for tests: bars at eight heights stand for eight symbols. Drawn with numpy alone, learnt in seconds.

from seqrec.plugins import build_registry
from seqrec.testing import bars

plugins = build_registry([("seqrec", "", lambda: seqrec.builtin), ("bars", "1.0", lambda: bars)])
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seqrec.alphabet import Alphabet
from seqrec.hookspecs import hookimpl
from seqrec.interfaces import Renderer, Sample
from seqrec.rendering.options import require, with_options
from seqrec.task import Protocol, Task

BARS = Alphabet("bars8", "abcdABCD", source="made up for tests")
LOW_BARS = Alphabet("bars4", "abcd", canonical=dict(zip("ABCD", "abcd", strict=True)), source="made up for tests")

_SYMBOL_PX = 16  # width of a symbol: a bar and the gap after it
_BAR_PX = 12
_HEIGHT_PX = 32


@dataclass(frozen=True)
class BarOptions:
    """What a recipe's `[renderer]` table may say.

    Attributes:
        max_length: Most symbols.
        noise: Standard deviation of the grey values, 0 to 100.
    """

    max_length: int = 5
    noise: float = 8.0

    def __post_init__(self) -> None:
        require(self.max_length >= 1, "max_length", self.max_length, "1 or more")
        require(0 <= self.noise <= 100, "noise", self.noise, "0 to 100")


@dataclass(frozen=True)
class BarRenderer(Renderer):
    """Draws symbols as dark bars on bright ground: the first at the top, the last at the bottom.

    Args:
        alphabet: Only its symbols are drawn; it must be `BARS` or part of it.
        options: What the recipe says.
    """

    alphabet: Alphabet = BARS
    options: BarOptions = BarOptions()

    def configured(self, alphabet: Alphabet, options: Mapping[str, object]) -> "BarRenderer":
        """This renderer for another alphabet and with other options; see `BarOptions`."""
        return BarRenderer(alphabet, with_options(self.options, options))

    def render(self, rng: np.random.Generator) -> Sample:
        """One picture of 1 to `max_length` bars; boxes are their x-spans."""
        symbols = [self.alphabet.symbols[int(which)] for which in rng.integers(0, len(self.alphabet), self._length(rng))]
        image = np.full((_HEIGHT_PX, _SYMBOL_PX * len(symbols) + 4), 220.0)
        boxes = np.zeros((len(symbols), 2), np.float32)
        for place, symbol in enumerate(symbols):
            top, left = 4 * BARS.symbols.index(symbol), 4 + _SYMBOL_PX * place
            image[top : top + 4, left : left + _BAR_PX] = 40.0
            boxes[place] = left, left + _BAR_PX
        image += rng.normal(0.0, self.options.noise, image.shape)
        return Sample(np.clip(image, 0, 255).astype(np.uint8), self.alphabet.text(symbols), boxes)

    def _length(self, rng: np.random.Generator) -> int:
        return int(rng.integers(1, self.options.max_length + 1))


@hookimpl
def seqrec_tasks() -> list[Task]:
    """One task, whose readers of eight symbols can also decode as four."""
    return [
        Task(
            "bars",
            BARS,
            renderer=BarRenderer(),
            alphabets=(LOW_BARS,),
            protocols=(Protocol("low", LOW_BARS, "made up for tests"),),
            turn_tall=True,
            description="bars at eight heights, for tests",
        )
    ]
