"""Lines that run leftwards and downwards: one script each, drawn, prepared for training, and read back in logical order."""

import unicodedata
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.alphabet import Alphabet
from seqrec.data.stream import Example, Preparation
from seqrec.direction import Direction, along_line, direction_of, facing
from seqrec.errors import SeqrecError
from seqrec.interfaces import Picture, Sample
from seqrec.model_file import ModelCard, read_card, save_model
from seqrec.recipe import PictureRecipe, Recipe
from seqrec.recognizer import Recognizer
from seqrec.testing import CheckError
from seqrec.testing.renderers import check_sample

HEBREW = Alphabet("hebrew", "אבגד12: ")
KANA = Alphabet("kana", "アイウエオカキク")
CELL_PX = 16


def drawn(alphabet: Alphabet, symbols: str) -> tuple[Picture, npt.NDArray[np.float32]]:
    """Symbols as bars at eight heights, side by side from the left, and their spans."""
    image = np.full((32, CELL_PX * len(symbols) + 4), 220, np.uint8)
    lefts = 4 + CELL_PX * np.arange(len(symbols))
    for left, symbol in zip(lefts, symbols, strict=True):
        top = 4 * alphabet.symbols.index(symbol)
        image[top : top + 4, left : left + 12] = 40
    return image, np.stack([lefts, lefts + 12], axis=1).astype(np.float32)


