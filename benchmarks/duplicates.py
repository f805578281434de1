"""How many near-duplicates are found among pictures that differ in crop, size, light and compression; how many others.

$ python benchmarks/duplicates.py

Pairs are made of drawn words of scene text, 64 pixels high; both pictures of each are scaled (0.5 to 1.5), made darker or lighter
(contrast 0.6 to 1.2, 20 grey levels up or down) and compressed (JPEG, quality 50 to 95). What should not be found: pictures that
were drawn each for itself with the same label. `--data` adds pairs of equal labels of a data set;
some of these may show one sign.
"""

import argparse
import io
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import combinations

import cv2
import numpy as np
from PIL import Image

from seqrec.data import crops
from seqrec.data.duplicates import ALIKE, find_duplicates, likeness, outline
from seqrec.data.readers import open_dataset
from seqrec.interfaces import Picture
from seqrec.pictures import encode_png, open_picture
from seqrec.plugins import registry

Rng = np.random.Generator
Pair = tuple[Picture, Picture]


def cropped(image: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    """The picture without shares of its width and height at its sides."""
    height, width = image.shape
    rows = slice(round(top * height), height - round(bottom * height))
    return np.ascontiguousarray(image[rows, round(left * width) : width - round(right * width)])


def handed_on(image: Picture, rng: Rng) -> Picture:
    """The picture in another size and light, compressed."""
    scale = rng.uniform(0.5, 1.5)
    image = np.asarray(
        cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    )
    lit = np.clip(image * rng.uniform(0.6, 1.2) + rng.uniform(-20, 20), 0, 255).astype(np.uint8)
    held = io.BytesIO()
    Image.fromarray(lit).save(held, "JPEG", quality=int(rng.integers(50, 95)))
    return open_picture(held.getvalue())


def one_cropped(image: Picture, rng: Rng) -> Pair:
    """The picture and a crop of it."""
    return image, cropped(image, *rng.uniform(0, crops.LACKING, 4))


def both_cropped(image: Picture, rng: Rng) -> Pair:
    """Two crops of the picture."""
    return cropped(image, *rng.uniform(0, crops.LACKING / 2, 4)), cropped(image, *rng.uniform(0, crops.LACKING / 2, 4))


def shifted(image: Picture, rng: Rng) -> Pair:
    """Two parts of the picture of one size, the one further right or left, up or down."""
    right, down = rng.uniform(-crops.LACKING, crops.LACKING, 2) / (1 + crops.LACKING)
    first = cropped(image, max(right, 0), max(down, 0), max(-right, 0), max(-down, 0))
    return first, cropped(image, max(-right, 0), max(-down, 0), max(right, 0), max(down, 0))


KINDS: dict[str, Callable[[Picture, Rng], Pair]] = {
    "not cropped": lambda image, _: (image, image),
    "one cropped by 0 to 15 % at each side": one_cropped,
    "both cropped by 0 to 7.5 % at each side": both_cropped,
    "shifted by up to 15 %": shifted,
}


def drawn(count: int, seed: int, words: int) -> list[tuple[Picture, str]]:
    """Pictures of words with their labels; `words` most frequent ones, 0 for all."""
    task = registry().task("scene-text")
    assert task.renderer is not None
    renderer = task.renderer.configured(task.alphabet, {"height_px": 64, "words": words})
    samples = [renderer.render(np.random.default_rng([seed, number])) for number in range(count)]
    return [(sample.image, sample.label) for sample in samples]


def row(name: str, pairs: list[Pair]) -> None:
    """One line of the table."""
    levels = [(crops.Levels(one), crops.Levels(other)) for one, other in pairs]
    began = time.process_time()
    as_crops = [crops.overlap(*pair) >= crops.ALIKE for pair in levels]
    took_ms = (time.process_time() - began) / len(pairs) * 1e3
    as_whole = [likeness(*pair) >= ALIKE for pair in pairs]
    either = np.mean(np.logical_or(as_crops, as_whole))
    print(f"| {name} | {len(pairs):,} | {np.mean(as_whole):.1%} | {either:.1%} | {took_ms:.2f} |", flush=True)


def found_among(count: int) -> None:
    """Pairs found in one large set of very few labels, where not all pairs are compared."""
    rng = np.random.default_rng(4)
    images = [image for image, _ in drawn(count, 3, 0)]
    pairs = [[handed_on(one, rng) for one in one_cropped(image, rng)] for image in images]
    together = [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
    outlines = [outline(encode_png(image), image) for image in together]
    began = time.process_time()
    found = find_duplicates(outlines, together.__getitem__, ["word"] * len(together)).near
    groups = {number: place for place, group in enumerate(found) for number in group}
    right = sum(groups.get(number, -1) == groups.get(number + count, -2) for number in range(count))
    took = time.process_time() - began
    print(f"\n{2 * count:,} pictures of one label, one of each pair cropped: {right / count:.1%} of pairs found, {took:.0f} s")


def main() -> None:
    """The tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="pairs of each kind")
    parser.add_argument("--data", nargs="*", default=[], help="data sets of which pairs of equal labels are taken")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(1)
    words = drawn(chosen.count, 1, 0)
    print("| pairs | | found as wholes | found, also as crops | ms a pair as crops |\n| --- | --- | --- | --- | --- |")
    for name, kind in KINDS.items():
        row(name, [(handed_on(one, rng), handed_on(other, rng)) for one, other in (kind(image, rng) for image, _ in words)])
    alike: defaultdict[str, list[Picture]] = defaultdict(list)
    for image, label in drawn(2 * chosen.count, 2, 100):
        alike[label.casefold()].append(handed_on(image, rng))
    different = [pair for images in alike.values() for pair in list(combinations(images, 2))[:50]]
    row("one label, drawn each for itself", different)
    for path in chosen.data:
        store = open_dataset(path)
        same: defaultdict[str, list[int]] = defaultdict(list)
        for index in range(len(store)):
            same[store.label(index).casefold()].append(index)
        picked = [pair for members in same.values() for pair in list(combinations(members, 2))[:50]]
        row(f"one label, {path}", [tuple(open_picture(store.encoded(index)) for index in pair) for pair in picked])  # type: ignore[misc]
    found_among(chosen.count)


if __name__ == "__main__":
    main()
