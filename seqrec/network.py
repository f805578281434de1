"""The network of a recipe: backbone → sequence model → transcription, with pictures made comparable first."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from seqrec.alphabet import Alphabet
from seqrec.backbones.stage import column_mask
from seqrec.errors import RecipeError, nearest
from seqrec.interfaces import Backbone, Part, SequenceModel, StepsTranscription, Transcription
from seqrec.pictures import fitted_width
from seqrec.plugins import Registry
from seqrec.recipe import FIXED_LEVELS, PartRecipe, Recipe


class Network(nn.Module):
    """Pictures → frames → log-probabilities or loss.

    Args:
        backbone, sequence, transcription: The three parts.
        own_levels: Whether pictures are measured by their own brightness, or by `FIXED_LEVELS`.
    """

    def __init__(
        self, backbone: Backbone, sequence: SequenceModel, transcription: Transcription, own_levels: bool = True
    ) -> None:
        super().__init__()
        self.own_levels = own_levels
        self.backbone = backbone
        self.sequence = sequence
        self.transcription = transcription

    def frames(self, images: Tensor, widths: Tensor | None) -> Tensor:
        """(N, 1, H, W) uint8 and valid widths (None: all of W for every sample) → frames in context (T, N, D')."""
        made = standardised if self.own_levels else rescaled
        frames = self.backbone(made(images, widths), widths)
        return self.sequence(frames, None if widths is None else self.backbone.frame_lengths(widths))

    def forward(
        self, images: Tensor, widths: Tensor, targets: Tensor, target_lengths: Tensor, padded: bool, centres: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The objective, mean over samples of nats a symbol, and `guidance` where centres are given, else 0: two scalars."""
        frames = self.frames(images, widths if padded else None)
        lengths = self.backbone.frame_lengths(widths)
        losses = self.transcription.loss(frames, lengths, targets, target_lengths)
        loss = (losses / target_lengths.clamp(min=1)).mean()
        return loss, self.guidance(frames, targets, centres) if centres is not None else torch.zeros_like(loss)

    def guidance(self, frames: Tensor, targets: Tensor, centres: Tensor) -> Tensor:
        """Cross-entropy of each symbol at the frame nearest to its middle, mean over the symbols whose place is known.

        A renderer knows where it drew each symbol. Told so at first, a network leaves the phase in which CTC finds nothing
        but blanks within a few hundred steps; see docs/explanation/guidance.md.

        Args:
            frames: (T, N, D').
            targets: (N, S).
            centres: x of the symbols' middles in pixels, (N, S), NaN where not known.
        """
        known = ~centres.isnan()
        places = ((centres.nan_to_num() - self.backbone.frame_offset_px) / self.backbone.frame_stride_px).round().long()
        places = places.clamp(0, frames.shape[0] - 1)
        if self.transcription.gives == "steps":
            nats = -cast(StepsTranscription, self.transcription).log_probs_at(frames, places, targets)
        else:
            samples = torch.arange(targets.shape[0], device=targets.device)[:, None]
            nats = -self.transcription.log_probs(frames[places, samples]).gather(2, targets[:, :, None])[:, :, 0]
        return (nats * known).sum() / known.sum().clamp(min=1)

    def log_probs(self, images: Tensor, widths: Tensor, padded: bool) -> tuple[Tensor, Tensor]:
        """Log-probabilities (T, N, C), float32, and valid frames (N,)."""
        frames = self.frames(images, widths if padded else None)
        return self.transcription.log_probs(frames), self.backbone.frame_lengths(widths)

    def read(self, frames: Tensor) -> Tensor:
        """What decoders read, of frames in context (T, N, D'): `log_probs`, or what steps are made of, (T, N, J)."""
        if self.transcription.gives == "posteriors":
            return self.transcription.log_probs(frames)
        return cast(StepsTranscription, self.transcription).encoded(frames)

    def outputs(self, images: Tensor, widths: Tensor, padded: bool) -> tuple[Tensor, Tensor]:
        """What `read` says of pictures, and valid frames (N,)."""
        return self.read(self.frames(images, widths if padded else None)), self.backbone.frame_lengths(widths)


def standardised(images: Tensor, widths: Tensor | None) -> Tensor:
    """Each picture with mean 0 and standard deviation 1 over its own valid columns; 0 beyond them.

    Args:
        images: (N, 1, H, W), uint8.
        widths: Valid columns, (N,), or None for all of W.

    Returns:
        (N, 1, H, W), float32. A flat picture is 0 everywhere.
    """
    values = images.float()
    if widths is None:
        mean = values.mean((1, 2, 3), keepdim=True)
        values = values - mean
        variance = values.square().mean((1, 2, 3), keepdim=True)
    else:
        mask = column_mask(widths, images.shape[3])
        count = (widths * images.shape[2]).view(-1, 1, 1, 1)
        mean = (values * mask).sum((1, 2, 3), keepdim=True) / count
        values = (values - mean) * mask
        variance = values.square().sum((1, 2, 3), keepdim=True) / count
    return values / variance.clamp(min=1.0).sqrt()


def rescaled(images: Tensor, widths: Tensor | None) -> Tensor:
    """Pictures (N, 1, H, W), uint8, less the mean and over the deviation of `FIXED_LEVELS`, float32; 0 beyond their widths."""
    mean, deviation = FIXED_LEVELS
    values = (images.float() - mean) / deviation
    return values if widths is None else values * column_mask(widths, images.shape[3])


def measured(images: Tensor, levels: Tensor) -> Tensor:
    """Pictures (N, 1, H, W), uint8, less the mean and over the standard deviation in levels (N, 2), float32."""
    mean, deviation = levels.float()[:, :, None, None, None].unbind(1)
    return (images.float() - mean) / deviation


def build_network(recipe: Recipe, alphabet: Alphabet, registry: Registry) -> Network:
    """The network that a recipe describes, with fresh weights.

    Raises:
        PluginError: A part that nobody offers.
        RecipeError: An option that the part does not have.
    """
    backbone = build_part(
        registry.backbones.get(recipe.backbone.name), "backbone", recipe.backbone, height_px=recipe.picture.height_px
    )
    features = cast(Backbone, backbone).features
    sequence = build_part(registry.sequence_models.get(recipe.sequence.name), "sequence", recipe.sequence, in_features=features)
    features = cast(SequenceModel, sequence).features
    transcription = build_part(
        registry.transcriptions.get(recipe.transcription.name),
        "transcription",
        recipe.transcription,
        in_features=features,
        alphabet=alphabet,
    )
    own_levels = recipe.picture.levels == "own"
    return Network(cast(Backbone, backbone), cast(SequenceModel, sequence), cast(Transcription, transcription), own_levels)


def frame_counters(
    recipe: Recipe, alphabet: Alphabet, registry: Registry
) -> tuple[Callable[[int, int], int], Callable[[Sequence[int]], int]]:
    """Frames that a recipe's network gives for a picture of a width and height in pixels, and that it needs for a target of ids.

    Raises:
        PluginError, RecipeError: As for `build_network`.
    """
    size, network = recipe.picture, build_network(recipe, alphabet, registry)
    backbone = network.backbone
    frames = backbone.frame_lengths(torch.arange(size.max_width_px + 1)).clamp(min=0).tolist()

    def frames_for(width: int, height: int) -> int:
        fitted = fitted_width(width, height, size.height_px, size.min_width_px, backbone.width_step_px, size.width_px)
        return int(frames[min(fitted, size.max_width_px)])

    return frames_for, network.transcription.frames_needed


def build_part(part: Part, table: str, chosen: PartRecipe, **given: object) -> object:
    """One part, its options checked against its constructor.

    Args:
        part: Where its class is.
        table: Its table in the recipe, for messages.
        chosen: Its options.
        given: What every part of this kind is given.

    Raises:
        RecipeError: An option that the constructor does not take, or of a type or value that it refuses.
    """
    factory = part.load()
    known = [
        name for name, parameter in inspect.signature(factory).parameters.items() if parameter.kind is parameter.KEYWORD_ONLY
    ]
    for key in chosen.options:
        if key not in known:
            raise RecipeError(f"unknown key '{table}.{key}' for {table} '{chosen.name}'{nearest(key, known)}")
    try:
        return factory(**given, **chosen.options)
    except (TypeError, ValueError, RuntimeError) as error:
        raise RecipeError(f"{table} '{chosen.name}' refuses {_listed(chosen.options)}: {error}") from error


def _listed(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{table}={value!r}" for table, value in options.items()) or "its defaults"
