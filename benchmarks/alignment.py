"""Where symbols are found, against the character boxes of 2,000 real words; and how long alignment takes.

    python benchmarks/alignment.py [--data FOLDER] [--task scene-text] [--alphabet alnum36]

FOLDER is IIIT 5K-word's training set with `trainCharBound.mat`, by default `$SEQREC_DEV_DATA/iiit5k-train`. Words count that are
read right in the alphabet and as they stand, not turned. A symbol is found where the middle of its span lies in its box; boxes
and spans are compared along x alone, in pixels of the given picture.
"""

import argparse
import os
import struct
import sys
import timeit
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import seqrec
from seqrec.alphabet import fold_map
from seqrec.batch import collate
from seqrec.decoding import fold
from seqrec.decoding.alignment import align, spans_px
from seqrec.errors import DataError, SeqrecError
from seqrec.interfaces import Picture
from seqrec.pictures import fit_height
from seqrec.reading import Reading
from seqrec.recognizer import Recognizer

Spans = npt.NDArray[np.float64]
"""Left and right edges in pixels, (S, 2)."""

# Data types and array classes of a MATLAB 5 file, as far as they occur here.
_COMPRESSED, _UTF16 = 15, 4
_NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8"}
_STRUCT, _CHAR = 2, 4


class Word(NamedTuple):
    """A picture's path within the data set, its characters, and where they stand."""

    path: str
    label: str
    boxes: Spans


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each element of a MATLAB 5 file.

    Source: The MathWorks, "MAT-File Format", level 5.
    """
    place = 0
    while place < len(data):
        kind, size = struct.unpack_from("<II", data, place)
        if kind >> 16:  # a small element: size, type and up to four bytes of content in eight
            yield kind & 0xFFFF, data[place + 4 : place + 4 + (kind >> 16)]
            place += 8
            continue
        content = data[place + 8 : place + 8 + size]
        place += 8 + (size if kind == _COMPRESSED else -(-size // 8) * 8)
        if kind == _COMPRESSED:
            yield from elements(zlib.decompress(content))
        else:
            yield kind, content


def value_of(matrix: bytes) -> Any:
    """Content of an array: a list of dicts of a structure, text, or numbers."""
    parts = elements(matrix)
    (_, flags), (_, size), _ = next(parts), next(parts), next(parts)
    if flags[0] == _STRUCT:
        (_, longest), (_, names) = next(parts), next(parts)
        step = int.from_bytes(longest, "little")
        fields = [names[start : start + step].rstrip(b"\0").decode() for start in range(0, len(names), step)]
        values = [value_of(content) for _, content in parts]
        return [dict(zip(fields, values[start:], strict=False)) for start in range(0, len(values), len(fields))]
    kind, content = next(parts)
    if flags[0] == _CHAR:
        return content.decode("utf-16-le" if kind == _UTF16 else "utf-8")
    return np.frombuffer(content, _NUMBERS[kind]).reshape(np.frombuffer(size, "<i4"), order="F").astype(np.float64)


def words_of(file: Path) -> list[Word]:
    """The words of `trainCharBound.mat`: a structure of ImgName, chars and charBB (x, y, width, height; x from 1)."""
    try:
        _, content = next(elements(file.read_bytes()[128:]))
    except OSError as error:
        raise DataError(f"'{file}' cannot be read: {error}; give IIIT 5K-word's training set with --data") from error
    words = []
    for entry in value_of(content):
        left, width = entry["charBB"][:, 0] - 1, entry["charBB"][:, 2]
        words.append(Word(entry["ImgName"], entry["chars"], np.stack([left, left + width], 1)))
    return words


class Tally:
    """How well spans fit boxes."""

    def __init__(self) -> None:
        self.inside: list[bool] = []
        self.overlap: list[float] = []
        self.offset_px: list[float] = []
        self.offset_widths: list[float] = []

    def add(self, spans: Spans, boxes: Spans) -> None:
        """Count one word's symbols."""
        middle = spans.mean(1)
        common = np.minimum(spans[:, 1], boxes[:, 1]) - np.maximum(spans[:, 0], boxes[:, 0])
        either = np.maximum(spans[:, 1], boxes[:, 1]) - np.minimum(spans[:, 0], boxes[:, 0])
        offset = np.abs(middle - boxes.mean(1))
        self.inside += ((boxes[:, 0] <= middle) & (middle <= boxes[:, 1])).tolist()
        self.overlap += (np.maximum(common, 0) / either).tolist()
        self.offset_px += offset.tolist()
        self.offset_widths += (offset / (boxes[:, 1] - boxes[:, 0])).tolist()

    def row(self, name: str) -> str:
        """One line of the table."""
        return (
            f"{name:34} {np.mean(self.inside):12.2%} {np.mean(self.overlap):9.3f} {np.median(self.offset_px):14.2f} "
            f"{np.median(self.offset_widths):17.3f}"
        )


