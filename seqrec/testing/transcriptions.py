"""What every transcription promises. torch is imported when a promise is checked."""

import functools
from typing import TYPE_CHECKING, cast

from seqrec.alphabet import Alphabet
from seqrec.interfaces import Part, Transcription
from seqrec.testing.bars import BARS
from seqrec.testing.parts import built, learns_bars, module_promises, noise
from seqrec.testing.promise import Promise, keep_all, require

if TYPE_CHECKING:
    from torch import Tensor, nn

_FEATURES = 12
_FRAMES = 11
_ABC = Alphabet("abc", "abc")
_TARGETS = ((1, 2, 3), (2, 2), (3,), (1, 3, 1))
_TOLERANCE = 1e-4


def check_transcription(part: Part, **options: object) -> None:
    """Nothing, if a transcription keeps its promises.

    Its loss is a float32 in nats for each sample, finite where the frames suffice, and minds neither the padding of frames nor
    that of targets; posteriors sum to 1; a head is taken over symbol by symbol; gradient reaches every parameter; the same seed
    gives the same weights; it pickles, and gives the same from saved weights; with the core's other parts it learns eight
    pictures by heart.

    Args:
        part: As a plugin's `seqrec_transcriptions` offers it.
        options: Of its constructor.

    Raises:
        CheckError: The first promise that is not kept.
        MissingExtraError: torch is not installed.
    """
    keep_all(transcription_promises(part, **options))


def transcription_promises(part: Part, **options: object) -> list[Promise]:
    """The promises of a transcription."""
    build = functools.partial(built, part, "transcription", options, in_features=_FEATURES, alphabet=_ABC)

    def learn() -> None:
        learns_bars(transcription=lambda features: built(part, "transcription", options, in_features=features, alphabet=BARS))

    found = {
        "loss-is-nats-a-sample": lambda: _loss(build()),
        "padding-changes-nothing": lambda: _padding(build()),
        "says-how-many-frames-it-needs": lambda: _frames_needed(build()),
        "posteriors-sum-to-1": lambda: _posteriors(build()),
        "takes-over-a-head": lambda: _adopts(build()),
        **module_promises(build, _losses),
        "learns-by-heart": learn,
    }
    return [Promise("transcription", part.name, name, function) for name, function in found.items()]


def _given() -> "tuple[Tensor, Tensor, Tensor, Tensor]":
    """Frames (T, N, D'), their lengths, targets (N, S) and theirs."""
    import torch

    targets = torch.zeros(len(_TARGETS), max(map(len, _TARGETS)), dtype=torch.int64)
    for row, target in enumerate(_TARGETS):
        targets[row, : len(target)] = torch.tensor(target)
    frame_lengths = torch.tensor([_FRAMES, 6, 4, 9])
    return noise(_FRAMES, len(_TARGETS), _FEATURES), frame_lengths, targets, torch.tensor([len(target) for target in _TARGETS])


def _losses(module: "nn.Module") -> "Tensor":
    return cast(Transcription, module).loss(*_given())


def _loss(module: "nn.Module") -> None:
    import torch

    lacking = [name for name in ("gives", "loss", "log_probs", "frames_needed", "adopt") if not hasattr(module, name)]
    require(not lacking, f"it lacks {', '.join(lacking)}; see seqrec.interfaces.Transcription")
    losses = _losses(module)
    shape = tuple(losses.shape)
    require(shape == (len(_TARGETS),), f"its loss has shape {shape} for {len(_TARGETS)} samples; expected ({len(_TARGETS)},)")
    require(losses.dtype == torch.float32, f"its loss is {losses.dtype}; expected float32")
    require(
        bool(torch.isfinite(losses).all() and (losses > 0).all()), f"its losses are {losses.tolist()}; expected finite, above 0"
    )


def _padding(module: "nn.Module") -> None:
    import torch

    transcription = cast(Transcription, module.eval())
    frames, frame_lengths, targets, target_lengths = _given()
    with torch.inference_mode():
        together = transcription.loss(frames, frame_lengths, targets, target_lengths)
        for row in range(len(targets)):
            length, one = int(target_lengths[row]), slice(row, row + 1)
            cut = frames[: int(frame_lengths[row]), one], frame_lengths[one], targets[one, :length], target_lengths[one]
            apart = abs(float(transcription.loss(*cut)) - float(together[row]))
            require(apart <= _TOLERANCE, f"sample {row} has another loss when it is padded, by {apart:.2g} nats")


def _frames_needed(module: "nn.Module") -> None:
    """A target is finite with as many frames as are said to be needed, and the empty one needs none beyond the first."""
    import torch

    transcription = cast(Transcription, module.eval())
    for target in _TARGETS:
        needed = transcription.frames_needed(target)
        require(needed >= 0, f"target {target} needs {needed} frames")
        frames = noise(max(needed, 1), 1, _FEATURES)
        with torch.inference_mode():
            (loss,) = transcription.loss(
                frames, torch.tensor([len(frames)]), torch.tensor([target]), torch.tensor([len(target)])
            ).tolist()
        require(loss < float("inf"), f"target {target} has loss {loss} on the {needed} frames that it is said to need")


def _posteriors(module: "nn.Module") -> None:
    import torch

    transcription = cast(Transcription, module.eval())
    if transcription.gives != "posteriors":
        return  # what it gives is read by decoders of its own
    with torch.inference_mode():
        log_probs = transcription.log_probs(_given()[0])
    expected = (_FRAMES, len(_TARGETS), _ABC.classes)
    require(
        tuple(log_probs.shape) == expected,
        f"log_probs has shape {tuple(log_probs.shape)}; expected {expected}, the blank counted",
    )
    require(log_probs.dtype == torch.float32, f"log_probs is {log_probs.dtype}; expected float32")
    apart = float((log_probs.exp().sum(2) - 1).abs().max())
    require(apart <= _TOLERANCE, f"probabilities of a frame sum to 1 ± {apart:.2g}")


def _adopts(module: "nn.Module") -> None:
    import torch

    transcription = cast(Transcription, module)
    weights = {name: value.clone() + 1 for name, value in module.state_dict().items()}
    fresh = transcription.adopt(_ABC, weights, _ABC)
    require(not fresh, f"from a head of its own alphabet, {fresh} stay new")
    other = Alphabet("cxyz", "cxyz")  # what it takes over has c for a, and lacks a and b
    theirs = {name: _resized(value, other.classes) for name, value in module.state_dict().items()}
    fresh = transcription.adopt(_ABC, theirs, other)
    require(
        sorted(fresh) == ["a", "b"],
        f"from a head of {list(other.symbols)} for {list(_ABC.symbols)}, {fresh} stay new; expected a, b",
    )
    require(all(bool(torch.isfinite(value).all()) for value in module.state_dict().values()), "adopted weights are not finite")


def _resized(value: "Tensor", classes: int) -> "Tensor":
    """The weights that a head of another alphabet would have: a first axis of its classes where it is ours."""
    return value.new_ones(classes, *value.shape[1:]) if value.ndim and value.shape[0] == _ABC.classes else value.clone()
