"""What every task promises. Importing this imports no torch; where it is installed, learning is checked too."""

import importlib.util
import pickle
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import SkipTest

import numpy as np

from seqrec.alphabet import Alphabet
from seqrec.data.readers import open_dataset
from seqrec.data.sources import RenderedSource
from seqrec.decoding.decoders import BeamDecoder
from seqrec.decoding.lexicon import Entry, Lexicon, parse_entry
from seqrec.direction import Direction
from seqrec.errors import MissingExtraError
from seqrec.interfaces import Prepare, Renderer, Sample, Store
from seqrec.model_file import read_card
from seqrec.notation import Notation
from seqrec.pictures import open_picture
from seqrec.reading import Reading
from seqrec.recipe import Recipe, load_recipe
from seqrec.task import Grouping, Judged, Task
from seqrec.testing.alphabets import alphabet_promises, check_fold
from seqrec.testing.command_line import try_commands
from seqrec.testing.learning import SMALL, exported, learn_by_heart, saved_and_loaded, small_network
from seqrec.testing.promise import Promise, keep_all, needs_torch, require
from seqrec.testing.renderers import PICTURES, check_sample, renderer_promises

if TYPE_CHECKING:
    from seqrec.decoding.grammar import Automaton, Grammar
    from seqrec.network import Network

MOST_WORDS = 1000
"""Words of each lexicon that are checked."""

_DRAWN = 32  # of which the narrowest are learnt by heart
_SEED = 7


def check_task(task: Task, *, thorough: bool = False) -> None:
    """Nothing, if a task keeps the promises that `seqrec` relies on.

    Alphabets come back from JSON and ids from symbols; protocols can be folded to; recipes load and the renderer takes their
    options; the renderer keeps its own promises, see `check_renderer`; sample pictures, lexicons, grammars, the shipped reader
    and finished readings fit.

    Args:
        task: As a plugin's `seqrec_tasks` offers it.
        thorough: Also train: a small network learns eight pictures by heart, and reads the same from its file. Takes seconds.

    Raises:
        CheckError: The first promise that is not kept.

    Example:
        >>> from seqrec.testing.bars import seqrec_tasks
        >>> check_task(seqrec_tasks()[0])
    """
    keep_all([*task_promises(task), *(learning_promises(task) if thorough else [])])


def task_promises(task: Task) -> list[Promise]:
    """The promises of a task that need no training."""

    def promise(name: str, about: str, function: Callable[[], None]) -> Promise:
        return Promise("task", task.name, name, function, about)

    found = [promise("has-a-name", "its name", lambda: _name(task.name))]
    for alphabet in (task.alphabet, *task.alphabets):
        found += alphabet_promises(alphabet, "task", task.name, f"alphabet '{alphabet.name}'")
    for notation in task.notations:
        about = f"notation '{notation.alphabet.name}'"
        found += alphabet_promises(notation.alphabet, "task", task.name, about)
        found.append(promise(f"understands-{notation.alphabet.name}", about, partial(_understands, task, notation)))
    for protocol in task.protocols:
        target = protocol.alphabet or task.alphabet
        about = f"protocol '{protocol.name}'"
        found.append(promise(f"reads-under-{protocol.name}", about, partial(check_fold, task.alphabet, target)))
    for name, path in task.recipes.items():
        found.append(promise(f"recipe-{name}", f"recipe '{name}'", partial(_recipe, task, path)))
    for grouping in task.groups:
        name = "-".join(grouping.name.split())
        found.append(promise(f"groups-by-{name}", f"grouping '{grouping.name}'", partial(_groups, task, grouping)))
    for name, words in task.lexicons.items():
        found.append(promise(f"lexicon-{name}", f"lexicon '{name}'", partial(_lexicon, task, words)))
    for name, grammar in task.grammars.items():
        about = f"grammar '{name}'"
        found.append(promise(f"grammar-{name}", about, partial(_grammar, task, grammar)))
    if task.samples:
        found.append(promise("samples-can-be-read", "its samples", lambda: _samples(task)))
    if task.weights and task.weights.is_file():
        found.append(promise("reader-fits", f"its reader '{task.weights.name}'", lambda: _weights(task)))
    if task.finish:
        found.append(promise("finishes-readings", "its finish", lambda: _finish(task)))
    if task.renderer:
        for alphabet in task.alphabets:
            about = f"its renderer with alphabet '{alphabet.name}'"
            found.append(promise(f"draws-{alphabet.name}", about, partial(_draws, task.renderer, alphabet, task.direction)))
        recipe = default_recipe(task)
        before = task.preparations.get(recipe.picture.prepare)
        found += renderer_promises(
            task.renderer, task.alphabet, "task", task.name, "its renderer", recipe, before, task.direction
        )
    for name, prepare in task.preparations.items():
        found.append(promise(f"prepares-{name}", f"preparation '{name}'", partial(_prepares, task, prepare)))
    if task.second_looks:
        found.append(promise("looks-again", "its second looks", partial(_looks_again, task)))
    return found


