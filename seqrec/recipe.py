"""Recipes: one flat TOML file is one complete experiment. No inheritance, no interpolation; an unknown key is an error."""

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import tomli_w

from seqrec.errors import RecipeError, nearest

MOST_HEIGHT_PX, MOST_WIDTH_PX = 1024, 100_000
"""Sizes to which pictures may be scaled at most: a recipe may come in a stranger's model file."""

FIXED_LEVELS = (127.5, 127.5)
"""Mean and deviation of brightness that `picture.levels = "fixed"` measures by: 0 to 255 become -1 to 1."""

Options = Mapping[str, object]


@dataclass(frozen=True)
class PictureRecipe:
    """How pictures are scaled before they are read.

    Attributes:
        height_px: Height of every picture.
        min_width_px: Narrower ones are stretched to this (the paper: 100).
        max_width_px: Wider ones are refused with a message.
        width_px: Every picture is stretched or squeezed to this; 0 keeps proportions.
        levels: What brightness is measured by: `own` is each picture's mean and standard deviation, `fixed` takes 0 to 255 to
            -1 to 1.
        prepare: Name of what the task does to a picture before; empty for nothing.
    """

    height_px: int = 32
    min_width_px: int = 100
    max_width_px: int = 20_000
    width_px: int = 0
    levels: Literal["own", "fixed"] = "own"
    prepare: str = ""


@dataclass(frozen=True)
class PartRecipe:
    """A part's name and the keyword arguments of its constructor; they stand flat in the part's table."""

    name: str
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class DataRecipe:
    """Where training pictures come from and how often each is shown.

    Attributes:
        chunk: Pictures drawn (or read) together; batches of like width are formed within a chunk.
        reuse: How many times each picture is shown, in different chunks, augmented anew each time.
        curriculum: The first so many drawn pictures grow from easy ones to what the recipe says; 0 for none, and where a run
            starts from trained weights.
        augment: Strength of augmentation, 0 none to 1.
        invert: Part of the pictures whose polarity is turned, 0..1.
        render_weight: Share of drawn pictures beside those of `--data`, whose own weights default to 1.
        workers: Processes that draw and read, and give way to training; -1 for as many as cores, 0 for none.
        held_out: Pictures drawn for validation where there is no `validation`.
        sets: Labelled data sets to mix in, each `PATH` or `PATH=WEIGHT`; `--data` replaces them.
        validation: Labelled data sets to validate on, instead of held-out renderings; `--val` replaces them.
    """

    chunk: int = 4096
    reuse: int = 2
    curriculum: int = 0
    augment: float = 1.0
    invert: float = 0.5
    render_weight: float = 1.0
    workers: int = -1
    held_out: int = 512
    sets: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainRecipe:
    """How the network is fitted.

    Attributes:
        optimizer: `adamw`, or the paper's `adadelta`.
        learning_rate: At its highest.
        schedule: `cosine` down to `final_rate` of it at the horizon, or `constant`.
        final_rate: Share of the learning rate that is left at the end of the cosine.
        warmup_steps: Steps over which the rate rises from 0.
        weight_decay: Decoupled; on weights of two or more axes only.
        adadelta_rho: Decay of ADADELTA's running averages (the paper: 0.9).
        guide_steps: Steps over which the network is also told where each symbol was drawn, with a weight that falls from 1
            to 0; 0 for never. Pictures from data sets, whose places are not known, are not affected.
        clip_norm: Gradients are scaled down to this norm; 0 for never.
        batch_size: Pictures a step and process.
        precision: `auto` is bfloat16 where the processor has it; `float32`; `bfloat16`.
        ema_decay: Of the running average of weights that is validated and saved; 0 for none.
        steps: Length of the run, 0 where `minutes` says it.
        minutes: Length of the run, 0 where `steps` says it.
        validate_every: Steps between validations.
        save_every_s: Seconds between checkpoints.
        patience: Stop after so many validations without a better one; 0 for never.
        seed: Of weights, pictures and order.
    """

    optimizer: Literal["adamw", "adadelta"] = "adamw"
    learning_rate: float = 1.5e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    final_rate: float = 0.01
    warmup_steps: int = 200
    weight_decay: float = 0.01
    adadelta_rho: float = 0.9
    guide_steps: int = 1500
    clip_norm: float = 5.0
    batch_size: int = 32
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    ema_decay: float = 0.999
    steps: int = 0
    minutes: float = 30.0
    validate_every: int = 1000
    save_every_s: float = 300.0
    patience: int = 0
    seed: int = 1


