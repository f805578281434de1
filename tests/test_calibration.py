"""A temperature: what it does to one confidence, and whether the true one is found again."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec import Alphabet, Reading, Recipe, SeqrecError
from seqrec.calibration import calibrate, fit_temperature, held_out_renderings, temperature_of
from seqrec.data.sources import RenderedSource
from seqrec.errors import DataError, ModelFileError, ShapeError
from seqrec.interfaces import Picture
from seqrec.model_file import TEMPERATURES, ModelCard, read_card, read_weights, store_temperature
from seqrec.pictures import open_picture
from seqrec.plugins import Registry
from seqrec.recognizer import Recognizer, load
from seqrec.reliability import tempered
from seqrec.rows import Row

AB = Alphabet("ab", "ab")
temperatures = st.floats(*TEMPERATURES)
probabilities = st.one_of(st.floats(0, 1), st.floats(-700, 0).map(math.exp), st.floats(-36, 0).map(lambda x: 1 - math.exp(x)))


@given(st.floats(1e-9, 1 - 1e-9), st.floats(0.5, 20))
def test_odds_to_the_power_of_one_over_the_temperature(probability: float, temperature: float) -> None:
    odds = (probability / (1 - probability)) ** (1 / temperature)
    assert tempered(probability, temperature) == pytest.approx(odds / (1 + odds), rel=1e-6)


@given(probabilities, probabilities, temperatures)
def test_order_of_confidences_never_changes(one: float, other: float, temperature: float) -> None:
    low, high = sorted([one, other])
    assert 0 <= tempered(low, temperature) <= tempered(high, temperature) <= 1


@given(probabilities)
def test_temperature_one_leaves_the_probability_alone(probability: float) -> None:
    assert tempered(probability) == tempered(probability, 1.0) == probability
    assert tempered(probability, 1 + 1e-12) == pytest.approx(probability)


@pytest.mark.parametrize("temperature", [*TEMPERATURES, 0.8, 1.0])
@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_certainties_and_even_odds_stay(temperature: float, probability: float) -> None:
    assert tempered(probability, temperature) == probability


@given(probabilities, temperatures, temperatures)
def test_one_temperature_after_another_is_their_product(probability: float, one: float, other: float) -> None:
    if 1e-4 < tempered(probability, one) < 1 - 1e-4:  # nearer to 0 and 1 digits are lost on the way
        assert tempered(tempered(probability, one), other) == pytest.approx(tempered(probability, one * other), rel=1e-6)


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=6), st.floats(TEMPERATURES[0], 1))
def test_sharpened_confidences_of_one_picture_still_add_up_to_at_most_one(weights: list[float], temperature: float) -> None:
    shares = [weight / sum(weights) for weight in weights]
    assert sum(tempered(share, temperature) for share in shares) <= 1 + 1e-9


def drawn(count: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Confidences that come true once they are brought to a temperature."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(1.0, 3.0, count)
    return 1 / (1 + np.exp(-log_odds)), rng.random(count) < 1 / (1 + np.exp(-log_odds / temperature))


@pytest.mark.parametrize("temperature", [0.3, 0.8, 1.0, 2.5, 8.0])
def test_temperature_that_made_the_outcomes_is_found_again(temperature: float) -> None:
    assert fit_temperature(*drawn(40_000, temperature)) == pytest.approx(temperature, rel=0.05)


def test_no_other_temperature_makes_the_outcomes_more_likely() -> None:
    confidences, right = drawn(500, 1.7)

    def likelihood(temperature: float) -> float:
        found = np.array([tempered(confidence, temperature) for confidence in confidences])
        return float(np.log(np.where(right, found, 1 - found)).sum())

    best = fit_temperature(confidences, right)
    assert all(likelihood(best) > likelihood(best * factor) for factor in (0.5, 0.95, 0.999, 1.001, 1.05, 2))


def test_confidence_of_one_that_is_wrong_does_not_outweigh_all_others() -> None:
    confidences, right = drawn(4_000, 1.0)
    plain = fit_temperature(confidences, right)
    assert fit_temperature([*confidences, 1.0], [*right, False]) == pytest.approx(plain, rel=0.1)


@pytest.mark.parametrize(
    ("confidences", "right", "kind", "message"),
    [
        ([], [], DataError, "there are no readings"),
        ([0.5, math.nan], [True, False], DataError, "confidence nan of reading 1 is no probability"),
        ([0.5], [True, False], ShapeError, "confidences of shape"),
        (
            [0.9, 0.8],
            [True, True],
            DataError,
            "all 2 readings are right: no temperature can be fitted; give more pictures or harder",
        ),
        ([0.9, 0.8], [False, False], DataError, "all 2 readings are wrong: .* or easier ones"),
        ([0.9, 0.1], [False, True], DataError, "no temperature from 0.05 to 20 fits"),
        ([0.9, 0.1], [True, False], DataError, "2 readings, 1 of them right, tell too little or too well which are right"),
    ],
)
def test_outcomes_that_fit_no_temperature_are_refused(
    confidences: list[float], right: list[bool], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        fit_temperature(confidences, right)


def rows(confidences: Iterable[float], right: Iterable[bool]) -> list[Row]:
    return [Row("key", "a", "a", float(one), 0, bool(other)) for one, other in zip(confidences, right, strict=True)]


def test_rows_give_a_temperature_and_too_few_give_one() -> None:
    confidences, right = drawn(500, 2.0)
    assert temperature_of(rows(confidences, right)) == fit_temperature(confidences, right) != 1
    assert temperature_of(rows(confidences[:30], right[:30])) == 1
    assert temperature_of([]) == 1
    assert temperature_of(rows(confidences, [True] * 481 + [False] * 19)) == 1  # 19 wrong ones are too few …
    assert temperature_of(rows(np.linspace(0.9, 0.1, 500), [False] * 250 + [True] * 250)) == 1  # … and these fit none


@dataclass(frozen=True)
class Labels:
    """A data set whose pictures are the numbers of its samples."""

    labels: list[str]

    def __len__(self) -> int:
        return len(self.labels)

    def key(self, index: int) -> str:
        return f"sample-{index}"

    def label(self, index: int) -> str:
        return self.labels[index]

    def encoded(self, index: int) -> bytes:
        return str(index).encode()


@dataclass(frozen=True)
class PretendingReader:
    """Says `a` to everything, with confidences that its card's temperature acts on."""

    confidences: list[float]
    card: ModelCard | None
    alphabet: Alphabet = AB

    def read_many(
        self, sources: Iterable[tuple[str, bytes | Path | Picture]]
    ) -> Iterator[tuple[str, Reading | SeqrecError, Picture | None]]:
        for key, number in sources:
            probability = self.confidences[int(number)]  # type: ignore[arg-type]
            yield key, Reading(("a",), "a", tempered(probability, self.card.temperature if self.card else 1.0)), None