def learning_promises(task: Task) -> list[Promise]:
    """The promises of a task that train a network, or write one to a file."""
    found = {
        "learns-by-heart": lambda: _with_network(task, lambda network, alphabet, recipe, before: learn_by_heart(
            network, alphabet, recipe.picture, practice(task), before, task.direction)),
        "reads-the-same-from-its-file": lambda: _with_network(task, lambda network, alphabet, recipe, before: saved_and_loaded(
            network, alphabet, recipe, practice(task), before, task.direction)),
        "reads-the-same-as-onnx": lambda: _onnx(task),
    }  # fmt: skip
    return [Promise("task", task.name, name, function) for name, function in found.items()]


def command_promise(task: Task) -> Promise:
    """The promise that the commands work with an installed task."""
    return Promise("task", task.name, "works-on-the-command-line", lambda: try_commands(task))


def practice(task: Task) -> list[Sample]:
    """Pictures of a task to learn from: drawn ones, or its samples.

    Raises:
        unittest.SkipTest: It has neither.
    """
    if task.renderer:
        recipe = default_recipe(task)
        source = RenderedSource(task.renderer.configured(task.alphabet_named(recipe.alphabet), recipe.renderer), _SEED)
        return [source.sample(index) for index in range(_DRAWN)]
    if task.samples:
        return sample_pictures(task)
    raise SkipTest("it has neither a renderer nor sample pictures to learn from")


def default_recipe(task: Task) -> Recipe:
    """What `seqrec train --task T` takes without `--recipe`."""
    from dataclasses import replace

    recipe = load_recipe(task.recipes["fast"]) if "fast" in task.recipes else Recipe()
    return replace(recipe, task=task.name)


def sample_pictures(task: Task) -> list[Sample]:
    """The task's sample pictures.

    Raises:
        SeqrecError: One cannot be read, or its label is not spelt with the alphabet.
    """
    assert task.samples is not None
    store: Store = open_dataset(task.samples)
    samples = []
    for index in range(len(store)):
        key = store.key(index)
        sample = Sample(open_picture(store.encoded(index), key), store.label(index), None, key)
        task.alphabet.encode(sample.label)
        samples.append(sample)
    return samples


def _name(name: str) -> None:
    require(bool(name) and not set(name) & set(": \t\n="), f"{name!r} must be one word without ':' or '='")


def _recipe(task: Task, path: Path) -> None:
    recipe = load_recipe(path)
    alphabet = task.alphabet_named(recipe.alphabet)
    if task.renderer:
        task.renderer.configured(alphabet, recipe.renderer)


def _groups(task: Task, grouping: Grouping) -> None:
    """Whether it gives names for labels of no, one and many symbols, read right and wrong, with and without a picture."""
    for wanted in ((), task.alphabet.symbols[:1], task.alphabet.symbols[:50]):
        for read in (wanted, (), task.alphabet.symbols[-1:]):
            for picture in (None, np.zeros((1, 1), np.uint8), np.zeros((32, 100), np.uint8)):
                reading = Reading(tuple(read), task.alphabet.text(read), 0.5)
                judged = Judged(task.alphabet.text(wanted), wanted, reading, picture)
                names = grouping.groups_of(judged)
                require(all(isinstance(name, str) for name in names), f"it gives names that are no text: {names}")
                require(not (grouping.errors and judged.right and names), f"it sorts errors, and a right reading is in {names}")


def _lexicon(task: Task, words: Callable[[], Iterable[str | Entry]]) -> None:
    try:
        lines = list(islice(words(), MOST_WORDS))
    except MissingExtraError as error:
        raise SkipTest(str(error)) from error
    require(len(lines) > 0 and all(isinstance(line, str | Entry) and line for line in lines), "it must give words, none empty")
    Lexicon.compile([parse_entry(line) if isinstance(line, str) else line for line in lines], task.alphabet, policy="drop")


def _grammar(task: Task, grammar: "Callable[[Alphabet], Grammar | Automaton]") -> None:
    BeamDecoder(grammars=[(grammar(task.alphabet), 1.0)])