@dataclass(frozen=True)
class Recipe:
    """A named, complete experiment.

    Attributes:
        task: Name of the task.
        alphabet: Name of one of the task's alphabets; empty for its default.
        renderer: Options of the task's renderer.
    """

    task: str = ""
    alphabet: str = ""
    picture: PictureRecipe = field(default_factory=PictureRecipe)
    backbone: PartRecipe = field(default_factory=lambda: PartRecipe("fast"))
    sequence: PartRecipe = field(default_factory=lambda: PartRecipe("bilstm"))
    transcription: PartRecipe = field(default_factory=lambda: PartRecipe("ctc"))
    renderer: Options = field(default_factory=dict)
    data: DataRecipe = field(default_factory=DataRecipe)
    train: TrainRecipe = field(default_factory=TrainRecipe)

    def to_toml(self) -> str:
        """The whole recipe; `from_toml` reads it back to an equal one."""
        tree: dict[str, object] = {}
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, PartRecipe):
                value = {"name": value.name, **value.options}
            elif dataclasses.is_dataclass(value) and not isinstance(value, type):
                value = dataclasses.asdict(value)
            tree[entry.name] = value
        return tomli_w.dumps(tree)

    @classmethod
    def from_toml(cls, text: str, source: str = "recipe") -> "Recipe":
        """The recipe in a TOML text.

        Args:
            text: TOML.
            source: What messages call it.

        Raises:
            RecipeError: Not TOML, an unknown key or table, or a value of another type.
        """
        try:
            tree = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"{source}: not TOML: {error}") from error
        return cls.from_tree(tree, source)

    @classmethod
    def from_tree(cls, tree: Mapping[str, object], source: str = "recipe") -> "Recipe":
        """The recipe in nested tables, as `tomllib` gives them; errors as in `from_toml`."""
        recipe = _checked(cls, tree, "", source)
        if recipe.train.steps < 0 or recipe.train.minutes < 0 or not (recipe.train.steps or recipe.train.minutes):
            raise RecipeError(f"{source}: a run needs a length: train.steps or train.minutes above 0")
        for key, value, least in (
            ("picture.height_px", recipe.picture.height_px, 8),
            ("picture.min_width_px", recipe.picture.min_width_px, 8),
            ("picture.max_width_px", recipe.picture.max_width_px, recipe.picture.min_width_px),
            ("picture.width_px", recipe.picture.width_px, 8 if recipe.picture.width_px else 0),
            ("data.chunk", recipe.data.chunk, 1),
            ("data.reuse", recipe.data.reuse, 1),
            ("data.augment", recipe.data.augment, 0),
            ("data.held_out", recipe.data.held_out, 1),
            ("train.learning_rate", recipe.train.learning_rate, 0),
            ("train.weight_decay", recipe.train.weight_decay, 0),
            ("train.batch_size", recipe.train.batch_size, 1),
            ("train.validate_every", recipe.train.validate_every, 1),
            ("train.patience", recipe.train.patience, 0),
            ("train.seed", recipe.train.seed, 0),
        ):
            if not value >= least:  # NaN is not
                raise RecipeError(f"{source}: '{key}' is {value}; it must be at least {least}")
        for key, value, most in (
            ("picture.height_px", recipe.picture.height_px, MOST_HEIGHT_PX),
            ("picture.max_width_px", recipe.picture.max_width_px, MOST_WIDTH_PX),
            ("picture.width_px", recipe.picture.width_px, recipe.picture.max_width_px),
        ):
            if value > most:
                raise RecipeError(f"{source}: '{key}' is {value}; it must be at most {most}")
        if not 0 <= recipe.train.ema_decay < 1:
            raise RecipeError(f"{source}: 'train.ema_decay' is {recipe.train.ema_decay}; it must be in 0..1, below 1")
        if not 0 <= recipe.data.invert <= 1:
            raise RecipeError(f"{source}: 'data.invert' is {recipe.data.invert}; it must be in 0..1")
        return recipe

    def with_layers_of(self, other: "Recipe") -> "Recipe":
        """This recipe for the network of another one, on pictures as that one sees them."""
        parts = {name: getattr(other, name) for name in ("picture", "backbone", "sequence", "transcription")}
        return dataclasses.replace(self, **parts)

    def with_settings(self, settings: Iterable[str]) -> "Recipe":
        """This recipe with `KEY=VALUE` settings, as `train.batch_size=128`, `backbone.name=paper` or `alphabet=alnum36`.

        A value is read as TOML; what is no TOML is taken as text. A new `name` of a part drops the old part's options.

        Raises:
            RecipeError: No `=`, an unknown key, or a value of another type.
        """
        tree = tomllib.loads(self.to_toml())
        for setting in settings:
            key, found, text = setting.partition("=")
            if not found:
                raise RecipeError(f"--set {setting}: no '='; write KEY=VALUE, as in train.batch_size=128")
            *tables, last = key.strip().split(".")
            table = tree
            for name in tables:
                table = table.setdefault(name, {})
                if not isinstance(table, dict):
                    raise RecipeError(f"--set {setting}: '{name}' is no table")
            value = _read_value(text)
            if last == "name" and len(tables) == 1 and table.get("name") != value:
                table.clear()
            table[last] = value
        return Recipe.from_tree(tree, "--set")


