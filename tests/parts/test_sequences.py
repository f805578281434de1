"""What every sequence model promises."""

import pytest
import torch
from torch import nn

from seqrec.interfaces import SequenceModel
from seqrec.plugins import registry

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
    model(frames, None)[-1].sum().backward()
    assert frames.grad is not None
    assert (frames.grad.abs().sum((1, 2)) > 0).all()


@pytest.mark.parametrize(("name", "knows"), [("seqrec:lstm", False), ("seqrec:bilstm", True)])
def test_only_both_directions_know_what_comes_after(name: str, knows: bool) -> None:
    model = built(name)
    frames = torch.randn(9, 1, 12, requires_grad=True)
    model(frames, None)[0].sum().backward()
    assert frames.grad is not None
    assert bool((frames.grad[1:] != 0).any()) is knows