def _draws(renderer: Renderer | None, alphabet: Alphabet, direction: Direction) -> None:
    assert renderer is not None
    source = RenderedSource(renderer.configured(alphabet, {}), _SEED)
    for index in range(PICTURES // 5):
        check_sample(source.sample(index), alphabet, direction)


def _samples(task: Task) -> None:
    require(bool(sample_pictures(task)), "there is none")


def _finish(task: Task) -> None:
    """Whether it takes readings of no, one and all symbols, and gives fields that JSON can hold."""
    import json

    assert task.finish is not None
    symbols = task.alphabet.symbols
    for some in ((), symbols[:1], symbols[:50]):
        reading = Reading(tuple(some), task.alphabet.text(some), 0.5)
        fields = dict(task.finish(reading))
        require(all(isinstance(key, str) for key in fields), f"it gives keys that are no text: {list(fields)}")
        json.dumps(fields)


def _weights(task: Task) -> None:
    assert task.weights is not None
    card = read_card(task.weights)
    shared = task.notation_of(card.alphabet) is not None  # the rules of this task say what it reads, whatever it was trained for
    require(card.task == task.name or shared, f"it was trained for task '{card.task}'")
    drawn = [notation.alphabet for notation in task.notations]
    known = [alphabet.symbols for alphabet in (task.alphabet, *task.alphabets, *drawn)]
    require(
        card.alphabet.symbols in known,
        f"its alphabet '{card.alphabet.name}' ({len(card.alphabet)} symbols) is none of the task's",
    )
    needs_torch()
    from seqrec.engines.torch_engine import load_engine
    from seqrec.plugins import registry

    load_engine(task.weights, card, registry(), "cpu")


def _with_network(task: Task, act: "Callable[[Network, Alphabet, Recipe, Prepare | None], None]") -> None:
    """Act with a small network of the core's parts, made for the recipe that training takes."""
    needs_torch()
    recipe = default_recipe(task).with_settings(SMALL)
    alphabet = task.alphabet_named(recipe.alphabet)
    act(small_network(alphabet, recipe), alphabet, recipe, task.preparation_named(recipe.picture.prepare))


def _understands(task: Task, notation: Notation) -> None:
    """Whether what is drawn means symbols of the task, and what is written of these means the same."""
    if task.renderer is None:
        raise SkipTest("it draws no pictures that could be read")
    source = RenderedSource(task.renderer.configured(notation.alphabet, {}), _SEED)
    for index in range(PICTURES // 5):
        label = source.sample(index).label
        meaning = notation.meaning.text(notation.understood(notation.alphabet.encode(label)))
        notation.meaning.encode(meaning)
        if notation.write is not None:
            again = notation.understood(notation.alphabet.encode(notation.written(meaning)))
            require(
                notation.meaning.text(again) == meaning,
                f"{meaning!r} is written so that it means {notation.meaning.text(again)!r}",
            )


def _prepares(task: Task, prepare: Prepare) -> None:
    """Whether a preparation can be sent to another process and gives a picture of a part of what it is shown."""
    pickle.loads(pickle.dumps(prepare))
    for sample in practice(task)[:5]:
        shown = prepare(sample.image)
        image = shown.image
        require(image.dtype == np.uint8 and image.ndim == 2 and image.size > 0, f"it gives {image.dtype} of shape {image.shape}")
        require(shown.width_px > 0, f"what it gives shows {shown.width_px} pixels of the picture's width; expected more than 0")


def _looks_again(task: Task) -> None:
    """Whether second looks at pictures read surely, hardly and not at all, small ones too, are pictures of a part of them."""
    assert task.second_looks is not None
    symbol = task.alphabet.symbols[0]
    for image in [*(sample.image for sample in practice(task)[:3]), np.zeros((1, 1), np.uint8), np.zeros((9, 2), np.uint8)]:
        for reading in (Reading((symbol,), symbol, 1.0), Reading((symbol,), symbol, 0.1), Reading((), "", 0.1)):
            for shown in task.second_looks(image, reading):
                fine = shown.image.dtype == np.uint8 and shown.image.ndim == 2 and shown.image.size > 0
                require(fine, f"one gives {shown.image.dtype} of shape {shown.image.shape}")
                require(shown.turned % 90 == 0, f"one is turned by {shown.turned} degrees; expected a multiple of 90")
                width = image.shape[0 if shown.turned % 180 else 1]
                inside = shown.start_px >= 0 and 0 < shown.width_px <= width - shown.start_px + 1
                require(inside, f"one shows {shown.width_px} pixels from {shown.start_px} of a width of {width}")


def _onnx(task: Task) -> None:
    needs_torch()
    if importlib.util.find_spec("seqrec.export") is None:
        raise SkipTest("this seqrec has no export to ONNX")
    _with_network(
        task,
        lambda network, alphabet, recipe, before: exported(network, alphabet, recipe, practice(task), before, task.direction),
    )
