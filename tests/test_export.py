"""Exported readers: the same numbers and readings as torch's, in a process that has none."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("onnx", reason="exporting needs onnx")
pytest.importorskip("onnxruntime", reason="exported readers need onnxruntime")

import onnx
import torch

from seqrec import Recipe
from seqrec.alphabet import Alphabet
from seqrec.engines.onnx_engine import OnnxEngine
from seqrec.engines.torch_engine import TorchEngine
from seqrec.errors import MissingExtraError, ModelFileError, RecipeError
from seqrec.export import export, model_of
from seqrec.model_file import METADATA_KEY, ModelCard, store_temperature
from seqrec.network import build_network
from seqrec.pictures import encode_png
from seqrec.plugins import Registry
from seqrec.recognizer import Recognizer, load
from seqrec.testing.bars import BARS, BarRenderer
from seqrec.wide_lines import WIDEST_PX, wide_posteriors

ABC = Alphabet("abc", "abcdefgh")
BUILT_IN = list(product(("fast", "paper"), ("bilstm", "lstm", "conv"), ("ctc",)))
PARTS = Alphabet(
    "notes", ["c4", "d4", "c8", "d8"], parts={"c4": ["c", "4"], "d4": ["d", "4"], "c8": ["c", "8"], "d8": ["d", "8"]}
)


def engines(folder: Path, plugins: Registry, recipe: Recipe, alphabet: Alphabet = ABC) -> tuple[TorchEngine, OnnxEngine]:
    """The same network, with fresh weights and busy batch norms, in both."""
    torch.manual_seed(3)
    network = build_network(recipe, alphabet, plugins).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2.0)
            module.bias.data.uniform_(-0.5, 0.5)
    path = folder / "model.onnx"
    path.write_bytes(model_of(network, ModelCard("bars", "", alphabet, recipe)).SerializeToString())
    return TorchEngine(network, alphabet, "cpu"), OnnxEngine(path, "cpu", 1)


def noise(widths: Sequence[int], height: int = 32) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    rng = np.random.default_rng(len(widths))
    images = np.zeros((len(widths), 1, height, max(widths)), np.uint8)
    for row, width in enumerate(widths):
        images[row, 0, :, :width] = rng.integers(0, 256, (height, width))
    return images, np.array(widths, np.int64)


def assert_same(
    one: TorchEngine | OnnxEngine, other: TorchEngine | OnnxEngine, widths: Sequence[int], height: int = 32, atol: float = 1e-3
) -> None:
    images, given = noise(widths, height)
    expected, lengths = one.run(images, given)
    found, found_lengths = other.run(images, given)
    assert found_lengths.tolist() == lengths.tolist()
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    for column, length in enumerate(lengths):
        np.testing.assert_allclose(found[:length, column], expected[:length, column], rtol=0, atol=atol)


@pytest.mark.parametrize("parts", BUILT_IN, ids=" ".join)
def test_log_probs_are_torchs_for_every_built_in_network(parts: tuple[str, ...], plugins: Registry, tmp_path: Path) -> None:
    backbone, sequence, transcription = parts
    settings = [f"backbone.name={backbone}", f"sequence.name={sequence}", f"transcription.name={transcription}"]
    recipe = Recipe().with_settings([*settings, "sequence.hidden=24"])
    one, other = engines(tmp_path, plugins, recipe)
    for widths in ([8], [100, 100], [8, 252, 100]):
        assert_same(one, other, widths)


@pytest.mark.parametrize("count", [1, 2, 17, 64])
def test_any_batch_and_width_gives_torchs_log_probs(count: int, tiny_recipe: Recipe, plugins: Registry, tmp_path: Path) -> None:
    one, other = engines(tmp_path, plugins, tiny_recipe)
    for seed in range(4):
        widths = np.random.default_rng(seed).choice(np.arange(8, 404, 4), count)
        assert_same(one, other, widths.tolist())
        assert_same(one, other, [int(widths[0])] * count)


def test_wide_and_narrow_pictures_share_a_batch(tiny_recipe: Recipe, plugins: Registry, tmp_path: Path) -> None:
    assert_same(*engines(tmp_path, plugins, tiny_recipe), [2000, 8, 1000, 100])


@pytest.mark.parametrize("height", [32, 48, 80])
def test_rows_that_are_left_are_folded_as_in_torch(height: int, tiny_recipe: Recipe, plugins: Registry, tmp_path: Path) -> None:
    recipe = tiny_recipe.with_settings([f"picture.height_px={height}"])
    assert_same(*engines(tmp_path, plugins, recipe), [100, 148], height)


def test_paper_network_without_its_layers_is_exported_too(plugins: Registry, tmp_path: Path) -> None:
    settings = ["backbone.name=paper", "backbone.drop_conv4=true", "backbone.drop_conv6=true", "sequence.hidden=16"]
    assert_same(*engines(tmp_path, plugins, Recipe().with_settings(settings)), [100, 60])


def test_composed_head_becomes_a_plain_one(tiny_recipe: Recipe, plugins: Registry, tmp_path: Path) -> None:
    one, other = engines(tmp_path, plugins, tiny_recipe, PARTS)
    assert "ComposedHead" in repr(one.network)
    assert_same(one, other, [100, 60])


@pytest.mark.parametrize("backbone", ["fast", "paper"])
def test_line_in_windows_is_torchs_line_in_one_piece(
    backbone: str, tiny_recipe: Recipe, plugins: Registry, tmp_path: Path
) -> None:
    settings = ["backbone.name=paper", "sequence.hidden=16"]
    recipe = tiny_recipe if backbone == "fast" else Recipe().with_settings(settings)
    one, other = engines(tmp_path, plugins, recipe)
    line = noise([WIDEST_PX + 1000])[0]
    line[..., 2000:] //= 3  # a window by itself would be measured by another brightness
    expected = one.run(line, np.array([line.shape[3]]))[0][:, 0]
    for engine in (one, other):
        np.testing.assert_allclose(wide_posteriors(engine, line[0, 0]), expected, rtol=0, atol=1e-3)


@pytest.fixture(scope="module")
def torchs(tiny_model: Path, plugins: Registry) -> Recognizer:
    return load(tiny_model, plugins=plugins, device="cpu")


@pytest.fixture(scope="module")
def exported(torchs: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "tiny.onnx"
    export(torchs, path)
    return path


@pytest.fixture(scope="module")
def in_int8(torchs: Recognizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "int8.onnx"
    export(torchs, path, [BarRenderer().render(np.random.default_rng(seed)).image for seed in range(20)])
    return path


def bars(count: int) -> list[npt.NDArray[np.uint8]]:
    return [BarRenderer().render(np.random.default_rng(1000 + seed)).image for seed in range(count)]


def test_exported_reader_reads_what_torchs_reads(torchs: Recognizer, exported: Path, plugins: Registry) -> None:
    reader = load(exported, plugins=plugins, threads=2)
    expected, found = torchs.read(list(bars(60))), reader.read(list(bars(60)))
    assert len({reading.text for reading in expected}) > 20
    for one, other in zip(expected, found, strict=True):
        assert (other.symbols, other.text, other.turned) == (one.symbols, one.text, one.turned)
        assert other.confidence == pytest.approx(one.confidence, abs=1e-3)
        np.testing.assert_allclose(other.spans, one.spans, atol=0.01)


def test_exported_reader_takes_lexicons_and_smaller_alphabets(torchs: Recognizer, exported: Path, plugins: Registry) -> None:
    reader = load(exported, plugins=plugins)
    picture = bars(1)[0]
    words = ["abc", "bad", "ABBA", "DC"]
    assert reader.read(picture, lexicon=words, n_best=3).text == torchs.read(picture, lexicon=words, n_best=3).text
    assert set(load(exported, alphabet="bars4", plugins=plugins).read(picture).text) <= set("abcd")


def test_card_comes_back_with_its_temperature(tiny_model: Path, plugins: Registry, tmp_path: Path) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(tiny_model.read_bytes())
    store_temperature(copy, 1.7)
    reader = load(copy, plugins=plugins, device="cpu")
    export(reader, tmp_path / "copy.onnx")
    found = load(tmp_path / "copy.onnx", plugins=plugins)
    assert found.card == reader.card
    assert found.card is not None
    assert found.card.temperature == 1.7
    picture = bars(1)[0]
    assert found.read(picture).confidence == pytest.approx(reader.read(picture).confidence, abs=1e-3)


def test_inputs_outputs_and_preprocessing_are_as_documented(exported: Path) -> None:
    model = onnx.load(exported)
    onnx.checker.check_model(model, full_check=True)

    def told(values: Sequence[onnx.ValueInfoProto]) -> dict[str, list[object]]:
        return {one.name: [dim.dim_param or dim.dim_value for dim in one.type.tensor_type.shape.dim] for one in values}

    with_default = {one.name for one in model.graph.initializer}
    needed = [one for one in model.graph.input if one.name not in with_default]
    assert told(needed) == {"images": ["N", 1, 32, "W"], "widths": ["N"]}
    assert {one.name for one in model.graph.input} & with_default == {"levels", "frames", "only_frames"}
    assert told(model.graph.output) == {"log_probs": ["T", "N", "C"], "frame_lengths": ["N"]}
    metadata = {one.key: json.loads(one.value) for one in model.metadata_props}
    assert metadata["seqrec.preprocessing"].items() >= {"height_px": 32, "min_width_px": 100, "width_step_px": 4}.items()
    assert metadata[METADATA_KEY]["alphabet"]["symbols"] == list(BARS.symbols)


def subgraphs(graph: onnx.GraphProto) -> list[onnx.GraphProto]:
    """The branches of a graph, at any depth."""
    branches = [attribute.g for node in graph.node if node.op_type == "If" for attribute in node.attribute]
    return [*branches, *(deeper for branch in branches for deeper in subgraphs(branch))]


def test_int8_changes_log_probs_a_little_and_says_so_in_its_operators(exported: Path, in_int8: Path, plugins: Registry) -> None:
    one, other = OnnxEngine(exported), OnnxEngine(in_int8)
    images, widths = noise([100, 100, 100])
    for row, picture in enumerate(bars(3)):
        images[row, 0, :, : min(picture.shape[1], 100)] = picture[:32, :100]
    expected, found = one.run(images, widths)[0], other.run(images, widths)[0]
    difference = np.abs(np.exp(expected) - np.exp(found))
    assert 0 < difference.mean() < 0.05
    branches = [one for one in subgraphs(onnx.load(in_int8).graph) if any(node.op_type == "Conv" for node in one.node)]
    assert len(branches) == 2  # with masks and without
    for branch in branches:
        kinds = [node.op_type for node in branch.node]
        assert kinds.count("Conv") == 7
        assert kinds.count("DequantizeLinear") >= 6 * 3
    assert in_int8.stat().st_size < exported.stat().st_size


def test_int8_reads_a_picture_alone_as_among_others(in_int8: Path) -> None:
    engine = OnnxEngine(in_int8)
    images, widths = noise([100, 252, 8, 100, 400])
    together, lengths = engine.run(images, widths)
    for row, width in enumerate(widths):
        alone, _ = engine.run(images[row : row + 1, :, :, :width].copy(), widths[row : row + 1])
        np.testing.assert_allclose(together[: lengths[row], row], alone[:, 0], rtol=0, atol=1e-3)


def test_reading_with_an_exported_reader_needs_neither_torch_nor_onnx(torchs: Recognizer, exported: Path, tmp_path: Path) -> None:
    code = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchaudio", "lightning_fabric", "onnx", "google"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
import seqrec
print(seqrec.load(sys.argv[1]).read(sys.argv[2]).text)
try:
    seqrec.load(sys.argv[3])
except seqrec.SeqrecError as error:
    print(error)
"""
    picture = tmp_path / "picture.png"
    picture.write_bytes(encode_png(bars(1)[0]))
    torch_file = tmp_path / "model.safetensors"
    torch_file.write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, exported, picture, torch_file],
        env={**os.environ, "SEQREC_PLUGINS": ""}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text, told = done.stdout.splitlines()
    assert text == torchs.read(picture).text
    assert "is no safetensors file" in told


