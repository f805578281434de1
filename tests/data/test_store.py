"""LMDB sets in the field's format: whole, broken, many at once, and read from many processes."""

import multiprocessing
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import lmdb
import pytest

from seqrec.data.store import FileStore, LmdbStore
from seqrec.data.writer import LmdbWriter
from seqrec.errors import DataError


def plain_set(path: Path, items: dict[str, bytes]) -> Path:
    """A set written by the lmdb module alone: the second road to the format."""
    path.mkdir(parents=True, exist_ok=True)
    with lmdb.open(str(path), map_size=1 << 24) as environment, environment.begin(write=True) as transaction:
        for key, value in items.items():
            transaction.put(key.encode("ascii"), value)
    return path


FIELD: dict[str, bytes] = {
    "num-samples": b"2",
    "image-000000001": b"\x89PNG one",
    "label-000000001": "Café".encode(),
    "lexicon-000000001": b"cafe tea",
    "wh-000000001": b"120_32",
    "image-000000002": b"\xff\xd8 two",
    "label-000000002": b"tab\tand, comma",
}


def contents(store: LmdbStore) -> list[tuple[str, str, bytes]]:
    return [(store.key(index), store.label(index), store.encoded(index)) for index in range(len(store))]


def test_set_written_in_the_fields_format_is_read(tmp_path: Path) -> None:
    store = LmdbStore(plain_set(tmp_path, FIELD))
    assert contents(store) == [
        ("image-000000001", "Café", b"\x89PNG one"),
        ("image-000000002", "tab\tand, comma", b"\xff\xd8 two"),
    ]
    assert [store.lexicon(0), store.lexicon(1)] == [["cafe", "tea"], None]
    assert [store.size(0), store.size(1)] == [(120, 32), None]


def test_index_outside_the_set_is_an_index_error(tmp_path: Path) -> None:
    store = LmdbStore(plain_set(tmp_path, FIELD))
    for index in (-1, 2):
        with pytest.raises(IndexError, match="it has 2"):
            store.label(index)


def test_folder_of_sets_is_their_concatenation_in_order_of_paths(tmp_path: Path) -> None:
    for name, count in (("b/deep/er", 3), ("a", 2), ("c", 0), ("d", 1)):
        with LmdbWriter(tmp_path / name) as writer:
            for number in range(count):
                writer.add(b"picture", f"{name[0]}{number}")
    store = LmdbStore(tmp_path)
    assert [store.label(index) for index in range(len(store))] == ["a0", "a1", "b0", "b1", "b2", "d0"]
    assert store.key(2) == "b/deep/er/image-000000001"


def test_symbolic_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    plain_set(tmp_path / "elsewhere" / "set", FIELD)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data", target_is_directory=True)
    assert len(LmdbStore(tmp_path / "data")) == 2


def test_two_stores_of_one_set_share_its_environment(tmp_path: Path) -> None:
    plain_set(tmp_path / "x", FIELD)
    stores = [LmdbStore(tmp_path), LmdbStore(tmp_path / "x")]
    assert contents(stores[0])[0][1:] == contents(stores[1])[0][1:]
    del stores
    with LmdbWriter(tmp_path / "x") as writer:  # nothing holds the set open any more
        assert len(writer) == 2


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda data: b"", "is no LMDB file or a broken one"),
        (lambda data: b"garbage" * 900, "is no LMDB file or a broken one"),
        (lambda data: bytes(len(data)), "is no LMDB file or a broken one"),
        (lambda data: data[:3000], "is no LMDB file or a broken one"),
        (lambda data: data[: 3 * 4096], r"is truncated: 12,288 of [\d,]+ bytes; copy it anew"),
        (lambda data: data[:-1], r"is truncated: [\d,]+ of [\d,]+ bytes; copy it anew"),
    ],
)
def test_corrupt_file_is_refused_and_does_not_kill_the_process(
    broken: Callable[[bytes], bytes], message: str, tmp_path: Path
) -> None:
    data = plain_set(tmp_path, {**FIELD, "image-000000001": b"x" * 50_000}) / "data.mdb"
    data.write_bytes(broken(data.read_bytes()))
    with pytest.raises(DataError, match=message):
        LmdbStore(tmp_path)


def test_missing_folder_and_folder_without_a_set_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no such folder; expected one with a data\.mdb in it"):
        LmdbStore(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds no LMDB set; expected a data\.mdb in it or in a folder below it"):
        LmdbStore(tmp_path)


def test_missing_count_and_missing_keys_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no key 'num-samples'"):
        LmdbStore(plain_set(tmp_path / "a", {"image-000000001": b"x"}))
    with pytest.raises(DataError, match="'num-samples' is b'many'; expected a decimal"):
        LmdbStore(plain_set(tmp_path / "b", {"num-samples": b"many"}))
    store = LmdbStore(plain_set(tmp_path / "c", {"num-samples": b"2", "label-000000001": b"\xff"}))
    with pytest.raises(DataError, match="key 'label-000000002' is missing, though 'num-samples' says 2"):
        store.label(1)
    with pytest.raises(DataError, match="key 'image-000000001' is missing"):
        store.encoded(0)
    with pytest.raises(DataError, match="sample 'image-000000001': its label is not UTF-8"):
        store.label(0)


def _worker(store: LmdbStore, index: int) -> tuple[int, str, bytes]:
    return os.getpid(), store.label(index), store.encoded(index)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_read_the_store_that_their_parent_has_open(method: str, tmp_path: Path) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not {method}")
    store = LmdbStore(plain_set(tmp_path, FIELD))
    before = contents(store)
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:  # a broken worker is an error, not a wait
        found = list(pool.map(_worker, [store] * 8, [index % 2 for index in range(8)]))
    assert os.getpid() not in {pid for pid, _, _ in found}
    assert [rest for _, *rest in found] == [[*before[index % 2][1:]] for index in range(8)]
    assert contents(store) == before


def _inherited(store: LmdbStore, queue: "Any") -> None:
    queue.put(contents(store))


def test_forked_process_reads_a_store_that_it_inherited_open(tmp_path: Path) -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system does not fork")
    store = LmdbStore(plain_set(tmp_path, FIELD))
    before = contents(store)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_inherited, args=(store, queue))
    child.start()
    assert queue.get() == before
    child.join()
    assert child.exitcode == 0
    assert contents(store) == before


def test_threads_read_the_store_side_by_side(tmp_path: Path) -> None:
    store = LmdbStore(plain_set(tmp_path, FIELD))
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda number: store.label(number % 2), range(200))) == {"Café", "tab\tand, comma"}


def test_pickle_leaves_the_open_environment_behind(tmp_path: Path) -> None:
    store = LmdbStore(plain_set(tmp_path, FIELD))
    before = contents(store)
    assert contents(pickle.loads(pickle.dumps(store))) == before


def test_files_are_read_when_asked_for_and_missing_ones_named_then(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.png").write_bytes(b"bytes")
    store = FileStore(tmp_path, [("train/a.png", "A"), ("train\\a.png", "B"), ("b.png", "C"), ("train", "D")], "gt.txt")
    assert [store.encoded(0), store.encoded(1)] == [b"bytes", b"bytes"]
    with pytest.raises(DataError, match=r"sample 'b\.png': 'gt\.txt' names it, but there is no such file in"):
        store.encoded(2)
    with pytest.raises(DataError, match=r"sample 'train' of 'gt\.txt': '.*' is no picture file"):
        store.encoded(3)
