"""Weights of other projects: what is imported computes what their network does, which the tests write down anew."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from seqrec.errors import AlphabetError, ModelFileError  # noqa: E402
from seqrec.export import export  # noqa: E402
from seqrec.foreign import SYMBOLS, foreign_model  # noqa: E402
from seqrec.model_file import read_card, save_model  # noqa: E402
from seqrec.plugins import Registry, registry  # noqa: E402
from seqrec.recognizer import Recognizer, load  # noqa: E402

HIDDEN = 24


class Recurrent(nn.Module):
    """One of both projects' two recurrent layers; its linear map is called `embedding` or `linear`."""

    def __init__(self, given: int, hidden: int, out: int, linear: str) -> None:
        super().__init__()
        self.rnn = nn.LSTM(given, hidden, bidirectional=True)
        self.add_module(linear, nn.Linear(2 * hidden, out))
        self.linear_name = linear

    def forward(self, frames: Tensor) -> Tensor:
        found: Tensor = self.get_submodule(self.linear_name)(self.rnn(frames)[0])
        return found


class CrnnPytorch(nn.Module):
    """Batch norm behind the third, fifth and seventh convolution, pools that overlap, classes from the last recurrent layer."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        channels = [1, 64, 128, 256, 256, 512, 512, 512]
        for place in range(7):
            kernel, padding = (2, 0) if place == 6 else (3, 1)
            layers[f"conv{place}"] = nn.Conv2d(channels[place], channels[place + 1], kernel, 1, padding)
            if place in (2, 4, 6):
                layers[f"batchnorm{place}"] = nn.BatchNorm2d(channels[place + 1])
            layers[f"relu{place}"] = nn.ReLU()
            if place in (0, 1):
                layers[f"pooling{place}"] = nn.MaxPool2d(2, 2)
            if place in (3, 5):
                layers[f"pooling{place}"] = nn.MaxPool2d((2, 2), (2, 1), (0, 1))
        self.cnn = nn.Sequential(layers)
        self.rnn = nn.Sequential(Recurrent(512, HIDDEN, HIDDEN, "embedding"), Recurrent(HIDDEN, HIDDEN, classes, "embedding"))

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.rnn(self.cnn(images).squeeze(2).permute(2, 0, 1))
        return found


class Features(nn.Module):
    def __init__(self) -> None:
        super().__init__()

        def convolution(given: int, channels: int) -> list[nn.Module]:
            return [nn.Conv2d(given, channels, 3, 1, 1), nn.ReLU()]

        def normed(given: int) -> list[nn.Module]:
            return [nn.Conv2d(given, 512, 3, 1, 1, bias=False), nn.BatchNorm2d(512), nn.ReLU()]

        flat = nn.MaxPool2d((2, 1), (2, 1))
        self.ConvNet = nn.Sequential(
            *[*convolution(1, 64), nn.MaxPool2d(2, 2), *convolution(64, 128), nn.MaxPool2d(2, 2)],
            *[*convolution(128, 256), *convolution(256, 256), flat, *normed(256), *normed(512), flat],
            *[nn.Conv2d(512, 512, 2), nn.ReLU()],
        )


class Benchmark(nn.Module):
    """deep-text-recognition-benchmark's None-VGG-BiLSTM-CTC: a linear map more at the end."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.FeatureExtraction = Features()
        self.SequenceModeling = nn.Sequential(
            Recurrent(512, HIDDEN, HIDDEN, "linear"), Recurrent(HIDDEN, HIDDEN, HIDDEN, "linear")
        )
        self.Prediction = nn.Linear(HIDDEN, classes)

    def forward(self, images: Tensor) -> Tensor:
        frames = self.FeatureExtraction.ConvNet(images).squeeze(2).permute(2, 0, 1)
        found: Tensor = self.Prediction(self.SequenceModeling(frames))
        return found


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "crnn.pytorch": CrnnPytorch,
    "deep-text-recognition-benchmark": Benchmark,
}


def network(name: str, classes: int = 37) -> nn.Module:
    """With weights by chance, batch norm's statistics too, that make posteriors differ from frame to frame."""
    torch.manual_seed(5)
    found = NETWORKS[name](classes)
    for module in found.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.1, 0.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.LSTM | nn.Linear):
            for value in module.parameters():
                nn.init.normal_(value, std=0.3)
    return found.eval()


def pictures(count: int, width: int = 100) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (count, 1, 32, width), np.uint8)


