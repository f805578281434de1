"""Writing a plugin: what it is made from, and its files."""

import importlib.util
import io
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copy2, copytree, rmtree
from typing import Literal

from seqrec.alphabet import Alphabet
from seqrec.errors import DataError, PluginError
from seqrec.interfaces import Store
from seqrec.scaffold.symbols import as_python

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SAMPLES = 24  # pictures of a labelled data set that a plugin takes along
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Source:
    """What a plugin is made from.

    Attributes:
        variant: `font`, `glyphs` or `data`.
        symbols: In the order of their ids.
        separator: What stands between the symbols of a label.
        fill: Puts the files that the package needs into a folder of it.
        folder: Name of that folder.
        ending: Pattern of the files in it, for the wheel.
        data: The labelled data set, as the user named it.
        borrowed: Whether the font is one that everybody has, to be replaced.
    """

    variant: Literal["font", "glyphs", "data"]
    symbols: Sequence[str]
    separator: str
    fill: Callable[[Path], None]
    folder: str
    ending: str
    data: str = ""
    borrowed: bool = False


def from_fonts(fonts: Sequence[Path], symbols: Sequence[str]) -> Source:
    """A plugin whose practice pictures are drawn in fonts; without any, in the one that Pillow brings.

    Raises:
        DataError: A font cannot be read.
        AlphabetError: A symbol that no font has.
    """
    from seqrec.rendering import FontRenderer

    if not fonts:
        with tempfile.TemporaryDirectory() as folder:
            _pillows_font(Path(folder))
            _try_drawing(FontRenderer(_alphabet(symbols), list(Path(folder).iterdir())))
        return Source("font", symbols, _separator(symbols), _pillows_font, "fonts", "fonts/*", borrowed=True)
    for font in fonts:
        if not font.is_file():
            raise DataError(f"--font {font}: there is no such file")
    if len({font.name for font in fonts}) < len(fonts):
        raise DataError("--font: two fonts have the same file name, and stand in one folder of the plugin; rename one of them")
    _try_drawing(FontRenderer(_alphabet(symbols), fonts))

    def fill(folder: Path) -> None:
        for font in fonts:
            copy2(font, folder / font.name)

    return Source("font", symbols, _separator(symbols), fill, "fonts", "fonts/*")


def from_glyphs(glyphs: Path) -> Source:
    """A plugin whose practice pictures are put together from pictures of the symbols.

    Raises:
        DataError: No folder of glyph pictures, or one that cannot be read.
    """
    from seqrec.rendering import FontRenderer, glyph_symbols

    symbols = list(glyph_symbols(glyphs))
    _try_drawing(FontRenderer(_alphabet(symbols), [glyphs]))

    def fill(folder: Path) -> None:
        copytree(glyphs, folder, dirs_exist_ok=True)

    deep = any(path.is_dir() for path in glyphs.iterdir())
    return Source("glyphs", symbols, _separator(symbols), fill, "glyphs", "glyphs/**/*" if deep else "glyphs/*")