class Foreign(torch.nn.Module):
    """A sequence model of somebody who did not think of ONNX."""

    features = 16

    def forward(self, frames: torch.Tensor, frame_lengths: torch.Tensor | None) -> torch.Tensor:
        return frames


def test_part_without_to_onnx_is_named_with_what_it_lacks(torchs: Recognizer, tmp_path: Path) -> None:
    assert isinstance(torchs.engine, TorchEngine)
    network = build_network(torchs.card.recipe, BARS, _plugins_of(torchs))  # type: ignore[union-attr]
    network.sequence = Foreign()
    reader = dataclasses.replace(torchs, engine=TorchEngine(network, BARS, "cpu"))
    with pytest.raises(ModelFileError) as caught:
        export(reader, tmp_path / "model.onnx")
    assert str(caught.value) == (
        f"sequence model 'bilstm' ({__name__}.Foreign) cannot be exported: it has no method to_onnx; "
        "seqrec.export.ExportableSequenceModel says what it has to give"
    )
    assert not (tmp_path / "model.onnx").exists()


def _plugins_of(reader: Recognizer) -> Registry:
    from seqrec import builtin
    from seqrec.plugins import build_registry

    return build_registry([("seqrec", "", lambda: builtin)])


def test_exported_reader_is_not_exported_again(exported: Path, plugins: Registry, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="this reader cannot be exported; expected a model file or a run folder"):
        export(load(exported, plugins=plugins), tmp_path / "again.onnx")