def theirs(model: nn.Module, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Log-probabilities as these projects compute them: 0 to 255 become -1 to 1."""
    with torch.inference_mode():
        found: Tensor = model((torch.from_numpy(images).float() / 255 - 0.5) / 0.5).log_softmax(2)
    return np.asarray(found.numpy())


def imported(model: nn.Module, folder: Path, plugins: Registry, symbols: str = SYMBOLS) -> Recognizer:
    torch.save(model.state_dict(), folder / "theirs.pth")
    task = plugins.task("bars")
    save_model(folder / "ours.safetensors", *foreign_model(folder / "theirs.pth", task, plugins, symbols))
    return load(folder / "ours.safetensors", plugins=plugins, device="cpu")


@pytest.mark.parametrize("name", NETWORKS)
def test_posteriors_are_those_of_the_other_project(name: str, tmp_path: Path, plugins: Registry) -> None:
    model, images = network(name), pictures(4)
    reader = imported(model, tmp_path, plugins)
    expected = theirs(model, images)
    found, lengths = reader.engine.run(images, np.full(4, 100))
    assert {*lengths.tolist()} == {len(expected)} == {{"crnn.pytorch": 26, "deep-text-recognition-benchmark": 24}[name]}
    assert np.ptp(expected, axis=(0, 1)).min() > 0.5  # else agreement would say little
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_posteriors_are_those_of_the_other_project_for_pictures_of_other_widths_in_one_batch(
    name: str, tmp_path: Path, plugins: Registry
) -> None:
    model, widths = network(name), np.array([100, 60, 164])
    reader = imported(model, tmp_path, plugins)
    images = pictures(3, 164)
    for row, width in enumerate(widths):
        images[row, :, :, width:] = 0
    found, lengths = reader.engine.run(images, widths)
    for row, width in enumerate(widths):
        expected = theirs(model, images[row : row + 1, :, :, :width])[:, 0]
        assert lengths[row] == len(expected)
        np.testing.assert_allclose(found[: lengths[row], row], expected, rtol=0, atol=2e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_exported_reader_computes_the_same(name: str, tmp_path: Path, plugins: Registry) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    reader = imported(network(name), tmp_path, plugins)
    export(reader, tmp_path / "ours.onnx")
    other = load(tmp_path / "ours.onnx", plugins=plugins)
    images, widths = pictures(2, 120), np.array([120, 100])
    images[1, :, :, 100:] = 0
    for given in (widths, np.array([120, 120])):
        found, lengths = other.engine.run(images, given)
        expected, known = reader.engine.run(images, given)
        assert lengths.tolist() == known.tolist()
        for row, length in enumerate(known):
            np.testing.assert_allclose(found[:length, row], expected[:length, row], rtol=0, atol=1e-3)


def test_every_picture_is_brought_to_the_size_that_they_were_trained_on(tmp_path: Path, plugins: Registry) -> None:
    model = network("crnn.pytorch")
    reader = imported(model, tmp_path, plugins)
    wide = np.repeat(pictures(1)[0, 0], 3, axis=1)
    reading = reader.read(wide)
    best = theirs(model, pictures(1)).argmax(2)[:, 0]
    kept = [symbol for place, symbol in enumerate(best) if symbol and (place == 0 or symbol != best[place - 1])]
    assert reading.symbols == tuple(SYMBOLS[symbol - 1] for symbol in kept)
    assert len(kept) > 3


@pytest.mark.parametrize("older", [False, True])
def test_checkpoints_by_several_gpus_and_by_old_versions_are_read(older: bool, tmp_path: Path, plugins: Registry) -> None:
    model = network("crnn.pytorch")
    state = {f"module.{name}": value for name, value in model.state_dict().items() if "num_batches" not in name}
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "theirs.pth", _use_new_zipfile_serialization=not older)
    weights, _ = foreign_model(tmp_path / "theirs.pth", plugins.task("bars"), plugins)
    reader = imported(model, tmp_path, plugins)
    for name, value in reader.engine.network.state_dict().items():  # type: ignore[attr-defined]
        assert torch.equal(value, weights[name])


def test_symbols_of_a_task_come_in_its_order_and_others_in_their_own(tmp_path: Path, plugins: Registry) -> None:
    scene_text = registry().task("scene-text")
    shuffled = SYMBOLS[::-1]
    torch.save(network("crnn.pytorch").state_dict(), tmp_path / "theirs.pth")
    one, card = foreign_model(tmp_path / "theirs.pth", scene_text, registry(), SYMBOLS)
    other, same = foreign_model(tmp_path / "theirs.pth", scene_text, registry(), shuffled)
    assert card.alphabet == same.alphabet
    assert card.alphabet.name == "alnum36"
    assert torch.equal(one["transcription.head.bias"][1:], other["transcription.head.bias"][1:].flip(0))
    _, foreign = foreign_model(tmp_path / "theirs.pth", plugins.task("bars"), plugins, SYMBOLS[:-1] + "é")
    assert foreign.alphabet.symbols == (*SYMBOLS[:-1], "é")


def changed(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    match name:
        case "lacks":
            return {key: value for key, value in state.items() if key != "rnn.1.embedding.bias"}
        case "more":
            return {**state, "Transformation.weight": torch.zeros(3)}
        case "colour":
            return {**state, "cnn.conv0.weight": torch.zeros(64, 3, 3, 3)}
        case "wide":
            return {**state, "rnn.0.embedding.weight": torch.zeros(7, 2 * HIDDEN), "rnn.0.embedding.bias": torch.zeros(7)}
        case "other":
            return {"encoder.weight": torch.zeros(3)}
    return {}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lacks", r"theirs.pth' lacks rnn.1.embedding.bias; is it another network"),
        ("more", "holds Transformation.weight, which crnn.pytorch's network with CTC does not have"),
        ("colour", r"holds backbone.stages.0.conv.weight of shape \(64, 3, 3, 3\) for \(64, 1, 3, 3\)"),
        ("wide", "a layer takes 24 features where the one before gives 7"),
        ("other", "has no layer encoder.weight … of a network that is known: crnn.pytorch and deep-text"),
        ("none", "holds no weights; write them with torch.save"),
    ],
)
def test_other_networks_are_refused(name: str, message: str, tmp_path: Path, plugins: Registry) -> None:
    torch.save(changed(network("crnn.pytorch").state_dict(), name), tmp_path / "theirs.pth")
    with pytest.raises(ModelFileError, match=message):
        foreign_model(tmp_path / "theirs.pth", plugins.task("bars"), plugins)


def test_number_of_symbols_has_to_fit_and_none_comes_twice(tmp_path: Path, plugins: Registry) -> None:
    torch.save(network("crnn.pytorch", 5).state_dict(), tmp_path / "theirs.pth")
    task = plugins.task("bars")
    with pytest.raises(ModelFileError, match="reads 4 symbols, and 36 are named"):
        foreign_model(tmp_path / "theirs.pth", task, plugins)
    with pytest.raises(AlphabetError, match="symbol 'x' stands there twice"):
        foreign_model(tmp_path / "theirs.pth", task, plugins, "xyzx")


class Runs:
    """Unpickled, it would leave a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("older", [False, True])
def test_nothing_in_a_file_is_run(older: bool, tmp_path: Path, plugins: Registry) -> None:
    mark = tmp_path / "mark"
    torch.save({"a": Runs(mark)}, tmp_path / "bad.pth", _use_new_zipfile_serialization=not older)
    with pytest.raises(ModelFileError, match=r"bad.pth' holds no state dict that can be read .*; write one with torch.save"):
        foreign_model(tmp_path / "bad.pth", plugins.task("bars"), plugins)
    assert not mark.exists()


def test_command_writes_a_model_file_and_names_what_is_wrong(
    seqrec: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(network("crnn.pytorch", 4).state_dict(), "theirs.pth")
    (tmp_path / "symbols.txt").write_text("ab\nc\n")
    done = seqrec("import", "theirs.pth", "-o", "ours.safetensors", "--task", "bars", "--symbols-file", "symbols.txt")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("ours.safetensors: crnn.pytorch, 3 symbols, ")
    card = read_card(tmp_path / "ours.safetensors")
    assert card.trained == {"imported": "crnn.pytorch", "file": "theirs.pth"}
    assert card.recipe.picture.levels == "fixed"
    import cv2

    cv2.imwrite("picture.png", pictures(1)[0, 0])
    assert seqrec("recognize", "--model", "ours.safetensors", "picture.png").code == 0
    before = (tmp_path / "ours.safetensors").read_bytes()
    for arguments, message in (
        (("theirs.pth", "-o", "ours.safetensors", "--task", "bars"), "reads 3 symbols, and 36 are named"),
        (("missing.pth", "-o", "ours.safetensors", "--task", "bars"), "'missing.pth' is no file"),
        (("symbols.txt", "-o", "ours.safetensors", "--task", "bars"), "'symbols.txt' holds no state dict that can be read"),
        (("theirs.pth", "-o", "ours.bin", "--task", "bars"), "-o ours.bin: expected a file that ends in .safetensors"),
        (
            ("theirs.pth", "-o", "x.safetensors", "--task", "bars", "--symbols", "a", "--symbols-file", "symbols.txt"),
            "name the same",
        ),
        (
            ("theirs.pth", "-o", "x.safetensors", "--task", "bars", "--symbols-file", "none.txt"),
            "--symbols-file none.txt: cannot be read",
        ),
        (("theirs.pth", "-o", "x.safetensors", "--task", "barz"), "no task 'barz'"),
    ):
        failed = seqrec("import", *arguments)
        assert failed.code == 2
        assert message in failed.err
        assert failed.err.count("\n") == 1
    assert (tmp_path / "ours.safetensors").read_bytes() == before
