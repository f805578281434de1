"""Readers as ONNX files: the network as a graph, and in the metadata all that is needed to read with it."""

import copy
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from seqrec.engines.onnx_engine import FRAMES_KEY, GIVEN_FRAMES, LEVELS, ONLY_FRAMES, PREPROCESSING_KEY, OnnxEngine
from seqrec.errors import MissingExtraError, ModelFileError
from seqrec.int8 import calibrated
from seqrec.interfaces import Picture
from seqrec.model_file import METADATA_KEY, ModelCard, card_to_json, write_atomically
from seqrec.pictures import PictureSource
from seqrec.recipe import FIXED_LEVELS
from seqrec.recognizer import Recognizer
from seqrec.views import Showing, windows

if TYPE_CHECKING:
    import onnx

    from seqrec.network import Network
    from seqrec.onnx_graph import Graph, Value

PREPROCESSING = (
    "Grey by ITU-R BT.601; scaled to height_px with the width in proportion, at least min_width_px and a multiple of "
    "width_step_px, or to width_px where that is not 0; uint8, 0 black to 255 white, columns beyond a sample's width 0. The "
    "graph itself brings each picture to mean 0 and deviation 1, or 0 to 255 to -1 to 1 where levels are fixed."
)
"""What has to be done to pictures before they are given to the graph."""

_OWN_LEVELS = np.full((1, 2), np.nan, np.float32)  # a picture's own, which the graph then finds


class ExportableBackbone(Protocol):
    """What a backbone has beside `seqrec.interfaces.Backbone` if it can be exported. `StagedBackbone` has it."""

    def to_onnx(self, graph: "Graph", images: "Value", widths: "Value | None") -> "Value":
        """Frames (T, N, D) of images (N, 1, H, W), float32; widths (N,), int64, or None where all of W is valid."""

    def frame_lengths_to_onnx(self, graph: "Graph", widths: "Value") -> "Value":
        """Valid frames (N,), int64, of valid widths (N,)."""


class ExportableSequenceModel(Protocol):
    """What a sequence model has beside `seqrec.interfaces.SequenceModel` if it can be exported."""

    def to_onnx(self, graph: "Graph", frames: "Value", frame_lengths: "Value") -> "Value":
        """Frames (T, N, D') of frames (T, N, D) and their valid numbers (N,), int64."""


class ExportableTranscription(Protocol):
    """What a transcription has beside `seqrec.interfaces.Transcription` if it can be exported."""

    def to_onnx(self, graph: "Graph", frames: "Value") -> "Value":
        """Log-probabilities (T, N, C), float32, of frames (T, N, D')."""


def export(reader: Recognizer, target: Path, int8_on: Iterable[PictureSource] | None = None) -> None:
    """Write a reader as an ONNX file.

    Args:
        reader: One that torch runs, as `seqrec.load` gives it for a model file, a run folder or a task.
        target: Where to write; an older file is replaced only when the new one is complete.
        int8_on: Write convolutions in int8, fitted to these pictures; a few hundred that look like those to be read.

    Raises:
        ImageError: A picture cannot be read.
        MissingExtraError: onnx is not installed, or for int8 onnxruntime.
        ModelFileError: The reader is an exported one, a part of it cannot be exported, or the file cannot be written.
    """
    if reader.card is None or isinstance(reader.engine, OnnxEngine):
        raise ModelFileError("this reader cannot be exported; expected a model file or a run folder, which torch reads")
    from seqrec.engines.torch_engine import TorchEngine

    assert isinstance(reader.engine, TorchEngine)
    network = copy.deepcopy(reader.engine.network).cpu().eval()
    highest: list[float] = []
    if int8_on is not None:
        highest = calibrated(_convolutions_of(network, reader.card), _scaled(reader, int8_on))
    write_atomically(target, model_of(network, reader.card, highest).SerializeToString())


