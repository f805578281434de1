"""The conformance check: good tasks pass, each broken promise is named."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from seqrec import Alphabet, Protocol, Reading, Renderer, Sample, Task
from seqrec.errors import RecipeError
from seqrec.model_file import read_card, read_weights, save_model
from seqrec.pictures import encode_png
from seqrec.testing import CheckError, check_task
from seqrec.testing.bars import BARS, BarRenderer, seqrec_tasks

(TASK,) = seqrec_tasks()


class Altered(Renderer):
    """Bars with something wrong."""

    def __init__(self, alter: Callable[[Sample], Sample]) -> None:
        self.alter = alter

    def render(self, rng: np.random.Generator) -> Sample:
        return self.alter(BarRenderer().render(rng))


class Forgetful(Renderer):
    """Draws from a state of its own."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def render(self, rng: np.random.Generator) -> Sample:
        return BarRenderer().render(self.rng)


class Choosy(BarRenderer):
    """Takes no options."""

    def configured(self, alphabet: Alphabet, options: Mapping[str, object]) -> Renderer:
        if options:
            raise RecipeError("no options here")
        return self


def altered(**fields: object) -> Task:
    """The task of bars with some fields replaced, and with one alphabet only."""
    return dataclasses.replace(TASK, alphabets=(), **fields)  # type: ignore[arg-type]


def drawing(alter: Callable[[Sample], Sample]) -> Task:
    return altered(renderer=Altered(alter))


def refused(task: Task, message: str) -> None:
    with pytest.raises(CheckError) as caught:
        check_task(task)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"task '{task.name}': ")
    assert "\n" not in str(caught.value)


def test_task_of_bars_keeps_its_promises() -> None:
    check_task(TASK)


def test_smallest_task_is_a_name_and_an_alphabet() -> None:
    check_task(Task("words", Alphabet("abc", "abc")))


def test_task_with_everything_passes(tmp_path: Path, tiny_model: Path) -> None:
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "one.png").write_bytes(encode_png(np.zeros((32, 100), np.uint8)))
    (samples / "gt.txt").write_text("one.png\tabcD\n")
    recipe = tmp_path / "noisy.toml"
    recipe.write_text('alphabet = "bars4"\n[renderer]\nnoise = 20.0\n')
    task = dataclasses.replace(
        TASK, samples=samples, recipes={"noisy": recipe}, weights=tiny_model, lexicons={"few": lambda: ["ab", "cd"]},
        finish=lambda reading: {"length": len(reading.symbols)},
    )  # fmt: skip
    check_task(task)
    assert task.finish is not None
    assert task.finish(Reading(("a",), "a", 1.0)) == {"length": 1}


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (dataclasses.replace(TASK, name="two words"), "its name: 'two words' must be one word"),
        (dataclasses.replace(TASK, name="a:b"), "its name: 'a:b' must be one word"),
        (
            altered(protocols=(Protocol("more", Alphabet("more", "abz")),)),
            "protocol 'more': no symbol of alphabet 'bars8' becomes ['z'] of alphabet 'more'",
        ),
        (altered(lexicons={"none": lambda: []}), "lexicon 'none': it must give words, none empty"),
        (altered(recipes={"lost": Path("lost.toml")}), "recipe 'lost': RecipeError: lost.toml: no recipe can be read there"),
        (altered(samples=Path("lost")), "its samples: DataError: 'lost': no such file or folder"),
    ],
)
def test_promise_that_is_not_about_pictures_is_named(task: Task, message: str) -> None:
    refused(task, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[renderer]\nnoise = 20.0", "recipe 'own': RecipeError: no options here"),
        ("[train]\nsteppes = 5", "recipe 'own': RecipeError: own.toml: unknown key 'train.steppes'; did you mean 'train.steps'?"),
        ('alphabet = "bars9"', "recipe 'own': AlphabetError: task 'bars' has no alphabet 'bars9'; did you mean 'bars8'?"),
    ],
)
def test_recipe_that_the_task_cannot_follow_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "own.toml").write_text(text)
    refused(altered(renderer=Choosy(), recipes={"own": tmp_path / "own.toml"}), message)


