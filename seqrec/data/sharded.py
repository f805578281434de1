"""Sets of many shards as a source of training pictures: each process reads shards of its own, in an order that a seed gives.

A turn shows every sample of the process's shards once. The shards, in another order each turn, are dealt out to lanes; the lanes
advance side by side, piece by piece, and end together. Within a shard the samples are shuffled. A worker that is given some
lanes opens the shards of these alone. Where a picture stands is a pure function of its index, so that a run goes on at the exact
sample after a stop.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from seqrec.data.sources import Source, Strided
from seqrec.errors import DataError
from seqrec.interfaces import Sample
from seqrec.notation import Notation
from seqrec.pictures import open_picture

LANES = 16
"""Shards that a process reads side by side at most."""

_PIECE = 64  # samples that are read of a shard before another lane's turn
_TURNS = 3  # plans kept in memory


class Shard(Protocol):
    """A part of a set that is opened by itself; picklable."""

    name: str

    def __len__(self) -> int: ...

    def key(self, index: int) -> str:
        """Name of a sample for messages."""

    def label(self, index: int) -> str:
        """Label of a sample."""

    def encoded(self, index: int) -> bytes:
        """The picture file's own bytes."""

    def close(self) -> None:
        """Let go of what is open; it comes back when it is needed."""


@dataclass(frozen=True, eq=False)
class _Plan:
    """The order of one turn: for each piece its first index, its shard, where in the shard it begins, and its lane."""

    starts: npt.NDArray[np.int64]
    shards: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    lanes: npt.NDArray[np.int64]


class ShardedSource:
    """Samples of shards, each once a turn.

    Args:
        shards: The shards that this process reads.
        seed: Of the order.
        notation: What the labels are written in, or None to leave them as they are.

    Raises:
        DataError: There is no sample in any of them.
    """

    def __init__(self, shards: Sequence[Shard], seed: int, notation: Notation | None = None) -> None:
        self.shards = list(shards)
        self.seed = seed
        self.notation = notation
        self.sizes = np.array([len(shard) for shard in shards], np.int64)
        self.total = int(self.sizes.sum())
        if not self.total:
            raise DataError(f"none of {len(self.shards)} shards holds a sample; make them anew")
        self._plans: OrderedDict[int, _Plan] = OrderedDict()
        self._open: OrderedDict[int, None] = OrderedDict()

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_plans": OrderedDict(), "_open": OrderedDict()}

    def part(self, rank: int, world: int) -> Source:
        """What one of several processes reads: shards of its own, so dealt out that all have about as many samples.

        Where there are fewer shards than processes, each reads samples of its own in all of them.
        """
        if len(self.shards) < world:
            return Strided(self, rank, world)
        dealt: list[list[int]] = [[] for _ in range(world)]
        loads = [0] * world
        for number in np.argsort(-self.sizes, kind="stable").tolist():
            least = loads.index(min(loads))
            dealt[least].append(number)
            loads[least] += int(self.sizes[number])
        own = sorted(dealt[rank])
        return ShardedSource([self.shards[number] for number in own], self.seed + 7919 * rank, self.notation)

    def sample(self, index: int) -> Sample:
        """The picture that stands at an index of the endless row of turns."""
        shard, inside = self._which(index)
        key, label = shard.key(inside), shard.label(inside)
        return Sample(
            open_picture(shard.encoded(inside), key), self.notation.written(label) if self.notation else label, None, key
        )

    def name(self, index: int) -> str:
        """The sample's key in its shard."""
        shard, inside = self._which(index)
        return shard.key(inside)

    def lane(self, index: int) -> int:
        """Which lane the sample of an index comes from; a lane's shards are read by one worker."""
        turn, place = divmod(index, self.total)
        plan = self._plan(turn)
        return int(plan.lanes[np.searchsorted(plan.starts, place, "right") - 1])

    def _which(self, index: int) -> tuple[Shard, int]:
        turn, place = divmod(index, self.total)
        plan = self._plan(turn)
        piece = int(np.searchsorted(plan.starts, place, "right")) - 1
        number = int(plan.shards[piece])
        order = _order(self.seed, turn, number, int(self.sizes[number]))
        self._use(number)
        return self.shards[number], int(order[int(plan.offsets[piece]) + place - int(plan.starts[piece])])

    def _use(self, number: int) -> None:
        """No more shards stay open than lanes, and one a lane that ends."""
        self._open.pop(number, None)
        self._open[number] = None
        while len(self._open) > 2 * LANES:
            unused, _ = self._open.popitem(last=False)
            self.shards[unused].close()

    def _plan(self, turn: int) -> _Plan:
        plan = self._plans.get(turn)
        if plan is None:
            plan = self._plans[turn] = self._planned(turn)
            if len(self._plans) > _TURNS:
                self._plans.popitem(last=False)
        return plan

    def _planned(self, turn: int) -> _Plan:
        lanes = min(LANES, len(self.shards))
        dealt: list[list[tuple[int, int, int]]] = [[] for _ in range(lanes)]  # shard, offset and size of each lane's pieces
        loads = [0] * lanes
        for number in np.random.default_rng((self.seed, turn)).permutation(len(self.shards)).tolist():
            size = int(self.sizes[number])
            least = loads.index(min(loads))
            dealt[least] += [(number, offset, min(_PIECE, size - offset)) for offset in range(0, size, _PIECE)]
            loads[least] += size
        order = sorted(
            ((place + 0.5) / len(pieces), lane, piece) for lane, pieces in enumerate(dealt) for place, piece in enumerate(pieces)
        )
        sizes = np.array([piece[2] for _, _, piece in order], np.int64)
        return _Plan(
            np.concatenate([[0], np.cumsum(sizes)[:-1]]),
            np.array([piece[0] for _, _, piece in order], np.int64),
            np.array([piece[1] for _, _, piece in order], np.int64),
            np.array([lane for _, lane, _ in order], np.int64),
        )


@lru_cache(maxsize=2 * LANES)
def _order(seed: int, turn: int, shard: int, size: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng((seed, turn, shard)).permutation(size)
