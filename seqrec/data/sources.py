"""Sources of training pictures: pure functions from an index to a sample, whatever process asks."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from seqrec.errors import DataError
from seqrec.interfaces import Renderer, Sample, Store
from seqrec.notation import Notation
from seqrec.pictures import open_picture

_SLOTS = 1000  # a mixture's weights are kept exactly over so many samples


class Source(Protocol):
    """Endless samples, each a pure function of its index; picklable."""

    def sample(self, index: int) -> Sample:
        """The sample of an index, 0 and up.

        Raises:
            ImageError: A stored picture that cannot be read.
        """

    def name(self, index: int) -> str:
        """What messages call the sample of an index, also where it cannot be read."""


class RenderedSource:
    """Pictures from a renderer: seed and index → the same picture.

    Args:
        renderer: Draws them.
        seed: Of the whole source.
        curriculum: The first so many pictures grow from easy ones to the renderer's own.
    """

    def __init__(self, renderer: Renderer, seed: int, curriculum: int = 0) -> None:
        self.renderer = renderer
        self.seed = seed
        self.curriculum = curriculum

    def sample(self, index: int) -> Sample:
        """A fresh picture for each index."""
        renderer = self.renderer.easier(index / self.curriculum) if index < self.curriculum else self.renderer
        drawn = renderer.render(np.random.default_rng((self.seed, index)))
        return Sample(drawn.image, drawn.label, drawn.boxes, self.name(index))

    def name(self, index: int) -> str:
        """`rendered-412`."""
        return f"rendered-{index}"


class StoredSource:
    """Samples of a data set, in another order each time round.

    Args:
        store: The data set.
        indices: Those of its samples that are used.
        seed: Of the order.
        notation: What the labels are written in, or None to leave them as they are.

    Raises:
        DataError: There is no sample to use.
    """

    def __init__(self, store: Store, indices: Sequence[int], seed: int, notation: Notation | None = None) -> None:
        if not len(indices):
            raise DataError("no sample of this data set can be used; `seqrec data info` says why")
        self.store = store
        self.indices = np.asarray(indices, np.int64)
        self.seed = seed
        self.notation = notation

    def sample(self, index: int) -> Sample:
        """The picture that stands at an index of the endless row of shuffled rounds."""
        which = self._which(index)
        key = self.store.key(which)
        label = self.store.label(which)
        return Sample(
            open_picture(self.store.encoded(which), key), self.notation.written(label) if self.notation else label, None, key
        )

    def name(self, index: int) -> str:
        """The sample's key in its store."""
        return self.store.key(self._which(index))

    def _which(self, index: int) -> int:
        turn, place = divmod(index, len(self.indices))
        return int(self.indices[_order(self.seed, turn, len(self.indices))[place]])


class Mixture:
    """Several sources, each with a weight; of every 1,000 samples each gives its share.

    Args:
        sources: At least one.
        weights: As many, above 0; only their ratios matter.
        seed: Of the order in which the sources take turns.

    Raises:
        DataError: No source, or a weight that is not above 0, or so small that its source would never have a turn.
    """

    def __init__(self, sources: Sequence[Source], weights: Sequence[float], seed: int) -> None:
        if not sources or len(sources) != len(weights) or min(weights) <= 0:
            raise DataError(f"a mixture of {len(sources)} sources with weights {list(weights)}: each needs a weight above 0")
        self.sources, self._weights, self._seed = list(sources), list(weights), seed
        shares = np.floor(np.cumsum(np.array([0.0, *weights])) / sum(weights) * _SLOTS + 0.5).astype(int)
        for weight, share in zip(weights, np.diff(shares), strict=True):
            if not share:
                raise DataError(f"weight {weight} of {list(weights)} is less than one sample in {_SLOTS:,}; give it more")
        slots = np.repeat(np.arange(len(sources)), np.diff(shares))
        self.slots = np.random.default_rng(seed).permutation(slots)
        self.counts = np.bincount(self.slots, minlength=len(sources))
        self.ranks = np.array([(self.slots[:place] == which).sum() for place, which in enumerate(self.slots)])

    def sample(self, index: int) -> Sample:
        """The next sample of the source whose turn it is."""
        which, own_index = self._turn(index)
        return self.sources[which].sample(own_index)

    def name(self, index: int) -> str:
        """As its source names it."""
        which, own_index = self._turn(index)
        return self.sources[which].name(own_index)

    def part(self, rank: int, world: int) -> "Mixture":
        """What one of several processes draws: the sources' parts, mixed alike."""
        return Mixture([part_of(source, rank, world) for source in self.sources], self._weights, self._seed)

    def lane(self, index: int) -> int | None:
        """The lane of the source whose turn it is."""
        which, own_index = self._turn(index)
        return lane_of(self.sources[which], own_index)

    def _turn(self, index: int) -> tuple[int, int]:
        """Whose turn it is, and that source's own index."""
        turn, place = divmod(index, _SLOTS)
        which = int(self.slots[place])
        return which, turn * int(self.counts[which]) + int(self.ranks[place])


class Strided:
    """Every n-th sample of a source: what one of n processes draws of it.

    Args:
        source: The whole.
        rank, world: Which of how many processes.
    """

    def __init__(self, source: Source, rank: int, world: int) -> None:
        self.source, self.rank, self.world = source, rank, world

    def sample(self, index: int) -> Sample:
        """The sample of the process's own index."""
        return self.source.sample(index * self.world + self.rank)

    def name(self, index: int) -> str:
        """As the source names it."""
        return self.source.name(index * self.world + self.rank)


def part_of(source: Source, rank: int, world: int) -> Source:
    """What one of several processes draws of a source: what the source's `part` says, where it has one, else every n-th."""
    if world == 1:
        return source
    part = getattr(source, "part", None)
    return part(rank, world) if part else Strided(source, rank, world)


def lane_of(source: Source, index: int) -> int | None:
    """Which lane of a source of shards an index belongs to; None where the source has no lanes. One worker reads a lane."""
    lane = getattr(source, "lane", None)
    return lane(index) if lane else None


def has_lanes(source: Source) -> bool:
    """Whether any sample of a source belongs to a lane."""
    return any(map(has_lanes, source.sources)) if isinstance(source, Mixture) else hasattr(source, "lane")


@lru_cache(maxsize=4)
def _order(seed: int, turn: int, length: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng((seed, turn)).permutation(length)
