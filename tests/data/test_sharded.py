"""Sets of many shards: every sample once a turn, shards of one's own, the exact place again, tar files read anywhere in them."""

import io
import pickle
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.data.readers import open_dataset
from seqrec.data.remote import expanded, fetched, url_of
from seqrec.data.sharded import LANES, ShardedSource
from seqrec.data.sources import Mixture, RenderedSource, has_lanes, lane_of, part_of
from seqrec.data.store import LmdbStore
from seqrec.data.stream import Place, Preparation, Stream
from seqrec.data.tar_store import TarShard, TarStore, tar_shards, write_index, write_tar
from seqrec.data.writer import LmdbWriter
from seqrec.errors import DataError
from seqrec.interfaces import iterate
from seqrec.pictures import encode_png
from seqrec.recipe import DataRecipe, PictureRecipe
from seqrec.testing.bars import BARS, BarRenderer

BEGIN = Place()


class Numbers:
    """A shard that says which of its samples are asked for."""

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size, self.closed = name, size, 0

    def __len__(self) -> int:
        return self.size

    def key(self, index: int) -> str:
        assert 0 <= index < self.size
        return f"{self.name}/{index}"

    def label(self, index: int) -> str:
        return "a"

    def encoded(self, index: int) -> bytes:
        return encode_png(np.zeros((2, 2), np.uint8))

    def close(self) -> None:
        self.closed += 1


def source(sizes: list[int], seed: int = 1) -> ShardedSource:
    return ShardedSource([Numbers(f"shard-{number:03d}", size) for number, size in enumerate(sizes)], seed)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=30).filter(any))
def test_every_turn_shows_every_sample_once_in_another_order(sizes: list[int]) -> None:
    some = source(sizes)
    turns = [[some.name(turn * some.total + place) for place in range(some.total)] for turn in range(2)]
    everything = sorted(f"shard-{number:03d}/{index}" for number, size in enumerate(sizes) for index in range(size))
    assert sorted(turns[0]) == sorted(turns[1]) == everything
    if some.total > 8:
        assert turns[0] != turns[1]


def test_order_is_a_pure_function_of_seed_and_index() -> None:
    some, again = source([100] * 9), pickle.loads(pickle.dumps(source([100] * 9)))
    again.name(777)
    assert [some.name(index) for index in range(1200)] == [again.name(index) for index in range(1200)]
    assert [some.name(index) for index in range(50)] != [source([100] * 9, seed=2).name(index) for index in range(50)]


def test_each_process_reads_shards_of_its_own_and_about_as_many_samples() -> None:
    some = source([300, 100, 100, 100, 120, 80, 90, 110])
    parts = [some.part(rank, 3) for rank in range(3)]
    names = [{part.name(index).split("/")[0] for index in range(2 * part.total)} for part in parts]  # type: ignore[attr-defined]
    assert not names[0] & names[1]
    assert not names[0] & names[2]
    assert not names[1] & names[2]
    assert len(set.union(*names)) == 8
    assert [part.total for part in parts] == [300, 340, 360] or max(part.total for part in parts) < 1.25 * 1000 / 3  # type: ignore[attr-defined]


def test_fewer_shards_than_processes_are_shared_sample_by_sample() -> None:
    some = source([50, 50])
    parts = [some.part(rank, 4) for rank in range(4)]
    seen = [{part.name(index) for index in range(25)} for part in parts]
    assert len(set.union(*seen)) == 100


def test_samples_of_one_lane_come_from_few_shards_and_lanes_end_together() -> None:
    some = source([640] * 40)
    lanes = [some.lane(index) for index in range(some.total)]
    assert set(lanes) == set(range(LANES))
    half = some.total // 2
    counts = np.bincount(lanes[:half], minlength=LANES)
    assert counts.max() - counts.min() <= 2 * 640
    shards: dict[int, set[str]] = {}
    for index, lane in enumerate(lanes):
        shards.setdefault(lane, set()).add(some.name(index).split("/")[0])
    assert sum(map(len, shards.values())) == 40


def test_no_more_shards_stay_open_than_are_read_side_by_side() -> None:
    some = source([64] * 100)
    for index in range(some.total):
        some.name(index)
    closed = sum(shard.closed > 0 for shard in some.shards)  # type: ignore[attr-defined]
    assert closed >= 100 - 2 * LANES


