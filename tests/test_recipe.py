"""Recipes: TOML there and back, and nothing unknown taken in."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.cli.train import CORE_RECIPES
from seqrec.errors import RecipeError
from seqrec.network import build_network
from seqrec.plugins import registry
from seqrec.recipe import PartRecipe, Recipe, load_recipe

RECIPES = {path.stem: path for path in CORE_RECIPES.glob("*.toml")}
OF_TASKS = [(task.name, name, path) for _, task in registry().tasks for name, path in (RECIPES | dict(task.recipes)).items()]

words = st.text("abcdefgh_", min_size=1, max_size=8).filter(lambda word: word != "name")
values = st.one_of(st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False), st.text(max_size=8))
options = st.dictionaries(words, st.one_of(values, st.lists(st.integers(0, 99), max_size=5)), max_size=3)
parts = st.builds(PartRecipe, words, options)


@given(backbone=parts, sequence=parts, renderer=options, task=words, rate=st.floats(1e-6, 1), steps=st.integers(1, 10**6))
def test_toml_gives_an_equal_recipe(
    backbone: PartRecipe, sequence: PartRecipe, renderer: dict[str, object], task: str, rate: float, steps: int
) -> None:
    recipe = Recipe(task=task, backbone=backbone, sequence=sequence, renderer=renderer)
    recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, learning_rate=rate, steps=steps))
    assert Recipe.from_toml(recipe.to_toml()) == recipe


def test_recipe_written_out_names_every_key() -> None:
    import tomllib

    tree = tomllib.loads(Recipe().to_toml())
    for entry in dataclasses.fields(Recipe):
        value = getattr(Recipe(), entry.name)
        assert entry.name in tree
        if dataclasses.is_dataclass(value) and not isinstance(value, PartRecipe):
            assert set(tree[entry.name]) == {field.name for field in dataclasses.fields(value)}


def test_empty_file_is_the_default_recipe() -> None:
    assert Recipe.from_toml("") == Recipe()


def keys(kind: type, prefix: str = "") -> list[str]:
    """Every key of a recipe that a table checks."""
    found = []
    for entry in dataclasses.fields(kind):
        value = getattr(Recipe(), entry.name) if not prefix else None
        if dataclasses.is_dataclass(value) and not isinstance(value, PartRecipe):
            found += keys(type(value), f"{entry.name}.")
        elif prefix:
            found.append(f"{prefix}{entry.name}")
    return found


@pytest.mark.parametrize("key", keys(Recipe))
def test_every_misspelt_key_is_refused_with_the_nearest_one(key: str) -> None:
    table, name = key.split(".")
    wrong = f"{name[:-1]}{'x' if name[-1] != 'x' else 'y'}"
    with pytest.raises(RecipeError) as caught:
        Recipe.from_toml(f"[{table}]\n{wrong} = 1\n", "run.toml")
    assert str(caught.value) == f"run.toml: unknown key '{table}.{wrong}'; did you mean '{key}'?"


@pytest.mark.parametrize("key", [entry.name for entry in dataclasses.fields(Recipe)])
def test_every_misspelt_table_is_refused_with_the_nearest_one(key: str) -> None:
    with pytest.raises(RecipeError, match=rf"run\.toml: unknown key '{key}q'; did you mean '{key}'\?"):
        Recipe.from_toml(f"{key}q = 1", "run.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[train]\nsteps = 'many'", "run.toml: 'train.steps' is 'many'; expected int"),
        ("[train]\nsteps = 1.5", "run.toml: 'train.steps' is 1.5; expected int"),
        ("[train]\nsteps = true", "run.toml: 'train.steps' is True; expected int"),
        ("[train]\nlearning_rate = '1'", "run.toml: 'train.learning_rate' is '1'; expected float"),
        ("[train]\nlearning_rate = false", "run.toml: 'train.learning_rate' is False; expected float"),
        ("[train]\noptimizer = 'adam'", "run.toml: 'train.optimizer' is 'adam'; did you mean 'adamw'?"),
        ("[train]\noptimizer = 3", "run.toml: 'train.optimizer' is 3; known: adadelta, adamw"),
        ("task = 5", "run.toml: 'task' is 5; expected str"),
        ("train = 5", "run.toml: 'train' is 5; expected a table [train]"),
        ("renderer = 'x'", "run.toml: 'renderer' is 'x'; expected a table [renderer]"),
        ("[backbone]\nchannels = [1]",
         "run.toml: 'backbone.name' is missing or no text; it names the part, as in name = \"fast\""),
        ("[backbone]\nname = 5", "run.toml: 'backbone.name' is missing or no text; it names the part, as in name = \"fast\""),
        ("[train]\nsteps = 0\nminutes = 0", "run.toml: a run needs a length: train.steps or train.minutes above 0"),
        ("[train]\nsteps = -5", "run.toml: a run needs a length: train.steps or train.minutes above 0"),
        ("[train]\nbatch_size = 0", "run.toml: 'train.batch_size' is 0; it must be at least 1"),
        ("[picture]\nheight_px = 4", "run.toml: 'picture.height_px' is 4; it must be at least 8"),
        ("[data]\nreuse = 0", "run.toml: 'data.reuse' is 0; it must be at least 1"),
        ("[train]\nema_decay = 1.0", "run.toml: 'train.ema_decay' is 1.0; it must be in 0..1, below 1"),
        ("[train]\nlearning_rate = -0.1", "run.toml: 'train.learning_rate' is -0.1; it must be at least 0"),
        ("[train]\nlearning_rate = nan", "run.toml: 'train.learning_rate' is nan; it must be at least 0"),
        ("[train]\npatience = -1", "run.toml: 'train.patience' is -1; it must be at least 0"),
        ("[data]\naugment = -0.5", "run.toml: 'data.augment' is -0.5; it must be at least 0"),
        ("[picture]\nmin_width_px = 200\nmax_width_px = 100",
         "run.toml: 'picture.max_width_px' is 100; it must be at least 200"),
        ("[picture]\nheight_px = 2000", "run.toml: 'picture.height_px' is 2000; it must be at most 1024"),
        ("[picture]\nmax_width_px = 1000000", "run.toml: 'picture.max_width_px' is 1000000; it must be at most 100000"),
    ],
)  # fmt: skip
def test_wrong_types_and_values_are_one_line(text: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.from_toml(text, "run.toml")
    assert str(caught.value) == message


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"run\.toml: not TOML: "):
        Recipe.from_toml("[train", "run.toml")


def test_missing_and_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"lost\.toml: no recipe can be read there"):
        load_recipe(tmp_path / "lost.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match=r"binary\.toml: no recipe can be read there"):
        load_recipe(tmp_path / "binary.toml")


def test_a_whole_number_is_taken_where_a_fraction_may_stand() -> None:
    assert Recipe.from_toml("[train]\nlearning_rate = 1").train.learning_rate == 1.0


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("train.batch_size=128", "train.batch_size", 128),
        (" train.learning_rate =0.5", "train.learning_rate", 0.5),
        ("train.schedule=constant", "train.schedule", "constant"),
        ('train.schedule="constant"', "train.schedule", "constant"),
        ("alphabet=alnum36", "alphabet", "alnum36"),
        ("task=a=b", "task", "a=b"),
        ("renderer.difficulty=0.5", "renderer", {"difficulty": 0.5}),
        ("renderer.letters_only=true", "renderer", {"letters_only": True}),
        ("backbone.channels=[1, 2]", "backbone.options", {"channels": [1, 2]}),
    ],
)
def test_a_setting_changes_its_key_and_nothing_else(setting: str, path: str, value: object) -> None:
    changed: Any = Recipe().with_settings([setting])
    found = changed
    for name in path.split("."):
        found = getattr(found, name)
    assert found == value
    differing = [
        entry.name for entry in dataclasses.fields(Recipe) if getattr(changed, entry.name) != getattr(Recipe(), entry.name)
    ]
    assert differing == [path.split(".")[0]]


def test_settings_are_taken_in_their_order() -> None:
    assert Recipe().with_settings(["train.steps=5", "train.steps=7"]).train.steps == 7


def test_another_part_drops_the_options_of_the_one_before() -> None:
    recipe = Recipe(backbone=PartRecipe("fast", {"channels": [1] * 7}))
    assert recipe.with_settings(["backbone.name=paper", "backbone.drop_conv4=true"]).backbone == PartRecipe(
        "paper", {"drop_conv4": True}
    )
    assert recipe.with_settings(["backbone.name=fast"]).backbone == recipe.backbone
    assert recipe.with_settings(['backbone.name="fast"']).backbone == recipe.backbone


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("train.batch_size", "--set train.batch_size: no '='; write KEY=VALUE, as in train.batch_size=128"),
        ("train.batchsize=5", "--set: unknown key 'train.batchsize'; did you mean 'train.batch_size'?"),
        ("trian.steps=5", "--set: unknown key 'trian'; did you mean 'train'?"),
        ("train.steps=many", "--set: 'train.steps' is 'many'; expected int"),
        ("alphabet.name=x", "--set alphabet.name=x: 'alphabet' is no table"),
        ("train.steps.x=1", "--set train.steps.x=1: 'steps' is no table"),
        ("train=5", "--set: 'train' is 5; expected a table [train]"),
    ],
)
def test_wrong_settings_are_one_line(setting: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe().with_settings([setting])
    assert str(caught.value) == message


@pytest.mark.parametrize(("task", "name", "path"), OF_TASKS, ids=[f"{task}-{name}" for task, name, _ in OF_TASKS])
def test_every_shipped_recipe_loads_and_builds(task: str, name: str, path: Path) -> None:
    import torch

    recipe, owner = load_recipe(path), registry().task(task)
    alphabet = owner.alphabet_named(recipe.alphabet)
    with torch.device("meta"):
        build_network(recipe, alphabet, registry())
    if owner.renderer:
        owner.renderer.configured(alphabet, recipe.renderer)


def test_recipes_are_found() -> None:
    assert {"fast", "paper"} <= set(RECIPES)
