"""Model files: safetensors weights with everything needed to read with them in the metadata, as JSON. Never pickle."""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from seqrec.alphabet import Alphabet
from seqrec.direction import Direction, direction_of
from seqrec.errors import MissingExtraError, ModelFileError, SeqrecError
from seqrec.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

FORMAT = 1
"""Version of the metadata; a reader refuses higher ones."""

TEMPERATURES = (0.05, 20.0)
"""Lowest and highest temperature that a model file may hold; beyond them nothing of a confidence is left."""

METADATA_KEY = "seqrec"
"""Under which a file's metadata hold the card."""

_PLACE = "__metadata__"  # where a safetensors header keeps text
_CHECKSUM = "sha256"  # of all that follows the header, in hexadecimal


@dataclass(frozen=True)
class ModelCard:
    """What a model file says of its weights.

    Attributes:
        task: Name of the task.
        plugin: Distribution that brought the task, with its version.
        alphabet: The symbols of the head, in order.
        recipe: How it was trained.
        turn_tall: Whether crops taller than wide are read turned as well.
        direction: Which way a line runs, as `seqrec.direction` names it.
        versions: Of seqrec and torch when it was written.
        trained: Steps, pictures, minutes, and what validation said.
        temperature: What confidences are brought to with, see `seqrec.reliability.tempered`; 1 leaves them as they are.

    Raises:
        ModelFileError: A temperature that is not in `TEMPERATURES`.
    """

    task: str
    plugin: str
    alphabet: Alphabet
    recipe: Recipe
    turn_tall: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    trained: Mapping[str, object] = field(default_factory=dict)
    temperature: float = 1.0
    direction: Direction = "rightwards"

    def __post_init__(self) -> None:
        checked_temperature(self.temperature, f"a model of task '{self.task}'")


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
    """Write a model file with a checksum of its weights; an older one is replaced only when the new one is complete.

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
    content = save(stored, metadata={METADATA_KEY: card_to_json(card)})
    write_atomically(path, _with_told(content, {_CHECKSUM: hashlib.sha256(content[_end_of_header(content) :]).hexdigest()}))


def card_to_json(card: ModelCard) -> str:
    """A card as it stands in a file's metadata, under `METADATA_KEY`."""
    told = {
        "format": FORMAT,
        "task": card.task,
        "plugin": card.plugin,
        "alphabet": json.loads(card.alphabet.to_json()),
        "recipe": card.recipe.to_toml(),
        "turn_tall": card.turn_tall,
        "versions": dict(card.versions),
        "trained": dict(card.trained),
        "temperature": card.temperature,
        "direction": card.direction,
    }
    return json.dumps(told, ensure_ascii=False)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by new content, or leave it as it was.

    Raises:
        ModelFileError: The disk is full or the folder not writable.
    """
    partial = path.with_name(path.name + ".part")
    try:
        partial.unlink(missing_ok=True)
        with partial.open("xb") as file:  # never through a link that somebody left there
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise ModelFileError(f"'{path}' cannot be written: {error}; what was there before is untouched") from error


def read_card(path: Path) -> ModelCard:
    """What a model file, or an exported one, says of itself; its weights are not read.

    Raises:
        ModelFileError: No model file, or one of a later version.
    """
    if path.suffix == ".onnx":
        from seqrec.onnx_metadata import onnx_metadata

        return card_from_metadata(onnx_metadata(path), path)
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), "numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"'{path}' is no safetensors file: {error}; copy or train it again") from error
    return card_from_metadata(metadata, path)


def card_from_metadata(metadata: Mapping[str, str], path: Path) -> ModelCard:
    """The card in a file's metadata.

    Args:
        metadata: Of a safetensors or ONNX file.
        path: The file, for messages.

    Raises:
        ModelFileError: There is none, or one of a later version.
    """
    try:
        told = json.loads(metadata[METADATA_KEY])
        if told["format"] > FORMAT:
            raise ModelFileError(f"'{path}' is of format {told['format']}; this seqrec reads up to {FORMAT}: upgrade seqrec")
        return ModelCard(
            _of_type(told, "task", str),
            _of_type(told, "plugin", str),
            Alphabet.from_json(json.dumps(told["alphabet"])),
            Recipe.from_toml(told["recipe"], f"recipe in '{path}'"),
            bool(told["turn_tall"]),
            _of_type(told, "versions", dict),
            _of_type(told, "trained", dict),
            checked_temperature(told.get("temperature", 1.0), f"'{path}'"),
            direction_of(told.get("direction", "rightwards")),
        )
    except ModelFileError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, SeqrecError) as error:
        raise ModelFileError(f"'{path}' has no usable seqrec metadata ({error}); it was not written by this seqrec") from error


def _of_type(told: Mapping[str, Any], key: str, kind: type[T]) -> T:
    if not isinstance(told[key], kind):
        raise TypeError(f"its '{key}' is {str(told[key])[:40]!r}; expected {kind.__name__}")
    return told[key]  # type: ignore[no-any-return]


def store_temperature(path: Path, temperature: float) -> None:
    """Write another temperature into a model file; its weights keep every bit.

    Args:
        path: A model file.
        temperature: In `TEMPERATURES`.

    Raises:
        ModelFileError: Not such a temperature, no model file, or it cannot be written; the file is then as it was.
    """
    checked_temperature(temperature, f"'{path}'")
    read_card(path)  # says what is wrong with a file that is no model
    write_atomically(path, _with_told(path.read_bytes(), {"temperature": temperature}))


def _end_of_header(content: bytes) -> int:
    return 8 + int.from_bytes(content[:8], "little")


def _with_told(content: bytes, changes: Mapping[str, object]) -> bytes:
    """The bytes of a model file that says something else of its weights, which keep every bit.

    Source:
        The safetensors format: 8 bytes with the length of a JSON header, the header, the tensors. The header may end in spaces.
    """
    end = _end_of_header(content)
    header = json.loads(content[8:end])
    header[_PLACE][METADATA_KEY] = json.dumps(json.loads(header[_PLACE][METADATA_KEY]) | changes, ensure_ascii=False)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + content[end:]


def checked_temperature(value: object, subject: str) -> float:
    """The value, if it is a temperature.

    Raises:
        ModelFileError: It is no number in `TEMPERATURES`; the message begins with the subject.
    """
    low, high = TEMPERATURES
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or not low <= value <= high:
        raise ModelFileError(f"{subject}: temperature {value!r} is no number from {low} to {high:g}; 1 leaves confidences alone")
    return float(value)


def read_weights(path: Path) -> "dict[str, Tensor]":
    """The weights of a model file, floats as float32.

    Raises:
        MissingExtraError: torch is not installed.
        ModelFileError: The file is broken, or its weights have not the checksum that it states.
    """
    require_torch()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(path)
        if not _as_written(path):
            raise ModelFileError(f"'{path}' is damaged: its weights have not the checksum that it states; copy it again")
        return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    except (SafetensorError, OSError, RuntimeError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise ModelFileError(f"'{path}' is no safetensors file: {error}; copy or train it again") from error


def _as_written(path: Path) -> bool:
    """Whether the weights of a safetensors file have the checksum that it states, or it states none."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        told = json.loads(header.get(_PLACE, {}).get(METADATA_KEY, "{}"))
        return _CHECKSUM not in told or told[_CHECKSUM] == hashlib.file_digest(file, "sha256").hexdigest()


def weight_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name of each tensor of a model file → its shape; the weights are not read.

    Raises:
        ModelFileError: The file is broken.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), "numpy") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - it is no dict
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"'{path}' is no safetensors file: {error}; copy or train it again") from error


def require_torch() -> None:
    """Nothing, where torch can be imported.

    Raises:
        MissingExtraError: It cannot; the message says how to install it.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"this needs torch ({error}); install it with: pip install 'seqrec[torch]'") from error
