"""What `benchmarks/decoding.py` decodes: posteriors of the shipped reader on real words, random ones, and lists of words."""

import hashlib
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from decoding_measure import watched

import seqrec
from seqrec.alphabet import BLANK, Alphabet, fold_map
from seqrec.batch import collate
from seqrec.data.readers import open_dataset
from seqrec.decoding import fold
from seqrec.errors import DataError
from seqrec.pictures import fit_height, open_picture
from seqrec.plugins import registry
from seqrec_scene_text.alphabets import alnum36, ascii95
from seqrec_scene_text.words import FOLDER

LogProbs = npt.NDArray[np.float32]

SETS = ("iiit5k-train", "icdar2015-train")
SCALES = (1.0, 2.0, 4.0, 8.0)
"""Standard deviations of the logits of random posteriors: from no preference at all to surer than a trained network."""
FRAMES = (26, 33, 40, 52)
_BATCH = 32
_CONTEXT = 3
"""Letters that choose the next letter of a made-up word."""
_PEAKS = 5
"""Most probable symbols of a frame, which keep their probabilities when the alphabet grows."""


class Sample(NamedTuple):
    """Posteriors (T, C) and the label."""

    log_probs: LogProbs
    label: str


@dataclass(frozen=True)
class Material:
    """Where things come from.

    Attributes:
        cache: Folder for what is computed once.
        count: Pictures a table, or a row of it.
    """

    cache: Path
    count: int

    @cached_property
    def data(self) -> Path:
        """The folder with the data sets.

        Raises:
            DataError: `SEQREC_DEV_DATA` is not set, or a set is missing.
        """
        if not os.environ.get("SEQREC_DEV_DATA"):
            raise DataError(f"SEQREC_DEV_DATA is not set; set it to the folder that holds {' and '.join(SETS)}")
        folder = Path(os.environ["SEQREC_DEV_DATA"])
        for name in SETS:
            if not (folder / name).is_dir():
                raise DataError(f"there is no '{name}' in $SEQREC_DEV_DATA; expected {' and '.join(SETS)}")
        return folder

    def real(self, name: str) -> list[Sample]:
        """The shipped reader's posteriors of a data set, in ascii95: pictures as they are, none of them turned.

        Computed once for each model file.
        """
        weights = registry().task("scene-text").weights
        version = hashlib.sha256(weights.read_bytes()).hexdigest()[:12] if weights else ""
        file = self.cache / f"{name}-{version}.npz"
        if not file.exists():
            samples = list(_read(self.data / name))
            self.cache.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".part.npz")
            np.savez(
                unfinished,
                lengths=np.array([len(one.log_probs) for one in samples]),
                log_probs=np.concatenate([one.log_probs for one in samples]),
                labels=np.array([one.label for one in samples]),
            )
            unfinished.rename(file)
        with np.load(file) as arrays:
            pieces = np.split(arrays["log_probs"], np.cumsum(arrays["lengths"])[:-1])
            return [Sample(piece, str(label)) for piece, label in zip(pieces, arrays["labels"], strict=True)]

    def folded(self, name: str) -> list[Sample]:
        """The same, in alnum36."""
        mapping = fold_map(ascii95, alnum36)
        return [Sample(fold(one, mapping, alnum36.classes), alnum36.reduce(label)) for one, label in self.real(name)]


def _read(path: Path) -> Iterator[Sample]:
    store, reader = open_dataset(path), seqrec.load("scene-text")
    size, engine = reader.picture, reader.engine
    views = []
    for place in range(len(store)):
        picture = open_picture(store.encoded(place), store.key(place))
        scaled = fit_height(picture, size.height_px, size.min_width_px, engine.width_step_px, size.max_width_px)
        views.append((place, scaled))
    views.sort(key=lambda view: view[1].shape[1])
    found: dict[int, LogProbs] = {}
    for start in watched(range(0, len(views), _BATCH), f"batches of {path.name} read"):
        some = views[start : start + _BATCH]
        batch = collate([scaled for _, scaled in some], [()] * len(some), [""] * len(some))
        log_probs, lengths = engine.run(batch.images, batch.widths)
        found.update((place, log_probs[: lengths[column], column].copy()) for column, (place, _) in enumerate(some))
    return (Sample(found[place], store.label(place)) for place in range(len(store)))


