"""Augmentation: deterministic, of the same size, and its boxes stay on their symbols."""

import numpy as np
import numpy.typing as npt
import pytest

from seqrec.data import augment as module
from seqrec.data.augment import augment


def word(height: int = 32, width: int = 120) -> npt.NDArray[np.uint8]:
    picture = np.full((height, width), 190, np.uint8)
    picture[height // 4 : -height // 4, width // 6 : -width // 6 : 7] = 40
    return picture


def test_same_state_of_the_generator_gives_the_same_picture() -> None:
    for seed in range(60):
        first, _ = augment(word(), np.random.default_rng(seed))
        second, _ = augment(word(), np.random.default_rng(seed))
        assert np.array_equal(first, second)


def test_pictures_differ_from_one_another() -> None:
    rng = np.random.default_rng(0)
    assert len({augment(word(), rng)[0].tobytes() for _ in range(100)}) > 80


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (32, 120), (64, 2000), (3, 40_000)])
def test_size_and_type_stay_and_the_given_picture_is_not_written_to(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    before = picture.copy()
    rng = np.random.default_rng(1)
    for strength in (0.0, 0.3, 1.0, 3.0):
        for _ in range(15):
            augmented, boxes = augment(picture, rng, strength)
            assert augmented.shape == shape
            assert augmented.dtype == np.uint8
            assert boxes is None
            assert not np.shares_memory(augmented, picture)
    assert np.array_equal(picture, before)


def test_strength_0_changes_nothing_but_the_polarity() -> None:
    rng = np.random.default_rng(0)
    assert np.array_equal(augment(word(), rng, 0.0, invert=0.0)[0], word())
    assert np.array_equal(augment(word(), rng, 0.0, invert=1.0)[0], 255 - word())
    inverted = sum(bool(augment(word(), rng, 0.0)[0][0, 0] < 128) for _ in range(400))
    assert 150 < inverted < 250


def test_tone_keeps_the_symbols_visible() -> None:
    rng = np.random.default_rng(0)
    for background, ink in ((250, 210), (5, 45), (255, 0), (128, 100)):
        picture = np.full((32, 120), background, np.uint8)
        picture[8:24, 20:100:7] = ink
        for _ in range(200):
            coin = rng.random(3).tolist()
            tone = module._tone(coin, 1.0, False, float(picture.mean()) / 255)
            assert abs(int(tone[background]) - int(tone[ink])) >= 5


def test_boxes_stay_on_their_symbols() -> None:
    picture = np.zeros((32, 160), np.uint8)
    spans = np.array([[20, 26], [77, 83], [134, 140]], np.float32)
    for left, right in spans.astype(int):
        picture[:, left:right] = 255
    rng, shifted = np.random.default_rng(0), 0
    for _ in range(200):
        coin = rng.random(6).tolist()
        warped, boxes = module._warped(picture, spans, coin, 1.0)
        assert boxes is not None
        middle = warped[15:17].mean(0)
        for left, (new_left, new_right) in zip(spans[:, 0], boxes, strict=True):
            assert 0 <= new_left <= new_right <= 160
            inside = np.arange(160)[max(int(new_left) - 6, 0) : int(new_right) + 7]
            if middle[inside].sum() < 255:
                continue  # cropped away
            centre = float((inside * middle[inside]).sum() / middle[inside].sum()) + 0.5
            assert abs(centre - (new_left + new_right) / 2) < 1.5
            shifted += abs(new_left - left) > 1
    assert shifted > 100


def test_long_lines_keep_their_ends_inside_the_picture() -> None:
    line = np.full((32, 3000), 255, np.uint8)
    line[14:18] = 0
    rng = np.random.default_rng(0)
    for _ in range(50):
        warped, _ = module._warped(line, None, rng.random(6).tolist(), 1.0)
        assert warped[:, :20].min() < 60
        assert warped[:, -20:].min() < 60


def test_boxes_are_returned_untouched_where_nothing_moves() -> None:
    boxes = np.array([[1, 5]], np.float32)
    _, same = augment(word(), np.random.default_rng(0), 0.0, boxes)
    assert same is boxes
