"""The Recognizer: pictures → engine → decoding → readings. Free of torch; the engine knows which library runs."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol, overload

import numpy as np
import numpy.typing as npt

from seqrec.agreement import Seen, agreed, surest
from seqrec.ahead import ahead, mapped
from seqrec.alphabet import Alphabet
from seqrec.batch import collate
from seqrec.decoding.choice import Decoding, LexiconSource
from seqrec.decoding.decoders import Accepts
from seqrec.decoding.ngram import NGram
from seqrec.decoding.pattern import Pattern
from seqrec.direction import Direction, along_line
from seqrec.errors import ModelFileError, SeqrecError
from seqrec.interfaces import Picture, Prepare
from seqrec.model_file import ModelCard, find_model, read_card, require_torch
from seqrec.notation import Notation
from seqrec.pictures import PictureSource
from seqrec.plugins import Registry, registry
from seqrec.reading import Reading
from seqrec.recipe import PictureRecipe
from seqrec.task import Task
from seqrec.transcriber import Posteriors, Transcriber
from seqrec.views import Showing, Shown, Window, batches, windows
from seqrec.wide_lines import WIDEST_PX, wide_posteriors

_FEW = 8  # pictures that are read sooner than threads are started for them


class Engine(Protocol):
    """Runs the network. `run(images (N,1,H,W) uint8, widths (N,)) -> log_probs (T,N,C), frame_lengths (N,)`."""

    alphabet: Alphabet
    gives: Accepts
    width_step_px: int
    frame_stride_px: float
    frame_offset_px: float
    at_once: int  # batches that it should be given at a time, by as many threads

    def run(
        self, images: npt.NDArray[np.uint8], widths: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Log-probabilities (T, N, C) and valid frames (N,) of pictures (N, 1, H, W) with valid columns (N,)."""

    def frames(self, images: npt.NDArray[np.uint8], levels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The backbone's frames (T, N, D) of images (N, 1, H, W), measured by mean and deviation of brightness (N, 2)."""

    def log_probs(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Log-probabilities (T, 1, C) of the backbone's frames (T, 1, D)."""


@dataclass(frozen=True)
class Recognizer:
    """Reads pictures.

    Attributes:
        engine: Runs the network.
        picture: How pictures are scaled.
        alphabet: What readings are made of: the engine's, or a smaller one that its posteriors are folded to; or what the
            engine's means, or a smaller one, whose symbols alone are then kept.
        decoding: How posteriors become readings.
        lexicons: Key of a picture → words that may stand on it, or None to do without; they take the place of the lexicon of
            `decoding`.
        threads: Pictures decoded at a time.
        task: Adds hints and finished readings; None where the plugin is not installed.
        prepare: What is done to a picture before it is scaled, or None.
        notation: What the engine's symbols mean, where they do not stand for themselves.
        direction: Which way lines run; readings are in logical order.
        turn_tall: Whether crops taller than wide are read turned as well; see `seqrec.agreement` for which reading is kept.
        card: What the model file said; None for a network that was never saved.
    """

    engine: Engine
    picture: PictureRecipe
    alphabet: Alphabet
    task: Task | None = None
    turn_tall: bool = False
    card: ModelCard | None = field(default=None, repr=False)
    decoding: Decoding = field(default_factory=Decoding)
    lexicons: Callable[[str], LexiconSource | None] | None = field(default=None, repr=False)
    threads: int = 1
    prepare: Prepare | None = field(default=None, repr=False)
    notation: Notation | None = field(default=None, repr=False)
    direction: Direction = "rightwards"

    def folded(self, alphabet: Alphabet) -> "Recognizer":
        """This reader with a smaller alphabet: probabilities are added up frame by frame, see `seqrec.alphabet.fold_map`.

        Where the network's symbols are a notation, its readings are reduced instead.

        The symbols of a lexicon's words that the smaller alphabet lacks are then left out of their spellings.
        """
        return dataclasses.replace(self, alphabet=alphabet)

    def with_lexicons(self, lexicons: Callable[[str], LexiconSource | None]) -> "Recognizer":
        """This reader with a lexicon for each picture: key → words that may stand on it, or None to do without."""
        return dataclasses.replace(self, lexicons=lexicons)

    @cached_property
    def transcriber(self) -> Transcriber:
        """What turns this engine's posteriors into readings."""
        return Transcriber(
            self.alphabet,
            self.engine,
            self.task,
            self.decoding,
            self.lexicons,
            self.threads,
            self.card.temperature if self.card else 1.0,
            self.notation,
        )

    @overload
    def read(
        self,
        source: PictureSource,
        *,
        lexicon: LexiconSource | None = ...,
        pattern: str | Pattern | None = ...,
        lm: str | Path | NGram | None = ...,
        n_best: int | None = ...,
        decoding: Decoding | None = ...,
    ) -> Reading: ...
    @overload
    def read(
        self,
        source: list[PictureSource],
        *,
        lexicon: LexiconSource | None = ...,
        pattern: str | Pattern | None = ...,
        lm: str | Path | NGram | None = ...,
        n_best: int | None = ...,
        decoding: Decoding | None = ...,
    ) -> list[Reading]: ...

    def read(
        self,
        source: PictureSource | list[PictureSource],
        *,
        lexicon: LexiconSource | None = None,
        pattern: str | Pattern | None = None,
        lm: str | Path | NGram | None = None,
        n_best: int | None = None,
        decoding: Decoding | None = None,
    ) -> Reading | list[Reading]:
        """Reading of one picture, or readings of a list of them in its order.

        Args:
            source: A path, an encoded file's bytes, a Pillow image, a numpy array (see `seqrec.pictures.open_picture`), or a
                list of these.
            lexicon: Words that may occur: a compiled `Lexicon` (compile it once where it is large), a file, the name of one of
                the task's, or words.
            pattern: A regular expression that the whole reading must match.
            lm: A language model or its ARPA file.
            n_best: How many readings of each picture; those after the first are its `alternatives`.
            decoding: All of these and more; by default the reader's own `decoding`. What is given beside it wins.

        Raises:
            ImageError: A picture cannot be read; `read_many` goes on past such.
            GrammarError: The decoder cannot be made.
        """
        given = {"lexicon": lexicon, "pattern": pattern, "lm": lm, "n_best": n_best}
        changes = {name: value for name, value in given.items() if value is not None}
        if changes or decoding is not None:
            chosen = dataclasses.replace(decoding or self.decoding, **changes)  # type: ignore[arg-type]
            return dataclasses.replace(self, decoding=chosen).read(source)
        many = source if isinstance(source, list) else [source]
        readings: dict[str, Reading] = {}
        for key, reading, _ in self._read(((str(place), one) for place, one in enumerate(many)), len(many) > _FEW):
            if isinstance(reading, SeqrecError):
                raise reading
            readings[key] = reading
        ordered = [readings[str(place)] for place in range(len(many))]
        return ordered if isinstance(source, list) else ordered[0]

    def read_many(
        self, sources: Iterable[tuple[str, PictureSource | SeqrecError]]
    ) -> Iterator[tuple[str, Reading | SeqrecError, Picture | None]]:
        """Key, reading (or the error), and the grey picture, of a stream of pictures; memory stays bounded.

        Readings come in the order of the sources; pictures are read in windows of up to 512. The sources are taken and opened by
        one thread and go through the network in another, ahead of what the caller has asked for. An error in the place of a
        source comes back in its turn.
        """
        return self._read(sources, overlapped=True)

    def _read(
        self, sources: Iterable[tuple[str, PictureSource | SeqrecError]], overlapped: bool
    ) -> Iterator[tuple[str, Reading | SeqrecError, Picture | None]]:
        opened = windows(sources, self._showing)
        seen = self._seen(ahead(opened, 1) if overlapped else opened, self.engine.at_once if overlapped else 1)
        views: dict[int, list[Seen]] = defaultdict(list)
        errors: dict[int, SeqrecError] = {}
        for window, batch, posteriors in ahead(seen, 4) if overlapped else seen:
            self._add_readings(batch, posteriors, views, errors)
            if not batch:
                readings = self._looked_again(window, {place: surest(found) for place, found in views.items()})
                yield from self._in_order(window, readings, window.errors | errors)
                views, errors = defaultdict(list), {}

    def _looked_again(self, window: Window, readings: Mapping[int, Reading]) -> Mapping[int, Reading]:
        """The readings of a window's pictures, with what second looks read where the task takes some."""
        if self.task is None or self.task.second_looks is None:
            return readings
        views = defaultdict(list, {place: [(reading, 1.0)] for place, reading in readings.items()})
        again = batches(self._showing.again(window, readings, self.task.second_looks))
        for batch, posteriors in mapped(lambda batch: (batch, self._posteriors(batch)), again, self.engine.at_once):
            self._add_readings(batch, posteriors, views, {})
        return {place: agreed(found) for place, found in views.items()}

    @property
    def _showing(self) -> Showing:
        return Showing(self.picture, self.engine.width_step_px, self.turn_tall, self.prepare, self.direction)

    def _add_readings(
        self, batch: list[Shown], posteriors: list[Posteriors], views: dict[int, list[Seen]], errors: dict[int, SeqrecError]
    ) -> None:
        """Read what is shown."""
        for shown, reading in zip(batch, self.transcriber.readings([one.view for one in batch], posteriors), strict=True):
            if isinstance(reading, SeqrecError):
                errors.setdefault(shown.place, reading)
            else:
                views[shown.place].append((reading, shown.view.prior))

    def _seen(self, opened: Iterable[Window], at_once: int) -> Iterator[tuple[Window, list[Shown], list[Posteriors]]]:
        """Each batch of each window with its posteriors; an empty batch ends a window."""
        parts = ((window, batch) for window in opened for batch in [*batches(window.shown), []])
        return mapped(lambda part: (*part, self._posteriors(part[1])), parts, at_once)

    def _posteriors(self, batch: list[Shown]) -> list[Posteriors]:
        if not batch:
            return []
        if len(batch) == 1 and batch[0].view.input_px > WIDEST_PX and self.engine.gives == "posteriors":
            return [wide_posteriors(self.engine, batch[0].scaled, self.picture.levels)]
        together = collate([one.scaled for one in batch], [()] * len(batch), [""] * len(batch))
        log_probs, lengths = self.engine.run(together.images, together.widths)
        return [log_probs[: lengths[column], column] for column in range(len(batch))]

    def _in_order(
        self, window: Window, readings: Mapping[int, Reading], errors: Mapping[int, SeqrecError]
    ) -> Iterator[tuple[str, Reading | SeqrecError, Picture | None]]:
        for place, (key, picture) in enumerate(window.pictures):
            if place in readings and not isinstance(picture, SeqrecError):
                yield key, self._finished(readings[place], picture), picture
            else:
                yield key, errors[place], None

    def _finished(self, reading: Reading, picture: Picture) -> Reading:
        reading = self.transcriber.tempered(reading)
        if self.direction == "leftwards":
            reading = self._logical(reading, picture.shape[0 if reading.turned % 180 else 1])
        if self.task and self.task.finish:
            extra = dict(self.task.finish(reading))
            reading = dataclasses.replace(reading, text=str(extra.pop("text", reading.text)), extra=extra)
        if self.task and self.task.hint:
            reading = dataclasses.replace(reading, hint=self.task.hint(picture.shape[1], picture.shape[0], reading))
        return reading

    def _logical(self, reading: Reading, width_px: int) -> Reading:
        """A reading of a mirrored line: symbols in logical order, spans where they are in the picture."""
        order = along_line(reading.symbols, self.direction)
        symbols = tuple(reading.symbols[place] for place in order)
        return dataclasses.replace(
            reading,
            symbols=symbols,
            text=self.alphabet.text(symbols),
            symbol_confidences=tuple(reading.symbol_confidences[place] for place in order),
            spans=tuple((width_px - reading.spans[place][1], width_px - reading.spans[place][0]) for place in order),
            alternatives=tuple(self._logical(other, width_px) for other in reading.alternatives),
        )


def load(
    which: str | Path,
    *,
    alphabet: str = "",
    device: str = "auto",
    threads: int = 0,
    plugins: Registry | None = None,
) -> Recognizer:
    """The reader of a task that ships one, of a model file, of an exported reader, or of a run folder.

    Args:
        which: A task's name (`"scene-text"`), a path to a model file or to an ONNX file of `seqrec export`, or a run folder.
        alphabet: Name of a smaller alphabet of the task to read with.
        device: `auto`, `cpu`, `cuda`, `cuda:1`.
        threads: CPU threads for the network; 0 for all cores.
        plugins: Tasks and parts; by default those installed.

    Returns:
        A reader. A model file can be used also where its task's plugin is not installed.

    Raises:
        ModelFileError: No such model, or it cannot be used.
        PluginError: No such task.
        MissingExtraError: torch is not installed, or for an exported reader onnxruntime.
    """
    found = plugins or registry()
    path = Path(which)
    if path.exists() or path.suffix or len(path.parts) > 1:
        file = find_model(path)
        engine, card = _loaded(file, found, device, threads)
        task = found.tasks.of(card.task, card.plugin.partition(" ")[0])
    else:
        task = found.task(str(which))
        if task.weights is None or not task.weights.is_file():
            raise ModelFileError(f"task '{task.name}' ships no reader; train one with: seqrec train --task {task.name}")
        file = task.weights
        engine, card = _loaded(file, found, device, threads)
    if card.recipe.picture.prepare and task is None:
        raise ModelFileError(
            f"'{file}' reads pictures that task '{card.task}' prepares, whose plugin is not installed: pip install "
            f"{card.plugin.partition(' ')[0]}"
        )
    prepare = task.preparation_named(card.recipe.picture.prepare) if task else None
    notation = task.notation_of(engine.alphabet) if task else None
    meaning = notation.meaning if notation else engine.alphabet
    reader = Recognizer(engine, card.recipe.picture, meaning, task, card.turn_tall, card, prepare=prepare, notation=notation)
    reader = dataclasses.replace(reader, direction=card.direction)
    if not alphabet:
        return reader
    if task is None:
        raise ModelFileError(f"alphabet '{alphabet}' belongs to task '{card.task}', whose plugin is not installed: {card.plugin}")
    return reader.folded(task.alphabet_named(alphabet))


def _loaded(file: Path, plugins: Registry, device: str, threads: int) -> tuple[Engine, ModelCard]:
    """The engine of a file, by the file's kind, and what the file says."""
    if file.suffix == ".onnx":
        from seqrec.engines.onnx_engine import OnnxEngine

        exported = OnnxEngine(file, device, threads)
        return exported, exported.card
    card = read_card(file)
    require_torch()
    from seqrec.engines.torch_engine import load_engine

    return load_engine(file, card, plugins, device, threads), card
