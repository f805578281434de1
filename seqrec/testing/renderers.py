"""What every renderer promises: pictures that follow from their seed alone, with labels and boxes that fit. No torch."""

import pickle
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context
from unittest import SkipTest

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet
from seqrec.data.sources import RenderedSource
from seqrec.direction import Direction, along_line, facing
from seqrec.errors import RecipeError
from seqrec.interfaces import Prepare, Renderer, Sample
from seqrec.pictures import fitted_width
from seqrec.recipe import Recipe
from seqrec.testing.promise import CheckError, Promise, keep_all, needs_torch, require

PICTURES = 100
"""Pictures that are drawn with the default alphabet; a fifth as many where that is enough."""
MOST_UNREACHABLE = 0.02
"""Share of drawn pictures that may have too few frames for their symbols; training skips and counts them."""

_OVERLAP_PX = 2  # a slim letter may stand over its neighbour's tail
_SEED = 20_150_721  # of the pictures that are checked; any other would do

Print = tuple[object, ...]
"""What two equal samples have in common."""


def check_renderer(renderer: Renderer, alphabet: Alphabet, direction: Direction = "rightwards") -> None:
    """Nothing, if a renderer keeps its promises.

    The same seed gives the same picture, label and boxes, whatever was drawn before and in every process, to which the renderer
    is sent; other seeds give others. Pictures are uint8 (H, W); labels are spelt with the alphabet; boxes stand in the order of
    the symbols along their line; nearly all pictures are wide enough for the frames that their labels need; unknown options are
    refused.

    Args:
        renderer: As a task has it.
        alphabet: The task's default one.
        direction: Which way the task's lines run.

    Raises:
        CheckError: The first promise that is not kept.

    Example:
        >>> from seqrec.testing.bars import BARS, BarRenderer
        >>> check_renderer(BarRenderer(), BARS)
    """
    keep_all(renderer_promises(renderer, alphabet, "renderer", type(renderer).__name__, direction=direction))


