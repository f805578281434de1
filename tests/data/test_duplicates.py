"""Duplicates: found through scaling, light, noise and compression; words that only look alike are none."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from seqrec.data import crops
from seqrec.data.choose import grouped, split_groups
from seqrec.data.crops import ALIKE as CROPS_ALIKE
from seqrec.data.crops import LACKING, Levels, overlap, pairs
from seqrec.data.duplicates import ALIKE, find_duplicates, likeness, outline
from seqrec.interfaces import Picture
from seqrec.pictures import encode_png

WORDS = ["castle", "Castle", "cattle", "Exit", "Exile", "harbour", "12.50", "stone", "store"]


def drawn(word: str, size: int = 40) -> Picture:
    font = ImageFont.load_default(size)
    image = Image.new("L", (int(font.getlength(word)) + 12, size + 16), 210)
    ImageDraw.Draw(image).text((6, 4), word, fill=40, font=font)
    return np.asarray(image)


def staff(notes: list[int]) -> Picture:
    """Five lines all along, and a blot for each note."""
    image = np.full((64, 400), 255, np.uint8)
    image[12:52:9] = 0
    for place, height in enumerate(notes):
        cv2.ellipse(image, (20 + 40 * place, 10 + height), (8, 5), 0, 0, 360, 0, -1)
    return image


def changed(image: Picture, how: str) -> Picture:
    rng = np.random.default_rng(1)
    if how == "smaller":
        return np.asarray(cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), np.uint8)
    if how == "darker":
        return (image * 0.6 + 10).astype(np.uint8)
    if how == "noisy":
        return np.clip(image + rng.normal(0, 8, image.shape), 0, 255).astype(np.uint8)
    if how == "cropped":
        return np.ascontiguousarray(image[1:-1, 2:-1])
    held = io.BytesIO()
    Image.fromarray(image).save(held, "JPEG", quality=40)
    return np.asarray(Image.open(held))


def duplicates(images: list[Picture]):  # type: ignore[no-untyped-def]
    return find_duplicates([outline(encode_png(image), image) for image in images], lambda index: images[index])


@pytest.mark.parametrize("how", ["smaller", "darker", "noisy", "cropped", "jpeg"])
def test_changed_copies_are_found_each_with_its_own_and_at_most_one_is_missed(how: str) -> None:
    images = [drawn(word) for word in WORDS]
    found = duplicates([*images, *(changed(image, how) for image in images)])
    assert found.exact == ()
    assert set(found.near) <= {(number, number + len(WORDS)) for number in range(len(WORDS))}
    assert len(found.near) >= len(WORDS) - 1


def test_words_that_differ_in_a_letter_are_not_one() -> None:
    assert likeness(drawn("stone"), drawn("store")) < ALIKE < likeness(drawn("stone"), changed(drawn("stone"), "jpeg"))


def test_lines_that_run_through_all_pictures_do_not_make_them_alike() -> None:
    rng = np.random.default_rng(3)
    staves = [staff(rng.integers(0, 40, 9).tolist()) for _ in range(12)]
    assert duplicates(staves).near == ()
    assert duplicates([*staves, changed(staves[4], "jpeg")]).near == ((4, 12),)


def test_equal_bytes_are_one_group_and_flat_pictures_are_never_alike() -> None:
    flat = [np.full((10, 30), grey, np.uint8) for grey in (100, 101, 100)]
    found = duplicates([drawn("a"), flat[0], drawn("b"), flat[1], drawn("a"), flat[2]])
    assert found.exact == ((0, 4), (1, 5))
    assert found.near == ((0, 4), (1, 5))


def test_what_could_not_be_read_is_in_no_group() -> None:
    image = drawn("word")
    one = outline(b"x", image)
    assert find_duplicates([one, None, one, None], lambda index: image).near == ((0, 2),)


@given(st.lists(st.floats(0, LACKING), min_size=4, max_size=4), st.sampled_from(["harbour", "castle", "Exile"]))
@settings(max_examples=20, deadline=None)
def test_no_two_crops_of_one_word_that_are_alike_come_into_two_parts(sides: list[float], word: str) -> None:
    image = drawn(word, 60)
    height, width = image.shape
    left, top, right, bottom = (round(side * length) for side, length in zip(sides, (width, height) * 2, strict=True))
    images = [image, drawn("stone"), np.ascontiguousarray(image[top : height - bottom, left : width - right]), drawn("store")]
    found = find_duplicates(
        [outline(encode_png(one), one) for one in images], lambda index: images[index], [word, "stone", word.upper(), "store"]
    )
    alike = overlap(Levels(images[0]), Levels(images[2])) >= CROPS_ALIKE
    parts = split_groups(grouped(len(images), found.near), {"train": 0.5, "val": 0.5}, 1)
    assert not alike or any({0, 2} <= set(members) for members in parts.values())
    assert alike


@pytest.mark.parametrize("nearest", [0, 1, 3, 20])
def test_with_few_comparisons_each_is_compared_with_what_looks_most_like_it(nearest: int) -> None:
    images = [drawn(word, 40) for word in WORDS]
    images += [np.ascontiguousarray(image[2:-3, 4:-2]) for image in images]
    levels = [Levels(image) for image in images]
    found = set(pairs(range(len(images)), levels.__getitem__, nearest))
    assert len(found) <= nearest * len(images)
    assert all(one < other for one, other in found)
    crops_of_one = {(number, number + len(WORDS)) for number in range(len(WORDS))}
    assert len(crops_of_one & found) >= (len(WORDS) - 1 if nearest else 0)


def test_a_search_that_was_bounded_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [drawn(word, 40) for word in WORDS]
    outlines = [outline(encode_png(image), image) for image in images]
    labels = ["word"] * len(images)
    assert find_duplicates(outlines, images.__getitem__, labels).bound == ""
    monkeypatch.setattr(crops, "COMPARISONS", 20)
    assert "each was compared with the 2 most like it" in find_duplicates(outlines, images.__getitem__, labels).bound
