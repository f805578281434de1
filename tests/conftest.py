"""Fixtures that several test modules share."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch comes: tiny networks are no faster with more threads

import pytest
from hypothesis import settings

from seqrec import Recipe, builtin
from seqrec.model_file import ModelCard, save_model
from seqrec.plugins import Registry, build_registry
from seqrec.testing import bars

settings.register_profile("seqrec", deadline=None, derandomize=True)  # machines are shared, seeds explicit
settings.load_profile("seqrec")

TINY = [
    "task=bars",
    "backbone.channels=[4, 6, 8, 8, 12, 12, 16]",
    "sequence.hidden=16",
    "sequence.layers=1",
    "data.chunk=32",
    "data.workers=0",
    "data.held_out=8",
    "train.batch_size=8",
    "train.precision=float32",
    "train.minutes=0.0",
    "train.steps=20",
    "train.warmup_steps=5",
    "train.validate_every=10",
]


@pytest.fixture(scope="session")
def plugins() -> Registry:
    """The built-ins and the task of bars; nothing of what is installed."""
    return build_registry([("seqrec", "", lambda: builtin), ("seqrec-bars", "1.0", lambda: bars)])


@pytest.fixture(scope="session")
def tiny_recipe() -> Recipe:
    """Twenty steps of a network of a few thousand weights on bars."""
    return Recipe().with_settings(TINY)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, plugins: Registry, tiny_recipe: Recipe) -> Path:
    """A model file with random weights, whose readings are as varied as they are wrong."""
    import torch

    from seqrec.network import build_network

    torch.manual_seed(7)
    network = build_network(tiny_recipe, bars.BARS, plugins).eval()
    head = network.get_submodule("transcription.head")
    with torch.no_grad():
        logits = head(network.frames(torch.randint(0, 256, (32, 1, 32, 100), dtype=torch.uint8), None)).flatten(0, 1)
        head.weight.div_(logits.std(0)[:, None] / 4)  # else every frame of every picture has the same best class
        head.bias.sub_(logits.mean(0)).div_(logits.std(0) / 4)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    card = ModelCard("bars", "seqrec-bars 1.0", bars.BARS, tiny_recipe, turn_tall=True)
    save_model(path, network.state_dict(), card)
    return path


@pytest.fixture(scope="session")
def bars_environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Environment of a process that finds the task of bars by its entry point, and no other plugin."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, "seqrec-bars", "bars = seqrec.testing.bars")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "SEQREC_PLUGINS": "seqrec-bars",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def seqrec(plugins: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """`seqrec ARGUMENTS…` in this process, with the built-ins and the task of bars."""
    for module in ("seqrec.plugins", "seqrec.recognizer"):
        monkeypatch.setattr(f"{module}.registry", lambda: plugins)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: str | Path) -> Outcome:
        from seqrec.cli import main

        monkeypatch.setattr(sys, "argv", ["seqrec", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        told = capsys.readouterr()
        return Outcome(code, told.out, told.err)

    return run


def install(folder: Path, name: str, entry_point: str) -> None:
    """What pip leaves behind of a distribution with an entry point, as far as discovery looks."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[seqrec]\n{entry_point}\n")


@pytest.fixture(scope="session")
def new_environment() -> Callable[[Path], Path]:
    """Makes a virtual environment at a path that has what this one has, and gives its Python; without network."""

    def make(folder: Path) -> Path:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
        python = folder / "bin" / "python"
        ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        own = subprocess.run(ask, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
        shared = sysconfig.get_path("purelib")
        (Path(own) / "shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n")  # with what is installed editably
        return python

    return make
