"""What every sequence model promises."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from seqrec.interfaces import SequenceModel
from seqrec.plugins import registry
from seqrec.sequences.conformer import Conformer, rotated
from seqrec.sequences.convolution import Convolutional, GatedConvolution

SEQUENCE_MODELS = [f"{owner}:{part.name}" for owner, part in registry().sequence_models]
every_sequence_model = pytest.mark.parametrize("name", SEQUENCE_MODELS)


def built(name: str, in_features: int = 12) -> nn.Module:
    torch.manual_seed(1)
    model = registry().sequence_models.get(name).load()(in_features)
    assert isinstance(model, nn.Module)
    return model.eval()


@every_sequence_model
def test_sequence_model_keeps_the_contract_of_its_interface(name: str) -> None:
    model = built(name)
    assert isinstance(model, SequenceModel)
    assert model(torch.randn(7, 3, 12), None).shape == (7, 3, model.features)


@every_sequence_model
def test_what_follows_a_samples_end_does_not_reach_it(name: str) -> None:
    model = built(name)
    lengths = torch.tensor([5, 30, 1, 17])
    frames = torch.randn(30, 4, 12)
    with torch.inference_mode():
        together = model(frames, lengths)  # what stands beyond the ends is noise
        assert together.shape == (30, 4, model.features)
        for row, length in enumerate(lengths.tolist()):
            alone = model(frames[:length, row : row + 1], None)
            torch.testing.assert_close(together[:length, row], alone[:, 0], rtol=0, atol=1e-5)


@every_sequence_model
def test_a_frame_knows_what_came_before_it(name: str) -> None:
    model = built(name)
    frames = torch.randn(9, 1, 12, requires_grad=True)
    (model(frames, None)[-1] @ torch.randn(model.features)).sum().backward()  # a plain sum after a layer norm is a constant
    assert frames.grad is not None
    assert (frames.grad.abs().sum((1, 2)) > 0).all()


@pytest.mark.parametrize(
    ("name", "knows"),
    [("seqrec:lstm", False), ("seqrec:bilstm", True), ("seqrec:conv", True), ("seqrec:conformer", True)],
)
def test_only_both_directions_know_what_comes_after(name: str, knows: bool) -> None:
    model = built(name)
    frames = torch.randn(9, 1, 12, requires_grad=True)
    (model(frames, None)[0] @ torch.randn(model.features)).sum().backward()
    assert frames.grad is not None
    assert bool((frames.grad[1:] != 0).any()) is knows


def test_shifted_frames_are_added_up_as_torchs_own_depthwise_convolution() -> None:
    torch.manual_seed(1)
    block = GatedConvolution(6, kernel=5, dilation=3)
    frames = torch.randn(20, 2, 6)
    expected = nn.functional.conv1d(frames.permute(1, 2, 0), block.taps.t()[:, None], padding=6, dilation=3, groups=6)
    torch.testing.assert_close(block._along(frames), expected.permute(2, 0, 1))


def test_a_frame_of_convolutions_knows_the_frames_within_its_reach_and_no_others() -> None:
    torch.manual_seed(1)
    model = Convolutional(4, hidden=8, kernel=3, dilations=(1, 2)).eval()
    frames = torch.randn(21, 1, 4, requires_grad=True)
    (model(frames, None)[10] @ torch.randn(8)).sum().backward()
    assert frames.grad is not None
    assert (frames.grad.abs().sum((1, 2)) > 0).nonzero().flatten().tolist() == list(range(7, 14))


def test_products_of_rotated_vectors_depend_on_their_distance_alone() -> None:
    torch.manual_seed(1)
    one, other = torch.randn(8), torch.randn(8)
    ones, others = rotated(one.expand(9, 8)), rotated(other.expand(9, 8))
    products = ones @ others.T
    for distance in range(-8, 9):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), rtol=0, atol=1e-5)
    assert products[0, 0] != pytest.approx(float(products[0, 3]), abs=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Convolutional(4, kernel=4), "a kernel of 4 frames has no middle; expected an odd number"),
        (lambda: Conformer(4, hidden=20, heads=4), "20 features cannot be shared by 4 heads in pairs; make hidden a"),
    ],
)
def test_options_that_cannot_be_are_refused(make: Callable[[], nn.Module], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