def test_sample_pictures_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(encode_png(np.zeros((32, 100), np.uint8)))
    (tmp_path / "gt.txt").write_text("one.png\tabz\n")
    refused(
        altered(samples=tmp_path), "its samples: AlphabetError: symbol 'z' (U+007A) at position 3 of 'abz' is not in alphabet"
    )
    (tmp_path / "gt.txt").write_text("two.png\tab\n")
    refused(altered(samples=tmp_path), "its samples: DataError: sample 'two.png': 'gt.txt' names it, but there is no such file")


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda s: Sample(s.image.astype(np.float32), s.label), "a picture is float32 of shape (32, "),
        (lambda s: Sample(np.stack([s.image] * 3, 2), s.label), "expected uint8 (H, W)"),
        (lambda s: Sample(s.image.tolist(), s.label), "a picture is list of shape None; expected uint8 (H, W)"),
        (lambda s: Sample(s.image, f"{s.label}é"), "AlphabetError: symbol 'é' (U+00E9) at position"),
        (lambda s: Sample(s.image, ""), "a picture has the empty label ''"),
        (lambda s: Sample(s.image, s.label, s.boxes[:-1]), "boxes of shape"),
        (lambda s: Sample(s.image, s.label, s.boxes[:, ::-1]), "ends before it begins"),
        (lambda s: Sample(s.image, s.label, s.boxes[::-1]), "are not in the order of its symbols"),
        (lambda s: Sample(s.image, s.label, s.boxes + 5000), "has its middle outside the picture"),
        (lambda s: Sample(s.image, s.label * 20), "of 100 pictures have fewer frames than their labels need: "),
        (lambda s: Sample(np.zeros((32, 100), np.uint8), "a"), "every seed gives the same picture"),
        (lambda s: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_promise_about_pictures_is_named(alter: Callable[[Sample], Sample], message: str) -> None:
    refused(drawing(alter), message)


def test_renderer_that_minds_what_it_drew_before_is_named() -> None:
    refused(altered(renderer=Forgetful()), "the same seed gives another picture, label or boxes the second time")


def test_renderer_that_cannot_draw_another_alphabet_of_the_task_is_named() -> None:
    small = Alphabet("abc", "abc")
    refused(dataclasses.replace(TASK, renderer=Choosy(), alphabets=(small,)), "its renderer with alphabet 'abc': AlphabetError")


def test_renderer_that_does_not_pickle_is_named() -> None:
    refused(drawing(lambda sample: sample), "its renderer: it cannot be sent to another process: ")


MINDS_ITS_PROCESS = """
import os
from seqrec.interfaces import Sample
from seqrec.testing.bars import BarRenderer

HOME = os.environ.setdefault("HOME_OF_THE_TEST", str(os.getpid()))

class Homesick(BarRenderer):
    def configured(self, alphabet, options):
        super().configured(alphabet, options)
        return self

    def render(self, rng):
        sample = super().render(rng)
        away = int(HOME != str(os.getpid()))
        return Sample(sample.image // (1 + away), sample.label, sample.boxes)
"""


def test_renderer_that_draws_otherwise_in_another_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "homesick.py").write_text(MINDS_ITS_PROCESS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("HOME_OF_THE_TEST", str(os.getpid()))
    import homesick  # type: ignore[import-not-found]

    refused(altered(renderer=homesick.Homesick()), "its renderer: in another process the same seed gives another picture")


def test_reader_of_another_task_or_alphabet_is_named(tiny_model: Path, tmp_path: Path) -> None:
    card = read_card(tiny_model)
    path = tmp_path / "other.safetensors"
    save_model(path, {}, dataclasses.replace(card, task="words"))
    refused(altered(weights=path), "its reader 'other.safetensors': it was trained for task 'words'")
    save_model(path, {}, dataclasses.replace(card, alphabet=Alphabet("xyz", "xyz")))
    refused(altered(weights=path), "its alphabet 'xyz' (3 symbols) is none of the task's")
    weights = read_weights(tiny_model)
    save_model(path, {name: value for name, value in weights.items() if "head" not in name}, card)
    refused(altered(weights=path), "its weights do not fit its recipe")
    path.write_bytes(b"garbage")
    refused(altered(weights=path), "is no safetensors file")


def test_reader_that_is_not_there_yet_is_no_broken_promise(tmp_path: Path) -> None:
    check_task(altered(weights=tmp_path / "later.safetensors", renderer=None))


def test_importing_the_check_imports_no_torch() -> None:
    told = "import sys, seqrec.testing; print([name for name in ('torch', 'onnxruntime') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_alphabet_of_bars_is_the_renderers() -> None:
    assert BarRenderer().alphabet is BARS
