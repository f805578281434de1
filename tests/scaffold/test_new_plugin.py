"""`seqrec plugins new`: what it writes is a plugin, from whatever it was made, and what it cannot use is refused in one line."""

import importlib.util
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from seqrec.data.sources import RenderedSource
from seqrec.errors import AlphabetError
from seqrec.pictures import encode_png
from seqrec.scaffold import read_symbols
from seqrec.scaffold.symbols import as_python
from seqrec.testing import check_task


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def draw(path: Path, text: str, size: int = 40) -> None:
    """A picture of a text, black on white."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("L", (size, size), 255)
    ImageDraw.Draw(picture).text((6, 4), text, fill=0, font=ImageFont.load_default(size - 14))
    picture.save(path)


def glyphs_in(folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        draw(folder / f"{name}.png", name[0])
    return folder


def labelled_in(folder: Path, labels: Sequence[str]) -> Path:
    """Pictures with labels in a gt.txt."""
    folder.mkdir()
    for number, label in enumerate(labels):
        draw(folder / f"{number}.png", label)
    (folder / "gt.txt").write_text("".join(f"{number}.png\t{label}\n" for number, label in enumerate(labels)))
    return folder


def imported(folder: Path, package: str) -> ModuleType:
    """The module that was written."""
    spec = importlib.util.spec_from_file_location(package, folder / package / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_a_word_more_it_reads_digits(here: Path, seqrec: Callable[..., Any]) -> None:
    found = seqrec("plugins", "new", "my-symbols")
    assert found.code == 0, found.err
    assert "my-symbols: 8 files, a task of 10 symbols in seqrec_my_symbols/__init__.py" in found.err
    assert found.out.splitlines() == [
        "pip install -e my-symbols",
        "pytest my-symbols",
        "seqrec train --task my-symbols --minutes 10 -o runs/my-symbols",
    ]
    files = sorted(path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file())
    assert files == [
        f"my-symbols/{name}"
        for name in (
            ".github/workflows/tests.yml", ".gitignore", "README.md", "pyproject.toml", "seqrec_my_symbols/__init__.py",
            "seqrec_my_symbols/fonts/aileron.ttf", "seqrec_my_symbols/py.typed", "tests/test_promises.py",
        )
    ]  # fmt: skip
    project = tomllib.loads((here / "my-symbols" / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["seqrec"] == {"my-symbols": "seqrec_my_symbols"}
    (task,) = imported(here / "my-symbols", "seqrec_my_symbols").seqrec_tasks()
    assert (task.name, "".join(task.alphabet.symbols)) == ("my-symbols", "0123456789")
    check_task(task)


def test_font_and_code_points_make_a_plugin_of_them(here: Path, seqrec: Callable[..., Any], braille_font: Path) -> None:
    found = seqrec("plugins", "new", "cells", "--font", braille_font, "--symbols", "U+2801-U+283F", "--out", here / "elsewhere")
    assert found.code == 0, found.err
    assert (here / "elsewhere" / "seqrec_cells" / "fonts" / braille_font.name).read_bytes() == braille_font.read_bytes()
    (task,) = imported(here / "elsewhere", "seqrec_cells").seqrec_tasks()
    assert (len(task.alphabet), task.alphabet.symbols[0]) == (63, "\u2801")
    check_task(task)


@pytest.fixture(scope="module")
def braille_font() -> Path:
    return next((Path(__file__).resolve().parents[2] / "plugins" / "seqrec-braille" / "seqrec_braille").glob("*.woff2"))


def test_glyph_pictures_make_a_plugin_that_draws_them(here: Path, seqrec: Callable[..., Any]) -> None:
    glyphs = glyphs_in(here / "glyphs", ["1", "7", "U+002F"])
    for name in ("first", "second"):
        draw(glyphs / "8" / f"{name}.png", "8")
    found = seqrec("plugins", "new", "dials", "--glyphs", glyphs)
    assert found.code == 0, found.err
    (task,) = imported(here / "dials", "seqrec_dials").seqrec_tasks()
    assert task.alphabet.symbols == ("/", "1", "7", "8")
    check_task(task)
    sample = RenderedSource(task.renderer, 1).sample(0)
    assert len(task.alphabet.encode(sample.label)) == len(sample.boxes)


def test_symbols_with_names_are_separated_by_a_space(here: Path, seqrec: Callable[..., Any]) -> None:
    glyphs = glyphs_in(here / "glyphs", ["one", "two"])
    assert seqrec("plugins", "new", "dominoes", "--glyphs", glyphs).code == 0
    (task,) = imported(here / "dominoes", "seqrec_dominoes").seqrec_tasks()
    assert task.alphabet.decode(task.alphabet.encode("one two two")) == ["one", "two", "two"]
    check_task(task)


def test_labelled_data_make_a_plugin_that_learns_from_them(here: Path, seqrec: Callable[..., Any]) -> None:
    data = labelled_in(here / "meters", ["12", "23", "31", "40"] * 10)
    found = seqrec("plugins", "new", "meter", "--data", data)
    assert found.code == 0, found.err
    assert found.out.splitlines()[-1] == f"seqrec train --task meter --data {data} --minutes 10 -o runs/meter"
    (task,) = imported(here / "meter", "seqrec_meter").seqrec_tasks()
    assert task.alphabet.symbols == ("0", "1", "2", "3", "4")
    assert task.renderer is None
    assert len((task.samples / "gt.txt").read_text().splitlines()) == 24
    check_task(task)


def test_labels_of_several_characters_a_symbol_are_split_at_the_separator(here: Path, seqrec: Callable[..., Any]) -> None:
    data = labelled_in(here / "notes", ["C4 D4", "D4 E#5"])
    assert seqrec("plugins", "new", "notes-of-mine", "--data", data, "--separator", " ").code == 0
    (task,) = imported(here / "notes-of-mine", "seqrec_notes_of_mine").seqrec_tasks()
    assert task.alphabet.symbols == ("C4", "D4", "E#5")


def test_task_without_a_renderer_keeps_pictures_out_to_validate_on(
    here: Path, tiny_recipe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    from seqrec import Alphabet, Task
    from seqrec.network import build_network
    from seqrec.plugins import build_registry
    from seqrec.training.material import gather

    data = labelled_in(here / "meters", [f"{number:02d}" for number in range(40)])
    alphabet = Alphabet("digits", "0123456789")
    recipe = dataclasses.replace(tiny_recipe, data=dataclasses.replace(tiny_recipe.data, sets=(str(data),)))
    from seqrec import builtin

    plugins = build_registry([("seqrec", "", lambda: builtin)])
    material = gather(recipe, Task("meter", alphabet), alphabet, build_network(recipe, alphabet, plugins), plugins)
    kept = {material.preparation.source.sample(index).key for index in range(36)}
    apart = {example.key.partition(": ")[2] for example in material.validation}
    assert (len(kept), len(apart), kept & apart) == (36, 4, set())
    assert material.messages == [f"{data}: 4 of its pictures are kept out of training to validate on; --val names others"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["My-Symbols"], "'My-Symbols' is no name for a plugin; write small letters, digits and single dashes, as in my-symbols"),
        (["braille"], "'braille': there is a package 'seqrec_braille' already; choose another name"),
        (["bars"], "task 'bars' is there already, from 'seqrec-bars'; choose another name"),
        (["x", "--font", "lost.ttf", "--symbols", "01"], "--font lost.ttf: there is no such file"),
        (["x", *["--font", __file__] * 2, "--symbols", "01"], "--font: two fonts have the same file name"),
        (["x", "--font", "lost.ttf"], "--font: say which symbols to draw: --symbols 0123456789, --symbols U+2800-U+283F"),
        (["x", "--symbols", "U+28XX"], "--symbols: 'U+28XX' is no range of code points; write U+2800-U+283F"),
        (["x", "--symbols", "⠁"], "symbol '⠁' of alphabet 'symbols' cannot be drawn with"),
        (["x", "--glyphs", "nowhere"], "'nowhere' is no folder; expected one with a picture of each symbol"),
        (["x", "--glyphs", "empty"], "'empty' holds no glyph pictures; expected files such as 7.png"),
        (["x", "--glyphs", "broken"], "glyph picture 'broken/7.png' cannot be read"),
        (["x", "--data", "empty"], "'empty' holds no labelled pictures in a format we know"),
        (["x", "--glyphs", "empty", "--data", "empty"], "a new plugin has one origin: give --font, --glyphs or --data"),
        (["x", "--glyphs", "empty", "--symbols", "01"], "--symbols goes with --font"),
        (["x", "--separator", " "], "--separator is about the labels of --data"),
        (["x", "--out", "broken"], "'broken' is there already; name another folder with --out, or remove it"),
    ],
)
def test_what_cannot_be_used_is_refused_and_leaves_nothing(
    here: Path, seqrec: Callable[..., Any], words: list[str], message: str
) -> None:
    (here / "empty").mkdir()
    (here / "broken").mkdir()
    (here / "broken" / "7.png").write_bytes(b"no picture")
    found = seqrec("plugins", "new", *words)
    assert found.code == 2
    assert found.err.startswith("error: ")
    assert message in found.err
    assert len(found.err.splitlines()) == 1
    assert sorted(path.name for path in here.iterdir()) == ["broken", "empty"]


def test_symbols_are_read_from_lines_of_a_file(here: Path) -> None:
    (here / "symbols.txt").write_text("one\ntwo\n\none\n", encoding="utf-8")
    assert read_symbols("symbols.txt") == ["one", "two"]
    with pytest.raises(AlphabetError, match="--symbols '' names no symbol"):
        read_symbols("")


@pytest.mark.parametrize(
    "symbols",
    [["a"], ['"', "\\"], ["e\u0301", "\u0301"], ["\u00a0", "\u200d", "\U0001f030"], [f"note-{place}" for place in range(99)]],
)
def test_symbols_come_back_from_the_python_that_is_written(symbols: list[str]) -> None:
    assert eval(as_python(symbols)) == symbols
    assert all(len(line) <= 120 for line in as_python(symbols).splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["font", "glyphs", "data"])
def test_plugin_that_was_written_installs_passes_its_own_tests_and_trains(variant: str, here: Path, new_environment: Any) -> None:
    options = {
        "font": [],
        "glyphs": ["--glyphs", str(glyphs_in(here / "pictures", [*"0123456789"]))],
        "data": ["--data", str(labelled_in(here / "labelled", [f"{number:02d}" for number in range(60)]))],
    }[variant]
    python = new_environment(here / "environment")

    def run(*words: str) -> str:
        done = subprocess.run([str(python), "-m", *words], cwd=here, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    told = run("seqrec", "plugins", "new", "my-symbols", *options).splitlines()
    run("pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "-e", "my-symbols")
    assert "task-my-symbols-works-on-the-command-line] PASSED" in run("pytest", "-v", "-p", "no:cacheprovider", "my-symbols")
    train = told[-1].replace("--minutes 10", "--steps 4 --set data.chunk=32 --set data.workers=0 --set data.held_out=4").split()
    run(*train)
    assert (here / "runs" / "my-symbols" / "model.safetensors").is_file()


def test_picture_of_nothing_is_no_ink(here: Path) -> None:
    from seqrec.rendering import GlyphFolder

    (here / "pictures").mkdir()
    (here / "pictures" / "blank.png").write_bytes(encode_png(np.full((20, 10), 90, np.uint8)))
    dot = Image.new("RGBA", (10, 20), (0, 0, 0, 0))
    dot.putpixel((5, 18), (255, 255, 255, 255))
    dot.save(here / "pictures" / "dot.png")
    glyphs = GlyphFolder(here / "pictures")
    assert (glyphs.has_ink("blank"), glyphs.has_ink("dot")) == (False, True)
    glyph = glyphs.glyph("dot", 20)
    assert (glyph.mask.shape, glyph.left, glyph.top, glyph.advance) == ((20, 1), 5, -20, 10.0)
    assert glyph.mask[18, 0] == 255
