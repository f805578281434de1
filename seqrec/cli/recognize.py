"""`seqrec recognize`: read pictures."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from seqrec.cli import task_options
from seqrec.cli.console import AlphabetName, Device, ModelPath, TaskName, Threads, chosen_reader, complain, console
from seqrec.cli.decoding import (
    BeamWidth,
    DecoderName,
    Delta,
    GrammarNames,
    LexiconCase,
    LexiconMode,
    LexiconName,
    LexiconShare,
    LexiconThreshold,
    LexiconView,
    LmFile,
    LmWeight,
    NBest,
    PatternText,
    own_name,
    with_decoding,
)
from seqrec.errors import ImageError, SeqrecError

if TYPE_CHECKING:
    from seqrec.decoding.choice import Decoding, LexiconSource
    from seqrec.interfaces import Picture
    from seqrec.pictures import PictureSource
    from seqrec.reading import Reading
    from seqrec.recognizer import Recognizer

T = TypeVar("T")

_FEW = 20  # pictures that need no progress bar
SUFFIXES = {".pdf", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".jp2", ".avif"}


def recognize(
    ctx: typer.Context,
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE|FOLDER|-…", help="Pictures, folders of them, or `-` for one picture on standard input."),
    ],
    task: TaskName = "",
    model: ModelPath = None,
    alphabet: AlphabetName = "",
    format: Annotated[
        str, typer.Option("--format", help="`text`: path, tab, reading; `jsonl`: one JSON object a line.")
    ] = "text",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Write the readings into this folder as `readings.txt` or `.jsonl`, and the files that the task makes of them.",
            show_default=False,
        ),
    ] = None,
    overlay: Annotated[
        bool,
        typer.Option(
            "--overlay",
            help="With `-o`: also draw each picture with its reading, symbol by symbol: `NAME.png`; `NAME.overlay.png` where the "
            "task writes files.",
        ),
    ] = False,
    decoder: DecoderName = "",
    beam_width: BeamWidth = 10,
    n_best: NBest = 1,
    lexicon: LexiconName = "",
    lexicon_mode: LexiconMode = "exact",
    lexicon_view: LexiconView = "",
    lexicon_case: LexiconCase = "exact",
    lexicon_threshold: LexiconThreshold = 0.0,
    lexicon_share: LexiconShare = False,
    delta: Delta = 3,
    pattern: PatternText = None,
    lm: LmFile = None,
    lm_weight: LmWeight = 0.3,
    grammar: GrammarNames = None,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Read pictures of words, staves or whatever the task reads.

    One reading a line. A picture that cannot be read is named on standard error (in `jsonl`: an object with `error`), the
    others are read all the same, and the exit code is 1.

    Example: `seqrec recognize --task scene-text photos/ --format jsonl`
    """
    if format not in ("text", "jsonl"):
        raise SeqrecError(f"--format {format}: expected text or jsonl")
    sources = list(found_pictures(pictures))
    if overlay and out is None:
        raise SeqrecError("--overlay needs a folder to draw into; name one with -o FOLDER")
    reader = task_options.configured(chosen_reader(task, model, alphabet, device, threads), ctx)
    own = own_name(lexicon)
    shared = (lexicon, lexicon_mode, lexicon_view, lexicon_case, lexicon_threshold)
    reader = with_decoding(
        reader, decoder, beam_width, n_best, *(shared if own is None else ("", "exact", "", lexicon_case, 0.0)),
        lexicon_share, delta, pattern, lm, lm_weight, grammar,
    )  # fmt: skip
    if own is not None:
        mode: dict[str, str | float] = {
            "lexicon_mode": lexicon_mode, "lexicon_view": lexicon_view, "lexicon_threshold": lexicon_threshold
        }  # fmt: skip
        reader = with_own_lexicons(reader, own, mode, pictures, [key for key, _ in sources])
    failed = count = 0
    target = _opened(out, format)
    outputs = reader.task.outputs(out) if out is not None and reader.task and reader.task.outputs else None
    names: set[str] = set()
    try:
        for key, reading, picture in with_progress(reader.read_many(by_page(sources)), len(sources), target.isatty()):
            count += 1
            name = _name(key, names)
            if overlay and out is not None and picture is not None and not isinstance(reading, SeqrecError):
                _draw(out / f"{name}{'.overlay' if outputs else ''}.png", picture, reading)
            if outputs:
                outputs.add(name, reading, picture)
            failed += isinstance(reading, SeqrecError)
            if isinstance(reading, SeqrecError) and format == "text":
                complain(f"{reading}")
            else:
                print(line_of(key, reading, format), file=target)
            if format == "text" and not isinstance(reading, SeqrecError) and reading.hint:
                complain(f"{key}: {reading.hint}")
        for remark in outputs.close() if outputs else ():
            complain(remark)
    finally:
        if target is not sys.stdout:
            target.close()
    if failed:
        complain(f"{failed} of {count} pictures could not be read")
        raise typer.Exit(1)


