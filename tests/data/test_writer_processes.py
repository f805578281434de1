"""The LMDB writer among real processes: killed at any moment, on a full disk, and read while it writes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from seqrec.data.store import LmdbStore
from seqrec.data.writer import LmdbWriter

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")

WRITE = """
import sys
from pathlib import Path
from seqrec.data.writer import LmdbWriter
with LmdbWriter(Path(sys.argv[1]), map_size=1 << 16, commit_every=int(sys.argv[3])) as writer:
    print("begun", flush=True)
    for number in range(len(writer), int(sys.argv[2])):
        content = (number * 7919).to_bytes(8, "big") * (20 + number % 300)
        writer.add(content, f"label {number}", (number + 1, 32), [f"word{number}"], f"{number}.png", str(number).encode())
"""

READ = """
import sys, time
from pathlib import Path
from seqrec.data.store import LmdbStore
last, rounds, until = 0, 0, time.monotonic() + float(sys.argv[2])
print("begun", flush=True)
while time.monotonic() < until:
    store = LmdbStore(Path(sys.argv[1]))
    assert len(store) >= last, (len(store), last)
    last = len(store)
    for number in [*range(min(last, 20)), *range(max(last - 20, 0), last)]:
        content = (number * 7919).to_bytes(8, "big") * (20 + number % 300)
        assert (store.encoded(number), store.label(number)) == (content, f"label {number}"), number
    rounds += 1
print(rounds, last)
"""


def process(script: str, *arguments: object) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def begun(running: "subprocess.Popen[str]") -> None:
    assert running.stdout is not None
    assert running.stdout.readline() == "begun\n", running.communicate()[1]


def assert_whole(path: Path, count: int) -> None:
    store = LmdbStore(path)
    assert len(store) == count
    for number in range(count):
        content = (number * 7919).to_bytes(8, "big") * (20 + number % 300)
        assert (store.encoded(number), store.label(number)) == (content, f"label {number}")
        assert (store.size(number), store.lexicon(number)) == ((number + 1, 32), [f"word{number}"])
        assert store.origin(number) == f"{number}.png"


@pytest.mark.parametrize("rounds", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_writer_that_is_killed_again_and_again_at_any_moment_ends_with_all_samples(rounds: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(rounds)
    stored = 0
    for _ in range(rounds):
        running = process(WRITE, tmp_path, 100_000, int(rng.integers(1, 200)))
        begun(running)
        time.sleep(float(rng.uniform(0, 0.3)))
        running.kill()
        assert running.communicate()[1] == ""
        with LmdbWriter(tmp_path) as writer:
            assert writer.stored >= stored
            assert writer.note == (str(writer.stored - 1).encode() if writer.stored else b"")
            stored = writer.stored
        assert_whole(tmp_path, stored)
    done = process(WRITE, tmp_path, stored + 500, 100)
    assert done.communicate()[1] == ""
    assert_whole(tmp_path, stored + 500)


def test_readers_beside_a_writer_see_whole_samples_alone_while_the_set_outgrows_their_map(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path, map_size=1 << 16):
        pass
    readers = [process(READ, tmp_path, 2.5) for _ in range(2)]
    for reader in readers:
        begun(reader)
    writer = process(WRITE, tmp_path, 6000, 50)
    assert writer.communicate()[1] == ""
    for reader in readers:
        told, trouble = reader.communicate()
        assert trouble == ""
        assert int(told.split()[0]) > 1
    assert_whole(tmp_path, 6000)


def test_store_that_was_opened_before_the_set_grew_goes_on_reading(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path, map_size=1 << 16) as writer:
        for number in range(10):
            writer.add((number * 7919).to_bytes(8, "big") * (20 + number % 300), f"label {number}")
    store = LmdbStore(tmp_path)
    assert process(WRITE, tmp_path, 20_000, 1000).communicate()[1] == ""
    assert (tmp_path / "data.mdb").stat().st_size > 20_000_000
    assert len(store) == 10
    assert store.label(9) == "label 9"
    assert len(LmdbStore(tmp_path)) == 20_000


def test_two_writers_of_one_set_leave_it_whole(tmp_path: Path) -> None:
    writers = [process(WRITE, tmp_path, 3000, 10) for _ in range(2)]
    told = [writer.communicate()[1] for writer in writers]
    assert sum("has another writer too; let one of them finish first" in trouble for trouble in told) <= 1
    count = len(LmdbStore(tmp_path))
    assert count == 3000
    assert_whole(tmp_path, count)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.ismount("/dev/shm") or os.getuid() != 0, reason="a small file system needs to be mounted")
def test_disk_that_is_really_full_is_named_and_the_set_goes_on_when_there_is_room(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        trouble = process(WRITE, small / "set", 5000, 50).communicate()[1]
        assert "samples are safely stored, the next 50 are not (disk full" in trouble
        stored = len(LmdbStore(small / "set"))
        assert 0 < stored < 5000
        assert_whole(small / "set", stored)
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        assert process(WRITE, small / "set", 5000, 50).communicate()[1] == ""
        assert_whole(small / "set", 5000)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