def test_parts_of_a_mixture_are_mixtures_of_parts() -> None:
    mixture = Mixture([RenderedSource(BarRenderer(), 1), source([100] * 8)], [1.0, 1.0], 3)
    assert has_lanes(mixture)
    assert not has_lanes(RenderedSource(BarRenderer(), 1))
    parts = [part_of(mixture, rank, 2) for rank in range(2)]
    names = [[part.name(index) for index in range(400)] for part in parts]
    assert not set(names[0]) & set(names[1])
    assert {lane_of(parts[0], index) is None for index in range(100)} == {True, False}
    assert part_of(mixture, 0, 1) is mixture


def fill(folder: Path, count: int, first: int = 0) -> None:
    with LmdbWriter(folder) as writer:
        for number in range(first, first + count):
            drawn = RenderedSource(BarRenderer(), 1).sample(number)
            writer.add(encode_png(drawn.image), drawn.label, lexicon=[drawn.label, "x"])


def preparation(path: Path) -> Preparation:
    shards = open_dataset(path).shards  # type: ignore[attr-defined]
    assert len(shards) == 4
    frames = np.arange(2001) // 4
    return Preparation(ShardedSource(shards, 1), BARS, PictureRecipe(), frames, 4)


def keys(stream: Stream, place: Place = BEGIN) -> Iterator[tuple[tuple[str, ...], Place]]:
    with stream:
        for batch, after in stream.batches(place):
            yield batch.keys, after


def first(stream: Stream, count: int, place: Place = BEGIN) -> list[tuple[tuple[str, ...], Place]]:
    found = keys(stream, place)
    some = [next(found) for _ in range(count)]
    found.close()
    return some


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set")
    for number in range(4):
        fill(folder / f"shard-{number:03d}", 90, 90 * number)
    return folder


def test_stream_of_shards_is_the_same_with_any_number_of_workers_and_goes_on_at_the_exact_sample(shards: Path) -> None:
    data = DataRecipe(chunk=128, reuse=2)
    straight = first(Stream(preparation(shards), data, 8, 1), 40)
    assert first(Stream(preparation(shards), data, 8, 1, workers=2), 40) == straight
    _, place = straight[16]
    assert first(Stream(preparation(shards), data, 8, 1), 10, place) == straight[17:27]


def test_processes_that_train_together_read_shards_of_their_own(shards: Path) -> None:
    data = DataRecipe(chunk=128, reuse=1)
    seen = []
    for rank in (0, 1):
        batches = first(Stream(preparation(shards), data, 8, 1, rank=rank, world=2), 30)
        seen.append({key.split("/")[0] for some, _ in batches for key in some})
    assert len(seen[0]) == len(seen[1]) == 2
    assert not seen[0] & seen[1]


def test_lmdb_sets_of_other_names_are_one_set_and_no_shards(tmp_path: Path) -> None:
    fill(tmp_path / "MJ", 3)
    fill(tmp_path / "ST", 3)
    assert LmdbStore(tmp_path).shards == []


def tar_set(folder: Path, counts: list[int]) -> list[str]:
    labels = []
    for number, count in enumerate(counts):
        drawn = [RenderedSource(BarRenderer(), number).sample(index) for index in range(count)]
        labels += [one.label for one in drawn]
        samples = [(encode_png(one.image), ".png", one.label, {"": ["a", "b c"], "Few": ["x"]}) for one in drawn]
        write_tar(folder / f"shard-{number:03d}.tar", range(count), samples.__getitem__)
    return labels


def test_tar_shards_are_read_anywhere_in_them_by_whatever_names_them(tmp_path: Path) -> None:
    labels = tar_set(tmp_path, [3, 2, 4])
    write_index(tmp_path / "indexed", {f"../shard-{number:03d}.tar": count for number, count in enumerate([3, 2, 4])})
    for path in (tmp_path, str(tmp_path / "shard-{000..002}.tar"), tmp_path / "indexed" / "shards.json", tmp_path / "indexed"):
        store = open_dataset(path)
        assert isinstance(store, TarStore)
        assert [label for _, label, _ in iterate(store)] == labels
        assert store.encoded(8).startswith(b"\x89PNG")
        assert store.lexicon(0) == ["a", "b c"]
        assert {name: lexicon(8) for name, lexicon in store.named_lexicons().items()} == {"Few": ["x"]}
        assert pickle.loads(pickle.dumps(store)).label(5) == labels[5]
    assert open_dataset(tmp_path).key(3) == "shard-001.tar/000000000"


