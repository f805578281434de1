"""Second roads for the tests of decoding: every word scored by torch, every sequence, grammars as dictionaries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet
from seqrec.decoding import Automaton, Entry

LogProbs = npt.NDArray[np.float32]

WORDS = Path(__file__).parents[2] / "plugins" / "seqrec-scene-text" / "seqrec_scene_text" / "words" / "english.txt"
_SMALL = "abcdefghijklmnopqrstuvwxyz"
ALNUM = Alphabet("alnum", [*"0123456789", *_SMALL], canonical={letter.upper(): letter for letter in _SMALL})


def log_probs_of(frames: int, classes: int, seed: int, scale: float = 3.0, impossible: float = 0.0) -> LogProbs:
    """(T, C) after log_softmax, of random logits.

    Args:
        frames: T.
        classes: C.
        seed: Of the generator.
        scale: Standard deviation of the logits: 0.3 is flat, 100 leaves hardly a choice.
        impossible: Share of entries that become minus infinity.
    """
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, scale, (frames, classes))
    logits -= np.logaddexp.reduce(logits, 1, keepdims=True)
    logits[rng.random(logits.shape) < impossible] = -np.inf
    return logits.astype(np.float32)


def pictured(ids: Sequence[int], classes: int, rng: np.random.Generator, mistaken: float = 0.1) -> LogProbs:
    """What a reader says of a picture of these symbols: blanks, and for each symbol a peak, more or less high.

    Args:
        ids: What the picture shows.
        classes: C.
        rng: Source of chance.
        mistaken: Share of the symbols for which another one is read.
    """
    path: list[int] = [0]
    for symbol in ids:
        seen = int(rng.integers(1, classes)) if rng.random() < mistaken else symbol
        path += [seen] * int(rng.integers(1, 3)) + [0] * int(rng.integers(1, 4))
    logits = rng.normal(0, 1, (len(path), classes))
    logits[range(len(path)), path] += rng.uniform(4, 14, len(path))
    return np.asarray(logits - np.logaddexp.reduce(logits, 1, keepdims=True), np.float32)


def torch_log_probabilities(log_probs: LogProbs, spellings: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
    """Log-probability of each id sequence, by torch's own CTC in double precision, (spellings,)."""
    import torch

    posteriors = torch.from_numpy(np.array(log_probs, np.float64))[:, None]
    found = [np.zeros(0)]
    for begin in range(0, len(spellings), 4000):  # a bound on memory
        some = spellings[begin : begin + 4000]
        losses = torch.nn.functional.ctc_loss(
            posteriors.expand(-1, len(some), -1),
            torch.tensor([symbol for ids in some for symbol in ids], dtype=torch.long),
            torch.full((len(some),), len(log_probs)),
            torch.tensor([len(ids) for ids in some]),
            reduction="none",
        )
        found.append(-losses.numpy())
    return np.concatenate(found)


def sequences(symbols: int, longest: int) -> Iterator[tuple[int, ...]]:
    """Every sequence of at most so many of the symbols 1, 2, …, the empty one first."""
    for length in range(longest + 1):
        yield from product(range(1, symbols + 1), repeat=length)


def random_entries(symbols: str, seed: int, decades: float = 2.0) -> list[Entry]:
    """One to thirty words of one to five symbols, some with up to three spellings, some the same; weights over some decades."""
    rng = np.random.default_rng(seed)

    def spelling() -> str:
        return "".join(rng.choice(list(symbols), rng.integers(1, 6)))

    return [
        Entry(
            f"word {number}",
            tuple(spelling() for _ in range(rng.choice([1, 1, 1, 3]))),
            float(10 ** rng.uniform(-decades, decades)),
        )
        for number in range(rng.integers(1, 31))
    ]


@dataclass(frozen=True)
class Arcs:
    """A grammar as dictionaries: an object of the protocol, and the other road to an automaton.

    Attributes:
        arcs: For each state, symbol → (next state, log-weight).
        ends: For each state, log-weight of ending there.
        backoff: For each state the one to ask in its stead, -1 for none.
        backoff_weight: For each state, log-weight added then.
    """

    arcs: list[dict[int, tuple[int, float]]]
    ends: list[float]
    backoff: list[int]
    backoff_weight: list[float]

    def start(self) -> int:
        return 0

    def step(self, state: int, symbol: int) -> tuple[int, float] | None:
        if symbol in self.arcs[state]:
            return self.arcs[state][symbol]
        if self.backoff[state] < 0:
            return None
        found = self.step(self.backoff[state], symbol)
        return None if found is None else (found[0], found[1] + self.backoff_weight[state])

    def final(self, state: int) -> float:
        return self.ends[state]

    def log_weight(self, ids: Sequence[int]) -> float:
        """Of a whole sequence; minus infinity where it is not accepted."""
        state, total = 0, 0.0
        for symbol in ids:
            found = self.step(state, symbol)
            if found is None:
                return -np.inf
            state, total = found[0], total + found[1]
        return total + self.ends[state]

    def automaton(self) -> Automaton:
        """The same, compiled."""
        return Automaton.from_arcs(self.arcs, self.ends)._replace(
            backoff=np.array(self.backoff, np.int32), backoff_weight=np.array(self.backoff_weight, np.float32)
        )


def random_arcs(symbols: int, seed: int, backing_off: bool = False) -> Arcs:
    """A grammar of one to five states; its weights are exact in float32. Back-offs lead to states of higher number."""
    rng = np.random.default_rng(seed)
    states, density = int(rng.integers(1, 6)), rng.uniform(0.3, 1)

    def weight() -> float:
        return float(np.float32(rng.normal(-1, 1)))

    arcs = [
        {symbol: (int(rng.integers(states)), weight()) for symbol in rng.permutation(symbols) + 1 if rng.random() < density}
        for _ in range(states)
    ]
    ends = [weight() if rng.random() < 0.5 else -np.inf for _ in range(states)]
    backs = backing_off & (rng.random(states) < 0.6)
    backoff = [int(rng.integers(state + 1, states)) if backs[state] and state + 1 < states else -1 for state in range(states)]
    return Arcs([{int(s): arc for s, arc in some.items()} for some in arcs], ends, backoff, [weight() for _ in range(states)])
