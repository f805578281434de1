"""The parts that a plugin can bring, on one screen each. No torch is imported here: tensors are named for type checkers only.

Letters: N samples · Ch channels · H, W pixels · T frames · D features · K symbols · C = K + 1 classes · S longest target.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet
from seqrec.errors import PluginError, RecipeError, SeqrecError, nearest
from seqrec.reading import Reading

if TYPE_CHECKING:
    from torch import Tensor

    from seqrec.decoding.decoders import Accepts
    from seqrec.decoding.steps import Steps

Picture = npt.NDArray[np.uint8]
"""A grey picture, (H, W), 0 black to 255 white."""


@dataclass(frozen=True)
class Sample:
    """A picture with its label.

    Attributes:
        image: (H, W), uint8, grey.
        label: Text as the alphabet splits it.
        boxes: x-span of each symbol in pixels, (S, 2), float32, or None where it is not known.
        key: Names the sample in messages: a path, an LMDB key or a stream index.
    """

    image: Picture
    label: str
    boxes: npt.NDArray[np.float32] | None = None
    key: str = ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a task makes of a picture before it is scaled to the network's height: a crop, a straighter one.

    Attributes:
        image: (H, W), uint8.
        start_px: x of its left edge in the picture that it was made of.
        width_px: How much of that picture's width it shows; x runs evenly from one to the other.
        turned: By how many degrees that picture was turned anti-clockwise before, a multiple of 90; only second looks may.
        prior: Factor of the confidence of what is read of a second look, where it is compared with that of the first.
        remark: What is odd about the picture, for the user; mostly nothing.
    """

    image: Picture
    start_px: float
    width_px: float
    turned: int = 0
    prior: float = 1.0
    remark: str = ""


Prepare = Callable[[Picture], Prepared]
"""Picture → what the network is shown of it; a function of a module, so that it can be sent to worker processes."""


class Renderer(ABC):
    """Draws practice pictures.

    Must write: `render`. May override: `configured`, `easier`, `held_out`. The object is sent to worker processes: it must
    pickle.
    """

    @abstractmethod
    def render(self, rng: np.random.Generator) -> Sample:
        """One picture with its label. The same state of `rng` gives the same picture, in any process."""

    def configured(self, alphabet: Alphabet, options: Mapping[str, object]) -> "Renderer":
        """This renderer for another alphabet of the task and with the recipe's `[renderer]` options.

        Raises:
            RecipeError: An option that this renderer does not have.
        """
        for key in options:
            raise RecipeError(f"unknown key 'renderer.{key}': this task's renderer has no options{nearest(key, [])}")
        return self

    def easier(self, done: float) -> "Renderer":
        """The renderer of a curriculum of which a share is done: at 0 of the shortest and plainest pictures, near 1 of its own.

        Asked for the first `data.curriculum` pictures, each with its own share; a renderer that knows nothing easier is itself.
        """
        return self

    def held_out(self) -> "Renderer":
        """The renderer of validation pictures: of words and typefaces that training never draws, where it can."""
        return self


class Outputs(Protocol):
    """Writes files of readings into a folder, beside the list of readings that the core writes there."""

    def add(self, name: str, reading: Reading | SeqrecError, picture: Picture | None) -> None:
        """One more picture, in the order in which they are read.

        Args:
            name: What its files are called, without an ending; no other picture has it.
            reading: With what the task's `finish` added, or why there is none.
            picture: As it was opened, (H, W), uint8; None where it could not be.
        """

    def close(self) -> Sequence[str]:
        """Write what needs all pictures; remarks for the user, one line each."""


class Store(Protocol):
    """A labelled data set with samples 0..n-1, read one at a time; picklable before its first use in a process."""

    def __len__(self) -> int: ...

    def key(self, index: int) -> str:
        """Name of a sample for messages."""

    def label(self, index: int) -> str:
        """Label of a sample, without decoding its picture."""

    def encoded(self, index: int) -> bytes:
        """The picture file's own bytes."""


class DatasetReader(ABC):
    """Recognises one format of labelled data and opens it.

    Must write: `name`, `detect`, `open`.
    """

    name: str

    @abstractmethod
    def detect(self, path: Path) -> bool:
        """Whether the path holds this format; looks at names and first lines only."""

    @abstractmethod
    def open(self, path: Path) -> Store:
        """The data set.

        Raises:
            DataError: Missing, empty or broken; the message names file and line.
        """


