"""Pictures of scene text: the same for the same seed anywhere, truly labelled, with boxes around the letters."""

import pickle
import subprocess
import sys
import zlib

import numpy as np
import pytest

from seqrec import Alphabet
from seqrec.errors import RecipeError
from seqrec.interfaces import Sample
from seqrec.rendering import Font
from seqrec_scene_text import framing
from seqrec_scene_text.alphabets import ALPHABETS, alnum36, ascii95
from seqrec_scene_text.fonts import faces
from seqrec_scene_text.renderer import SceneTextRenderer
from seqrec_scene_text.words import is_held_out

PRINT_PICTURES = """
import zlib
import numpy as np
from seqrec_scene_text.renderer import SceneTextRenderer
rng = np.random.default_rng(11)
samples = [SceneTextRenderer().render(rng) for _ in range(60)]
print([(s.label, s.image.shape, zlib.crc32(s.image.tobytes()), zlib.crc32(s.boxes.tobytes())) for s in samples])
"""


def pictures(renderer: SceneTextRenderer, count: int, seed: int = 0) -> list[Sample]:
    rng = np.random.default_rng(seed)
    return [renderer.render(rng) for _ in range(count)]


def test_same_seed_same_picture_in_another_process() -> None:
    here = [
        (s.label, s.image.shape, zlib.crc32(s.image.tobytes()), zlib.crc32(s.boxes.tobytes()))  # type: ignore[union-attr]
        for s in pictures(SceneTextRenderer(), 60, seed=11)
    ]
    there = subprocess.run(
        [sys.executable, "-c", PRINT_PICTURES],
        capture_output=True,
        check=True,
        text=True,
        env={"PYTHONHASHSEED": "77", "PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": ""},
    )
    assert there.stdout.strip() == str(here)


def test_what_was_drawn_before_does_not_matter() -> None:
    first = pictures(SceneTextRenderer(), 1, seed=5)[0]
    pictures(SceneTextRenderer(), 30, seed=6)
    again = pictures(pickle.loads(pickle.dumps(SceneTextRenderer())), 1, seed=5)[0]
    assert np.array_equal(first.image, again.image)


@pytest.mark.parametrize("alphabet", ALPHABETS, ids=lambda alphabet: alphabet.name)
@pytest.mark.parametrize("difficulty", [0.0, 0.5, 1.0])
def test_pictures_and_boxes_have_the_shapes_promised(alphabet: Alphabet, difficulty: float) -> None:
    for sample in pictures(SceneTextRenderer().configured(alphabet, {"difficulty": difficulty}), 80):
        assert sample.image.dtype == np.uint8
        assert sample.image.shape[0] == 32
        assert sample.image.flags.c_contiguous
        assert len(alphabet.encode(sample.label)) == len(sample.label)
        assert sample.boxes is not None
        assert sample.boxes.dtype == np.float32
        assert sample.boxes.shape == (len(sample.label), 2)


def test_boxes_stand_in_order_inside_the_picture() -> None:
    for sample in pictures(SceneTextRenderer(), 300):
        assert sample.boxes is not None
        assert sample.boxes.min() >= 0
        assert sample.boxes.max() <= sample.image.shape[1]
        assert (sample.boxes[:, 1] >= sample.boxes[:, 0]).all()
        assert (np.diff(sample.boxes.mean(axis=1)) > -2).all()


def test_boxes_hold_ink() -> None:
    renderer = SceneTextRenderer().configured(ascii95, {"difficulty": 0})
    for sample in pictures(renderer, 200):
        ground = np.median(sample.image[[0, -1]])
        away = np.abs(sample.image.astype(float) - ground).max(axis=0)
        assert sample.boxes is not None
        for symbol, (left, right) in zip(sample.label, sample.boxes, strict=True):
            if symbol != " " and right - left > 1:
                assert away[int(left) : int(np.ceil(right))].max() > 15, sample.label


def test_letters_can_be_told_from_the_ground() -> None:
    spreads = [float(sample.image.std()) for sample in pictures(SceneTextRenderer(), 400)]
    assert min(spreads) > 3
    assert np.percentile(spreads, 5) > 9


