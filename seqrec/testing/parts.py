"""What every backbone and every sequence model promises. torch is imported when a promise is checked."""

import functools
import io
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from seqrec.interfaces import Backbone, Part, SequenceModel
from seqrec.recipe import PartRecipe
from seqrec.testing.learning import learn_by_heart
from seqrec.testing.promise import CheckError, Promise, keep_all, needs_torch, require

if TYPE_CHECKING:
    from torch import Tensor, nn

_TOLERANCE = 1e-4
_HEIGHT_PX = 32
_WIDTHS = (100, 400, 132, 180, 104)  # pixels; multiples of 4
_FEATURES = 12
_LENGTHS = (5, 30, 1, 17)  # frames


def check_backbone(part: Part, **options: object) -> None:
    """Nothing, if a backbone keeps its promises.

    What comes out has the shape, frames and features that it announces; a picture's frames are the same alone and padded; a frame
    stands where it says; gradient reaches every parameter; the same seed gives the same weights; it pickles, and gives the same
    from saved weights; with the core's other parts it learns eight pictures by heart.

    Args:
        part: As a plugin's `seqrec_backbones` offers it.
        options: Of its constructor.

    Raises:
        CheckError: The first promise that is not kept.
        MissingExtraError: torch is not installed.
    """
    keep_all(backbone_promises(part, **options))


def check_sequence_model(part: Part, **options: object) -> None:
    """Nothing, if a sequence model keeps its promises: those of a backbone, as far as they concern it.

    Args:
        part: As a plugin's `seqrec_sequence_models` offers it.
        options: Of its constructor.

    Raises:
        CheckError: The first promise that is not kept.
        MissingExtraError: torch is not installed.
    """
    keep_all(sequence_promises(part, **options))


def backbone_promises(part: Part, **options: object) -> list[Promise]:
    """The promises of a backbone."""
    build = functools.partial(built, part, "backbone", options, height_px=_HEIGHT_PX)

    def run(module: "nn.Module") -> "Tensor":
        import torch

        result: Tensor = module(noise(2, 1, _HEIGHT_PX, _WIDTHS[2]), torch.tensor([_WIDTHS[2], _WIDTHS[0]]))
        return result

    found = {
        "gives-what-it-announces": lambda: _backbone_shapes(build()),
        "padding-changes-nothing": lambda: _backbone_padding(lively(build())),
        "frames-stand-where-it-says": lambda: _frame_places(lively(build())),
        **module_promises(build, run),
        "learns-by-heart": lambda: learns_bars(backbone=build()),
    }
    return [Promise("backbone", part.name, name, function) for name, function in found.items()]


def sequence_promises(part: Part, **options: object) -> list[Promise]:
    """The promises of a sequence model."""
    build = functools.partial(built, part, "sequence", options, in_features=_FEATURES)

    def run(module: "nn.Module") -> "Tensor":
        import torch

        result: Tensor = module(noise(9, 2, _FEATURES), torch.tensor([9, 4]))
        return result

    found = {
        "gives-what-it-announces": lambda: _sequence_shapes(build()),
        "padding-changes-nothing": lambda: _sequence_padding(lively(build())),
        **module_promises(build, run),
        "learns-by-heart": lambda: learns_bars(sequence=lambda features: built(part, "sequence", options, in_features=features)),
    }
    return [Promise("sequence-model", part.name, name, function) for name, function in found.items()]


def built(part: Part, table: str, options: "dict[str, object]", **given: object) -> "nn.Module":
    """A fresh part, as a recipe builds it, with the weights of seed 1; torch's own state of chance stays as it was."""
    needs_torch()
    import torch

    from seqrec.network import build_part

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        module = build_part(part, table, PartRecipe(part.name, options), **given)
    require(isinstance(module, torch.nn.Module), f"it is {type(module).__name__}; expected a torch.nn.Module")
    return cast("nn.Module", module)


def lively(module: "nn.Module") -> "nn.Module":
    """A part in evaluation mode whose batch norms are not those of fresh weights, which would hide what padding does to them."""
    import torch

    generator = torch.Generator().manual_seed(2)
    for norm in module.modules():
        if isinstance(norm, torch.nn.modules.batchnorm._BatchNorm):
            for values in (norm.running_mean, norm.bias):
                if values is not None:
                    values.data.normal_(0.0, 0.3, generator=generator)
    return module.eval()


def noise(*shape: int) -> "Tensor":
    """The same normal numbers each time."""
    import torch

    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def module_promises(build: "Callable[[], nn.Module]", run: "Callable[[nn.Module], Tensor]") -> dict[str, Callable[[], None]]:
    """What holds for every part with weights: seeds, gradients, pickling, saving."""

    def run_still(module: "nn.Module") -> "Tensor":
        import torch

        with torch.inference_mode():
            return run(module.eval())

    def seeds() -> None:
        one, other = (module.state_dict() for module in (build(), build()))
        differing = [name for name, value in one.items() if not value.equal(other[name])]
        require(not differing, f"the same seed gives other weights: {', '.join(differing[:3])}")

    def gradients() -> None:
        import torch

        module = build().train()
        given = run(module)
        torch.autograd.backward((given * noise(*given.shape)).sum())  # a plain sum is constant behind a normalisation
        without = [name for name, value in module.named_parameters() if value.grad is None or not value.grad.abs().max() > 0]
        require(not without, f"no gradient reaches {', '.join(without[:3])}")

    def pickles() -> None:
        module = build()
        again = pickle.loads(pickle.dumps(module))
        require(run_still(again).equal(run_still(module)), "after pickling it gives something else")

    def saved() -> None:
        import torch

        module = lively(build())
        file = io.BytesIO()
        torch.save(module.state_dict(), file)
        file.seek(0)
        other = build()
        other.load_state_dict(torch.load(file, weights_only=True))
        require(run_still(other).equal(run_still(module)), "with its saved weights it gives something else")

    def measured() -> None:
        import torch

        try:
            with torch.device("meta"):
                planned = build().state_dict()
        except Exception as error:
            raise CheckError(f"on torch's device 'meta' it cannot be built: {type(error).__name__}: {error}") from error
        expected = {name: value.shape for name, value in build().state_dict().items()}
        require(
            {name: value.shape for name, value in planned.items()} == expected,
            "built on torch's device 'meta' it has weights of other names or shapes",
        )

    return {
        "same-seed-same-weights": seeds,
        "is-measured-without-memory": measured,
        "gradient-reaches-every-parameter": gradients,
        "pickles": pickles,
        "gives-the-same-from-saved-weights": saved,
    }


