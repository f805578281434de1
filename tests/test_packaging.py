"""What ends up in the wheels, what an import loads, and what works without torch."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))

WITHOUT_TORCH = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchaudio", "lightning_fabric", "onnxruntime"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
sys.argv = ["seqrec", *sys.argv[1:]]
from seqrec.cli import main
sys.exit(main())
"""


def python(*arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


def built_wheel(project: Path, scratch: Path) -> Path:
    """The wheel of a copy of a project, so that nothing is left in the working tree; without network."""
    source = scratch / "source"
    names = ("pyproject.toml", "README.md", "LICENSE", "OFL.txt", "FONTS.md", "WORDS.md")
    source.mkdir()
    for name in names:
        if (project / name).exists():
            (source / name).write_bytes((project / name).read_bytes())
    for package in project.glob("seqrec*/__init__.py"):
        copytree(package.parent, source / package.parent.name, ignore=ignore_patterns("__pycache__"))
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "-w", scratch)
    done = python("-m", "pip", "wheel", *options, source, timeout=300)
    assert done.returncode == 0, done.stderr
    (wheel,) = scratch.glob("*.whl")
    return wheel


def members(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def shipped(package: Path) -> set[str]:
    """Every file of a package that a wheel must have, as a path beside the package."""
    files = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(package.parent).as_posix() for path in files}


@pytest.mark.slow
def test_wheel_of_the_core_holds_every_file_of_the_package(tmp_path: Path) -> None:
    found = members(built_wheel(ROOT, tmp_path))
    assert shipped(ROOT / "seqrec") <= found
    assert {"seqrec/py.typed", "seqrec/recipes/fast.toml", "seqrec/recipes/paper.toml"} <= found
    assert not any(name.startswith(("tests/", "plugins/", "docs/")) for name in found)
    assert any(name.endswith("licenses/LICENSE") for name in found)


@pytest.mark.slow
@pytest.mark.parametrize("project", PLUGINS, ids=lambda path: path.name)
def test_wheel_of_a_plugin_holds_every_file_of_its_package(project: Path, tmp_path: Path) -> None:
    (package,) = (path.parent for path in project.glob("seqrec_*/__init__.py"))
    wheel = built_wheel(project, tmp_path)
    found = members(wheel)
    assert shipped(package) <= found
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = (name for name in found if name.endswith("entry_points.txt"))
        assert "[seqrec]" in archive.read(entry_points).decode()
    texts = {path.name for path in project.rglob("*") if path.name in ("LICENSE", "OFL.txt", "OFL-1.1.txt", "Apache-2.0.txt")}
    assert texts <= {Path(name).name for name in found if "licenses/" in name}


BRAILLE = ROOT / "plugins" / "seqrec-braille"
EASY = [
    word
    for setting in ("renderer.max_length=4", "renderer.difficulty=0.0", "data.chunk=512", "data.held_out=64")
    for word in ("--set", setting)
]
READ = """
import sys
import seqrec, seqrec_braille
from seqrec.data.sources import RenderedSource
from seqrec.metrics import symbol_error_rate
from seqrec.plugins import registry

renderer = registry().task("seqrec-braille:braille").renderer
alphabet = renderer.alphabet
source = RenderedSource(renderer.configured(alphabet, {"max_length": 4, "difficulty": 0.0}), 99)
samples = [source.sample(index) for index in range(100)]
readings = seqrec.load("run").read([sample.image for sample in samples])
labels = [alphabet.split(sample.label) for sample in samples]
print(seqrec_braille.__file__, symbol_error_rate([reading.symbols for reading in readings], labels))
"""


def test_whole_plugin_for_braille_is_less_than_sixty_lines_of_python() -> None:
    lines = [line for path in BRAILLE.glob("seqrec_braille/*.py") for line in path.read_text(encoding="utf-8").splitlines()]
    assert 0 < len(lines) < 60


@pytest.mark.slow
def test_braille_in_an_environment_of_its_own_is_found_learns_for_a_minute_and_reads(
    tmp_path: Path, new_environment: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    wheel = built_wheel(BRAILLE, scratch)
    own = new_environment(tmp_path / "environment")
    monkeypatch.setenv("SEQREC_PLUGINS", "seqrec-braille")
    monkeypatch.chdir(tmp_path)

    def run(*words: str | Path) -> str:
        done = subprocess.run([str(own), *map(str, words)], capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("-m", "pip", "install", "--no-deps", "--no-index", "--ignore-installed", "--quiet", wheel)
    assert "lines of six-dot braille cells (64 symbols)" in run("-m", "seqrec", "plugins", "list")
    run("-m", "seqrec", "train", "--task", "braille", "--steps", "400", *EASY, "-o", "run")
    place, rate = run("-c", READ).split()
    assert Path(place).is_relative_to(tmp_path / "environment")
    assert float(rate) < 0.2


STRANGER = '''
"""Two letters, for a test."""
from pathlib import Path
from seqrec import Alphabet, Task, hookimpl

@hookimpl
def seqrec_tasks() -> list[Task]:
    """One task."""
    return [Task("stranger-letters", Alphabet("ab", ["a", "b"]), description="of a stranger")]
'''
STRANGER_PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "stranger"
version = "3.2.1"

[project.entry-points.seqrec]
letters = "seqrec_stranger"

[tool.setuptools]
packages = ["seqrec_stranger"]
"""


@pytest.mark.slow
def test_plugin_of_a_stranger_is_found_once_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, scratch, site = tmp_path / "stranger", tmp_path / "scratch", tmp_path / "site"
    (project / "seqrec_stranger").mkdir(parents=True)
    scratch.mkdir()
    (project / "pyproject.toml").write_text(STRANGER_PROJECT)
    (project / "seqrec_stranger" / "__init__.py").write_text(STRANGER)
    wheel = built_wheel(project, scratch)
    done = python("-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", site, wheel)
    assert done.returncode == 0, done.stderr

    monkeypatch.setenv("PYTHONPATH", str(site))
    listed = python("-m", "seqrec", "plugins", "list")
    assert listed.returncode == 0, listed.stderr
    assert "stranger-letters" in listed.stdout
    assert "3.2.1" in listed.stdout


def test_import_of_seqrec_loads_no_heavy_library() -> None:
    code = "import sys, seqrec; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    heavy = {"torch", "torchaudio", "lightning_fabric", "onnxruntime", "numba", "cv2", "PIL", "lmdb", "typer", "jinja2"}
    assert heavy & set(done.stdout.split()) == set()


def test_looking_at_the_plugins_loads_no_torch() -> None:
    code = "import sys; from seqrec.plugins import registry; registry(); print('torch' in sys.modules)"
    done = python("-c", code)
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr


@pytest.mark.parametrize("command", [["--help"], ["train", "--help"], ["plugins", "list"], ["version"]], ids=" ".join)
def test_works_without_torch(command: list[str]) -> None:
    done = python("-c", WITHOUT_TORCH, *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_rendering_works_without_torch(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    done = python("-c", WITHOUT_TORCH, "render", "--task", "scene-text", "--count", "4", "--sheet", sheet)
    assert done.returncode == 0, done.stderr
    assert sheet.stat().st_size > 0


def test_training_without_torch_names_the_extra_in_one_line(tmp_path: Path) -> None:
    done = python("-c", WITHOUT_TORCH, "train", "--task", "scene-text", "--recipe", "quick", "-o", tmp_path / "run")
    assert done.returncode == 2
    assert "seqrec[torch]" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()
