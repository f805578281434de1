"""`seqrec render`: draw practice pictures."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqrec.cli.console import complain
from seqrec.cli.data_convert import process_place
from seqrec.errors import DataError, SeqrecError

if TYPE_CHECKING:
    from seqrec.interfaces import Renderer, Sample

_LABEL_PX, _LINE_PX = 400, 14
"""Labels on a contact sheet are broken beyond this width, or that of their picture; height of a line."""
_MARK_PX, _MARK_ROWS = 4, 3
"""Height of the line that marks a symbol's place, and at how many heights neighbours stand."""


def render(
    task: Annotated[str, typer.Option("--task", help="The task whose renderer draws.", show_default=False)],
    count: Annotated[int, typer.Option("--count", help="How many pictures.", min=1)] = 64,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write an LMDB data set.", show_default=False)] = None,
    sheet: Annotated[Path | None, typer.Option("--sheet", help="Draw a contact sheet, a PNG.", show_default=False)] = None,
    boxes: Annotated[bool, typer.Option("--boxes", help="Mark on the sheet where each symbol stands.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed; the same one gives the same pictures.", min=0)] = 1,
    shards: Annotated[
        int, typer.Option("--shards", help="Data sets side by side in the folder, each drawn by a process.", min=1)
    ] = 1,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Draw what training never draws: its words and typefaces.")
    ] = False,
    recipe: Annotated[str, typer.Option("--recipe", help="Draw as this recipe says.", show_default=False)] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one key of the recipe, as `renderer.difficulty=0.5`.", show_default=False
        ),
    ] = None,
) -> None:
    """Draw practice pictures into an LMDB, or on a contact sheet to look at.

    Example: `seqrec render --task scene-text --count 64 --sheet sheet.png`
    """
    from seqrec.cli.train import chosen_recipe
    from seqrec.plugins import registry
    from seqrec.recipe import Recipe
    from seqrec.rendering import FontRenderer

    if (out is None) == (sheet is None):
        raise SeqrecError("say where to: -o LMDB for a data set, or --sheet PNG for a contact sheet")
    chosen = registry().task(task)
    if boxes and sheet is None:
        raise SeqrecError("--boxes marks places on a contact sheet; give --sheet PNG")
    if chosen.renderer is None:
        raise SeqrecError(f"task '{task}' draws no pictures; it trains on data sets alone")
    plan = (chosen_recipe(chosen, recipe) if recipe else Recipe()).with_settings(settings or [])
    renderer = chosen.renderer.configured(chosen.alphabet_named(plan.alphabet), plan.renderer)
    renderer = renderer.held_out() if held_out else renderer
    if sheet is not None:
        fonts = renderer.fonts if isinstance(renderer, FontRenderer) else ()
        draw_sheet([drawn for _, drawn in samples(renderer, seed, range(count))], sheet, fonts, boxes=boxes)
        complain(f"{count} pictures drawn on {sheet}")
    elif out is not None:
        write_sets(renderer, seed, count, out, shards)
        if process_place()[0] == 0:
            complain(f"{count} pictures in {out}")


def samples(renderer: "Renderer", seed: int, indices: Iterable[int]) -> "Iterator[tuple[int, Sample]]":
    """Index and picture; the same as training with this seed draws."""
    from seqrec.data.sources import RenderedSource

    source = RenderedSource(renderer, seed)
    yield from ((index, source.sample(index)) for index in indices)


