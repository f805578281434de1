"""Sources: pure functions of an index, rounds that leave nothing out, mixtures that keep their weights."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from seqrec.data.sources import Mixture, RenderedSource, StoredSource
from seqrec.data.store import FileStore
from seqrec.errors import DataError, ImageError
from seqrec.interfaces import Sample
from seqrec.pictures import encode_png
from seqrec.testing.bars import BarRenderer


class Counting:
    """A source that says its name and what it was asked for."""

    def __init__(self, name: str) -> None:
        self.prefix = name

    def sample(self, index: int) -> Sample:
        return Sample(np.zeros((1, 1), np.uint8), "a", None, self.name(index))

    def name(self, index: int) -> str:
        return f"{self.prefix}-{index}"


def stored(folder: Path, count: int) -> FileStore:
    """Pictures of one grey each, labelled with their numbers."""
    for number in range(count):
        (folder / f"{number}.png").write_bytes(encode_png(np.full((4, 4), number, np.uint8)))
    return FileStore(folder, [(f"{number}.png", str(number)) for number in range(count)], "gt.txt")


def test_seed_and_index_give_the_same_picture_wherever_they_are_asked_for() -> None:
    source = RenderedSource(BarRenderer(), 3)
    later = pickle.loads(pickle.dumps(source))
    later.sample(99)
    one, other = source.sample(5), later.sample(5)
    assert np.array_equal(one.image, other.image)
    assert (one.label, one.key) == (other.label, other.key) == (one.label, "rendered-5")


def test_another_index_or_seed_gives_another_picture() -> None:
    pictures = {RenderedSource(BarRenderer(), seed).sample(index).image.tobytes() for seed in (1, 2) for index in range(20)}
    assert len(pictures) == 40


class Growing(BarRenderer):
    """Its pictures are as wide as its share of a curriculum in percent, or 200 where it is itself."""

    width = 200

    def easier(self, done: float) -> "Growing":
        easier = Growing()
        easier.width = 1 + round(100 * done)
        return easier

    def render(self, rng: np.random.Generator) -> Sample:
        return Sample(np.zeros((1, self.width), np.uint8), "a")


def test_first_pictures_of_a_curriculum_are_the_easier_ones_and_each_has_its_own_share() -> None:
    source = pickle.loads(pickle.dumps(RenderedSource(Growing(), 1, curriculum=10)))
    assert [source.sample(index).image.shape[1] for index in (0, 5, 9, 10, 99)] == [1, 51, 91, 200, 200]
    assert RenderedSource(Growing(), 1).sample(0).image.shape[1] == 200


def test_every_round_of_a_store_shows_every_sample_once_in_another_order(tmp_path: Path) -> None:
    source = StoredSource(stored(tmp_path, 7), range(7), seed=1)
    rounds = [tuple(source.sample(7 * turn + place).label for place in range(7)) for turn in range(5)]
    assert all(sorted(labels) == list("0123456") for labels in rounds)
    assert len(set(rounds)) == 5


def test_label_key_and_picture_of_a_stored_sample_belong_together(tmp_path: Path) -> None:
    source = StoredSource(stored(tmp_path, 5), [1, 3, 4], seed=1)
    samples = [source.sample(index) for index in range(6)]
    assert {sample.label for sample in samples} == {"1", "3", "4"}
    for index, sample in enumerate(samples):
        assert sample.key == source.name(index) == f"{sample.label}.png"
        assert (sample.image == int(sample.label)).all()


def test_store_of_one_sample_is_shown_for_ever(tmp_path: Path) -> None:
    source = StoredSource(stored(tmp_path, 1), [0], seed=1)
    assert [source.sample(index).label for index in (0, 1, 1000)] == ["0"] * 3


def test_store_of_which_nothing_can_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no sample of this data set can be used"):
        StoredSource(stored(tmp_path, 2), [], seed=1)


def test_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    source = StoredSource(stored(tmp_path, 1), [0], seed=1)
    (tmp_path / "0.png").write_bytes(b"garbage")
    with pytest.raises(ImageError, match=r"'0\.png' is no picture"):
        source.sample(0)


@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        ([3.0, 1.0], [750, 250]),
        ([1.0, 1.0, 1.0], [333, 334, 333]),
        ([0.999, 0.001], [999, 1]),
        ([20.0, 30.0, 50.0], [200, 300, 500]),
        ([1.0], [1000]),
    ],
)
def test_weights_are_kept_exactly_over_every_thousand_samples(weights: list[float], shares: list[int]) -> None:
    mixture = Mixture([Counting(str(number)) for number in range(len(weights))], weights, seed=4)
    for turn in range(3):
        names = [mixture.sample(1000 * turn + place).key.split("-")[0] for place in range(1000)]
        assert [names.count(str(number)) for number in range(len(weights))] == shares


def test_each_source_of_a_mixture_gives_its_samples_in_order_and_none_twice() -> None:
    mixture = Mixture([Counting("a"), Counting("b")], [2.0, 1.0], seed=4)
    asked: dict[str, list[int]] = {"a": [], "b": []}
    for index in range(2500):
        sample = mixture.sample(index)
        assert sample.key == mixture.name(index)
        name, number = sample.key.split("-")
        asked[name].append(int(number))
    assert all(numbers == list(range(len(numbers))) for numbers in asked.values())


def test_sources_take_turns_in_no_fixed_rhythm() -> None:
    mixture = Mixture([Counting("a"), Counting("b")], [1.0, 1.0], seed=4)
    names = "".join(mixture.sample(index).key[0] for index in range(100))
    assert 20 < names.count("ab") + names.count("ba") < 80


@pytest.mark.parametrize(("sources", "weights"), [(0, []), (2, [1.0]), (2, [1.0, 0.0]), (1, [-1.0])])
def test_mixture_without_a_weight_above_0_for_each_source_is_refused(sources: int, weights: list[float]) -> None:
    with pytest.raises(DataError, match="each needs a weight above 0"):
        Mixture([Counting("a")] * sources, weights, seed=1)


def test_source_whose_weight_gives_it_no_sample_at_all_is_refused() -> None:
    with pytest.raises(DataError, match=r"weight 0\.0001 .* less than one sample in 1,000"):
        Mixture([Counting("a"), Counting("b")], [1.0, 0.0001], seed=1)