def test_long_words_are_turned_far_too(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = SceneTextRenderer().configured(ascii95, {"min_length": 8, "letters_only": True})
    widths = []
    for share in (0.0, 10.0):
        monkeypatch.setattr(framing, "STEEP_SHARE", share)
        widths.append(np.mean([sample.image.shape[1] for sample in pictures(renderer, 60)]))
    level, steep = widths
    assert steep < 0.75 * level  # the box around a word that slopes is high, and all are scaled to one height


def test_both_polarities_are_drawn_equally() -> None:
    samples = pictures(SceneTextRenderer().configured(ascii95, {"difficulty": 0}), 400)
    brighter = [np.median(sample.image[[0, -1]]) > sample.image.mean() for sample in samples]
    assert 0.4 < np.mean(brighter) < 0.6


def test_training_draws_no_word_and_no_family_kept_for_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = fonts_used(monkeypatch)
    for sample in pictures(SceneTextRenderer(), 500):
        assert not any(part.isalpha() and is_held_out(part) for part in sample.label.split())
    kept = {face.font.path for face in faces() if face.held_out}
    assert fonts
    assert not {font.path for font in fonts} & kept


def test_validation_draws_only_families_kept_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = fonts_used(monkeypatch)
    renderer = SceneTextRenderer().configured(ascii95, {"letters_only": True, "min_length": 4, "words": 5000}).held_out()
    for sample in pictures(renderer, 200):
        assert is_held_out(sample.label)
    kept = {face.font.path for face in faces() if face.held_out}
    assert {font.path for font in fonts} == kept


def test_no_missing_character_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: set[tuple[str, str]] = set()
    real = Font.glyph

    def glyph(self: Font, piece: str, size_px: int) -> object:
        drawn.add((self.missing or "", piece))
        return real(self, piece, size_px)

    monkeypatch.setattr(Font, "glyph", glyph)
    pictures(SceneTextRenderer(), 1500)
    assert any(missing for missing, _ in drawn)
    assert not [(missing, piece) for missing, piece in drawn if piece in missing]


def test_labels_of_capital_faces_are_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = fonts_used(monkeypatch)
    rng = np.random.default_rng(3)
    for _ in range(600):
        fonts.clear()
        sample = SceneTextRenderer().render(rng)
        if fonts[-1].caps_only:
            assert sample.label == sample.label.upper()


def fonts_used(monkeypatch: pytest.MonkeyPatch) -> list[Font]:
    """A list that grows by the font of every text drawn."""
    used: list[Font] = []
    real = SceneTextRenderer._text

    def text(self: SceneTextRenderer, dice: object) -> tuple[str, Font]:
        chosen = real(self, dice)  # type: ignore[arg-type]
        used.append(chosen[1])
        return chosen

    monkeypatch.setattr(SceneTextRenderer, "_text", text)
    return used


@pytest.mark.parametrize("height", [24, 32, 48, 64])
def test_other_heights_are_drawn(height: int) -> None:
    for sample in pictures(SceneTextRenderer().configured(ascii95, {"height_px": height}), 20):
        assert sample.image.shape[0] == height


def test_lengths_and_letters_are_kept() -> None:
    options = {"min_length": 2, "max_length": 5, "letters_only": True, "families": 8, "words": 2000}
    for sample in pictures(SceneTextRenderer().configured(alnum36, options), 100):
        assert 2 <= len(sample.label) <= 5
        assert sample.label.isalpha()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dificulty": 1.0}, r"unknown key 'renderer.dificulty'; did you mean 'difficulty'\?"),
        ({"difficulty": "high"}, r"renderer.difficulty: 'high' is a str; expected a number"),
        ({"difficulty": 1.5}, r"renderer.difficulty: 1.5 is out of range; expected 0 to 1"),
        ({"letters_only": 1}, r"renderer.letters_only: 1 is a int; expected true or false"),
        ({"height_px": 32.5}, r"renderer.height_px: 32.5 is a float; expected a whole number"),
        ({"min_length": 5, "max_length": 4}, r"renderer.max_length: 4 is out of range; expected 5 or more"),
        ({"families": -1}, r"renderer.families: -1 is out of range"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        SceneTextRenderer().configured(ascii95, options)
