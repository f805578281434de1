"""What a task does to pictures before they are scaled, in reading and in training."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from seqrec import builtin
from seqrec.alphabet import Alphabet
from seqrec.data.sources import RenderedSource
from seqrec.data.stream import Example, Preparation
from seqrec.errors import ModelFileError, RecipeError
from seqrec.interfaces import Picture, Prepared, Sample
from seqrec.model_file import read_card, read_weights, save_model
from seqrec.plugins import Registry, build_registry
from seqrec.recipe import PictureRecipe, Recipe
from seqrec.recognizer import load
from seqrec.task import Task
from seqrec.testing import bars


def right_half(picture: Picture) -> Prepared:
    """The right half of a picture, twice as large."""
    middle = picture.shape[1] // 2
    return Prepared(np.kron(picture[:, middle:], np.ones((2, 2), np.uint8)), float(middle), float(picture.shape[1] - middle))


def test_a_prepared_picture_reads_as_what_it_becomes_and_spans_are_those_of_the_given_one(
    tiny_model: Path, plugins: Registry
) -> None:
    reader = load(tiny_model, plugins=plugins, device="cpu")
    picture = np.random.default_rng(3).integers(0, 256, (8, 60), np.uint8).repeat(4, 0).repeat(6, 1)
    half = picture[:, 180:]
    prepared = dataclasses.replace(reader, prepare=right_half).read(picture)
    plain = reader.read(half)
    assert plain.symbols
    assert prepared.symbols == plain.symbols
    assert prepared.confidence == pytest.approx(plain.confidence, rel=1e-3)
    moved = np.array(plain.spans) + 180
    assert np.allclose(np.array(prepared.spans), moved, atol=0.51)


def remarking(picture: Picture) -> Prepared:
    """The picture as it is, with a remark."""
    return Prepared(picture, 0.0, float(picture.shape[1]), remark="half of it is missing")


def test_what_is_odd_about_a_picture_is_told_unless_the_task_says_it_itself(tiny_model: Path, plugins: Registry) -> None:
    reader = dataclasses.replace(load(tiny_model, plugins=plugins, device="cpu"), prepare=remarking)
    picture = np.random.default_rng(3).integers(0, 256, (32, 200), np.uint8)
    silent = Task("bars", bars.BARS)
    telling = dataclasses.replace(silent, hint=lambda width, height, reading: f"{width} × {height}: {reading.remark}")
    for task, told in ((silent, "half of it is missing"), (telling, "200 × 32: half of it is missing")):
        reading = dataclasses.replace(reader, task=task).read(picture)
        assert (reading.remark, reading.hint) == ("half of it is missing", told)


def test_training_moves_boxes_with_what_is_prepared() -> None:
    alphabet = Alphabet("ab", "ab")
    image = np.zeros((32, 200), np.uint8)
    sample = Sample(image, "ab", np.array([[110, 120], [150, 170]], np.float32), "one")
    recipe = PictureRecipe(min_width_px=8)
    preparation = Preparation(RenderedSource(bars.BarRenderer(), 1), alphabet, recipe, np.arange(1000), 4, right_half)
    example = preparation.example(sample)
    assert isinstance(example, Example)
    assert example.image.shape == (32, 100)  # 64×200 at half its size
    assert example.boxes is not None
    assert example.boxes.tolist() == [[10, 20], [50, 70]]


def test_a_preparation_that_the_task_lacks_is_named() -> None:
    task = Task("signs", Alphabet("ab", "ab"), preparations={"straight": right_half})
    assert task.preparation_named("") is None
    assert task.preparation_named("straight") is right_half
    with pytest.raises(RecipeError, match="'picture.prepare': task 'signs' has no 'strait'; did you mean 'straight'"):
        task.preparation_named("strait")


def test_a_model_whose_pictures_are_prepared_needs_its_plugin(tiny_model: Path, plugins: Registry, tmp_path: Path) -> None:
    card = read_card(tiny_model)
    recipe = card.recipe.with_settings(["picture.prepare=straight"])
    path = tmp_path / "prepared.safetensors"
    save_model(path, read_weights(tiny_model), dataclasses.replace(card, recipe=recipe))
    without = build_registry([("seqrec", "", lambda: builtin)])
    with pytest.raises(ModelFileError, match="reads pictures that task 'bars' prepares.*pip install seqrec-bars"):
        load(path, plugins=without, device="cpu")
    with pytest.raises(RecipeError, match="task 'bars' has no 'straight'"):
        load(path, plugins=plugins, device="cpu")


def test_a_share_of_inverted_pictures_lies_between_none_and_all() -> None:
    assert Recipe().with_settings(["data.invert=0"]).data.invert == 0
    with pytest.raises(RecipeError, match=r"'data.invert' is 1.5; it must be in 0..1"):
        Recipe().with_settings(["data.invert=1.5"])
