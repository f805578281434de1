"""The conformance kit for backbones, sequence models and transcriptions: each broken promise is named."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seqrec import Alphabet, Part
from seqrec.backbones.fast import FastBackbone
from seqrec.sequences.lstm import LSTM, BiLSTM
from seqrec.testing import CheckError, check_backbone, check_sequence_model, check_transcription
from seqrec.transcriptions.ctc import CTC

CHANNELS = (4, 6, 8, 8, 12, 12, 16)


class Small(FastBackbone):
    """The fast backbone, small."""

    def __init__(self, height_px: int) -> None:
        super().__init__(height_px, channels=CHANNELS)


class Boastful(Small):
    def __init__(self, height_px: int) -> None:
        super().__init__(height_px)
        self.features = 17


class Nearsighted(Small):
    """Does not mind where a picture ends."""

    def forward(self, images: Tensor, widths: Tensor | None) -> Tensor:
        return super().forward(images, None)


class Displaced(Small):
    def __init__(self, height_px: int) -> None:
        super().__init__(height_px)
        self.frame_offset_px = 12.0


class Idle(Small):
    """Has weights that nothing comes from."""

    def __init__(self, height_px: int) -> None:
        super().__init__(height_px)
        self.spare = nn.Linear(2, 2)


class Moody(Small):
    """Its weights come from a chance of its own."""

    def __init__(self, height_px: int) -> None:
        super().__init__(height_px)
        with torch.no_grad():
            next(self.parameters()).add_(torch.rand(1, generator=torch.Generator().manual_seed(torch.seed() % 2**31)))


class Curious(Small):
    """Looks at its weights before they are there."""

    def __init__(self, height_px: int) -> None:
        super().__init__(height_px)
        self.largest = float(next(self.parameters()).detach().max())


class Closed(Small):
    def __init__(self, height_px: int) -> None:
        super().__init__(height_px)
        self.secret = lambda: None


class Forgetful(Small):
    """Keeps what it needs where it is not saved."""

    made = 0

    def __init__(self, height_px: int) -> None:
        super().__init__(height_px)
        Forgetful.made += 1
        self.number = Forgetful.made

    def forward(self, images: Tensor, widths: Tensor | None) -> Tensor:
        return super().forward(images, widths) + self.number


class Bare(nn.Module):
    def __init__(self, height_px: int) -> None:
        super().__init__()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Boastful, "gives frames (25, 2, 16); it announces (25, 2, 17)"),
        (Nearsighted, "has other frames when it is padded, by up to"),
        (Displaced, "px; by frame_offset_px and frame_stride_px it stands at"),
        (Idle, "no gradient reaches spare.weight, spare.bias"),
        (Moody, "the same seed gives other weights: stages.0.conv.weight"),
        (Curious, "on torch's device 'meta' it cannot be built: "),
        (Closed, "Can't pickle"),
        (Forgetful, "with its saved weights it gives something else"),
        (Bare, "it lacks features, width_step_px, frame_stride_px, frame_offset_px"),
        (lambda height_px: 3, "it is int; expected a torch.nn.Module"),
    ],
)
def test_backbone_that_breaks_a_promise_is_named(kind: Callable[..., object], message: str) -> None:
    with pytest.raises(CheckError) as caught:
        check_backbone(Part("odd", kind))
    assert message in str(caught.value)
    assert str(caught.value).startswith("backbone 'odd': ")
    assert "\n" not in str(caught.value)


def test_backbone_without_fault_passes() -> None:
    check_backbone(Part("small", Small))
    check_backbone(Part("fast", FastBackbone), channels=CHANNELS)


class Hasty(BiLSTM):
    """Lets what follows a sample's end into it."""

    def forward(self, frames: Tensor, frame_lengths: Tensor | None) -> Tensor:
        return super().forward(frames, None)


class Wide(LSTM):
    def __init__(self, in_features: int) -> None:
        super().__init__(in_features, hidden=8)
        self.features = 9


@pytest.mark.parametrize(
    ("kind", "message"),
    [(Hasty, "when it is padded, by up to"), (Wide, "give (7, 3, 8); it announces (7, 3, 9)"), (Bare, "refuses its defaults")],
)
def test_sequence_model_that_breaks_a_promise_is_named(kind: type, message: str) -> None:
    with pytest.raises(CheckError, match="sequence-model 'odd': ") as caught:
        check_sequence_model(Part("odd", kind))
    assert message in str(caught.value)


def test_sequence_model_without_fault_passes() -> None:
    check_sequence_model(Part("lstm", LSTM), hidden=32, layers=1)


class Summed(CTC):
    def loss(self, *given: Tensor) -> Tensor:
        return super().loss(*given).sum()


class Doubled(CTC):
    def loss(self, *given: Tensor) -> Tensor:
        return super().loss(*given).double()


class Careless(CTC):
    """Sums over frames that are not there."""

    def loss(self, frames: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
        return super().loss(frames, torch.full_like(frame_lengths, len(frames)), targets, target_lengths)


class Optimist(CTC):
    def frames_needed(self, targets: Sequence[int]) -> int:
        return len(targets)


class Raw(CTC):
    def log_probs(self, frames: Tensor) -> Tensor:
        return self.logits(frames)


class Blind(CTC):
    """Starts anew whatever head it is given."""

    def adopt(self, alphabet: Alphabet, weights: Mapping[str, Tensor], source: Alphabet) -> list[str]:
        return list(alphabet.symbols)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Summed, "its loss has shape () for 4 samples; expected (4,)"),
        (Doubled, "its loss is torch.float64; expected float32"),
        (Careless, "sample 1 has another loss when it is padded"),
        (Optimist, "target (2, 2) has loss inf on the 2 frames that it is said to need"),
        (Raw, "probabilities of a frame sum to 1 ± "),
        (Blind, "from a head of its own alphabet, ['a', 'b', 'c'] stay new"),
    ],
)
def test_transcription_that_breaks_a_promise_is_named(kind: Any, message: str) -> None:
    with pytest.raises(CheckError, match="transcription 'odd': ") as caught:
        check_transcription(Part("odd", kind))
    assert message in str(caught.value)


def test_transcription_without_fault_passes() -> None:
    check_transcription(Part("ctc", CTC))


class Deaf(CTC):
    """Learns nothing: its loss is the same whatever the frames say."""

    def loss(self, frames: Tensor, *others: Tensor) -> Tensor:
        losses = super().loss(frames, *others)
        return losses * 1e-9 + 1.0


def test_part_that_does_not_learn_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqrec.testing.learning._STEPS", 20)
    with pytest.raises(CheckError, match="after 20 steps it reads [0-7] of 8 pictures right; the loss is"):
        check_transcription(Part("odd", Deaf))