def _backbone_shapes(module: "nn.Module") -> None:
    import torch

    lacking = [name for name in ("features", "width_step_px", "frame_stride_px", "frame_offset_px") if not hasattr(module, name)]
    require(not lacking, f"it lacks {', '.join(lacking)}; see seqrec.interfaces.Backbone")
    backbone = cast(Backbone, module.eval())
    for width in (*_WIDTHS, 116):
        width -= width % backbone.width_step_px
        (frames,) = backbone.frame_lengths(torch.tensor([width])).tolist()
        with torch.inference_mode():
            shape = tuple(backbone(torch.zeros(2, 1, _HEIGHT_PX, width), None).shape)
        expected = (frames, 2, backbone.features)
        require(shape == expected, f"a picture of {width} pixels gives frames {shape}; it announces {expected}")


def _backbone_padding(module: "nn.Module") -> None:
    import torch

    backbone = cast(Backbone, module)
    pictures = [noise(1, 1, _HEIGHT_PX, width) for width in _WIDTHS]
    widths = torch.tensor(_WIDTHS)
    batch = torch.zeros(len(pictures), 1, _HEIGHT_PX, max(_WIDTHS) + 60)
    for row, picture in enumerate(pictures):
        batch[row, :, :, : picture.shape[3]] = picture[0]
    with torch.inference_mode():
        together, lengths = backbone(batch, widths), backbone.frame_lengths(widths).tolist()
        for row, picture in enumerate(pictures):
            alone = backbone(picture, None)[:, 0]
            _same(together[: lengths[row], row], alone, f"a picture of {_WIDTHS[row]} pixels")


def _frame_places(module: "nn.Module") -> None:
    import torch

    backbone = cast(Backbone, module)
    pictures = noise(8, 1, _HEIGHT_PX, 256).requires_grad_()
    frames = backbone(pictures, None)
    middle = len(frames) // 2
    torch.autograd.backward((frames[middle] * noise(*frames[middle].shape)).sum())
    assert pictures.grad is not None
    strength = pictures.grad.abs().sum((0, 1, 2))
    centre = float((strength * (noise(1).new_tensor(range(256)) + 0.5)).sum() / strength.sum())
    said = backbone.frame_offset_px + middle * backbone.frame_stride_px
    require(
        abs(said - centre) <= backbone.frame_stride_px / 2,
        f"frame {middle} looks at columns around {centre:.1f} px; by frame_offset_px and frame_stride_px it stands at {said:.1f}",
    )


def _sequence_shapes(module: "nn.Module") -> None:
    require(hasattr(module, "features"), "it lacks features; see seqrec.interfaces.SequenceModel")
    model = cast(SequenceModel, module.eval())
    shape = tuple(model(noise(7, 3, _FEATURES), None).shape)
    require(shape == (7, 3, model.features), f"frames (7, 3, {_FEATURES}) give {shape}; it announces {(7, 3, model.features)}")


def _sequence_padding(module: "nn.Module") -> None:
    import torch

    frames = noise(max(_LENGTHS), len(_LENGTHS), _FEATURES)  # what stands beyond the ends is noise
    with torch.inference_mode():
        together = module(frames, torch.tensor(_LENGTHS))
        for row, length in enumerate(_LENGTHS):
            alone = module(frames[:length, row : row + 1], None)[:, 0]
            _same(together[:length, row], alone, f"a sample of {length} frames")


def _same(together: "Tensor", alone: "Tensor", subject: str) -> None:
    shapes = tuple(together.shape), tuple(alone.shape)
    require(shapes[0] == shapes[1], f"{subject} has frames {shapes[1]} alone and {shapes[0]} padded")
    apart = float((together - alone).abs().max())
    require(apart <= _TOLERANCE, f"{subject} has other frames when it is padded, by up to {apart:.2g}")


def learns_bars(
    backbone: "nn.Module | None" = None,
    sequence: "Callable[[int], nn.Module] | None" = None,
    transcription: "Callable[[int], nn.Module] | None" = None,
) -> None:
    """A network of these parts, and small ones of the core for the others, learns bars by heart."""
    import numpy as np
    import torch

    from seqrec.backbones.fast import FastBackbone
    from seqrec.network import Network
    from seqrec.recipe import PictureRecipe
    from seqrec.sequences.lstm import BiLSTM
    from seqrec.testing.bars import BARS, BarRenderer
    from seqrec.transcriptions.ctc import CTC

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        seeing: Any = backbone or FastBackbone(_HEIGHT_PX, channels=(8, 12, 16, 16, 24, 24, 32))
        thinking: Any = sequence(seeing.features) if sequence else BiLSTM(seeing.features, hidden=32, layers=1)
        spelling: Any = transcription(thinking.features) if transcription else CTC(thinking.features, BARS)
    samples = [BarRenderer().render(np.random.default_rng(seed)) for seed in range(8)]
    learn_by_heart(Network(seeing, thinking, spelling), BARS, PictureRecipe(), samples)
