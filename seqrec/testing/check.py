"""The conformance check for tasks. Importing it imports no torch; with torch installed it checks frames and weights too."""

import pickle
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet, fold_map, frames_needed
from seqrec.data.readers import open_dataset
from seqrec.data.sources import RenderedSource
from seqrec.decoding.decoders import BeamDecoder
from seqrec.decoding.lexicon import Entry, Lexicon, parse_entry
from seqrec.errors import MissingExtraError
from seqrec.interfaces import Renderer, Sample, iterate
from seqrec.model_file import read_card, require_torch
from seqrec.pictures import fitted_width, open_picture
from seqrec.recipe import Recipe, load_recipe
from seqrec.task import Task

PICTURES = 100
"""Pictures that are drawn with the default alphabet; a fifth as many with each other one."""
MOST_WORDS = 1000
"""Words of each lexicon that are checked."""
MOST_UNREACHABLE = 0.02
"""Share of drawn pictures that may have too few frames for their symbols; training skips and counts them."""

_OVERLAP_PX = 2  # a slim letter may stand over its neighbour's tail
_SEED = 20_150_721  # of the pictures that are checked; any other would do


class CheckError(AssertionError):
    """A task that does not keep a promise; one line that says which."""


def check_task(task: Task) -> None:
    """Nothing, if the task keeps the promises that `seqrec` relies on.

    Alphabets come back from JSON and ids from symbols; protocols can be folded to; recipes load and the renderer takes their
    options; the renderer draws the same pictures for the same seeds in every process, with labels that the alphabet can spell,
    boxes in order, and mostly frames enough; sample pictures, lexicons and the shipped reader fit.

    Args:
        task: As a plugin's `seqrec_tasks` offers it.

    Raises:
        CheckError: A promise that is not kept; the first one that is found.

    Example:
        >>> from seqrec.testing.bars import seqrec_tasks
        >>> check_task(seqrec_tasks()[0])
    """
    with _about(task, "its name"):
        _require(bool(task.name) and not set(task.name) & set(": \t\n="), f"{task.name!r} must be one word without ':' or '='")
    for alphabet in (task.alphabet, *task.alphabets):
        with _about(task, f"alphabet '{alphabet.name}'"):
            _check_alphabet(alphabet)
    for protocol in task.protocols:
        with _about(task, f"protocol '{protocol.name}'"):
            _check_protocol(task.alphabet, protocol.alphabet or task.alphabet)
    for name, path in task.recipes.items():
        with _about(task, f"recipe '{name}'"):
            recipe = load_recipe(path)
            alphabet = task.alphabet_named(recipe.alphabet)
            if task.renderer:
                task.renderer.configured(alphabet, recipe.renderer)
    for name, words in task.lexicons.items():
        with _about(task, f"lexicon '{name}'"):
            try:
                found = list(islice(words(), MOST_WORDS))
            except MissingExtraError:  # as it would be told to the user
                continue
            _require(
                len(found) > 0 and all(isinstance(word, str | Entry) and word for word in found), "it must give words, none empty"
            )
            Lexicon.compile([parse_entry(one) if isinstance(one, str) else one for one in found], task.alphabet, policy="drop")
    for name, grammar in task.grammars.items():
        with _about(task, f"grammar '{name}'"):
            BeamDecoder(grammars=[(grammar(task.alphabet), 1.0)])
    if task.samples:
        with _about(task, "its samples"):
            for key, label, encoded in iterate(open_dataset(task.samples)):
                open_picture(encoded, key)
                task.alphabet.encode(label)
    if task.weights and task.weights.is_file():
        with _about(task, f"its reader '{task.weights.name}'"):
            _check_weights(task)
    if task.renderer:
        _check_renderer(task, task.renderer)


def _check_alphabet(alphabet: Alphabet) -> None:
    _require(Alphabet.from_json(alphabet.to_json()) == alphabet, "it does not come back from its JSON as it was")
    ids = list(range(1, len(alphabet) + 1))
    _require(alphabet.encode(alphabet.decode(ids)) == ids, "its ids do not come back from its symbols")
    for symbol in alphabet.symbols:
        found = alphabet.split(symbol)
        _require(
            found == [symbol] or alphabet.encode(symbol) == alphabet.encode([symbol]), f"symbol {symbol!r} is split into {found}"
        )


def _check_protocol(alphabet: Alphabet, target: Alphabet) -> None:
    reached = set(fold_map(alphabet, target))
    lost = [symbol for number, symbol in enumerate(target.symbols, start=1) if number not in reached]
    _require(not lost, f"no symbol of alphabet '{alphabet.name}' becomes {lost[:5]} of alphabet '{target.name}'")


def _check_weights(task: Task) -> None:
    assert task.weights is not None
    card = read_card(task.weights)
    _require(card.task == task.name, f"it was trained for task '{card.task}'")
    known = [alphabet.symbols for alphabet in (task.alphabet, *task.alphabets)]
    _require(
        card.alphabet.symbols in known,
        f"its alphabet '{card.alphabet.name}' ({len(card.alphabet)} symbols) is none of the task's",
    )
    try:
        require_torch()
    except MissingExtraError:
        return
    from seqrec.engines.torch_engine import load_engine
    from seqrec.plugins import registry

    load_engine(task.weights, card, registry(), "cpu")