def test_what_is_no_exported_reader_is_refused_in_one_line(exported: Path, plugins: Registry, tmp_path: Path) -> None:
    garbage, cut, foreign, later = (tmp_path / f"{name}.onnx" for name in ("garbage", "cut", "foreign", "later"))
    garbage.write_bytes(b"garbage" * 99)
    cut.write_bytes(exported.read_bytes()[:-1000])
    model = onnx.load(exported)
    (card,) = (one for one in model.metadata_props if one.key == METADATA_KEY)
    card.value = card.value.replace('"format": 1', '"format": 2')
    onnx.save(model, later)
    del model.metadata_props[:]
    onnx.save(model, foreign)
    for path, message in (
        (garbage, "is no ONNX file that can be used"),
        (cut, "is no ONNX file that can be used"),
        (foreign, "has no usable seqrec metadata"),
        (later, "is of format 2; this seqrec reads up to 1: upgrade seqrec"),
        (tmp_path / "lost.onnx", "holds no model"),
    ):
        with pytest.raises(ModelFileError, match=message) as caught:
            load(path, plugins=plugins)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("device", ["tpu", "cuda", "cuda:3", "nonsense"])
def test_device_that_onnxruntime_lacks_is_refused(exported: Path, plugins: Registry, device: str) -> None:
    import onnxruntime

    if device.startswith("cuda") and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    with pytest.raises(RecipeError, match=f"device '{device}' cannot be used: this onnxruntime offers .*cpu"):
        load(exported, plugins=plugins, device=device)