def renderer_promises(
    renderer: Renderer,
    alphabet: Alphabet,
    kind: str,
    owner: str,
    about: str = "",
    recipe: Recipe | None = None,
    before: Prepare | None = None,
    direction: Direction = "rightwards",
) -> list[Promise]:
    """The promises of a renderer, of its own or of a task's; `recipe` and `before` say how many frames a picture gives."""

    @cache
    def source() -> RenderedSource:
        return RenderedSource(renderer.configured(alphabet, {}), _SEED)

    @cache
    def drawn() -> list[Sample]:
        return [source().sample(index) for index in range(PICTURES)]

    def samples() -> None:
        for sample in drawn():
            check_sample(sample, alphabet, direction)

    def held_out() -> None:
        other = RenderedSource(renderer.held_out().configured(alphabet, {}), _SEED)
        for index in range(PICTURES // 5):
            check_sample(other.sample(index), alphabet, direction)

    def easier() -> None:
        own = renderer.configured(alphabet, {})
        for index in range(PICTURES // 5):
            done = index / (PICTURES // 5)
            check_sample(RenderedSource(own.easier(done), _SEED).sample(index), alphabet, direction)

    found = {
        "draws-samples": samples,
        "same-seed-same-picture": lambda: _same_again(source(), drawn()),
        "frames-enough": lambda: _frames(drawn(), alphabet, recipe or Recipe(), before, direction),
        "draws-what-training-never-sees": held_out,
        "draws-what-is-easier": easier,
        "refuses-unknown-options": lambda: _refuses(renderer, alphabet),
        "draws-alike-in-another-process": lambda: _same_elsewhere(source(), drawn()),
    }
    return [Promise(kind, owner, name, function, about) for name, function in found.items()]


def check_sample(sample: Sample, alphabet: Alphabet, direction: Direction = "rightwards") -> None:
    """Nothing, if a drawn sample is one that training can use.

    Args:
        sample: As a renderer draws it: its label, and with it the boxes, in logical order.
        alphabet: Spells its label.
        direction: Which way its line runs; boxes are y-spans where that is downwards.

    Raises:
        CheckError: It is not.
        AlphabetError: Its label holds what is not in the alphabet.
    """
    image = sample.image
    shape = getattr(image, "shape", None)
    require(
        isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 2 and image.size > 0,
        f"a picture is {getattr(image, 'dtype', type(image).__name__)} of shape {shape}; expected uint8 (H, W)",
    )
    symbols = alphabet.encode(sample.label)
    require(bool(symbols), f"a picture has the empty label {sample.label!r}")
    if sample.boxes is None:
        return
    expected = (len(symbols), 2)
    require(
        sample.boxes.shape == expected, f"label {sample.label!r} has boxes of shape {sample.boxes.shape}; expected {expected}"
    )
    left, right = sample.boxes.T
    middles = sample.boxes.mean(1)
    along = middles[along_line(alphabet.split(sample.label), direction)] * (-1 if direction == "leftwards" else 1)
    length = image.shape[0 if direction == "downwards" else 1]
    require(bool((left <= right).all()), f"a box of label {sample.label!r} ends before it begins")
    require(
        bool((np.diff(along) >= -_OVERLAP_PX).all()),
        f"the boxes of label {sample.label!r} are not in the order of its symbols along a line that runs {direction}",
    )
    require(
        bool((middles >= 0).all() and (middles <= length).all()),
        f"a box of label {sample.label!r} has its middle outside the picture of {length} pixels: {middles.tolist()}",
    )


def _same_again(source: RenderedSource, drawn: list[Sample]) -> None:
    prints = [_print_of(sample) for sample in drawn]
    again = [_print_of(source.sample(index)) for index in reversed(range(len(drawn)))]
    require(again[::-1] == prints, "the same seed gives another picture, label or boxes the second time")
    require(len(set(prints)) > 1, "every seed gives the same picture")


def _same_elsewhere(source: RenderedSource, drawn: list[Sample]) -> None:
    count = PICTURES // 5
    try:
        pickle.loads(pickle.dumps(source))
    except Exception as error:
        raise CheckError(f"it cannot be sent to another process: {type(error).__name__}: {error}") from error
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        elsewhere = pool.submit(_prints, source, count).result(timeout=300)
    prints = [_print_of(sample) for sample in drawn[:count]]
    require(elsewhere == prints, "in another process the same seed gives another picture, label or boxes")


def _refuses(renderer: Renderer, alphabet: Alphabet) -> None:
    try:
        renderer.configured(alphabet, {"no_such_option": 1})
    except RecipeError:
        return
    require(False, "it takes the unknown option 'no_such_option'; `configured` must raise RecipeError, as `with_options` does")


def _frames(drawn: list[Sample], alphabet: Alphabet, recipe: Recipe, before: Prepare | None, direction: Direction) -> None:
    """Whether the recipe's backbone gives frames enough for its transcription."""
    needs_torch()
    import torch

    from seqrec.network import build_network
    from seqrec.testing.learning import core_parts

    parts = core_parts()
    for kind, part, known in (
        ("backbone", recipe.backbone, parts.backbones.names()),
        ("transcription", recipe.transcription, parts.transcriptions.names()),
    ):
        if part.name not in known:
            raise SkipTest(f"its recipe takes the {kind} '{part.name}', which is not the core's")
    plain = replace(Recipe(), picture=recipe.picture, backbone=recipe.backbone, transcription=recipe.transcription)
    with torch.device("meta"):
        network = build_network(plain, alphabet, parts)
    backbone = network.backbone
    short = []
    for sample in drawn:
        image = facing(sample.image, direction)
        height, width = (before(image).image if before else image).shape
        size = recipe.picture
        fitted = fitted_width(width, height, size.height_px, size.min_width_px, backbone.width_step_px, size.width_px)
        frames = int(backbone.frame_lengths(torch.tensor([fitted])))
        if network.transcription.frames_needed(alphabet.encode(sample.label)) > frames:
            short.append(f"{sample.label!r} on {width}×{height} pixels gives {frames} frames")
    require(
        len(short) <= MOST_UNREACHABLE * len(drawn),
        f"{len(short)} of {len(drawn)} pictures have fewer frames than their labels need: {'; '.join(short[:2])}",
    )


def _print_of(sample: Sample) -> Print:
    boxes = None if sample.boxes is None else np.asarray(sample.boxes, np.float32)
    return sample.label, sample.image.shape, zlib.crc32(sample.image.tobytes()), _bytes_of(boxes)


def _bytes_of(boxes: "npt.NDArray[np.float32] | None") -> bytes:
    return b"" if boxes is None else boxes.tobytes()


def _prints(source: RenderedSource, count: int) -> list[Print]:
    return [_print_of(source.sample(index)) for index in range(count)]
