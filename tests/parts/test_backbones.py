"""Backbones: the paper's table, and what every backbone promises."""

import pytest
import torch
from torch import Tensor, nn

from seqrec.alphabet import Alphabet
from seqrec.backbones.paper import PaperBackbone
from seqrec.cli.train import CORE_RECIPES
from seqrec.errors import RecipeError
from seqrec.interfaces import Backbone
from seqrec.network import build_network
from seqrec.plugins import registry
from seqrec.recipe import load_recipe

ALNUM36 = Alphabet("alnum36", "0123456789abcdefghijklmnopqrstuvwxyz")
BACKBONES = [f"{owner}:{part.name}" for owner, part in registry().backbones]
every_backbone = pytest.mark.parametrize("name", BACKBONES)


def built(name: str, height_px: int = 32) -> nn.Module:
    """A backbone in evaluation mode whose batch norms are not those of fresh weights."""
    torch.manual_seed(1)
    backbone = registry().backbones.get(name).load()(height_px)
    assert isinstance(backbone, nn.Module)
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.running_mean, module.bias):
                assert values is not None
                nn.init.normal_(values, 0.0, 0.3)
    return backbone.eval()


# Table 1 read from the bottom up: maps × height × width of what leaves each layer, for a picture of 32×100 pixels.
TABLE_1 = [
    ("conv 64", (64, 32, 100)),
    ("pool", (64, 16, 50)),
    ("conv 128", (128, 16, 50)),
    ("pool", (128, 8, 25)),
    ("conv 256", (256, 8, 25)),
    ("conv 256", (256, 8, 25)),
    ("pool, height only", (256, 4, 25)),
    ("conv 512, batch norm", (512, 4, 25)),
    ("conv 512, batch norm", (512, 4, 25)),
    ("pool, height only", (512, 2, 25)),
    ("conv 512, 2×2 without padding", (512, 1, 24)),
]


def shapes_inside(backbone: nn.Module, images: Tensor) -> list[tuple[int, ...]]:
    """Shapes of what every convolution and pool gives."""
    shapes: list[tuple[int, ...]] = []
    for module in backbone.modules():
        if isinstance(module, (nn.Conv2d, nn.MaxPool2d)):
            module.register_forward_hook(lambda _module, _given, out: shapes.append(tuple(out.shape[1:])))
    backbone(images, None)
    return shapes


def test_paper_backbone_has_the_shapes_of_table_1() -> None:
    with torch.device("meta"):
        shapes = shapes_inside(PaperBackbone(32), torch.zeros(1, 1, 32, 100))
    assert shapes == [shape for _, shape in TABLE_1]


def test_paper_backbone_gives_24_frames_of_512_features_for_100_pixels() -> None:
    backbone = PaperBackbone(32)
    assert backbone.frame_lengths(torch.tensor([100])).tolist() == [24]
    assert backbone.features == 512


def test_paper_backbone_normalises_only_the_fifth_and_sixth_convolution() -> None:
    layers = [module for module in PaperBackbone(32).modules() if isinstance(module, (nn.Conv2d, nn.BatchNorm2d))]
    kinds = "".join("n" if isinstance(layer, nn.BatchNorm2d) else "c" for layer in layers)
    assert kinds == "cccccncnc"


def test_paper_recipe_has_as_many_weights_as_the_paper_says() -> None:
    with torch.device("meta"):
        network = build_network(load_recipe(CORE_RECIPES / "paper.toml"), ALNUM36, registry())
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert 8.3e6 <= parameters <= 8.8e6
    # By hand: convolutions, batch norms, two bidirectional LSTMs of 256 units (two biases each), the head.
    convolutions = 1 * 64 * 9 + 64 + 64 * 128 * 9 + 128 + 128 * 256 * 9 + 256 + 256 * 256 * 9 + 256
    convolutions += 256 * 512 * 9 + 512 * 512 * 9 + 2 * 2 * 512 + 512 * 512 * 4 + 512
    recurrent = 2 * 2 * 4 * 256 * (512 + 256 + 2)
    assert parameters == convolutions + recurrent + 512 * 37 + 37


@pytest.mark.parametrize("dropped", ["drop_conv4", "drop_conv6"])
def test_a_dropped_layer_takes_its_weights_but_leaves_the_frames(dropped: str) -> None:
    whole, less = PaperBackbone(32), PaperBackbone(32, **{dropped: True})
    gone = sum(p.numel() for p in whole.parameters()) - sum(p.numel() for p in less.parameters())
    assert gone == {"drop_conv4": 256 * 256 * 9 + 256, "drop_conv6": 512 * 512 * 9 + 2 * 512}[dropped]
    assert less.features == whole.features
    widths = torch.arange(100, 400, 4)
    assert torch.equal(less.frame_lengths(widths), whole.frame_lengths(widths))
    assert less(torch.zeros(1, 1, 32, 100), None).shape == (24, 1, 512)


def test_both_layers_dropped_is_the_music_network() -> None:
    backbone = PaperBackbone(32, drop_conv4=True, drop_conv6=True)
    assert [m.out_channels for m in backbone.modules() if isinstance(m, nn.Conv2d)] == [64, 128, 256, 512, 512]


@every_backbone
def test_backbone_keeps_the_contract_of_its_interface(name: str) -> None:
    assert isinstance(built(name), Backbone)


@every_backbone
@pytest.mark.parametrize("height_px", [32, 48, 64])
def test_frame_lengths_and_features_are_those_of_what_comes_out(name: str, height_px: int) -> None:
    with torch.device("meta"):
        backbone = built(name, height_px)
        for width in range(100, 404, 4):
            assert width % backbone.width_step_px == 0
            with torch.device("cpu"):
                (frames,) = backbone.frame_lengths(torch.tensor([width])).tolist()
            assert backbone(torch.zeros(2, 1, height_px, width), None).shape == (frames, 2, backbone.features)


@every_backbone
def test_frames_of_a_picture_are_the_same_alone_and_padded(name: str) -> None:
    backbone = built(name)
    widths = [100, 400, 132, 180, 104]
    pictures = [torch.randn(1, 1, 32, width) for width in widths]
    with torch.inference_mode():
        alone = [backbone(picture, None)[:, 0] for picture in pictures]
        for members in ([0, 1, 2, 3, 4], [3, 0], [0, 4, 2], [1, 2]):
            for more in (0, 60):
                batch = torch.zeros(len(members), 1, 32, max(widths[which] for which in members) + more)
                for row, which in enumerate(members):
                    batch[row, :, :, : widths[which]] = pictures[which][0]
                valid = torch.tensor([widths[which] for which in members])
                frames, lengths = backbone(batch, valid), backbone.frame_lengths(valid)
                for row, which in enumerate(members):
                    assert lengths[row] == len(alone[which])
                    torch.testing.assert_close(frames[: lengths[row], row], alone[which], rtol=0, atol=1e-4)


@every_backbone
def test_a_frame_stands_in_the_middle_of_the_columns_that_it_sees(name: str) -> None:
    backbone = built(name)
    pictures = torch.randn(8, 1, 32, 128, requires_grad=True)
    frames = backbone(pictures, None)
    middle = len(frames) // 2
    frames[middle].sum().backward()
    assert pictures.grad is not None
    seen = pictures.grad.abs().sum((0, 1, 2)).nonzero()
    centre = (int(seen.min()) + int(seen.max()) + 1) / 2
    assert abs(backbone.frame_offset_px + middle * backbone.frame_stride_px - centre) <= backbone.frame_stride_px / 2


@every_backbone
def test_too_low_pictures_are_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="picture.height_px is 8: too low for this backbone"):
        built(name, 8)