def _scaled(reader: Recognizer, sources: Iterable[PictureSource]) -> Iterator[Picture]:
    """Pictures as the network sees them.

    Raises:
        ImageError: One cannot be read.
    """
    named = ((str(place), one) for place, one in enumerate(sources))
    step_px = reader.engine.width_step_px
    for window in windows(named, Showing(reader.picture, step_px, prepare=reader.prepare, direction=reader.direction)):
        for error in window.errors.values():
            raise error
        yield from (one.scaled for one in window.shown)


def model_of(network: "Network", card: ModelCard, highest: Sequence[float] = ()) -> "onnx.ModelProto":
    """A network as a model in ONNX: `images (N, 1, H, W), widths (N,) -> log_probs (T, N, C), frame_lengths (N,)`.

    N and W may be any. Three inputs that may be left out serve lines that are too wide for one piece: `levels (N, 2)`, mean and
    deviation of the brightness that each picture is measured by; `only_frames`, whether `log_probs` shall be the backbone's
    frames (T, N, D) instead; `frames (T, N, D)`, frames to go on from, whatever the images are.

    Args:
        network: On the CPU, in evaluation mode.
        card: What the file shall say of it.
        highest: Of what each convolution gives, as `calibrated` finds it, for convolutions in int8.

    Raises:
        MissingExtraError: onnx is not installed.
        ModelFileError: A part cannot be exported.
    """
    backbone, sequence, transcription = _exportable(network, card)
    from seqrec.onnx_graph import Graph

    graph = Graph()
    given = graph.node("Greater", graph.size(GIVEN_FRAMES, 0), graph.constant([0], np.int64))
    # Masks cost time, and batches of equal width need none: the graph has a branch for these.
    found, plain, masked = Graph("found_"), Graph("plain_", highest), Graph("masked_", highest)
    fixed = not network.own_levels
    plain_frames = backbone.to_onnx(plain, _standardised(plain, "images", None, fixed), None)
    masked_frames = backbone.to_onnx(masked, _standardised(masked, "images", "widths", fixed), "widths")
    equal = found.cast(found.node("Equal", "widths", found.size("images", 3)), np.int32)
    condition = found.cast(found.node("ReduceMin", equal, keepdims=0), np.bool_)
    found_frames = found.choice(condition, plain, plain_frames, masked, masked_frames)
    told, read, only = Graph("told_"), Graph("read_"), Graph("only_")
    frames = graph.choice(given, told, told.node("Identity", GIVEN_FRAMES), found, found_frames)
    lengths = backbone.frame_lengths_to_onnx(graph, "widths")
    lengths = graph.named(graph.node("Where", given, graph.size(GIVEN_FRAMES, 0), lengths), "frame_lengths")
    log_probs = transcription.to_onnx(read, sequence.to_onnx(read, frames, lengths))
    graph.named(graph.choice(ONLY_FRAMES, only, only.node("Identity", frames), read, log_probs), "log_probs")
    none = np.zeros((0, 1, network.backbone.features), np.float32)
    model = graph.model(
        [_images(card), ("widths", np.int64, ["N"])],
        [("log_probs", np.float32, ["T", "N", "C"]), ("frame_lengths", np.int64, ["N"])],
        [
            (LEVELS, _OWN_LEVELS, ["L", 2]),
            (GIVEN_FRAMES, none, ["F", "M", network.backbone.features]),
            (ONLY_FRAMES, np.array(False), []),
        ],
    )
    _describe(model, network, card)
    return model


def _convolutions_of(network: "Network", card: ModelCard) -> "onnx.ModelProto":
    """A model that gives what each convolution gives, of pictures that are not padded."""
    backbone, _, _ = _exportable(network, card)
    from seqrec.onnx_graph import Graph

    graph = Graph()
    backbone.to_onnx(graph, _standardised(graph, "images", None, not network.own_levels), None)
    outputs = [(value, np.float32, ["N", "Ch", "H", "W"]) for value in graph.convolved]
    return graph.model([_images(card)], outputs, [(LEVELS, _OWN_LEVELS, ["L", 2])])


def _images(card: ModelCard) -> "tuple[Value, type[np.uint8], list[int | str]]":
    return "images", np.uint8, ["N", 1, card.recipe.picture.height_px, "W"]


