"""What holds for whole networks, whatever parts they are made of."""

from itertools import product

import numpy as np
import pytest
import torch

from seqrec.alphabet import Alphabet
from seqrec.batch import Batch, collate
from seqrec.decoding import greedy
from seqrec.errors import PluginError, RecipeError
from seqrec.network import Network, build_network, standardised
from seqrec.plugins import registry
from seqrec.recipe import Recipe

ABC = Alphabet("abc", "abcdefgh")
SHELVES = (registry().backbones, registry().sequence_models, registry().transcriptions)
COMBINATIONS = list(product(*([f"{owner}:{part.name}" for owner, part in shelf] for shelf in SHELVES)))
every_network = pytest.mark.parametrize("parts", COMBINATIONS, ids=" ".join)


def recipe_of(parts: tuple[str, ...]) -> Recipe:
    return Recipe().with_settings(
        f"{table}.name={name}" for table, name in zip(("backbone", "sequence", "transcription"), parts, strict=True)
    )


def built(parts: tuple[str, ...]) -> Network:
    torch.manual_seed(3)
    return build_network(recipe_of(parts), ABC, registry())


def batch_of(widths: list[int], seed: int = 0) -> Batch:
    """Noise with targets of three symbols."""
    rng = np.random.default_rng(seed)
    images = [rng.integers(0, 256, (32, width), np.uint8) for width in widths]
    return collate(images, [(1, 2, 2)] * len(widths), [""] * len(widths))


def log_probs_of(network: Network, batch: Batch, padded: bool) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.inference_mode():
        return network.log_probs(torch.from_numpy(batch.images), torch.from_numpy(batch.widths), padded)


@every_network
def test_padding_changes_neither_log_probs_nor_readings(parts: tuple[str, ...]) -> None:
    network = built(parts).eval()
    widths = [100, 252, 104, 400, 148]
    whole = batch_of(widths)
    whole_log_probs, lengths = log_probs_of(network, whole, padded=True)
    usual = whole_log_probs[: int(lengths[0]), 0].mean(0)
    readings = set()
    for row, width in enumerate(widths):
        alone = collate([whole.images[row, 0, :, :width]], [()], [""])
        expected = log_probs_of(network, alone, padded=False)[0][:, 0]
        length = int(lengths[row])
        assert len(expected) == length
        torch.testing.assert_close(whole_log_probs[:length, row], expected, rtol=0, atol=1e-5)
        # A fresh network prefers one class everywhere: readings are those of what its frames differ in.
        alone_differs, differs = ((one - usual).log_softmax(1) for one in (expected, whole_log_probs[:length, row]))
        reading = greedy(alone_differs.numpy()).ids
        assert greedy(differs.numpy()).ids == reading
        readings.add(reading)
    assert len(readings) > 1


@every_network
def test_what_stands_in_the_padding_does_not_matter(parts: tuple[str, ...]) -> None:
    network = built(parts).eval()
    clean = batch_of([100, 180])
    dirty = batch_of([100, 180])
    dirty.images[0, :, :, 100:] = 200
    expected, lengths = log_probs_of(network, clean, padded=True)
    found, _ = log_probs_of(network, dirty, padded=True)
    torch.testing.assert_close(found[: lengths[0], 0], expected[: lengths[0], 0], rtol=0, atol=1e-6)


@every_network
def test_gradient_reaches_every_parameter(parts: tuple[str, ...]) -> None:
    network, batch = built(parts).train(), batch_of([100, 148, 148])
    tensors = (torch.from_numpy(array) for array in (batch.images, batch.widths, batch.targets, batch.target_lengths))
    loss, guidance = network(*tensors, batch.padded)
    loss.backward()
    assert guidance == 0
    assert torch.isfinite(loss)
    without = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.abs().max() > 0]
    assert not without


