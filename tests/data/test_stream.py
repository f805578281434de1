"""The stream of batches: the same whatever the workers, picked up anywhere, nothing left out in silence."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from seqrec.alphabet import Alphabet
from seqrec.batch import Batch
from seqrec.data.sources import RenderedSource, Source, StoredSource
from seqrec.data.store import FileStore
from seqrec.data.stream import Example, Place, Preparation, Skip, Stream
from seqrec.errors import DataError, ImageError
from seqrec.interfaces import Sample
from seqrec.pictures import encode_png
from seqrec.recipe import DataRecipe, PictureRecipe
from seqrec.testing.bars import BARS, BarRenderer

FRAMES = np.arange(2001, dtype=np.int64) // 4


def preparation_of(source: Source, alphabet: Alphabet = BARS) -> Preparation:
    return Preparation(source, alphabet, PictureRecipe(min_width_px=32, max_width_px=2000), FRAMES, 4)


def stream_of(source: Source | None = None, *, chunk: int = 80, reuse: int = 2, augment: float = 1.0, **kwargs: int) -> Stream:
    """Bars in batches of eight, if nothing else is said."""
    data = DataRecipe(chunk=chunk, reuse=reuse, augment=augment)
    return Stream(preparation_of(source or RenderedSource(BarRenderer(), 1)), data, 8, 5, **kwargs)


def first(stream: Stream, count: int, place: Place | None = None) -> list[tuple[Batch, Place]]:
    with stream:
        return list(islice(stream.batches(place or Place()), count))


def turns(stream: Stream, count: int) -> Iterator[list[Batch]]:
    """The batches of each of the first turns."""
    batches: list[list[Batch]] = [[] for _ in range(count)]
    with stream:
        for batch, place in stream.batches():
            if place.turn == count:
                break
            batches[place.turn].append(batch)
    yield from batches


def assert_same(one: Sequence[tuple[Batch, Place]], other: Sequence[tuple[Batch, Place]]) -> None:
    for (mine, place), (theirs, there) in zip(one, other, strict=True):
        assert place == there
        assert mine.keys == theirs.keys
        for name in ("images", "widths", "targets", "target_lengths", "centres"):
            assert np.array_equal(getattr(mine, name), getattr(theirs, name), equal_nan=name == "centres"), name


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(workers: int) -> None:
    alone = first(stream_of(), 40)
    assert alone[-1][1].turn >= 2
    assert_same(first(stream_of(workers=workers), 40), alone)


@pytest.mark.parametrize("reuse", [1, 3])
def test_stream_goes_on_from_any_place_as_if_it_had_not_stopped(reuse: int) -> None:
    whole = first(stream_of(chunk=40, reuse=reuse), 50)
    for done in (1, 7, 20, 33):
        assert_same(first(stream_of(chunk=40, reuse=reuse), 8, whole[done - 1][1]), whole[done : done + 8])


def test_two_streams_of_different_seeds_differ() -> None:
    one = first(stream_of(), 3)
    data = DataRecipe(chunk=80)
    other = first(Stream(preparation_of(RenderedSource(BarRenderer(), 1)), data, 8, 6), 3)
    assert [batch.keys for batch, _ in one] != [batch.keys for batch, _ in other]


@pytest.mark.parametrize("reuse", [1, 2, 3])
def test_every_picture_is_shown_as_often_as_the_recipe_says(reuse: int) -> None:
    shown: Counter[str] = Counter()
    for turn, batches in enumerate(turns(stream_of(chunk=20, reuse=reuse), 6)):
        keys = [key for batch in batches for key in batch.keys]
        chunks = range(max(turn - reuse + 1, 0), turn + 1)
        assert sorted(keys) == sorted(f"rendered-{index}" for chunk in chunks for index in range(20 * chunk, 20 * chunk + 20))
        shown.update(keys)
    assert all(shown[f"rendered-{index}"] == reuse for index in range(20 * (7 - reuse)))


def test_picture_that_is_shown_again_is_augmented_anew() -> None:
    seen: dict[str, list[bytes]] = {}
    for batches in turns(stream_of(chunk=8, reuse=2), 4):
        for batch in batches:
            for row, key in enumerate(batch.keys):
                seen.setdefault(key, []).append(batch.images[row].tobytes())
    twice = [pictures for pictures in seen.values() if len(pictures) == 2]
    assert len(twice) == 24
    assert all(one != other for one, other in twice)


def test_no_batch_is_padded_and_all_widths_are_multiples_of_the_step() -> None:
    for batch, _ in first(stream_of(chunk=200), 60):
        assert not batch.padded
        assert batch.images.shape[3] % 4 == 0
        assert len(batch.keys) <= 8


def test_most_batches_are_full() -> None:
    sizes = [len(batch.keys) for batch, _ in first(stream_of(chunk=400), 60)]
    assert sizes.count(8) > 0.8 * len(sizes)


def test_first_turn_shows_narrow_pictures_first() -> None:
    first_turn, second_turn = turns(stream_of(chunk=100), 2)
    widths = [batch.images.shape[3] for batch in first_turn]
    assert widths == sorted(widths)
    later = [batch.images.shape[3] for batch in second_turn]
    assert later != sorted(later)


def test_processes_that_train_together_see_different_pictures() -> None:
    seen = [
        {key for batch, _ in first(stream_of(chunk=24, rank=rank, world=2), 12) for key in batch.keys} for rank in (0, 1)
    ]  # fmt: skip
    assert seen[0]
    assert seen[1]
    assert not seen[0] & seen[1]


def test_targets_are_the_labels_ids() -> None:
    source = RenderedSource(BarRenderer(), 1)
    labels = {f"rendered-{index}": source.sample(index).label for index in range(80)}
    for batch, _ in first(stream_of(source, reuse=1), 8):
        for row, key in enumerate(batch.keys):
            assert batch.targets[row, : batch.target_lengths[row]].tolist() == BARS.encode(labels[key])
            assert not batch.targets[row, batch.target_lengths[row] :].any()


def test_centres_scale_with_the_picture() -> None:
    source = RenderedSource(BarRenderer(), 1)
    drawn = {f"rendered-{index}": source.sample(index) for index in range(80)}
    for batch, _ in first(stream_of(source, reuse=1, augment=0.0), 8):
        width = batch.images.shape[3]
        for row, key in enumerate(batch.keys):
            sample = drawn[key]
            assert sample.boxes is not None
            centres = batch.centres[row, : len(sample.boxes)]
            np.testing.assert_allclose(centres, sample.boxes.mean(1) * width / sample.image.shape[1], atol=0.01)
            columns = batch.images[row, 0].min(0)  # a bar is dark, the gap beside it is not
            assert (columns[centres.astype(int)] < 110).all()
            assert np.isnan(batch.centres[row, len(sample.boxes) :]).all()


def test_boxes_follow_the_picture_through_augmentation() -> None:
    for batch, _ in first(stream_of(reuse=1), 8):
        for row in range(len(batch.keys)):
            picture = batch.images[row, 0].astype(float)
            columns = picture.max(0) - picture.min(0)  # a column through a bar has more contrast than one beside it
            centres = batch.centres[row, : batch.target_lengths[row]]
            assert columns[centres.astype(int)].mean() > columns.mean()


def test_boxes_of_another_number_than_the_symbols_are_not_believed() -> None:
    sample = Sample(np.zeros((32, 40), np.uint8), "ab", np.zeros((3, 2), np.float32), "odd")
    example = preparation_of(RenderedSource(BarRenderer(), 1)).example(sample)
    assert isinstance(example, Example)
    assert example.boxes is None


@dataclass(frozen=True)
class Listed:
    """Samples of a list, round and round; an error in it is raised."""

    samples: Sequence[Sample | Exception]

    def sample(self, index: int) -> Sample:
        found = self.samples[index % len(self.samples)]
        if isinstance(found, Exception):
            raise found
        return found

    def name(self, index: int) -> str:
        return f"listed-{index % len(self.samples)}"


def picture(label: str, key: str, width: int = 64) -> Sample:
    return Sample(np.full((32, width), 99, np.uint8), label, None, key)


def test_samples_that_cannot_be_used_are_skipped_counted_and_named() -> None:
    source = Listed(
        [
            picture("ab", "good"),
            picture("aé", "accent"),
            picture("", "empty"),
            picture("a" * 9, "long", 32),
            picture("a", "wide", 9000),
            ImageError("'torn.png' is truncated"),
            DataError("'page' is damaged"),
            picture("ba", "fine"),
        ]
    )
    stream = stream_of(source, chunk=16, reuse=1)
    keys = {key for batch, _ in first(stream, 6) for key in batch.keys}
    assert keys == {"good", "fine"}
    assert stream.skipped % 12 == 0  # six of eight, in every chunk of sixteen
    assert stream.skipped >= 24
    reasons = {key: skip.reason for key, skip in stream.skips.items()}
    assert set(reasons) == {"accent", "empty", "long", "wide", "listed-5", "listed-6"}
    assert "symbol 'é' (U+00E9) at position 2 of 'aé' is not in alphabet 'bars8'" in reasons["accent"]
    assert reasons["empty"] == "its label is empty"
    assert reasons["long"] == ("a target of 9 symbols with 8 repeats needs 17 frames, the picture gives 8; widen it or drop it")
    assert "would be 9,000 pixels wide" in reasons["wide"]
    assert reasons["listed-5"] == "'torn.png' is truncated"


def test_sample_that_cannot_be_read_is_one_skip_however_often_its_turn_comes(tmp_path: Path) -> None:
    (tmp_path / "good.png").write_bytes(encode_png(picture("a", "").image))
    (tmp_path / "torn.png").write_bytes(b"garbage")
    store = FileStore(tmp_path, [("good.png", "a"), ("torn.png", "b")], "gt.txt")
    stream = stream_of(StoredSource(store, [0, 1], 1), chunk=8, reuse=1)
    first(stream, 5)
    assert stream.skipped >= 16
    assert list(stream.skips) == ["torn.png"]


def test_error_of_a_renderer_names_the_sample() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        first(stream_of(Listed([ZeroDivisionError("oh")])), 1)
    assert "listed-0" in "".join(caught.value.__notes__)


def test_stream_without_any_usable_sample_says_why() -> None:
    with pytest.raises(DataError, match=r"no sample of 80 can be used; its label is empty"):
        first(stream_of(Listed([picture("", "empty")])), 1)


def test_one_sample_is_enough() -> None:
    batches = first(stream_of(Listed([picture("ab", "only")]), chunk=1, reuse=1), 5)
    assert [batch.keys for batch, _ in batches] == [("only",)] * 5
    assert [place for _, place in batches] == [Place(turn, 1) for turn in range(5)]


def test_one_sample_fills_a_whole_chunk() -> None:
    for batch, _ in first(stream_of(Listed([picture("ab", "only")]), chunk=16, reuse=1), 5):
        assert set(batch.keys) == {"only"}


def test_target_that_just_fits_keeps_frames_enough_in_every_bucket() -> None:
    source = Listed([picture("ab" * (width // 8), f"{width}", width) for width in range(40, 1000, 40)])
    for batch, _ in first(stream_of(source, chunk=24), 40):
        assert (FRAMES[batch.widths] >= batch.target_lengths).all()


def test_skip_says_key_and_reason() -> None:
    assert preparation_of(Listed([picture("x", "key")])).prepare(0) == Skip(
        "key", "symbol 'x' (U+0078) at position 1 of 'x' is not in alphabet 'bars8' (8 symbols)"
    )


@pytest.mark.parametrize("workers", [0, 1])
def test_transcription_says_which_targets_fit_wherever_pictures_are_prepared(workers: int) -> None:
    source = Listed([picture("a" * 9, "repeats", 32), picture("abcdabcd", "plain", 32), picture("abcdabcda", "long", 32)])
    preparation = dataclasses.replace(preparation_of(source), frames_needed=lambda target: len(target))  # cannot be pickled
    with Stream(preparation, DataRecipe(chunk=3, reuse=1), 1, 1, workers=workers) as stream:
        batches = stream.batches()
        assert [next(batches)[0].keys for _ in range(2)] == [("plain",)] * 2
    assert stream.skips["long"].reason == "a target of 9 symbols needs 9 frames, the picture gives 8; widen it or drop it"
    assert set(stream.skips) == {"long", "repeats"}