def with_own_lexicons(
    reader: "Recognizer", lexicon: str, mode: dict[str, str | float], names: list[str], keys: list[str]
) -> "Recognizer":
    """The reader with the lexicons that lie in the folders of pictures; says what it has to do without.

    Args:
        reader: Decodes as the options say, without a lexicon.
        lexicon: Which one; nothing where there is just one.
        mode: What `Decoding` takes with a lexicon alone.
        names: Pictures and folders, as they were given.
        keys: Paths of all pictures.

    Raises:
        SeqrecError: There is no such lexicon, or it cannot be used.
    """
    import dataclasses

    from seqrec.columns import outside, own_decoding
    from seqrec.data.lexicons import lexicon_beside

    def held(words: "LexiconSource | None") -> "Decoding":
        return reader.decoding if words is None else dataclasses.replace(reader.decoding, lexicon=words, **mode)  # type: ignore[arg-type]

    folders = dict.fromkeys(path if path.is_dir() else path.parent for path in map(Path, names))
    which, words_of = lexicon_beside(list(folders), keys, lexicon)
    words = [words_of(key) for key in keys]
    decoding = own_decoding(held, words.__getitem__, len(keys), which)
    if lacking := words.count(None):
        complain(f"{lacking:,} of {len(keys):,} pictures have no lexicon and are read freely")
    folded = reader.alphabet is not reader.engine.alphabet
    if not folded and (dropped := outside(words.__getitem__, len(keys), reader.alphabet)).count:
        complain(f"lexicon {which}: left out {dropped}")
    return dataclasses.replace(reader, decoding=decoding).with_lexicons(words_of)


def with_progress(items: Iterable[T], total: int, seen: bool) -> Iterator[T]:
    """The items, with a bar on a terminal's standard error, where there are some and nothing else tells how far it is.

    Args:
        items: As they come.
        total: How many there will be.
        seen: Whether the readings themselves run over the terminal.
    """
    if seen or total <= _FEW or not sys.stderr.isatty():
        yield from items
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    start = time.monotonic()
    with Progress(*columns, console=console(), transient=True) as bar:
        reading = bar.add_task("reading", total=total, rate="")
        for done, item in enumerate(items, start=1):
            yield item
            bar.update(reading, completed=done, rate=f"{done / max(time.monotonic() - start, 1e-3):.0f} pictures/s")


def line_of(key: str, reading: "Reading | SeqrecError", format: str) -> str:
    """One line of output."""
    if format == "text":
        assert not isinstance(reading, SeqrecError)
        lines = [f"{key}\t{reading.text}" + ("\t(free)" if reading.free else "") + _word(reading)]
        for other in reading.alternatives:
            lines.append(_word(other) if other.edits >= 0 else f"\t{other.text}\t{other.confidence:.4f}")
        return "\n".join(lines)
    found = {"error": str(reading)} if isinstance(reading, SeqrecError) else reading.as_dict()
    return json.dumps({"path": key, **found}, ensure_ascii=False)


def _word(reading: "Reading") -> str:
    """The word of which a fragment was read, behind a tab; nothing for other readings."""
    return f"\t{reading.word}\t{reading.edits} edits, 1 of {round(1 / reading.share)}" if reading.edits >= 0 else ""


def found_pictures(names: list[str]) -> "Iterator[tuple[str, PictureSource]]":
    """Path and source of each picture; a folder gives those of its files, in order, whose suffix is a picture's.

    Raises:
        SeqrecError: A folder holds no picture.
    """
    for name in names:
        path = Path(name)
        if name == "-":
            yield "-", sys.stdin.buffer.read()
        elif path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
            if not files:
                raise SeqrecError(f"'{path}' holds no pictures (looked for {', '.join(sorted(SUFFIXES))})")
            yield from ((str(file), file) for file in files)
        else:
            yield name, path


def by_page(sources: "Iterable[tuple[str, PictureSource]]") -> "Iterator[tuple[str, PictureSource | SeqrecError]]":
    """The sources; of a PDF or a TIFF of several pages each page, as `scan.pdf#page=2`, read when its turn comes, or why not."""
    from seqrec.pages import PAGED, open_pages

    for name, source in sources:
        if not isinstance(source, Path) or source.suffix.lower() not in PAGED:
            yield name, source
            continue
        try:
            yield from open_pages(source)
        except ImageError as error:
            yield name, error


def _name(key: str, names: set[str]) -> str:
    """What files about a picture are called, without an ending; a name that was used gets a number."""
    stem = name = Path(key).stem if key != "-" else "stdin"
    number = 1
    while name in names:
        number += 1
        name = f"{stem}-{number}"
    names.add(name)
    return name


def _draw(path: Path, picture: "Picture", reading: "Reading") -> None:
    """Write the overlay."""
    from PIL import Image

    from seqrec.overlay import draw_overlay

    try:
        Image.fromarray(draw_overlay(picture, reading)).save(path)
    except OSError as error:
        raise SeqrecError(f"-o {path.parent}: cannot be written: {error}") from error


def _opened(out: Path | None, format: str):  # type: ignore[no-untyped-def]
    """Where the readings go."""
    if out is None:
        return sys.stdout
    try:
        out.mkdir(parents=True, exist_ok=True)
        return (out / ("readings.jsonl" if format == "jsonl" else "readings.txt")).open("w", encoding="utf-8")
    except OSError as error:
        raise SeqrecError(f"-o {out}: cannot be written: {error}") from error