def test_missing_package_names_its_extra(
    exported: Path, torchs: Recognizer, plugins: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"install it with: pip install 'seqrec\[export\]'"):
        export(torchs, tmp_path / "model.onnx")
    with pytest.raises(MissingExtraError, match=r"install it with: pip install 'seqrec\[onnx\]'"):
        load(exported, plugins=plugins)


@pytest.mark.slow
def test_real_words_are_read_as_torch_reads_them(tmp_path: Path) -> None:
    data = os.environ.get("SEQREC_DEV_DATA")
    if not data:
        pytest.skip("SEQREC_DEV_DATA is not set: no real words here")
    pytest.importorskip("seqrec_scene_text", reason="the plugin for scene text is not installed")
    reader = load("scene-text", device="cpu")
    export(reader, tmp_path / "model.onnx")
    other = load(tmp_path / "model.onnx")
    pictures = sorted((Path(data) / "iiit5k-train" / "train").glob("*.png"))
    expected, found = reader.read([*pictures]), other.read([*pictures])
    assert len(expected) == 2000
    assert [one.text for one in found] == [one.text for one in expected]
    np.testing.assert_allclose([one.confidence for one in found], [one.confidence for one in expected], rtol=0, atol=1e-3)
    rng = np.random.default_rng(0)
    for count in (1, 3, 16, 64):
        widths = rng.choice(np.arange(8, 2004, 4), count)
        assert isinstance(reader.engine, TorchEngine)
        assert isinstance(other.engine, OnnxEngine)
        assert_same(reader.engine, other.engine, widths.tolist())
