"""Weights of other projects that have the paper's network, from their state dicts: what they compute, in parts of ours.

Their recurrent layers end in linear maps. A linear map before a linear map is one linear map, so those between the layers become
part of the layer above, and those at the end one head; a convolution's bias before batch norm moves into the norm's mean. What
comes out is the same function, up to rounding.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from seqrec.alphabet import Alphabet
from seqrec.engines.fitting import network_for
from seqrec.errors import ModelFileError
from seqrec.model_file import ModelCard
from seqrec.plugins import Registry
from seqrec.recipe import PartRecipe, PictureRecipe, Recipe
from seqrec.task import Task
from seqrec.training.saved_state import load_saved
from seqrec.training.setup import card_of

SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Which both projects read by default, in their order."""

LSTM = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
Weights = Mapping[str, Tensor]
Linear = tuple[Tensor, Tensor]
"""Weight (out, in) and bias (out,)."""


@dataclass(frozen=True)
class Layout:
    """How a project names its layers.

    Attributes:
        name: Of the project.
        convolutions: Name of each convolution, and of its batch norm or nothing.
        recurrent: Name of each bidirectional LSTM, and of the linear map behind it.
        head: Linear map behind these, or nothing where the last of them gives the classes.
        overlapping_pools: As in `seqrec.backbones.paper`.
    """

    name: str
    convolutions: Sequence[tuple[str, str]]
    recurrent: Sequence[tuple[str, str]]
    head: str
    overlapping_pools: bool


LAYOUTS = (
    Layout(
        "crnn.pytorch",
        [(f"cnn.conv{place}", f"cnn.batchnorm{place}" if place in (2, 4, 6) else "") for place in range(7)],
        [(f"rnn.{place}.rnn", f"rnn.{place}.embedding") for place in range(2)],
        "",
        overlapping_pools=True,
    ),
    Layout(
        "deep-text-recognition-benchmark",
        [
            (f"FeatureExtraction.ConvNet.{place}", f"FeatureExtraction.ConvNet.{norm}" if norm else "")
            for place, norm in ((0, 0), (3, 0), (6, 0), (8, 0), (11, 12), (14, 15), (18, 0))
        ],
        [(f"SequenceModeling.{place}.rnn", f"SequenceModeling.{place}.linear") for place in range(2)],
        "Prediction",
        overlapping_pools=False,
    ),
)
"""Source: meijieru/crnn.pytorch, `models/crnn.py`; clovaai/deep-text-recognition-benchmark, `modules/`, None-VGG-BiLSTM-CTC."""


def foreign_model(path: Path, task: Task, plugins: Registry, symbols: str = SYMBOLS) -> tuple[dict[str, Tensor], ModelCard]:
    """Weights and card of a model that reads as the one in a state dict does, for `seqrec.model_file.save_model`.

    Args:
        path: What `torch.save(model.state_dict(), path)` wrote. Only tensors, numbers and texts are read of it.
        task: Whose pictures it reads.
        plugins: Where the parts are.
        symbols: That it reads, in its order; its class 0 is the blank.

    Raises:
        AlphabetError: A symbol comes twice.
        ModelFileError: No state dict, one of another network, or of another number of symbols.
    """
    given = state_dict_of(path)
    layout = next((one for one in LAYOUTS if f"{one.convolutions[0][0]}.weight" in given), None)
    if layout is None:
        known = " and ".join(one.name for one in LAYOUTS)
        raise ModelFileError(f"'{path}' has no layer {', '.join(sorted(given)[:3])} … of a network that is known: {known} (CTC)")
    source = _Source(given, path)
    weights = converted(source, layout)
    found = len(weights["transcription.head.weight"]) - 1
    if found != len(symbols):
        raise ModelFileError(f"'{path}' reads {found} symbols, and {len(symbols)} are named; name its own, in its order")
    if left := source.left:
        raise ModelFileError(f"'{path}' holds {left[0]}, which {layout.name}'s network with CTC does not have")
    alphabet, rows = _alphabet(symbols, task)
    for name in ("transcription.head.weight", "transcription.head.bias"):
        weights[name] = weights[name][rows]
    recipe = Recipe(
        task=task.name,
        alphabet=alphabet.name,
        picture=PictureRecipe(width_px=100, levels="fixed"),
        backbone=PartRecipe(
            "paper",
            {
                "norms": [place for place, (_, norm) in enumerate(layout.convolutions, 1) if norm],
                "overlapping_pools": layout.overlapping_pools,
            },
        ),
        sequence=PartRecipe("bilstm", {"hidden": weights["sequence.lstm.weight_hh_l0"].shape[1], "layers": 2}),
        transcription=PartRecipe("ctc", {"compose": False}),
    )
    trained = {"imported": layout.name, "file": path.name}
    card = dataclasses.replace(card_of(recipe, task, alphabet, plugins), trained=trained)
    network_for(card, {name: tuple(value.shape) for name, value in weights.items()}, plugins, path)
    return weights, card