@runtime_checkable
class Backbone(Protocol):
    """Picture → frames. A `torch.nn.Module`, built with `height_px` and the options of the recipe's `[backbone]` table.

    Attributes:
        features: D of the frames.
        width_step_px: Widths must be multiples of this.
        frame_stride_px: Pixels from one frame's centre to the next one's.
        frame_offset_px: x of the first frame's centre.
    """

    features: int
    width_step_px: int
    frame_stride_px: float
    frame_offset_px: float

    def __call__(self, images: "Tensor", widths: "Tensor | None") -> "Tensor":
        """Frames (T, N, D) of images (N, Ch, H, W), float.

        `widths` (N,), int64, are the valid columns; None says that all of W is valid for every sample. Columns beyond a
        sample's width are 0, and how many there are must not change its valid frames.
        """

    def frame_lengths(self, widths: "Tensor") -> "Tensor":
        """Valid frames (N,), int64, of valid widths (N,); also for plain ints inside tensors of any shape."""


@runtime_checkable
class SequenceModel(Protocol):
    """Frames → frames that know their context. A `torch.nn.Module`, built with `in_features` and the `[sequence]` options.

    Attributes:
        features: D' of what comes out.
    """

    features: int

    def __call__(self, frames: "Tensor", frame_lengths: "Tensor | None") -> "Tensor":
        """(T, N, D) → (T, N, D'); None for lengths says that all T frames are valid for every sample."""


@runtime_checkable
class Transcription(Protocol):
    """Frames → loss, or log-probabilities: a `torch.nn.Module` that owns its head.

    It is built with `in_features`, `alphabet` and the `[transcription]` options.

    Attributes:
        gives: What decoders can read of it: `posteriors`, or `steps`; see `seqrec.decoding.decoders`.
    """

    gives: "Accepts"

    def loss(self, frames: "Tensor", frame_lengths: "Tensor", targets: "Tensor", target_lengths: "Tensor") -> "Tensor":
        """(N,), nats per sample, float32; frames (T, N, D'), targets (N, S) of ids 1..K padded with 0."""

    def log_probs(self, frames: "Tensor") -> "Tensor":
        """(T, N, C), float32, each frame by itself; of one that gives `steps`, where nothing has been read yet."""

    def frames_needed(self, targets: Sequence[int]) -> int:
        """Fewest frames in which a target can be spelt."""

    def adopt(self, alphabet: Alphabet, weights: "Mapping[str, Tensor]", source: Alphabet) -> list[str]:
        """Take over head weights of another alphabet, symbol by symbol; returns the symbols that stay new."""


class StepsTranscription(Transcription, Protocol):
    """What a transcription that gives `steps` must have too."""

    def encoded(self, frames: "Tensor") -> "Tensor":
        """(T, N, D') → what the steps are made of, (T, N, J), float32."""

    def log_probs_at(self, frames: "Tensor", places: "Tensor", targets: "Tensor") -> "Tensor":
        """Log-probability of each symbol at a frame, after the symbols before it: (N, S); frames (T, N, D'), places (N, S)."""

    def stepper(self) -> "Callable[[npt.NDArray[np.float32]], Steps]":
        """What makes the steps of one sample of its valid frames (T, J), with the weights as they are now; free of torch."""


@dataclass(frozen=True)
class Part:
    """A named part that a hook offers: its class, or where to find it, so that offering a part imports no torch.

    Args:
        name: What stands in a recipe, as in `[backbone] name = "fast"`.
        target: The class, or `"package.module:Class"`.
    """

    name: str
    target: "str | Callable[..., object]"

    def load(self) -> "Callable[..., object]":
        """The class.

        Raises:
            PluginError: The place named does not hold it, or does not import; the cause is the exception behind it.
        """
        if not isinstance(self.target, str):
            return self.target
        import importlib

        module, _, attribute = self.target.partition(":")
        try:
            loaded: Callable[..., object] = getattr(importlib.import_module(module), attribute)
        except Exception as error:
            told = " ".join(f"{type(error).__name__}: {error}".split())
            raise PluginError(f"part '{self.name}' cannot be loaded from '{self.target}': {told}") from error
        return loaded


def iterate(store: Store) -> Iterator[tuple[str, str, bytes]]:
    """Key, label and encoded picture of each sample of a store, in order."""
    for index in range(len(store)):
        yield store.key(index), store.label(index), store.encoded(index)
