"""The endless stream of training batches, and how it can be picked up again anywhere.

Pictures are drawn in chunks by worker processes. Each chunk is shown `reuse` times, in this and the following chunks' turns,
augmented anew each time. Every turn is a pure function of seed and turn, so a place in the stream is two numbers, and the
workers' number changes nothing.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from operator import itemgetter
from types import TracebackType

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet, size_told
from seqrec.alphabet import frames_needed as ctc_frames_needed
from seqrec.batch import Batch, collate
from seqrec.data.augment import augment
from seqrec.data.sources import Source, has_lanes, lane_of, part_of
from seqrec.direction import Direction, along_line, facing
from seqrec.errors import AlphabetError, DataError, ImageError
from seqrec.interfaces import Picture, Prepare, Prepared, Sample
from seqrec.pictures import fit_height
from seqrec.recipe import DataRecipe, PictureRecipe
from seqrec.threads import one_thread_each

_PIECE = 64  # samples that a worker prepares at a time
_BUCKET_RATIO = 1.08  # one bucket's width to the next one's
_STRETCH = 1.3  # left-over pictures are stretched by at most this to stand in one batch


@dataclass(frozen=True)
class Example:
    """A picture ready for the network.

    Attributes:
        image: (H, W), uint8, at the recipe's height.
        target: Ids 1..K.
        key: Name for messages.
        boxes: x-span of each symbol in pixels of `image`, (S, 2), or None.
    """

    image: Picture
    target: tuple[int, ...]
    key: str
    boxes: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Skip:
    """A sample that cannot be used, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class Place:
    """Where a stream is: the turn, and the batches of it that were given out."""

    turn: int = 0
    batch: int = 0


@dataclass(frozen=True)
class Preparation:
    """Sample → example: prepared, scaled, encoded, and checked against the frames that its picture gives.

    Attributes:
        source: Where samples come from.
        alphabet: Encodes the labels.
        picture: Height and least width.
        frames_by_width: Frames for each width in pixels, (largest width + 1,), int64.
        width_step_px: Widths are multiples of this.
        before: What the task does to a picture before it is scaled, or None.
        direction: Which way lines run.
        frames_needed: Fewest frames in which a target of ids can be spelt; CTC's by default.
    """

    source: Source
    alphabet: Alphabet
    picture: PictureRecipe
    frames_by_width: npt.NDArray[np.int64]
    width_step_px: int
    before: Prepare | None = None
    direction: Direction = "rightwards"
    frames_needed: Callable[[Sequence[int]], int] = ctc_frames_needed

    def prepare(self, index: int) -> Example | Skip:
        """The example of a stream index, or why there is none."""
        try:
            sample = self.source.sample(index)
        except (ImageError, DataError, AlphabetError) as error:
            return Skip(self.source.name(index), str(error))
        except Exception as error:
            error.add_note(f"while preparing sample '{self.source.name(index)}'")
            raise
        return self.example(sample)

    def example(self, sample: Sample) -> Example | Skip:
        """The example of a sample, or why there is none."""
        key = sample.key
        try:
            pieces = self.alphabet.split(sample.label)
            order = along_line(pieces, self.direction)
            ids = tuple(self.alphabet.encode([pieces[place] for place in order]))
            size, image = self.picture, facing(sample.image, self.direction)
            shown = self.before(image) if self.before else Prepared(image, 0.0, image.shape[1])
            step, most = self.width_step_px, size.max_width_px
            scaled = fit_height(shown.image, size.height_px, size.min_width_px, step, most, size.width_px)
        except (AlphabetError, ImageError) as error:
            return Skip(key, str(error))
        if not ids:
            return Skip(key, "its label is empty")
        boxes = None
        if sample.boxes is not None and len(sample.boxes) == len(ids):
            spans = sample.boxes[order]
            if self.direction == "leftwards":
                spans = sample.image.shape[1] - spans[:, ::-1]
            boxes = (spans - np.float32(shown.start_px)) * np.float32(scaled.shape[1] / shown.width_px)
        return self.fitting(Example(scaled, ids, key, boxes))

    def fitting(self, example: Example) -> Example | Skip:
        """The example, if its picture gives the frames that its target needs, or why it cannot be used."""
        target, frames = example.target, int(self.frames_by_width[example.image.shape[1]])
        needed = self.frames_needed(target)
        if needed <= frames:
            return example
        return Skip(
            example.key,
            f"a target of {size_told(target, needed)} needs {needed} frames, the picture gives {frames}; widen it or drop it",
        )

    def pieces(self, start: int, stop: int) -> list[Example | Skip]:
        """Examples of a range of stream indices."""
        return self.examples(range(start, stop))

    def examples(self, indices: Iterable[int]) -> list[Example | Skip]:
        """Examples of some stream indices."""
        return [self.prepare(index) for index in indices]


