"""A closer look: lines that slope become level, margins go, and places in the picture are kept."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.appearance import Appearance, line_box, line_slope
from seqrec.closer import closer_look, looks_in_doubt, turned_look
from seqrec.interfaces import Picture, Prepared
from seqrec.perturbation import inverted, rotated, with_margin
from seqrec.plugins import Registry
from seqrec.reading import Reading
from seqrec.recognizer import Recognizer, load


def uprights(height: int = 32, width: int = 160) -> Picture:
    """Dark uprights from edge to edge."""
    picture = np.full((height, width), 200, np.uint8)
    for x in range(4, width - 8, 14):
        picture[2:-2, x : x + 7] = 40
    return picture


def test_tight_pictures_of_level_lines_are_left_alone() -> None:
    assert closer_look(uprights()) is None
    assert closer_look(np.full((20, 90), 7, np.uint8)) is None


@pytest.mark.parametrize("share", [0.2, 0.4])
def test_margins_are_cut_off_but_for_a_little_room(share: float) -> None:
    margin = round(32 * share)
    found = closer_look(with_margin(uprights(), share))
    assert found is not None
    height, width = found.image.shape
    assert 32 <= height <= 32 + 8
    assert 150 <= width <= 160 + 10
    assert found.start_px == pytest.approx(margin, abs=8)
    assert found.start_px + found.width_px == pytest.approx(margin + 160, abs=8)


@pytest.mark.parametrize("degrees", [-12, -6, 6, 12])
@pytest.mark.parametrize("dark", [False, True])
def test_turned_lines_are_made_level(degrees: float, dark: bool) -> None:
    picture = rotated(inverted(uprights()) if dark else uprights(), degrees)
    assert abs(line_slope(picture) - degrees) <= 3
    found = closer_look(picture)
    assert found is not None
    assert abs(Appearance(found.image).slope_deg or 0) <= 3
    assert found.image.shape[0] < picture.shape[0]
    assert found.start_px >= 0
    assert found.start_px + found.width_px <= picture.shape[1]
    assert found.width_px > 0.8 * picture.shape[1]


@pytest.mark.parametrize("degrees", [-4.0, 4.0])
def test_a_turned_look_shows_all_of_the_picture(degrees: float) -> None:
    found = turned_look(uprights(), degrees)
    assert (found.image == rotated(uprights(), degrees)).mean() > 0.5
    assert found.image.shape == rotated(uprights(), degrees).shape
    assert (found.start_px, found.start_px + found.width_px) == pytest.approx((0, 160), abs=2)


@given(st.tuples(st.integers(1, 60), st.integers(1, 200)), st.integers(0, 2**31))
def test_whatever_is_shown_lies_in_the_picture(size: tuple[int, int], seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, size, np.uint8)
    left, top, right, bottom = line_box(picture)
    assert 0 <= left < right <= size[1]
    assert 0 <= top < bottom <= size[0]
    found = closer_look(picture)
    if found is not None:
        assert found.image.size > 0
        assert found.width_px > 0


@pytest.fixture(scope="module")
def reader(tiny_model: Path, plugins: Registry) -> Recognizer:
    return load(tiny_model, plugins=plugins, device="cpu")


def looking(reader: Recognizer, looks: object) -> Recognizer:
    assert reader.task is not None
    return dataclasses.replace(reader, task=dataclasses.replace(reader.task, second_looks=looks))  # type: ignore[arg-type]


def noise(seed: int) -> Picture:
    """Noise in large spots, which random weights read as something."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 20), np.uint8)
    return np.asarray(cv2.resize(small, (120, 32), interpolation=cv2.INTER_CUBIC), np.uint8)


def test_of_two_readings_the_more_confident_is_kept_less_sure_and_lies_where_it_was_seen(reader: Recognizer) -> None:
    def right_half(picture: Picture, reading: Reading) -> list[Prepared]:
        middle = picture.shape[1] // 2
        return [Prepared(np.ascontiguousarray(picture[:, middle:]), float(middle), picture.shape[1] - middle)]

    twice = looking(reader, right_half)
    pictures = [noise(seed) for seed in range(30)]
    kept = set()
    for picture, found in zip(pictures, twice.read(list(pictures)), strict=True):
        first, second = reader.read(picture), reader.read(np.ascontiguousarray(picture[:, 60:]))
        best = max((first, second), key=lambda reading: (bool(reading.symbols), reading.confidence))
        kept.add(best is second)
        assert found.symbols == best.symbols
        share = 1.0 if first.symbols == second.symbols else best.confidence / (first.confidence + second.confidence)
        assert found.confidence == pytest.approx(best.confidence * share, abs=1e-4)
        if best is second:
            assert [left for left, _ in found.spans] == pytest.approx([left + 60 for left, _ in second.spans], abs=0.2)
    assert kept == {False, True}


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_look_at_the_turned_picture_says_by_how_much_it_was_turned(reader: Recognizer, degrees: int) -> None:
    def turned_round(picture: Picture, reading: Reading) -> list[Prepared]:
        picture = np.ascontiguousarray(np.rot90(picture, degrees // 90))
        return [Prepared(picture, 0.0, picture.shape[1], turned=degrees)]

    kept = set()
    for seed in range(20):
        found = looking(reader, turned_round).read(noise(seed))
        first, second = reader.read(noise(seed)), reader.read(np.ascontiguousarray(np.rot90(noise(seed), degrees // 90)))
        kept.add(found.turned)
        if found.turned == degrees and not second.turned:
            assert found.symbols == second.symbols
            assert np.array(found.spans) == pytest.approx(np.array(second.spans), abs=0.2)
        elif not found.turned:
            assert found.symbols == first.symbols
    assert kept == {0, degrees}


def test_second_looks_depend_on_the_first_reading_and_there_may_be_none(reader: Recognizer) -> None:
    seen: list[Reading] = []

    def none(picture: Picture, reading: Reading) -> list[Prepared]:
        seen.append(reading)
        return []

    found = looking(reader, none).read([noise(1), noise(2)])
    assert (
        [one.symbols for one in found] == [one.symbols for one in seen] == [reader.read(noise(seed)).symbols for seed in (1, 2)]
    )


def test_a_tall_picture_is_looked_at_as_it_was_read(reader: Recognizer) -> None:
    shapes = []

    def look(picture: Picture, reading: Reading) -> list[Prepared]:
        shapes.append((picture.shape, reading.turned))
        return []

    assert reader.turn_tall
    for seed in range(20):
        looking(reader, look).read(np.ascontiguousarray(np.rot90(noise(seed))))
    assert {shape == (32, 120) for shape, turned in shapes if turned} == {True}


def test_a_second_look_that_is_too_wide_leaves_the_first_reading(reader: Recognizer) -> None:
    found = looking(reader, lambda picture, reading: [Prepared(np.zeros((1, 3000), np.uint8), 0.0, 120.0)]).read(noise(3))
    assert found.symbols == reader.read(noise(3)).symbols


@pytest.mark.parametrize(("confidence", "looks"), [(0.95, 0), (0.9, 0), (0.8, 1), (0.5, 1), (0.4, 3)])
def test_more_doubt_brings_more_looks(confidence: float, looks: int) -> None:
    assert len(looks_in_doubt(with_margin(uprights(), 0.4), Reading(("a",), "a", confidence))) == looks