@pytest.mark.parametrize("present", [None, 1.0, 0.05, 3.0])
def test_calibration_finds_the_temperature_whatever_the_present_one_is(present: float | None) -> None:
    confidences, right = drawn(4_000, 2.0)
    card = None if present is None else ModelCard("pretend", "none 1.0", AB, Recipe(), temperature=present)
    reader = PretendingReader(confidences.tolist(), card)
    found = calibrate(reader, Labels(["a" if one else "b" for one in right]))  # type: ignore[arg-type]
    assert found.temperature == pytest.approx(fit_temperature(confidences, right), rel=1e-9)
    assert abs(found.temperature - 2.0) < 4 * found.standard_error < 0.5
    assert (found.samples, found.right) == (4_000, right.sum())
    assert found.error_after < 0.02 < 0.05 < found.error_before
    assert "from 4,000 pictures" in str(found)


def test_standard_error_is_the_spread_over_draws() -> None:
    def fitted(seed: int) -> tuple[float, float]:
        confidences, right = drawn(1_000, 1.5, seed)
        found = calibrate(PretendingReader(confidences.tolist(), None), Labels(["a" if one else "b" for one in right]))  # type: ignore[arg-type]
        return found.temperature, found.standard_error

    values = np.array([fitted(seed) for seed in range(40)])
    assert values[:, 1].mean() == pytest.approx(values[:, 0].std(), rel=0.35)


@pytest.fixture(scope="module")
def reader(tiny_model: Path, plugins: Registry) -> Recognizer:
    return load(tiny_model, plugins=plugins)