@every_network
def test_loss_of_a_sample_does_not_depend_on_its_padding(parts: tuple[str, ...]) -> None:
    network, batch = built(parts).eval(), batch_of([100, 252])
    images, widths, targets, lengths = (
        torch.from_numpy(array) for array in (batch.images, batch.widths, batch.targets, batch.target_lengths)
    )
    with torch.inference_mode():
        both = network.transcription.loss(
            network.frames(images, widths), network.backbone.frame_lengths(widths), targets, lengths
        )
        alone = network.transcription.loss(
            network.frames(images[:1, :, :, :100], None), network.backbone.frame_lengths(widths[:1]), targets[:1], lengths[:1]
        )
    assert both[0] == pytest.approx(float(alone[0]), abs=1e-3)


def test_pictures_are_standardised_over_their_valid_columns_alone() -> None:
    batch = batch_of([100, 120])
    values = standardised(torch.from_numpy(batch.images), torch.from_numpy(batch.widths))
    for row, width in enumerate([100, 120]):
        picture = batch.images[row, 0, :, :width].astype(np.float64)
        expected = (picture - picture.mean()) / picture.std()
        np.testing.assert_allclose(values[row, 0, :, :width], expected, atol=1e-5)
        assert (values[row, 0, :, width:] == 0).all()
    unpadded = standardised(torch.from_numpy(batch.images[:1, :, :, :100]), None)
    torch.testing.assert_close(unpadded[0], values[0, :, :, :100])


def test_flat_picture_is_nought_everywhere() -> None:
    flat = torch.full((1, 1, 32, 100), 77, dtype=torch.uint8)
    assert (standardised(flat, None) == 0).all()
    assert (standardised(flat, torch.tensor([60])) == 0).all()


def test_guidance_is_the_cross_entropy_at_the_frames_where_symbols_stand() -> None:
    network = built(("paper", "lstm", "ctc"))
    frames = torch.randn(24, 2, 256)
    targets = torch.tensor([[1, 2], [3, 0]])
    stride, offset = network.backbone.frame_stride_px, network.backbone.frame_offset_px
    centres = torch.tensor([[offset + 3 * stride, offset + 7.4 * stride], [1000.0, float("nan")]])
    log_probs = network.transcription.log_probs(frames).detach()
    expected = -(log_probs[3, 0, 1] + log_probs[7, 0, 2] + log_probs[23, 1, 3]) / 3
    assert network.guidance(frames, targets, centres).item() == pytest.approx(float(expected))
    assert network.guidance(frames, targets, torch.full((2, 2), float("nan"))).item() == 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("backbone.chanels=[1]", r"unknown key 'backbone.chanels' for backbone 'fast'; did you mean 'channels'\?"),
        ("backbone.height_px=64", r"unknown key 'backbone.height_px' for backbone 'fast'"),
        ("backbone.channels=[1, 2]", r"'backbone.channels' is \[1, 2\]; expected seven numbers above 0"),
        ("sequence.hiden=5", r"unknown key 'sequence.hiden' for sequence 'bilstm'; did you mean 'hidden'\?"),
        ("sequence.hidden=-5", r"sequence 'bilstm' refuses hidden=-5: "),
        ("sequence.hidden=many", r"sequence 'bilstm' refuses hidden='many': "),
        ("transcription.blank=3", r"unknown key 'transcription.blank' for transcription 'ctc'; known: compose"),
    ],
)
def test_unknown_or_wrong_options_of_parts_are_refused(setting: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        build_network(Recipe().with_settings([setting]), ABC, registry())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("backbone.name=papr", r"no backbone 'papr'; did you mean 'paper'\?"),
        ("sequence.name=lstmm", r"no sequence model 'lstmm'; did you mean 'lstm'\?"),
        ("transcription.name=xyz", "no transcription 'xyz'; known: ctc, transducer"),
    ],
)
def test_unknown_parts_are_refused_with_the_nearest_name(setting: str, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        build_network(Recipe().with_settings([setting]), ABC, registry())
