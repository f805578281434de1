"""Writing LMDB sets: to the byte, beyond the first map, through kills and full disks."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import lmdb
import pytest

from seqrec.data.store import LmdbStore
from seqrec.data.writer import LmdbWriter
from seqrec.errors import DataError


def picture(number: int, size: int = 300) -> bytes:
    return (number % 251).to_bytes(1, "big") * size + str(number).encode()


def fill(path: Path, count: int, **options: int) -> None:
    with LmdbWriter(path, **options) as writer:
        for number in range(len(writer), count):
            writer.add(picture(number), f"label {number}")


def assert_holds(path: Path, count: int) -> None:
    store = LmdbStore(path)
    assert len(store) == count
    for number in range(count):
        assert store.label(number) == f"label {number}"
        assert store.encoded(number) == picture(number)


def test_what_is_written_stands_in_the_fields_format_to_the_byte(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path) as writer:
        writer.add(b"\x89PNG\0\xff", "Café", size=(120, 32), lexicon=["café", "thé"])
        writer.add(b"two", "")
    with lmdb.open(str(tmp_path), readonly=True, lock=False) as environment, environment.begin() as transaction:
        assert dict(transaction.cursor()) == {
            b"num-samples": b"2",
            b"image-000000001": b"\x89PNG\0\xff",
            b"label-000000001": "Café".encode(),
            b"wh-000000001": b"120_32",
            b"lexicon-000000001": "café thé".encode(),
            b"image-000000002": b"two",
            b"label-000000002": b"",
        }


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    fill(tmp_path, 2500)
    assert_holds(tmp_path, 2500)


def test_empty_set_is_a_valid_one(tmp_path: Path) -> None:
    fill(tmp_path, 0)
    assert len(LmdbStore(tmp_path)) == 0


def test_map_grows_over_its_start_and_the_file_is_no_larger_than_its_content(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path, map_size=1 << 16, commit_every=7) as writer:
        for number in range(100):
            writer.add(picture(number, 20_000), f"label {number}")
    assert 2_000_000 < (tmp_path / "data.mdb").stat().st_size < 3_500_000
    assert LmdbStore(tmp_path).encoded(99) == picture(99, 20_000)


def test_one_sample_larger_than_the_map_is_stored(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path, map_size=1 << 16) as writer:
        writer.add(b"x" * 3_000_000, "large")
    assert len(LmdbStore(tmp_path).encoded(0)) == 3_000_000


def test_large_samples_are_stored_early(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path, commit_bytes=1000) as writer:
        for number in range(4):
            writer.add(picture(number, 400), f"label {number}")
        assert (writer.stored, len(writer)) == (3, 4)


def test_second_opening_goes_on_after_the_last_sample(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    fill(tmp_path, 25, commit_every=4)
    assert_holds(tmp_path, 25)


def _fill_and_stop(path: Path) -> None:
    with LmdbWriter(path, commit_every=4) as writer:
        for number in range(10):
            writer.add(picture(number), f"label {number}")
        raise RuntimeError("stop")


def test_exception_in_the_block_leaves_what_was_committed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stop"):
        _fill_and_stop(tmp_path)
    assert_holds(tmp_path, 8)
    fill(tmp_path, 12)
    assert_holds(tmp_path, 12)


KILLED = """
import os, signal, sys
from pathlib import Path
from seqrec.data.writer import LmdbWriter
writer = LmdbWriter(Path(sys.argv[1]), map_size=1 << 16, commit_every=10)
for number in range(1000):
    writer.add((number % 251).to_bytes(1, "big") * 300 + str(number).encode(), f"label {number}")
    if number == 456:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_writer_that_was_killed_leaves_a_valid_set_and_is_resumed(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, env=_environment())
    assert done.returncode == -signal.SIGKILL
    assert_holds(tmp_path, 450)
    fill(tmp_path, 1000)
    assert_holds(tmp_path, 1000)


FULL = """
import resource, sys
from pathlib import Path
from seqrec.data.writer import LmdbWriter
from seqrec.errors import DataError
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with LmdbWriter(Path(sys.argv[1]), commit_every=50) as writer:
        for number in range(1000):
            writer.add((number % 251).to_bytes(1, "big") * 300 + str(number).encode(), f"label {number}")
except DataError as error:
    print(error)
"""


def test_full_disk_says_how_many_samples_are_safe_and_a_second_run_finishes(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="this system has no file size limits")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], check=True, env=_environment(), capture_output=True, text=True
    )
    safe = len(LmdbStore(tmp_path))
    assert 0 < safe < 1000
    assert safe % 50 == 0
    assert f"{safe} samples are safely stored, the next 50 are not" in done.stdout
    assert f"free space and run the same again: it goes on after sample {safe}" in done.stdout
    assert_holds(tmp_path, safe)
    fill(tmp_path, 1000)
    assert_holds(tmp_path, 1000)


def test_disk_without_room_is_named_as_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=12_345))
    with pytest.raises(DataError, match=r"0 samples are safely stored, the next 1 are not \(disk full, 12,345 bytes left"):
        _write_after_the_set_was_closed_under_it(tmp_path)


def _write_after_the_set_was_closed_under_it(path: Path) -> None:
    writer = LmdbWriter(path)
    writer.add(b"x", "x")
    writer._env.close()
    writer.commit()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_broken_or_foreign_sets_are_not_added_to(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    with lmdb.open(str(foreign)) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"something", b"else")
    with pytest.raises(DataError, match="has no valid 'num-samples' among its 1 keys"):
        LmdbWriter(foreign)
    with lmdb.open(str(foreign)) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"num-samples", b"3")
    with pytest.raises(DataError, match=r"key 'image-00000000[13]' is missing, though 'num-samples' says 3"):
        LmdbWriter(foreign)
    fill(tmp_path / "cut", 500)
    data = tmp_path / "cut" / "data.mdb"
    data.write_bytes(data.read_bytes()[:20_000])
    with pytest.raises(DataError, match="is truncated: 20,000 bytes"):
        LmdbWriter(tmp_path / "cut")
    (tmp_path / "garbage").mkdir()
    (tmp_path / "garbage" / "data.mdb").write_bytes(b"garbage" * 999)
    with pytest.raises(DataError, match="cannot be opened for writing"):
        LmdbWriter(tmp_path / "garbage")
    (tmp_path / "file").write_text("a file")
    with pytest.raises(DataError, match="cannot be opened for writing"):
        LmdbWriter(tmp_path / "file")


def test_closed_writer_and_words_with_spaces_are_refused(tmp_path: Path) -> None:
    writer = LmdbWriter(tmp_path)
    with pytest.raises(DataError, match="lexicon word 'two words' is empty or has white space in it"):
        writer.add(b"x", "x", lexicon=["one", "two words"])
    writer.add(b"x", "x")
    writer.close()
    writer.close()
    with pytest.raises(DataError, match="the writer is closed; open it again to go on after sample 1"):
        writer.add(b"x", "x")


def test_set_that_is_being_written_says_so_to_a_reader_in_the_same_process(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path) as writer:
        writer.add(b"x", "x")
        writer.commit()
        with pytest.raises(DataError, match="is open elsewhere in this process"):
            LmdbStore(tmp_path)
    assert len(LmdbStore(tmp_path)) == 1