def test_held_out_renderings_are_those_of_the_task_and_its_recipe(reader: Recognizer) -> None:
    store = held_out_renderings(reader, 5)
    assert len(store) == 5
    assert reader.task is not None
    assert reader.task.renderer is not None
    assert reader.card is not None
    renderer = reader.task.renderer.configured(reader.alphabet, reader.card.recipe.renderer).held_out()
    for index in range(5):
        sample = RenderedSource(renderer, reader.card.recipe.train.seed + 2_000_003).sample(index)
        assert (store.key(index), store.label(index)) == (sample.key, sample.label)
        assert np.array_equal(open_picture(store.encoded(index), "drawn"), sample.image)


def test_reader_that_reads_nothing_right_is_not_calibrated(reader: Recognizer) -> None:
    with pytest.raises(DataError, match="all 6 readings are wrong"):
        calibrate(reader, held_out_renderings(reader, 6))


def test_task_without_pictures_asks_for_a_data_set(reader: Recognizer) -> None:
    with pytest.raises(DataError, match=r"task 'bars' draws no pictures here; give a labelled data set instead"):
        held_out_renderings(dataclasses.replace(reader, task=None))
    with pytest.raises(DataError, match="0 held-out pictures: expected at least 1"):
        held_out_renderings(reader, 0)


def test_stored_temperature_changes_no_bit_of_the_weights(tiny_model: Path, tmp_path: Path) -> None:
    import torch

    copy = tmp_path / "model.safetensors"
    copy.write_bytes(tiny_model.read_bytes())
    assert read_card(copy).temperature == 1
    for temperature in (0.797, 1.0, 12.345678901234567):
        store_temperature(copy, temperature)
        assert read_card(copy) == dataclasses.replace(read_card(tiny_model), temperature=temperature)
        before, after = read_weights(tiny_model), read_weights(copy)
        assert before.keys() == after.keys()
        assert all(torch.equal(before[name], after[name]) for name in before)
    content = copy.read_bytes()
    header = int.from_bytes(content[:8], "little")
    assert header % 8 == 0
    assert tiny_model.read_bytes().endswith(content[8 + header :])
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def test_half_precision_stays_half_when_a_temperature_is_stored(tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    from seqrec.model_file import save_model

    half = tmp_path / "half.safetensors"
    save_model(half, read_weights(tiny_model), read_card(tiny_model), half=True)
    size = half.stat().st_size
    store_temperature(half, 0.797)
    assert {str(tensor.dtype) for tensor in load_file(half).values()} == {"torch.float16", "torch.int64"}
    assert abs(half.stat().st_size - size) < 64


def rewritten(change: Callable[[str], str], source: Path, target: Path) -> Path:
    """A model file with another header."""
    content = source.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = change(content[8:end].decode()).encode()
    target.write_bytes(len(header).to_bytes(8, "little") + header + content[end:])
    return target


def test_model_file_without_a_temperature_has_one(tiny_model: Path, tmp_path: Path) -> None:
    old = rewritten(lambda text: text.replace(r", \"temperature\": 1.0", ""), tiny_model, tmp_path / "old.safetensors")
    assert old.stat().st_size < tiny_model.stat().st_size
    assert read_card(old).temperature == 1
    store_temperature(old, 2.0)
    assert read_card(old).temperature == 2


@pytest.mark.parametrize("found", ["0.0", "-1", "21", "NaN", "Infinity", "null", r"\"warm\"", "true"])
def test_impossible_temperature_in_a_file_is_refused(tiny_model: Path, tmp_path: Path, found: str) -> None:
    broken = rewritten(
        lambda text: text.replace(r"\"temperature\": 1.0", rf"\"temperature\": {found}"),
        tiny_model,
        tmp_path / "broken.safetensors",
    )
    with pytest.raises(ModelFileError, match=r"broken.safetensors': temperature .* is no number from 0.05 to 20"):
        read_card(broken)


def test_impossible_temperature_is_neither_stored_nor_held(tiny_model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model.safetensors"
    copy.write_bytes(tiny_model.read_bytes())
    with pytest.raises(ModelFileError, match=r"model.safetensors': temperature 0.01 is no number from 0.05 to 20"):
        store_temperature(copy, 0.01)
    assert copy.read_bytes() == tiny_model.read_bytes()
    with pytest.raises(ModelFileError, match="a model of task 'bars': temperature nan"):
        dataclasses.replace(read_card(copy), temperature=math.nan)


def test_temperature_is_stored_in_model_files_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no model")
    with pytest.raises(ModelFileError, match="is no safetensors file"):
        store_temperature(path, 1.5)
    assert path.read_text() == "no model"