def state_dict_of(path: Path) -> dict[str, Tensor]:
    """Name → tensor of a state dict, without the prefixes of `DataParallel`; also of a checkpoint that holds one.

    Raises:
        ModelFileError: There is none.
    """
    try:
        saved = load_saved(path, older=True)
    except Exception as error:  # what torch and pickle raise has no common class
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(
            f"'{path}' holds no state dict that can be read ({reason}); write one with torch.save(model.state_dict(), PATH)"
        ) from error
    for name in ("state_dict", "model_state_dict", "model"):
        if isinstance(saved.get(name), dict):
            saved = saved[name]
    tensors = {re.sub(r"^(module\.)+", "", str(name)): value for name, value in saved.items() if isinstance(value, Tensor)}
    if not tensors:
        raise ModelFileError(f"'{path}' holds no weights; write them with torch.save(model.state_dict(), PATH)")
    return tensors


class _Source:
    """Tensors by name, in double precision, and which of them nobody asked for."""

    def __init__(self, given: Weights, path: Path) -> None:
        self._given, self._path, self._asked = given, path, {name for name in given if name.endswith("num_batches_tracked")}

    def __call__(self, name: str) -> Tensor:
        if name not in self._given:
            raise ModelFileError(f"'{self._path}' lacks {name}; is it another network than the paper's with CTC?")
        self._asked.add(name)
        return self._given[name].double()

    def has(self, name: str) -> bool:
        return name in self._given

    def linear(self, name: str) -> Linear:
        return self(f"{name}.weight"), self(f"{name}.bias")

    @property
    def left(self) -> list[str]:
        return sorted(set(self._given) - self._asked)


def converted(source: _Source, layout: Layout) -> dict[str, Tensor]:
    """The weights of `paper`, `bilstm` and `ctc` that compute what a project's layers do.

    Raises:
        ModelFileError: A layer is missing.
    """
    weights: dict[str, Tensor] = {}
    for place, (convolution, norm) in enumerate(layout.convolutions):
        stage = f"backbone.stages.{place}"
        weights[f"{stage}.conv.weight"] = source(f"{convolution}.weight")
        bias = source(f"{convolution}.bias") if source.has(f"{convolution}.bias") or not norm else None
        if not norm:
            assert bias is not None
            weights[f"{stage}.conv.bias"] = bias
            continue
        for part in ("weight", "bias", "running_mean", "running_var"):
            weights[f"{stage}.norm.{part}"] = source(f"{norm}.{part}")
        weights[f"{stage}.norm.num_batches_tracked"] = torch.zeros((), dtype=torch.int64)
        if bias is not None:
            weights[f"{stage}.norm.running_mean"] = weights[f"{stage}.norm.running_mean"] - bias
    before: Linear | None = None
    for layer, (recurrent, linear) in enumerate(layout.recurrent):
        for direction in ("", "_reverse"):
            named = {part: source(f"{recurrent}.{part}_l0{direction}") for part in LSTM}
            if before is not None:
                named["weight_ih"], named["bias_ih"] = _after((named["weight_ih"], named["bias_ih"]), before)
            weights |= {f"sequence.lstm.{part}_l{layer}{direction}": value for part, value in named.items()}
        before = source.linear(linear)
    assert before is not None
    head = _after(source.linear(layout.head), before) if layout.head else before
    weights["transcription.head.weight"], weights["transcription.head.bias"] = head
    return {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}


def _after(second: Linear, first: Linear) -> Linear:
    """One linear map that does what two do, one after the other.

    Raises:
        ModelFileError: One does not take what the other gives.
    """
    if second[0].shape[1] != first[0].shape[0]:
        raise ModelFileError(f"a layer takes {second[0].shape[1]} features where the one before gives {first[0].shape[0]}")
    return second[0] @ first[0], second[0] @ first[1] + second[1]


def _alphabet(symbols: str, task: Task) -> tuple[Alphabet, list[int]]:
    """The task's alphabet of these symbols, or else one of their own; and for each of its classes the class of the model."""
    for alphabet in (task.alphabet, *task.alphabets):
        if len(symbols) == len(alphabet) and set(symbols) == set(alphabet.symbols):
            return alphabet, [0, *(1 + symbols.index(symbol) for symbol in alphabet.symbols)]
    return Alphabet("imported", [*symbols], source="the order of an imported model"), [*range(len(symbols) + 1)]