def write_sets(renderer: "Renderer", seed: int, count: int, out: Path, shards: int) -> None:
    """One LMDB, or several side by side; a set that was cut off is gone on with.

    Of several processes that torchrun started each draws shards of its own, which must be as many as processes at least.

    Raises:
        DataError: There are fewer.
    """
    import os
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    rank, world = process_place()
    if shards < world:
        raise DataError(f"--shards {shards}: {world} processes draw, each needs a shard at least; say --shards {world} or more")
    if shards == 1:
        write_set(renderer, seed, range(count), out)
        return
    own = range(rank, shards, world)
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    with ProcessPoolExecutor(min(len(own), max((os.cpu_count() or 1) // here, 1)), get_context("spawn")) as pool:
        for done in [
            pool.submit(write_set, renderer, seed, range(shard, count, shards), out / f"shard-{shard:03d}") for shard in own
        ]:
            done.result()


def write_set(renderer: "Renderer", seed: int, indices: range, out: Path) -> None:
    """One LMDB of the pictures of some indices."""
    from seqrec.data.writer import LmdbWriter
    from seqrec.pictures import encode_png
    from seqrec.threads import one_thread_each

    one_thread_each()
    with LmdbWriter(out) as writer:
        for _, drawn in samples(renderer, seed, indices[len(writer) :]):
            writer.add(encode_png(drawn.image), drawn.label, (drawn.image.shape[1], drawn.image.shape[0]))


def draw_sheet(
    drawn: "list[Sample]",
    path: Path,
    fonts: "Sequence[Path]" = (),
    *,
    boxes: bool = False,
    width_px: int = 1200,
    gap_px: int = 8,
) -> None:
    """Pictures in rows on one PNG, each with its label below.

    Args:
        drawn: The pictures.
        path: The PNG.
        fonts: Where labels find a font, if the plain one lacks their symbols; folders of glyph pictures are passed over.
        boxes: Whether to mark each symbol's x-span by a line below the picture, neighbours at different heights.
        width_px: Of the sheet.
        gap_px: Between pictures.

    Raises:
        DataError: The file cannot be written.
    """
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    from seqrec.rendering import Font

    plain = ImageFont.load_default(12)
    others = [Font(file) for file in fonts if file.is_file()]

    def font_for(label: str) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
        """The plain font, or another where that cannot draw the label."""
        if label.isascii() or not isinstance(plain, ImageFont.FreeTypeFont):
            return plain
        found = next((other for other in others if other.can_draw(label)), None)
        return ImageFont.truetype(str(found.path), 13) if found else plain

    places, x, y, row_px = [], gap_px, gap_px, 0
    marks_px = _MARK_PX * _MARK_ROWS if boxes else 0
    for sample in drawn:
        height, width = sample.image.shape
        room_px = max(width, min(_LABEL_PX, width_px - 2 * gap_px))
        font = font_for(sample.label)
        lines = _wrapped(sample.label, room_px, font.getlength)
        taken_px = max(width, *(int(font.getlength(line)) for line in lines))
        if x + taken_px + gap_px > width_px and x > gap_px:
            x, y, row_px = gap_px, y + row_px + gap_px, 0
        places.append((x, y, lines))
        x, row_px = x + taken_px + gap_px, max(row_px, height + marks_px + 2 + _LINE_PX * len(lines))
    page = Image.new("L", (width_px, y + row_px + gap_px), 255)
    pen = ImageDraw.Draw(page)
    for sample, (x, y, lines) in zip(drawn, places, strict=True):
        page.paste(Image.fromarray(np.ascontiguousarray(sample.image)), (x, y))
        below = y + sample.image.shape[0] + 1
        for number, (left, right) in enumerate(sample.boxes.tolist() if boxes and sample.boxes is not None else []):
            top = below + _MARK_PX * (number % _MARK_ROWS)
            pen.rectangle((x + round(left), top, x + max(round(right) - 1, round(left)), top + _MARK_PX - 3), fill=120)
        for number, line in enumerate(lines):
            pen.text((x, below + marks_px + _LINE_PX * number), line, fill=60, font=font_for(sample.label))
    try:
        page.save(path, "PNG")
    except OSError as error:
        raise DataError(f"--sheet {path}: cannot be written: {error}") from error


def _wrapped(label: str, room_px: int, length: "Callable[[str], float]") -> list[str]:
    """A label in lines, broken between its words or symbols; a word that is wider than the room stays whole."""
    lines = [""]
    for word in label.replace("\t", " ").split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and length(longer) > room_px:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