def from_data(path: Path, store: Store, separator: str = "") -> Source:
    """A plugin that learns from labelled pictures alone; its symbols are those of the labels.

    Args:
        path: As the user named it.
        store: The data set there.
        separator: What stands between the symbols of a label; empty where each character is one.

    Raises:
        DataError: The labels are all empty, or a picture that is taken along as a sample cannot be read.
    """
    split = Alphabet("any", ["a"] if separator != "a" else ["b"], separator=separator).split
    symbols = sorted({piece for index in range(len(store)) for piece in split(store.label(index))})
    if not symbols:
        raise DataError(f"--data {path}: all its labels are empty")
    step = max(1, len(store) // _SAMPLES)
    chosen = [index for index in range(0, len(store), step) if store.label(index)][:_SAMPLES]
    samples = [(_named(store.encoded(index), f"{place:02d}", store.key(index)), index) for place, index in enumerate(chosen)]

    def fill(folder: Path) -> None:
        for name, index in samples:
            (folder / name).write_bytes(store.encoded(index))
        lines = "".join(f"{name}\t{store.label(index)}\n" for name, index in samples)
        (folder / "gt.txt").write_text(lines, encoding="utf-8")

    return Source("data", symbols, separator, fill, "samples", "samples/*", str(path))


def write_plugin(name: str, folder: Path, source: Source) -> list[Path]:
    """Write a plugin, all of it or nothing.

    Args:
        name: Of the distribution, as in `my-symbols` or `seqrec-runes`; see `task_and_package`.
        folder: Where to; must not be there yet, or be empty.
        source: What it is made from.

    Returns:
        Every file that was written, relative to the folder.

    Raises:
        PluginError: The name cannot be used, or the folder is not empty.
        DataError: The folder cannot be written.
    """
    task, package = task_and_package(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PluginError(f"'{folder}' is there already; name another folder with --out, or remove it")
    had = folder.exists()
    try:
        (folder / package / source.folder).mkdir(parents=True)
        source.fill(folder / package / source.folder)
        for path, content in _files(name, task, package, source).items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
    except OSError as error:
        rmtree(folder, ignore_errors=True)
        if had:
            folder.mkdir()
        raise DataError(f"'{folder}' cannot be written: {error}") from error
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def task_and_package(name: str) -> tuple[str, str]:
    """The names of the task and of the package for the name of a distribution.

    The package's begins with `seqrec_`, so that it hides no other module and no folder in which one works hides it.

    Raises:
        PluginError: It is no such name, or there is a package of that name already.

    Example:
        >>> task_and_package("my-symbols"), task_and_package("seqrec-runes")
        (('my-symbols', 'seqrec_my_symbols'), ('runes', 'seqrec_runes'))
    """
    task = name.removeprefix("seqrec-")
    if not _NAME.fullmatch(task):
        raise PluginError(f"'{name}' is no name for a plugin; write small letters, digits and single dashes, as in my-symbols")
    package = f"seqrec_{task.replace('-', '_')}"
    if importlib.util.find_spec(package) is not None:
        raise PluginError(f"'{name}': there is a package '{package}' already; choose another name")
    return task, package


def _files(name: str, task: str, package: str, source: Source) -> dict[str, str]:
    """Path → content of what is written from templates."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from seqrec import __version__

    major, minor = __version__.split(".")[:2]
    facts = {
        "name": name,
        "task": task,
        "package": package,
        "title": task.replace("-", " ").capitalize(),
        "variant": source.variant,
        "count": len(source.symbols),
        "symbols": as_python(source.symbols),
        "separator": f'"{source.separator}"' if source.separator else "",
        "folder": source.folder,
        "constant": source.folder.upper(),
        "fonts": f"sorted({source.folder.upper()}.iterdir())" if source.variant == "font" else f"[{source.folder.upper()}]",
        "files": source.ending,
        "data": source.data,
        "borrowed": source.borrowed,
        "seqrec_from": f"{major}.{minor}",
        "seqrec_below": f"{int(major) + 1}",
    }
    # Templates make Python, TOML and Markdown, where there is nothing to escape.
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True)
    written = {
        "pyproject.toml": "pyproject.toml",
        f"{package}/__init__.py": "init.py",
        "tests/test_promises.py": "test.py",
        "README.md": "README.md",
        ".github/workflows/tests.yml": "tests.yml",
    }
    files = {path: environment.get_template(f"{template}.j2").render(facts) for path, template in written.items()}
    return {**files, f"{package}/py.typed": "", ".gitignore": "__pycache__/\n*.egg-info/\nbuild/\ndist/\nruns/\n.venv/\n"}


def _alphabet(symbols: Sequence[str]) -> Alphabet:
    return Alphabet("symbols", symbols, separator=_separator(symbols))


def _separator(symbols: Sequence[str]) -> str:
    """A space where symbols are longer than a character, else nothing."""
    return " " if any(len(symbol) > 1 for symbol in symbols) else ""


def _try_drawing(renderer: object) -> None:
    """Draw once, so that what is wrong with a font or picture is said now."""
    import numpy as np

    from seqrec.interfaces import Renderer

    assert isinstance(renderer, Renderer)
    renderer.render(np.random.default_rng(0))


def _pillows_font(folder: Path) -> None:
    """Write the font that Pillow carries: Aileron Regular by Sora Sagano, CC0, with few characters more than ASCII."""
    from PIL import ImageFont

    font = ImageFont.load_default(12)
    content = getattr(font, "path", None)
    if not isinstance(content, io.BytesIO):
        raise DataError("this Pillow brings no font of its own; name one with --font FILE")
    (folder / "aileron.ttf").write_bytes(content.getvalue())


def _named(encoded: bytes, stem: str, key: str) -> str:
    """A file name with the ending of the picture's format."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(encoded)) as picture:
            return f"{stem}.{(picture.format or 'png').lower()}"
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"sample '{key}' cannot be read as a picture: {error}") from error
