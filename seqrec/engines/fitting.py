"""Whether weights fit a recipe, found before memory is taken for the network: a model file may be a stranger's."""

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_buffer_registration_hook, register_module_parameter_registration_hook
from torch.overrides import TorchFunctionMode

from seqrec.errors import ModelFileError, PluginError
from seqrec.model_file import ModelCard
from seqrec.network import Network, build_network
from seqrec.plugins import Registry
from seqrec.recipe import Recipe
from seqrec.shelf import CORE

Shapes = Mapping[str, tuple[int, ...]]

_NUMBERS_BESIDE = 1 << 24
"""Numbers that a network may have beside its weights, as those that say which parts a symbol is composed of."""
_TENSORS_BESIDE = 64
_NAMED = 3


def network_for(card: ModelCard, shapes: Shapes, registry: Registry, file: Path) -> Network:
    """The network of a card, if weights of these shapes are its own; with fresh weights.

    It is built without memory first. A part of a plugin that cannot be built so is built as it is.

    Args:
        card: What the file says of itself.
        shapes: Name of each tensor in the file → its shape.
        registry: The parts.
        file: For messages.

    Raises:
        ModelFileError: The recipe describes another network than the one whose weights these are.
        PluginError, RecipeError: As for `seqrec.network.build_network`.
    """
    stored = sum(math.prod(shape) for shape in shapes.values())
    try:
        most = stored + max(stored, _NUMBERS_BESIDE), len(shapes) + _TENSORS_BESIDE
        with _counted(*most, file), torch.device("meta"), _Unfilled():
            planned = build_network(card.recipe, card.alphabet, registry)
    except (ModelFileError, PluginError):
        raise
    except Exception:
        if _of_the_core(card.recipe, registry):
            raise
        return build_network(card.recipe, card.alphabet, registry)
    expected = {name: tuple(tensor.shape) for name, tensor in planned.state_dict().items()}
    faults = [f"lacks {name}" for name in expected if name not in shapes]
    faults += [f"holds {name}, which is none of its weights" for name in shapes if name not in expected]
    faults += [
        f"holds {name} of shape {shapes[name]} for {shape}"
        for name, shape in expected.items()
        if shapes.get(name, shape) != shape
    ]
    if faults:
        more = f" and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
        raise ModelFileError(f"'{file}': its weights do not fit its recipe: it {', '.join(faults[:_NAMED])}{more}")
    return build_network(card.recipe, card.alphabet, registry)


def _of_the_core(recipe: Recipe, registry: Registry) -> bool:
    """Whether all parts of a recipe are built in."""
    backbone, sequence, transcription = recipe.backbone.name, recipe.sequence.name, recipe.transcription.name
    owners = {
        registry.backbones.owner(registry.backbones.get(backbone)),
        registry.sequence_models.owner(registry.sequence_models.get(sequence)),
        registry.transcriptions.owner(registry.transcriptions.get(transcription)),
    }
    return owners == {CORE}


class _Unfilled(TorchFunctionMode):
    """Within it weights are not drawn by chance: without memory that does nothing, but torch takes a second to prepare for it."""

    def __torch_function__(
        self, function: Callable[..., object], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> object:
        return args[0] if function in (Tensor.normal_, Tensor.uniform_) else function(*args, **kwargs or {})


@contextmanager
def _counted(numbers: int, tensors: int, file: Path) -> Iterator[None]:
    """Within it this thread may build modules of so many numbers and tensors at most.

    Raises:
        ModelFileError: More are built.
    """
    mine, left = threading.get_ident(), [numbers, tensors]

    def count(module: nn.Module, name: str, tensor: Tensor | None) -> None:
        if tensor is None or threading.get_ident() != mine:
            return
        left[0] -= tensor.numel()
        left[1] -= 1
        if min(left) < 0:
            raise ModelFileError(
                f"'{file}': its weights do not fit its recipe, which describes a larger network than they make up"
            )

    hooks = [register_module_parameter_registration_hook(count), register_module_buffer_registration_hook(count)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
