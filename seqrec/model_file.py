"""Model files: safetensors weights with everything needed to read with them in the metadata, as JSON. Never pickle."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seqrec.alphabet import Alphabet
from seqrec.errors import AlphabetError, MissingExtraError, ModelFileError, RecipeError
from seqrec.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 1
"""Version of the metadata; a reader refuses higher ones."""

_KEY = "seqrec"


@dataclass(frozen=True)
class ModelCard:
    """What a model file says of its weights.

    Attributes:
        task: Name of the task.
        plugin: Distribution that brought the task, with its version.
        alphabet: The symbols of the head, in order.
        recipe: How it was trained.
        turn_tall: Whether crops taller than wide are read turned as well.
        versions: Of seqrec and torch when it was written.
        trained: Steps, pictures, minutes, and what validation said.
    """

    task: str
    plugin: str
    alphabet: Alphabet
    recipe: Recipe
    turn_tall: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    trained: Mapping[str, object] = field(default_factory=dict)


def find_model(path: Path) -> Path:
    """The model file of a path that is one, or of a run folder.

    Raises:
        ModelFileError: There is none.
    """
    file = path / "model.safetensors" if path.is_dir() else path
    if not file.is_file():
        raise ModelFileError(f"'{path}' holds no model; expected a model.safetensors or a run folder with one")
    return file


def save_model(path: Path, weights: "Mapping[str, Tensor]", card: ModelCard, *, half: bool = False) -> None:
    """Write a model file; an older one is replaced only when the new one is complete.

    Args:
        path: Where to.
        weights: Name → tensor.
        card: What to say of them.
        half: Store floats as float16, for half the size.

    Raises:
        ModelFileError: The disk is full or the folder not writable.
    """
    import torch
    from safetensors.torch import save

    stored = {
        name: (tensor.half() if half and tensor.dtype == torch.float32 else tensor).detach().cpu().contiguous()
        for name, tensor in weights.items()
    }
    told = {
        "format": FORMAT,
        "task": card.task,
        "plugin": card.plugin,
        "alphabet": json.loads(card.alphabet.to_json()),
        "recipe": card.recipe.to_toml(),
        "turn_tall": card.turn_tall,
        "versions": dict(card.versions),
        "trained": dict(card.trained),
    }
    write_atomically(path, save(stored, metadata={_KEY: json.dumps(told, ensure_ascii=False)}))


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by new content, or leave it as it was.

    Raises:
        ModelFileError: The disk is full or the folder not writable.
    """
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ModelFileError(f"'{path}' could not be written: {error}; what was there before is untouched") from error


def read_card(path: Path) -> ModelCard:
    """What a model file says of itself; its weights are not read.

    Raises:
        ModelFileError: No model file, or one of a later version.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), "numpy") as file:
            metadata = file.metadata() or {}
        told = json.loads(metadata[_KEY])
        if told["format"] > FORMAT:
            raise ModelFileError(f"'{path}' is of format {told['format']}; this seqrec reads up to {FORMAT}: upgrade seqrec")
        return ModelCard(
            told["task"],
            told["plugin"],
            Alphabet.from_json(json.dumps(told["alphabet"])),
            Recipe.from_toml(told["recipe"], f"recipe in '{path}'"),
            bool(told["turn_tall"]),
            told["versions"],
            told["trained"],
        )
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"'{path}' is no safetensors file: {error}; copy or train it again") from error
    except (KeyError, TypeError, ValueError, AlphabetError, RecipeError) as error:
        raise ModelFileError(f"'{path}' has no usable seqrec metadata ({error}); it was not written by this seqrec") from error


def read_weights(path: Path) -> "dict[str, Tensor]":
    """The weights of a model file, floats as float32.

    Raises:
        MissingExtraError: torch is not installed.
        ModelFileError: The file is broken.
    """
    require_torch()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"'{path}' is no safetensors file: {error}; copy or train it again") from error
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}


def require_torch() -> None:
    """Nothing, where torch can be imported.

    Raises:
        MissingExtraError: It cannot; the message says how to install it.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"this needs torch ({error}); install it with: pip install 'seqrec[torch]'") from error