def load_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file.

    Raises:
        RecipeError: Missing, unreadable, or not a recipe.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: no recipe can be read there: {error}") from error
    return Recipe.from_toml(text, path.name)


T = TypeVar("T")


def _checked(kind: type[T], tree: Mapping[str, object], prefix: str, source: str) -> T:
    """A dataclass from a table, each key and type checked."""
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if key not in hints:
            known = [f"{prefix}{field}" for field in hints]
            raise RecipeError(f"{source}: unknown key '{name}'{nearest(name, known)}")
        hint = hints[key]
        if hint is PartRecipe:
            table = _table(value, name, source)
            part = table.pop("name", None)
            if not isinstance(part, str):
                raise RecipeError(f"{source}: '{name}.name' is missing or no text; it names the part, as in name = \"fast\"")
            values[key] = PartRecipe(part, table)
        elif isinstance(hint, type) and dataclasses.is_dataclass(hint):
            values[key] = _checked(hint, _table(value, name, source), f"{name}.", source)
        elif hint == Options:
            values[key] = _table(value, name, source)
        else:
            values[key] = _typed(value, hint, name, source)
    return kind(**values)


def _table(value: object, name: str, source: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise RecipeError(f"{source}: '{name}' is {value!r}; expected a table [{name}]")
    return dict(value)


def _typed(value: object, hint: Any, name: str, source: str) -> object:
    """The value, if it is of the type that the field says; an int is taken for a float."""
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        raise RecipeError(f"{source}: '{name}' is {value!r}{nearest(str(value), [str(v) for v in get_args(hint)])}")
    if hint == tuple[str, ...]:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise RecipeError(f"{source}: '{name}' is {value!r}; expected a list of texts")
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if float in kinds and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if any(isinstance(value, kind) and isinstance(value, bool) == (kind is bool) for kind in kinds):
        return value
    raise RecipeError(f"{source}: '{name}' is {value!r}; expected {' or '.join(kind.__name__ for kind in kinds)}")


def _read_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