def _exportable(
    network: "Network", card: ModelCard
) -> tuple[ExportableBackbone, ExportableSequenceModel, ExportableTranscription]:
    """The parts of a network, if they can be exported.

    Raises:
        MissingExtraError: onnx is not installed.
        ModelFileError: One cannot.
    """
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"exporting needs onnx ({error}); install it with: pip install 'seqrec[export]'") from error
    recipe = card.recipe
    backbone = cast(ExportableBackbone, network.backbone)
    sequence = cast(ExportableSequenceModel, network.sequence)
    transcription = cast(ExportableTranscription, network.transcription)
    _check(backbone, f"backbone '{recipe.backbone.name}'", "Backbone", "to_onnx", "frame_lengths_to_onnx")
    _check(sequence, f"sequence model '{recipe.sequence.name}'", "SequenceModel", "to_onnx")
    _check(transcription, f"transcription '{recipe.transcription.name}'", "Transcription", "to_onnx")
    return backbone, sequence, transcription


def _standardised(graph: "Graph", images: "Value", widths: "Value | None", fixed: bool) -> "Value":
    """`seqrec.network.standardised`, written into a graph, or `rescaled` for fixed levels.

    Levels that are no numbers are found from the picture.
    """
    values, axes = graph.cast(images, np.float32), graph.constant([1, 2, 3], np.int64)
    mask = None if widths is None else graph.column_mask(widths, values)

    def mean_of(numbers: "Value") -> "Value":
        if widths is None or mask is None:
            return graph.node("ReduceMean", numbers, axes)
        total = graph.node("ReduceSum", graph.node("Mul", numbers, mask), axes)
        pixels = graph.node("Mul", widths, graph.node("Squeeze", graph.size(images, 2)))
        return graph.node("Div", total, graph.node("Unsqueeze", graph.cast(pixels, np.float32), axes))

    def told_or(found: "Value", column: int) -> "Value":
        told = graph.node("Gather", LEVELS, graph.constant(column, np.int64), axis=1)
        told = graph.node("Unsqueeze", told, axes)
        return graph.node("Where", graph.node("IsNaN", told), found, told)

    if fixed:
        mean, deviation = (graph.constant(one, np.float32) for one in FIXED_LEVELS)
        scaled = graph.node("Div", graph.node("Sub", values, mean), deviation)
    else:
        centred = graph.node("Sub", values, told_or(mean_of(values), 0))
        variance = graph.node("Max", mean_of(graph.node("Mul", centred, centred)), graph.constant(1.0, np.float32))
        scaled = graph.node("Div", centred, told_or(graph.node("Sqrt", variance), 1))
    return scaled if mask is None else graph.node("Mul", scaled, mask)


def _describe(model: "onnx.ModelProto", network: "Network", card: ModelCard) -> None:
    """Fill in the metadata."""
    picture, backbone = card.recipe.picture, network.backbone
    frames = {
        "width_step_px": backbone.width_step_px,
        "frame_stride_px": backbone.frame_stride_px,
        "frame_offset_px": backbone.frame_offset_px,
        "gives": network.transcription.gives,
    }
    preprocessing = {
        "height_px": picture.height_px,
        "min_width_px": picture.min_width_px,
        "width_px": picture.width_px,
        "levels": picture.levels,
        "width_step_px": backbone.width_step_px,
        "prepare": picture.prepare,
        "text": PREPROCESSING,
    }
    for key, text in (
        (METADATA_KEY, card_to_json(card)),
        (FRAMES_KEY, json.dumps(frames)),
        (PREPROCESSING_KEY, json.dumps(preprocessing)),
    ):
        model.metadata_props.add(key=key, value=text)


def _check(part: object, name: str, kind: str, *methods: str) -> None:
    """Nothing, if the part has the methods.

    Raises:
        ModelFileError: It lacks one.
    """
    missing = [method for method in methods if not hasattr(part, method)]
    if missing:
        found = f"{type(part).__module__}.{type(part).__qualname__}"
        raise ModelFileError(
            f"{name} ({found}) cannot be exported: it has no method {' and no '.join(missing)}; "
            f"seqrec.export.Exportable{kind} says what it has to give"
        )
