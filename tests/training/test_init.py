"""Runs that begin with the weights of a model."""

from pathlib import Path
from typing import Any

import pytest
import torch

from seqrec.errors import ModelFileError, RecipeError
from seqrec.model_file import read_weights
from seqrec.testing.bars import BARS, LOW_BARS
from seqrec.training import Validation
from seqrec.training.training import Training
from tests.training.runs import run, validated


def test_init_from_another_alphabet_copies_head_rows_and_names_new_symbols(start: Any) -> None:
    small = start("small", ["alphabet=bars4", "train.steps=2"])
    run(small)
    assert small.card.alphabet == LOW_BARS
    large = start("large", [], init=small.run.path)
    assert large.messages == [f"starting from {small.run.path}: 4 of 8 symbols keep their head rows; new: A B C D"]
    saved, found = read_weights(small.run.model_file), large.bare.state_dict()
    for name, value in saved.items():
        taken = found[name][:5] if name.startswith("transcription.head") else found[name]
        assert torch.equal(taken, value), name
    assert BARS.symbols[:4] == LOW_BARS.symbols


def test_init_from_the_same_alphabet_takes_all(start: Any, tiny_model: Path) -> None:
    training = start("run", [], init=tiny_model)
    assert training.messages == [f"starting from {tiny_model}"]
    for name, value in read_weights(tiny_model).items():
        assert torch.equal(training.bare.state_dict()[name], value), name


def test_a_run_from_trained_weights_has_no_curriculum(start: Any, tiny_model: Path) -> None:
    assert start("fresh", ["data.curriculum=50"]).recipe.data.curriculum == 50
    training = start("run", ["data.curriculum=50"], init=tiny_model)
    assert training.recipe.data.curriculum == training.run.recipe().data.curriculum == 0


def test_weights_that_a_run_begins_with_are_validated_first_and_kept_where_it_makes_them_worse(
    start: Any, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([validated(0, 0, 1), validated(2, 3, 4)])
    monkeypatch.setattr(Training, "validate", lambda _: next(found))
    training = start("run", ["train.steps=4"], init=tiny_model)
    first, last, _ = run(training)
    assert isinstance(first, Validation)
    assert isinstance(last, Validation)
    assert [(one.step, one.kept) for one in (first, last)] == [(0, True), (4, False)]
    kept = read_weights(training.run.model_file)
    for name, value in read_weights(tiny_model).items():
        assert torch.equal(value, kept[name])


def test_init_from_another_network_is_refused(start: Any, tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="its weights do not fit this recipe: .*; use the recipe it was trained with"):
        start("run", ["backbone.channels=[4, 6, 8, 8, 12, 12, 24]"], init=tiny_model)
    with pytest.raises(ModelFileError, match="holds no model"):
        start("other", [], init=tmp_path)