def random_posteriors(count: int, classes: int) -> Iterator[tuple[float, LogProbs]]:
    """Scale and posteriors: softmax of Gaussian logits, scales and numbers of frames in turn; the same in every run."""
    for place in range(count):
        rng = np.random.default_rng([0, place])
        scale, frames = SCALES[place % len(SCALES)], FRAMES[place // len(SCALES) % len(FRAMES)]
        yield scale, normalised(rng.normal(0.0, scale, (frames, classes)))


def normalised(logits: npt.NDArray[np.float64]) -> LogProbs:
    """Log-softmax of (T, C)."""
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32)


def padded(log_probs: LogProbs, frames: int) -> LogProbs:
    """One word in the middle of so many frames: its own frame of the surest blank is repeated before and after it."""
    blank = log_probs[np.argmax(log_probs[:, BLANK])][None]
    before = (frames - len(log_probs)) // 2
    after = frames - len(log_probs) - before
    return np.concatenate([blank.repeat(before, 0), log_probs, blank.repeat(after, 0)])


def joined(samples: Sequence[LogProbs], first: int, frames: int) -> LogProbs:
    """The frames of word after word from a place in the list on, cut off when there are so many."""
    pieces: list[LogProbs] = []
    while sum(map(len, pieces)) < frames:
        pieces.append(samples[(first + len(pieces)) % len(samples)])
    return np.concatenate(pieces)[:frames]


def enlarged(log_probs: LogProbs, classes: int, rng: np.random.Generator) -> LogProbs:
    """Real posteriors as a larger alphabet's.

    The five most probable symbols of each frame and the blank keep their probabilities, at places of their own in the larger
    alphabet; all other symbols draw theirs from the frame's other ones, lowered to the same sum.
    """
    places = np.concatenate([[BLANK], 1 + rng.choice(classes - 1, log_probs.shape[1] - 1, replace=False)])
    out = np.empty((len(log_probs), classes), np.float32)
    for frame, row in zip(out, log_probs, strict=True):
        order = 1 + np.argsort(-row[1:])
        peaks, tail = np.append(order[:_PEAKS], BLANK), row[order[_PEAKS:]]
        frame[:] = rng.choice(tail, classes) - np.log(classes / len(tail))
        frame[places[peaks]] = row[peaks]
    return normalised(out.astype(np.float64))


def large_alphabet(symbols: int) -> Alphabet:
    """So many symbols."""
    characters = [chr(0x4E00 + place) for place in range(symbols)]
    return Alphabet(f"large{symbols}", characters, source="Unicode, CJK Unified Ideographs")


def english(count: int = 0) -> list[str]:
    """The most frequent English words, 0 for all of them; for they stand by frequency."""
    words = (FOLDER / "english.txt").read_text(encoding="utf-8").split()
    return words[:count] if count else words


def many_words(count: int) -> list[str]:
    """So many different words in alnum36: English, European, then made up."""
    european = (FOLDER / "european.txt").read_text(encoding="utf-8").split()
    known = dict.fromkeys(word for one in (*english(), *european) if one.isascii() and (word := alnum36.reduce(one)))
    words = dict.fromkeys(list(known)[:count])
    made = made_up(list(known))
    while len(words) < count:
        words.setdefault(next(made))
    return list(words)


def made_up(words: Iterable[str]) -> Iterator[str]:
    """Words like these, some more than once: each letter is drawn by the three before it. The same in every run."""
    after: dict[str, list[str]] = defaultdict(list)
    for word in words:
        text = "^" * _CONTEXT + word + "$"
        for place in range(_CONTEXT, len(text)):
            after[text[place - _CONTEXT : place]].append(text[place])
    draw = random.Random(0)
    while True:
        text = "^" * _CONTEXT
        while text[-1] != "$":
            text += draw.choice(after[text[-_CONTEXT:]])
        yield text[_CONTEXT:-1]
