"""Pictures on their way to the network: opened and scaled, turned where they are tall, put into batches of like width."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from seqrec.direction import Direction, facing
from seqrec.errors import SeqrecError
from seqrec.interfaces import Picture, Prepare, Prepared
from seqrec.pictures import PictureSource, fit_height, open_picture, turned
from seqrec.recipe import PictureRecipe
from seqrec.wide_lines import WIDEST_PX

_WINDOW = 512  # pictures held at a time, so that batches of like width can be formed …
_WINDOW_PX = 64_000_000  # … and their pixels, after which no more are taken in
_BATCH_AREA_PX = 32 * 100 * 64  # of the network's input: bounds memory, and is 64 short words
_FEW = 8  # smaller batches are filled up with wider pictures, as padding costs less than a call for each …
_MUCH = 1.25  # … unless they are so much wider


class View(NamedTuple):
    """How a picture was shown to the network.

    Attributes:
        key: Names the picture.
        degrees: By which it was turned anti-clockwise.
        input_px: Width of the network's input.
        start_px: Where in the picture as it was given the input begins, along the direction of reading.
        along_px: How much of the picture it shows, along the direction of reading.
        across_px: Size of the picture across it.
    """

    key: str
    degrees: int
    input_px: int
    start_px: float
    along_px: float
    across_px: int


class Shown(NamedTuple):
    """A picture as the network sees it.

    Attributes:
        place: Of the picture in its window.
        view: How it is shown.
        scaled: (height, `view.input_px`), uint8.
    """

    place: int
    view: View
    scaled: Picture


@dataclass(frozen=True)
class Window:
    """Pictures that are read together.

    Attributes:
        pictures: Key and grey picture of each, or why it cannot be opened.
        shown: How the network sees them: once each, tall ones three times.
        errors: Place → why a picture cannot be shown.
    """

    pictures: list[tuple[str, Picture | SeqrecError]] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    errors: dict[int, SeqrecError] = field(default_factory=dict)


def windows(
    sources: Iterable[tuple[str, PictureSource]],
    size: PictureRecipe,
    width_step_px: int,
    turn_tall: bool = False,
    prepare: Prepare | None = None,
    direction: Direction = "rightwards",
) -> Iterator[Window]:
    """The pictures of a stream in windows of up to 512, or fewer where they are large.

    Args:
        sources: Key and picture of each.
        size: What the network takes.
        width_step_px: Widths must be multiples of this.
        turn_tall: Whether pictures taller than wide are shown turned as well.
        prepare: What is done to a picture before it is scaled, or None.
        direction: Which way lines run.
    """

    def shown(place: int, key: str, picture: Picture, degrees: int) -> Shown:
        picture = turned(picture, degrees)
        if direction == "leftwards":
            picture = facing(picture, direction)
        prepared = prepare(picture) if prepare else Prepared(picture, 0.0, picture.shape[1])
        scaled = fit_height(prepared.image, size.height_px, size.min_width_px, width_step_px, size.max_width_px)
        return Shown(place, View(key, degrees, scaled.shape[1], prepared.start_px, prepared.width_px, picture.shape[0]), scaled)

    window, pixels = Window(), 0
    for key, source in sources:
        place = len(window.pictures)
        picture: Picture | SeqrecError
        try:
            picture = open_picture(source, key if isinstance(source, bytes) else "")
        except SeqrecError as error:
            picture = window.errors[place] = error
        window.pictures.append((key, picture))
        if not isinstance(picture, SeqrecError):
            pixels += picture.size
            tall = turn_tall and picture.shape[0] > picture.shape[1]
            for degrees in (90,) if direction == "downwards" else (0, 90, 270) if tall else (0,):
                try:
                    window.shown.append(shown(place, key, picture, degrees))
                except SeqrecError as error:  # too wide for the network, as one view of a picture 1 pixel wide is
                    window.errors.setdefault(place, error)
        if len(window.pictures) == _WINDOW or pixels >= _WINDOW_PX:
            yield window
            window, pixels = Window(), 0
    if window.pictures:
        yield window


def batches(shown: Sequence[Shown]) -> Iterator[list[Shown]]:
    """All that is shown, by width: batches of equal width where there are enough of it, else of like width."""
    batch: list[Shown] = []
    for one in sorted(shown, key=lambda one: one.view.input_px):
        if batch and not _fits(one, batch):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _fits(one: Shown, batch: Sequence[Shown]) -> bool:
    """Whether a batch takes one more, which is at least as wide as those in it."""
    width, widest = one.view.input_px, batch[-1].view.input_px
    if width > WIDEST_PX or (len(batch) + 1) * one.scaled.size > _BATCH_AREA_PX:
        return False
    return width == widest or (len(batch) < _FEW and width <= _MUCH * batch[0].view.input_px)
