"""Pictures on their way to the network: opened and scaled, turned where they are tall, put into batches of like width."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from seqrec.direction import Direction, facing
from seqrec.errors import ImageError, SeqrecError
from seqrec.interfaces import Picture, Prepare, Prepared
from seqrec.pictures import PictureSource, fit_height, open_picture, turned
from seqrec.reading import Reading
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
        prior: Factor of the confidence of what is read of it, where that is compared with what is read of other views.
        remark: What its preparation found odd.
    """

    key: str
    degrees: int
    input_px: int
    start_px: float
    along_px: float
    across_px: int
    prior: float = 1.0
    remark: str = ""


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


SecondLooks = Callable[[Picture, Reading], Sequence[Prepared]]
"""A picture and what was read of it → further views of it, where that leaves doubt."""


@dataclass(frozen=True)
class Showing:
    """How pictures are shown to a network.

    Attributes:
        size: What the network takes.
        width_step_px: Widths must be multiples of this.
        turn_tall: Whether pictures taller than wide are shown turned as well.
        prepare: What is done to a picture before it is scaled, or None.
        direction: Which way lines run.
    """

    size: PictureRecipe
    width_step_px: int
    turn_tall: bool = False
    prepare: Prepare | None = None
    direction: Direction = "rightwards"

    def positions(self, picture: Picture) -> tuple[int, ...]:
        """By how many degrees a picture is turned to be shown, once for each."""
        if self.direction == "downwards":
            return (90,)
        return (0, 90, 270) if self.turn_tall and picture.shape[0] > picture.shape[1] else (0,)

    def along(self, picture: Picture, degrees: int) -> Picture:
        """The picture turned, its line from left to right."""
        picture = turned(picture, degrees)
        return facing(picture, self.direction) if self.direction == "leftwards" else picture

    def shown(self, place: int, key: str, picture: Picture, degrees: int) -> Shown:
        """A picture as the network sees it.

        Raises:
            ImageError: It would be too wide.
        """
        picture = self.along(picture, degrees)
        prepared = self.prepare(picture) if self.prepare else Prepared(picture, 0.0, picture.shape[1])
        return self._scaled(place, key, degrees, prepared, picture)

    def again(self, window: "Window", readings: Mapping[int, Reading], looks: SecondLooks) -> list[Shown]:
        """Further views of the pictures of which a reading leaves doubt."""
        found = []
        for place, (key, picture) in enumerate(window.pictures):
            if place not in readings or isinstance(picture, SeqrecError):
                continue
            first = readings[place].turned
            picture = self.along(picture, first)
            for prepared in looks(picture, readings[place]):
                with suppress(ImageError):  # too wide: then there is one reading less
                    found.append(self._scaled(place, key, (first + prepared.turned) % 360, prepared, picture))
        return found

    def _scaled(self, place: int, key: str, degrees: int, prepared: Prepared, picture: Picture) -> Shown:
        size = self.size
        step, most = self.width_step_px, size.max_width_px
        scaled = fit_height(prepared.image, size.height_px, size.min_width_px, step, most, size.width_px)
        across_px = picture.shape[1 if prepared.turned % 180 else 0]
        start_px, width_px = prepared.start_px, prepared.width_px
        view = View(key, degrees, scaled.shape[1], start_px, width_px, across_px, prepared.prior, prepared.remark)
        return Shown(place, view, scaled)


def windows(sources: Iterable[tuple[str, PictureSource | SeqrecError]], showing: Showing) -> Iterator[Window]:
    """The pictures of a stream in windows of up to 512, or fewer where they are large.

    Args:
        sources: Key and picture of each, or why there is none.
        showing: How they are shown.
    """
    window, pixels = Window(), 0
    for key, source in sources:
        place = len(window.pictures)
        picture: Picture | SeqrecError
        try:
            if isinstance(source, SeqrecError):
                raise source
            picture = open_picture(source, key if isinstance(source, bytes) else "")
        except SeqrecError as error:
            picture = window.errors[place] = error
        window.pictures.append((key, picture))
        if not isinstance(picture, SeqrecError):
            pixels += picture.size
            for degrees in showing.positions(picture):
                try:
                    window.shown.append(showing.shown(place, key, picture, degrees))
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
    width, narrowest = one.view.input_px, batch[0].view.input_px
    if width > WIDEST_PX or (len(batch) + 1) * one.scaled.size > _BATCH_AREA_PX:
        return False
    return width == narrowest or (len(batch) < _FEW and width <= _MUCH * narrowest)
