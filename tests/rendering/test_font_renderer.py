"""The ready renderer serves any alphabet that a font can draw."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from seqrec.alphabet import Alphabet
from seqrec.errors import AlphabetError, RecipeError
from seqrec.rendering import FontRenderer


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fonts") / "pillow.ttf"
    path.write_bytes(ImageFont.load_default(size=20).font_bytes)
    return path


@pytest.fixture(scope="module")
def renderer(font: Path) -> FontRenderer:
    return FontRenderer(Alphabet("letters", "abcdefXYZ .-"), fonts=[font], length=(1, 9))


def test_pictures_have_the_height_asked_for_and_one_box_a_symbol(renderer: FontRenderer) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        sample = renderer.render(rng)
        assert sample.image.shape[0] == 32
        assert sample.image.dtype == np.uint8
        assert 1 <= len(sample.label) <= 9
        assert sample.label.strip() == sample.label
        assert sample.boxes is not None
        assert sample.boxes.shape == (len(sample.label), 2)
        assert sample.boxes.min() >= 0
        assert sample.boxes.max() <= sample.image.shape[1]


def test_same_seed_same_picture_after_pickling(renderer: FontRenderer) -> None:
    renderer.render(np.random.default_rng(7))
    again = pickle.loads(pickle.dumps(renderer))
    one, two = renderer.render(np.random.default_rng(7)), again.render(np.random.default_rng(7))
    assert one.label == two.label
    assert np.array_equal(one.image, two.image)


def test_symbols_of_several_characters_are_drawn_whole(font: Path) -> None:
    alphabet = Alphabet("words", ["one", "two", "three"], separator=" ")
    sample = FontRenderer(alphabet, fonts=[font], length=(3, 3)).render(np.random.default_rng(0))
    assert len(alphabet.split(sample.label)) == 3
    assert sample.boxes is not None
    assert sample.boxes.shape == (3, 2)
    assert (np.diff(sample.boxes[:, 0]) > 0).all()


def test_labels_split_as_they_were_put_together(font: Path) -> None:
    alphabet = Alphabet("ambiguous", ["a", "b", "ab"])
    renderer = FontRenderer(alphabet, fonts=[font], length=(2, 6))
    rng = np.random.default_rng(0)
    for _ in range(30):
        sample = renderer.render(rng)
        assert sample.boxes is not None
        assert len(alphabet.encode(sample.label)) == len(sample.boxes)


def test_a_symbol_that_no_font_has_is_named(font: Path) -> None:
    renderer = FontRenderer(Alphabet("odd", ["a", "\u2a6b"]), fonts=[font])
    with pytest.raises(AlphabetError, match=r"'⩫' of alphabet 'odd' cannot be drawn with pillow\.ttf"):
        renderer.render(np.random.default_rng(0))


def test_options_are_taken_and_refused(renderer: FontRenderer) -> None:
    changed = renderer.configured(renderer.alphabet, {"height_px": 48, "difficulty": 1, "max_length": 3})
    assert changed.render(np.random.default_rng(0)).image.shape[0] == 48
    with pytest.raises(RecipeError, match=r"unknown key 'renderer.height'; did you mean 'height_px'\?"):
        renderer.configured(renderer.alphabet, {"height": 48})
    with pytest.raises(RecipeError, match=r"renderer.height_px: 'tall' is a str; expected a whole number"):
        renderer.configured(renderer.alphabet, {"height_px": "tall"})
    with pytest.raises(RecipeError, match=r"renderer.max_length: 0 is out of range"):
        renderer.configured(renderer.alphabet, {"max_length": 0})
    with pytest.raises(RecipeError, match=r"renderer.min_length: True is a bool"):
        renderer.configured(renderer.alphabet, {"min_length": True})