class BarReader:
    """An engine that reads bars without having learnt anything: a frame's class is the dark row of its four columns."""

    gives = "posteriors"
    width_step_px, frame_stride_px, frame_offset_px = 4, 4.0, 1.5

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet

    def run(
        self, images: npt.NDArray[np.uint8], widths: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        frames = images[:, 0].reshape(len(images), 8, 4, -1, 4).mean((2, 4))  # (N, 8 heights, T)
        classes = np.where(frames.min(1) < 130, frames.argmin(1) + 1, 0)
        probabilities = np.full((*classes.T.shape, 9), 0.001, np.float32)
        np.put_along_axis(probabilities, classes.T[:, :, None], 0.992, axis=2)
        return np.log(probabilities), widths // 4


def reader(alphabet: Alphabet, direction: Direction) -> Recognizer:
    return Recognizer(BarReader(alphabet), PictureRecipe(), alphabet, direction=direction)  # type: ignore[arg-type]


def hebrew() -> tuple[str, Picture, npt.NDArray[np.float32]]:
    """A label in logical order; its picture, as displayed from right to left; the span of each symbol in logical order."""
    label = "אבב 12:21 גד"
    displayed = "דג 12:21 בבא"  # as the eye finds it from the left: the number runs rightwards
    image, spans = drawn(HEBREW, displayed)
    places = [11, 10, 9, 8, 3, 4, 5, 6, 7, 2, 1, 0]
    assert [displayed[place] for place in places] == list(label)
    return label, image, spans[places]


def test_hebrew_is_read_from_right_to_left_with_its_numbers_and_comes_out_in_logical_order() -> None:
    label, image, spans = hebrew()
    reading = reader(HEBREW, "leftwards").read(image)
    assert reading.text == label
    assert reading.symbols == tuple(label)
    assert np.abs(np.array(reading.spans).mean(1) - spans.mean(1)).max() < 3
    assert reader(HEBREW, "rightwards").read(image).text == "דג 12:21 בבא"


def test_hebrew_is_prepared_for_training_in_the_order_of_the_frames() -> None:
    label, image, spans = hebrew()
    preparation = Preparation(None, HEBREW, PictureRecipe(), np.arange(20_001) // 4, 4, direction="leftwards")  # type: ignore[arg-type]
    example = preparation.example(Sample(image, label, spans, "x"))
    assert isinstance(example, Example)
    assert np.array_equal(example.image, image[:, ::-1])
    assert HEBREW.text(HEBREW.decode(example.target)) == "אבב 12:21 גד"[:4] + "12:21"[::-1] + " גד"
    assert example.boxes is not None
    assert (np.diff(example.boxes.mean(1)) > 0).all()
    log_probs, _ = BarReader(HEBREW).run(example.image[None, None], np.array([image.shape[1]]))
    classes = log_probs[:, 0].argmax(1).tolist()
    assert tuple(one for one, before in zip(classes, [0, *classes], strict=False) if one and one != before) == example.target


def test_kit_takes_boxes_in_the_order_of_the_line_whichever_way_it_runs() -> None:
    label, image, spans = hebrew()
    check_sample(Sample(image, label, spans), HEBREW, "leftwards")
    for wrong, direction in ((spans, "rightwards"), (spans[::-1], "leftwards")):
        with pytest.raises(CheckError, match=f"are not in the order of its symbols along a line that runs {direction}"):
            check_sample(Sample(image, label, wrong), HEBREW, direction)  # type: ignore[arg-type]
    image, spans = drawn(KANA, "カキアアクエオ")
    check_sample(Sample(np.ascontiguousarray(np.rot90(image, -1)), "カキアアクエオ", spans), KANA, "downwards")
    with pytest.raises(CheckError, match="has its middle outside the picture"):
        check_sample(Sample(np.ascontiguousarray(np.rot90(image, -1)), "カキアアクエオ", spans + 999), KANA, "downwards")


def test_vertical_kana_is_read_downwards() -> None:
    label = "カキアアクエオ"
    image, spans = drawn(KANA, label)
    column = np.rot90(image, -1)  # the line's start at the top
    assert column.shape[0] > column.shape[1]
    reading = reader(KANA, "downwards").read(np.ascontiguousarray(column))
    assert (reading.text, reading.turned) == (label, 90)
    assert np.abs(np.array(reading.spans).mean(1) - spans.mean(1)).max() < 3
    preparation = Preparation(None, KANA, PictureRecipe(), np.arange(20_001) // 4, 4, direction="downwards")  # type: ignore[arg-type]
    example = preparation.example(Sample(np.ascontiguousarray(column), label, spans, "x"))
    assert isinstance(example, Example)
    assert np.array_equal(example.image, image)
    assert KANA.text(KANA.decode(example.target)) == label
    assert np.array_equal(example.boxes, spans)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("logical", "displayed"),
    [
        ("אבג", "גבא"),
        ("א12", "12א"),
        ("א 1,000 ב", "ב 1,000 א"),
        ("א abc def ב", "ב abc def א"),
        ("א 12 34 ב", "ב 34 12 א"),
        ("abc", "abc"),
        ("בa1ג", "גa1ב"),
        ("א3-4", "3-4א"),
    ],
)
def test_order_along_the_line_is_what_the_eye_finds_from_the_right(logical: str, displayed: str) -> None:
    along = "".join(logical[place] for place in along_line(logical, "leftwards"))
    assert along == displayed[::-1]


@given(st.text(st.sampled_from("אבג abc 123 ,.:-%()")))
def test_order_along_the_line_done_twice_is_the_logical_one(text: str) -> None:
    along = [text[place] for place in along_line(text, "leftwards")]
    assert "".join(along[place] for place in along_line(along, "leftwards")) == text
    assert along_line(text, "downwards") == list(range(len(text)))


def test_labels_of_composed_and_decomposed_letters_are_one() -> None:
    alphabet = Alphabet("letters", ["שׁ", "é"])
    for label in ("שׁé", unicodedata.normalize("NFD", "שׁé"), unicodedata.normalize("NFC", "שׁé")):
        assert alphabet.encode(label) == [1, 2]


def test_facing_leaves_a_line_that_runs_rightwards_alone() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert facing(image, "rightwards") is image
    assert facing(image, "leftwards").tolist() == [[2, 1, 0], [5, 4, 3]]
    assert facing(image, "downwards").tolist() == [[2, 5], [1, 4], [0, 3]]
    with pytest.raises(SeqrecError, match="no direction 'leftward'; did you mean 'leftwards'"):
        direction_of("leftward")


def test_model_file_keeps_the_direction(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    card = ModelCard("x", "x 1", HEBREW, Recipe(), direction="leftwards")
    save_model(tmp_path / "x.safetensors", {"w": torch.zeros(1)}, card)
    assert read_card(tmp_path / "x.safetensors").direction == "leftwards"