def posteriors_of(reader: Recognizer, picture: Picture) -> tuple[npt.NDArray[np.float32], float]:
    """Log-probabilities (T, C) in the reader's alphabet, and pixels of the picture a pixel of the network's input."""
    size = reader.picture
    scaled = fit_height(picture, size.height_px, size.min_width_px, reader.engine.width_step_px, size.max_width_px)
    batch = collate([scaled], [()], [""])
    log_probs, _ = reader.engine.run(batch.images, batch.widths)
    mapping = fold_map(reader.engine.alphabet, reader.alphabet)
    return fold(log_probs[:, 0], mapping, reader.alphabet.classes), picture.shape[1] / scaled.shape[1]


def measured(reader: Recognizer, words: list[Word], folder: Path) -> tuple[dict[str, Tally], list[float]]:
    """Tally of each kind of span, and the time of each word's alignment in µs, over the words that are read right."""
    stride, offset = reader.engine.frame_stride_px, reader.engine.frame_offset_px
    alone, half_way, given = Tally(), Tally(), Tally()
    durations_us = []
    found = reader.read_many((word.path, folder / word.path) for word in words)
    for word, (_, reading, picture) in zip(words, found, strict=True):
        if not isinstance(reading, Reading) or picture is None:
            raise DataError(f"{reading}")
        if reading.turned or not reading.symbols or reading.text != reader.alphabet.reduce(word.label):
            continue
        boxes = word.boxes[[symbol in reader.alphabet for symbol in word.label]]
        log_probs, scale = posteriors_of(reader, picture)
        ids = reader.alphabet.encode(reading.symbols)
        durations_us.append(min(timeit.repeat(lambda: align(log_probs, ids), number=5, repeat=3)) / 5 * 1e6)  # noqa: B023
        frame_spans = align(log_probs, ids).frame_spans
        alone.add(scale * (offset + stride * (np.array(frame_spans) - 0.5)), boxes)
        half_way.add(np.array(spans_px(frame_spans, stride, offset, scale, picture.shape[1], picture.shape[0])), boxes)
        given.add(np.array(reading.spans), boxes)
    return {
        "the best path's frames alone": alone,
        "spans_px: half-way to neighbours": half_way,
        "Reading.spans": given,
    }, durations_us


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SEQREC_DEV_DATA", "")) / "iiit5k-train")
    parser.add_argument("--task", default="scene-text")
    parser.add_argument("--alphabet", default="alnum36")
    chosen = parser.parse_args()
    words = words_of(chosen.data / "trainCharBound.mat")
    reader = seqrec.load(chosen.task, alphabet=chosen.alphabet)
    tallies, durations_us = measured(reader, words, chosen.data)
    right = f"{len(durations_us):,} read right ({len(durations_us) / len(words):.1%})"
    print(f"{len(words):,} words, {right} in {reader.alphabet.name}, their {len(tallies['Reading.spans'].inside):,} symbols:\n")
    print(f"{'span':34} {'middle in box':>13} {'mean IoU':>9} {'median off px':>14} {'… in box widths':>17}")
    for name, tally in tallies.items():
        print(tally.row(name))
    print(f"\nalign: median {np.median(durations_us):.1f} µs a word, 99 % below {np.percentile(durations_us, 99):.1f} µs")


if __name__ == "__main__":
    try:
        main()
    except SeqrecError as error:
        sys.exit(f"error: {error}")