def test_tar_shard_is_written_the_same_each_time_and_kept_when_it_is_there(tmp_path: Path) -> None:
    tar_set(tmp_path / "one", [3])
    tar_set(tmp_path / "two", [3])
    assert (tmp_path / "one" / "shard-000.tar").read_bytes() == (tmp_path / "two" / "shard-000.tar").read_bytes()
    assert write_tar(tmp_path / "one" / "shard-000.tar", range(9), lambda index: (b"", ".png", "", {})) == 3


def test_tar_files_of_others_are_read_with_json_labels_and_folders(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w:") as archive:
        files = {"a/1.jpg": b"picture", "a/1.json": b'{"text": "one"}', "a/2.JPG": b"other", "a/2.cls": b"7"}
        for name, content in {**files, "b/1.jpg": b"third", "b/1.gt.txt": b"3\n"}.items():
            told = tarfile.TarInfo(name)
            told.size = len(content)
            archive.addfile(told, io.BytesIO(content))
    shard = TarShard(str(tmp_path / "x.tar"))
    assert [(shard.key(index), shard.encoded(index)) for index in range(3)] == [
        ("x.tar/a/1", b"picture"),
        ("x.tar/a/2", b"other"),
        ("x.tar/b/1", b"third"),
    ]
    assert (shard.label(0), shard.label(2)) == ("one", "3")
    with pytest.raises(DataError, match=r"sample 'x\.tar/a/2' has no label"):
        shard.label(1)


def test_broken_tar_files_are_named(tmp_path: Path) -> None:
    tar_set(tmp_path, [4])
    whole = (tmp_path / "shard-000.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:700])
    with pytest.raises(DataError, match=r"cut\.tar' is (cut off|no readable tar)"):
        len(TarShard(str(tmp_path / "cut.tar")))
    (tmp_path / "noise.tar").write_bytes(b"noise" * 500)
    with pytest.raises(DataError, match=r"noise\.tar' is no readable tar file"):
        len(TarShard(str(tmp_path / "noise.tar")))
    (tmp_path / "shards.json").write_text('{"shardlist": [{"url": "shard-000.tar", "nsamples": 9}]}')
    store = open_dataset(tmp_path / "shards.json")
    with pytest.raises(DataError, match="holds 4 samples, and not the 6 that its index says"):
        store.label(5)
    (tmp_path / "shards.json").write_text('{"shards": 3}')
    with pytest.raises(DataError, match="is no index of shards"):
        tar_shards(tmp_path)


def test_shards_at_urls_are_fetched_once_and_the_cache_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setenv("SEQREC_CACHE", str(tmp_path / "cache"))
    labels = tar_set(tmp_path / "set", [3, 2])
    memory = fsspec.filesystem("memory")
    for number in range(2):
        memory.pipe(f"/words/shard-{number:03d}.tar", (tmp_path / "set" / f"shard-{number:03d}.tar").read_bytes())
    for path in ("memory://words", Path("memory://words/shard-{000..001}.tar")):
        assert [label for _, label, _ in iterate(open_dataset(path))] == labels
    memory.rm("/words", recursive=True)
    assert open_dataset("memory://words/shard-{000..001}.tar").label(4) == labels[4]
    monkeypatch.setenv("SEQREC_CACHE_GB", "0.000000001")
    memory.pipe("/other.tar", b"x")
    fetched("memory://other.tar")
    assert len(list((tmp_path / "cache").iterdir())) == 1
    with pytest.raises(DataError, match="'memory://nowhere.tar' cannot be fetched"):
        fetched("memory://nowhere.tar")


def test_urls_are_told_from_paths_also_behind_pathlib(tmp_path: Path) -> None:
    assert url_of(Path("s3://bucket/a.tar")) == url_of("s3://bucket/a.tar") == "s3://bucket/a.tar"
    assert url_of("C:/words/a.tar") is url_of(tmp_path) is url_of("words/a.tar") is None
    assert expanded("a-{0..1}-{08..09}.tar") == ["a-0-08.tar", "a-0-09.tar", "a-1-08.tar", "a-1-09.tar"]
    with pytest.raises(DataError, match="is no range"):
        expanded("a-{5..1}.tar")