def _check_renderer(task: Task, renderer: Renderer) -> None:
    for alphabet in (task.alphabet, *task.alphabets):
        with _about(task, f"its renderer with alphabet '{alphabet.name}'"):
            source = RenderedSource(renderer.configured(alphabet, {}), _SEED)
            count = PICTURES if alphabet is task.alphabet else PICTURES // 5
            for index in range(count):
                _check_sample(source.sample(index), alphabet)
    with _about(task, "its renderer"):
        source = RenderedSource(renderer.configured(task.alphabet, {}), _SEED)
        drawn = [source.sample(index) for index in range(PICTURES)]
        prints = [_print_of(sample) for sample in drawn]
        again = [_print_of(source.sample(index)) for index in reversed(range(PICTURES))]
        _require(again[::-1] == prints, "the same seed gives another picture, label or boxes the second time")
        _require(len(set(prints)) > 1, "every seed gives the same picture")
        _check_frames(drawn, task.alphabet)
    with _about(task, "its renderer of held-out pictures"):
        held_out = RenderedSource(renderer.held_out().configured(task.alphabet, {}), _SEED)
        for index in range(PICTURES // 5):
            _check_sample(held_out.sample(index), task.alphabet)
    with _about(task, "its renderer in another process"):
        pickle.loads(pickle.dumps(source))
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            elsewhere = pool.submit(_prints, source, PICTURES // 5).result(timeout=300)
        _require(elsewhere == prints[: PICTURES // 5], "the same seed gives another picture, label or boxes there")


def _check_sample(sample: Sample, alphabet: Alphabet) -> None:
    image = sample.image
    shape = getattr(image, "shape", None)
    _require(
        isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 2 and image.size > 0,
        f"a picture is {getattr(image, 'dtype', type(image).__name__)} of shape {shape}; expected uint8 (H, W)",
    )
    symbols = alphabet.encode(sample.label)
    _require(bool(symbols), f"a picture has the empty label {sample.label!r}")
    if sample.boxes is None:
        return
    expected = (len(symbols), 2)
    _require(
        sample.boxes.shape == expected, f"label {sample.label!r} has boxes of shape {sample.boxes.shape}; expected {expected}"
    )
    left, right = sample.boxes.T
    middles = sample.boxes.mean(1)
    _require(bool((left <= right).all()), f"a box of label {sample.label!r} ends before it begins")
    _require(
        bool((np.diff(middles) >= -_OVERLAP_PX).all()), f"the boxes of label {sample.label!r} are not in the order of its symbols"
    )
    _require(
        bool((middles >= 0).all() and (middles <= image.shape[1]).all()),
        f"a box of label {sample.label!r} has its middle outside the picture of {image.shape[1]} pixels: {middles.tolist()}",
    )


def _check_frames(drawn: list[Sample], alphabet: Alphabet) -> None:
    """Whether the default recipe's backbone gives frames enough."""
    frames_of = _default_frames()
    if frames_of is None:
        return
    size = Recipe().picture
    short = []
    for sample in drawn:
        height, width = sample.image.shape
        frames = frames_of(fitted_width(width, height, size.height_px, size.min_width_px, 4))
        if frames_needed(alphabet.encode(sample.label)) > frames:
            short.append(f"{sample.label!r} on {width}×{height} pixels gives {frames} frames")
    _require(
        len(short) <= MOST_UNREACHABLE * len(drawn),
        f"{len(short)} of {len(drawn)} pictures have fewer frames than symbols and repeats: {'; '.join(short[:2])}",
    )


def _default_frames() -> Callable[[int], int] | None:
    """Frames for a width in pixels in the default recipe, or None where torch is not installed."""
    try:
        require_torch()
    except MissingExtraError:
        return None
    import torch

    from seqrec.network import build_network
    from seqrec.plugins import registry

    with torch.device("meta"):
        backbone = build_network(Recipe(), Alphabet("any", ["a"]), registry()).backbone
    return lambda width: int(backbone.frame_lengths(torch.tensor([width])))


def _print_of(sample: Sample) -> tuple[object, ...]:
    """What two equal samples have in common."""
    boxes = None if sample.boxes is None else np.asarray(sample.boxes, np.float32)
    return sample.label, sample.image.shape, zlib.crc32(sample.image.tobytes()), _bytes_of(boxes)


def _bytes_of(boxes: "npt.NDArray[np.float32] | None") -> bytes:
    return b"" if boxes is None else boxes.tobytes()


def _prints(source: RenderedSource, count: int) -> list[tuple[object, ...]]:
    return [_print_of(source.sample(index)) for index in range(count)]


def _require(fine: bool, otherwise: str) -> None:
    if not fine:
        raise CheckError(otherwise)


@contextmanager
def _about(task: Task, subject: str) -> Iterator[None]:
    """Whatever goes wrong inside is a `CheckError` that names task and subject, in one line."""
    try:
        yield
    except Exception as error:
        told = str(error) if isinstance(error, CheckError) else f"{type(error).__name__}: {error}"
        raise CheckError(f"task '{task.name}': {subject}: {' '.join(told.split())}") from error