class Stream:
    """Batches of examples, endless; a context manager that owns its worker processes.

    Args:
        preparation: Index → example.
        data: Chunk, reuse, augmentation, workers.
        batch_size: Pictures a batch.
        seed: Of order and augmentation.
        rank, world: This process among those that train together; each gets pictures of its own.
        workers: Processes that prepare; 0 for none.
    """

    def __init__(
        self,
        preparation: Preparation,
        data: DataRecipe,
        batch_size: int,
        seed: int,
        *,
        rank: int = 0,
        world: int = 1,
        workers: int = 0,
    ) -> None:
        self.preparation = preparation = replace(preparation, source=part_of(preparation.source, rank, world))
        self.data = data
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.world = world
        self.skips: dict[str, Skip] = {}
        self.skipped = 0
        # A worker of its own for each share of lanes, so that it reads their shards alone; else all workers take what comes.
        self._lanes = has_lanes(preparation.source)
        sent = replace(preparation, frames_needed=_none_needed)  # a transcription needs torch; `_collect` asks it here
        self._pools = [_pool(sent, 1) for _ in range(workers)] if self._lanes else [_pool(sent, workers)] if workers else []
        self.buckets = _bucket_widths(preparation)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for pool in self._pools:
            pool.shutdown(cancel_futures=True)

    def batches(self, place: Place = Place()) -> Iterator[tuple[Batch, Place]]:
        """Batches from a place on, each with the place after it."""
        first = max(place.turn - self.data.reuse + 1, 0)
        drawing = deque(self._draw(chunk) for chunk in range(first, place.turn + 1))
        shown: deque[list[Example]] = deque(maxlen=self.data.reuse)
        while len(drawing) > 1:
            shown.append(self._collect(drawing.popleft()))
        turn, start = place.turn, place.batch
        while True:
            shown.append(self._collect(drawing.popleft()))
            drawing.append(self._draw(turn + 1))  # drawn while this turn is shown
            examples = [example for chunk in shown for example in chunk]
            if not examples:
                raise DataError(f"no sample of {self.data.chunk} can be used; {next(iter(self.skips.values())).reason}")
            plan = self._plan(examples, turn)
            for number in range(start, len(plan)):
                yield self._batch(examples, *plan[number], turn, number), Place(turn, number + 1)
            turn, start = turn + 1, 0

    def _draw(self, chunk: int) -> "list[tuple[Sequence[int], Future[list[Example | Skip]]]] | range":
        """Have a chunk prepared: futures of its pieces, each with its indices, or its range where there are no workers."""
        chosen = range(chunk * self.data.chunk, (chunk + 1) * self.data.chunk)
        if not self._pools:
            return chosen
        shares: list[Sequence[int]] = [chosen]
        if self._lanes:
            lanes = [lane_of(self.preparation.source, index) for index in chosen]
            owners = [
                (index // _PIECE if lane is None else lane) % len(self._pools) for index, lane in zip(chosen, lanes, strict=True)
            ]
            shares = [
                [index for index, owner in zip(chosen, owners, strict=True) if owner == which]
                for which in range(len(self._pools))
            ]
        return [
            (piece, pool.submit(_prepare, piece))
            for pool, share in zip(self._pools, shares, strict=True)
            for piece in (share[at : at + _PIECE] for at in range(0, len(share), _PIECE))
        ]

    def _collect(self, drawn: "list[tuple[Sequence[int], Future[list[Example | Skip]]]] | range") -> list[Example]:
        if isinstance(drawn, range):
            prepared = self.preparation.examples(drawn)
        else:
            numbered = [pair for indices, future in drawn for pair in zip(indices, future.result(), strict=True)]
            ordered = [item for _, item in sorted(numbered, key=itemgetter(0))]
            prepared = [self.preparation.fitting(item) if isinstance(item, Example) else item for item in ordered]
        for item in prepared:
            if isinstance(item, Skip):
                self.skipped += 1
                self.skips.setdefault(item.key, item)
        return [item for item in prepared if isinstance(item, Example)]

    def _plan(self, examples: Sequence[Example], turn: int) -> list[tuple[list[int], int]]:
        """Which examples stand together in which batch, and the width that they are brought to.

        Each picture's width is varied a little, then brought to the nearest bucket, so that a batch needs no padding. What is
        left over of the buckets is batched by width. The first turn shows narrow pictures first: short words leave the phase
        in which CTC finds nothing but blanks sooner.
        """
        rng = np.random.default_rng((self.seed, self.rank, turn))
        order = rng.permutation(len(examples))
        factors = np.exp(rng.normal(0.0, 0.08 * self.data.augment, len(examples)))
        queues: dict[int, list[int]] = {}
        plan: list[tuple[list[int], int]] = []
        for which in order:
            example = examples[which]
            bucket = self._bucket(example.image.shape[1] * factors[which], example.target)
            queue = queues.setdefault(bucket, [])
            queue.append(int(which))
            if len(queue) == self.batch_size:
                plan.append((queues.pop(bucket), bucket))
        some: list[int] = []
        narrowest = widest = 0
        for bucket in sorted(queues):
            for which in queues[bucket]:
                if some and (len(some) == self.batch_size or bucket > _STRETCH * narrowest):
                    plan.append((some, widest))
                    some = []
                narrowest = narrowest if some else bucket
                widest = bucket
                some.append(which)
        if some:
            plan.append((some, widest))
        if turn == 0:
            return sorted(plan, key=lambda batch: batch[1])
        return [plan[number] for number in rng.permutation(len(plan))]

    def _bucket(self, width: float, target: Sequence[int]) -> int:
        """The bucket nearest to a width that gives frames enough."""
        number = int(np.abs(self.buckets - width).argmin())
        needed = self.preparation.frames_needed(target)
        while self.preparation.frames_by_width[self.buckets[number]] < needed:
            number += 1
        return int(self.buckets[number])

    def _batch(self, examples: Sequence[Example], members: Sequence[int], width: int, turn: int, number: int) -> Batch:
        rng = np.random.default_rng((self.seed, self.rank, turn, number))
        chosen = [examples[which] for which in members]
        images: list[Picture] = []
        centres = []
        for example in chosen:
            image, boxes = augment(example.image, rng, self.data.augment, example.boxes, self.data.invert)
            images.append(np.asarray(cv2.resize(image, (width, image.shape[0]), interpolation=cv2.INTER_LINEAR), np.uint8))
            centres.append(() if boxes is None else (boxes.mean(1) * (width / image.shape[1])).tolist())
        return collate(images, [example.target for example in chosen], [example.key for example in chosen], centres)


def _none_needed(target: Sequence[int]) -> int:
    return 0


def _round_up(width: float, step: int) -> int:
    return int(-(-width // step) * step)


def _bucket_widths(preparation: Preparation) -> npt.NDArray[np.int64]:
    """Widths from the least to the largest, each about 8 % above the one before."""
    step, largest = preparation.width_step_px, len(preparation.frames_by_width) - 1
    widths = [_round_up(preparation.picture.min_width_px, step)]
    while widths[-1] < largest:
        widths.append(min(_round_up(widths[-1] * _BUCKET_RATIO, step), largest))
    return np.array(widths)


def _pool(preparation: Preparation, workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin_worker, initargs=(preparation,))


_preparation: Preparation | None = None  # a worker process's own


def _begin_worker(preparation: Preparation) -> None:
    """Workers yield to the training process, which also handles Ctrl-C."""
    global _preparation
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(19)
    one_thread_each()
    _preparation = preparation


def _prepare(indices: Sequence[int]) -> list[Example | Skip]:
    if _preparation is None:
        raise RuntimeError("a worker was asked before it began")
    return _preparation.examples(indices)
