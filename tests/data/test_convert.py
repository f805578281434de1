"""Converting: own bytes, NFC, sizes, names, lexicons; what is left out is named; what was cut off is gone on with."""

import json
import os
import signal
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from seqrec.data.convert import LEFT_OUT, write_samples
from seqrec.data.lexicons import own_lexicons
from seqrec.data.readers import open_dataset
from seqrec.data.store import FileStore, LmdbStore
from seqrec.errors import DataError
from seqrec.interfaces import iterate
from seqrec.pictures import encode_png


def source(folder: Path, labels: list[str], broken: tuple[int, ...] = ()) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(len(labels)):
        content = encode_png(np.full((8, 10 + number % 50), number % 251, np.uint8))
        (folder / f"{number}.png").write_bytes(b"garbage" if number in broken else content)
    lines = [f"{number}.png\t{label}\n" for number, label in enumerate(labels)]
    (folder / "gt.txt").write_text("".join(lines), encoding="utf-8")
    return folder


def test_bytes_stay_labels_are_normalised_and_sizes_and_names_are_kept(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Café")
    store = open_dataset(source(tmp_path / "set", ["one", decomposed]))
    written = write_samples(store, tmp_path / "out")
    assert (written.samples, written.left_out, written.renormalised) == (2, (), 1)
    out = LmdbStore(tmp_path / "out")
    assert [label for _, label, _ in iterate(out)] == ["one", "Café"]
    assert [encoded for _, _, encoded in iterate(out)] == [encoded for _, _, encoded in iterate(store)]
    assert [(out.size(index), out.origin(index)) for index in (0, 1)] == [((10, 8), "0.png"), ((11, 8), "1.png")]
    assert not (tmp_path / "out" / LEFT_OUT).exists()


def test_pictures_that_cannot_be_read_are_left_out_and_all_named(tmp_path: Path) -> None:
    folder = source(tmp_path / "set", list("abcdef"), broken=(1, 4))
    (folder / "5.png").unlink()
    written = write_samples(open_dataset(folder), tmp_path / "out")
    assert written.samples == 3
    assert [(place, key) for place, key, _ in written.left_out] == [(1, "1.png"), (4, "4.png"), (5, "5.png")]
    lines = (tmp_path / "out" / LEFT_OUT).read_text().splitlines()
    assert [line.split("\t")[:2] for line in lines] == [["1", "1.png"], ["4", "4.png"], ["5", "5.png"]]
    assert "is no picture in a format we read" in lines[0]
    assert "no such file" in lines[2]


def test_nothing_that_can_be_read_is_an_error_with_the_first_reason(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none of 2 samples could be taken over: '0\.png': '0\.png' is no picture"):
        write_samples(open_dataset(source(tmp_path / "set", ["a", "b"], broken=(0, 1))), tmp_path / "out")


KILLED = """
import os, signal, sys
from pathlib import Path
from seqrec.data.convert import write_samples
from seqrec.data.readers import open_dataset
at = int(sys.argv[3])
write_samples(
    open_dataset(sys.argv[1]), Path(sys.argv[2]), progress=lambda done: done == at and os.kill(os.getpid(), signal.SIGKILL)
)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("at", [1300])
def test_conversion_that_was_killed_goes_on_and_ends_as_one_that_was_not(at: int, tmp_path: Path) -> None:
    folder = source(tmp_path / "set", [f"label {number}" for number in range(1400)], broken=(3, 999, 1003, 1399))
    command = [sys.executable, "-c", KILLED, str(folder), str(tmp_path / "cut"), str(at)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    assert subprocess.run(command, check=False, env=environment).returncode == -signal.SIGKILL
    straight = write_samples(open_dataset(folder), tmp_path / "straight")
    resumed = write_samples(open_dataset(folder), tmp_path / "cut")
    assert (resumed.samples, resumed.left_out) == (straight.samples, straight.left_out)
    assert list(iterate(LmdbStore(tmp_path / "cut"))) == list(iterate(LmdbStore(tmp_path / "straight")))
    assert (tmp_path / "cut" / LEFT_OUT).read_text() == (tmp_path / "straight" / LEFT_OUT).read_text()
    again = write_samples(open_dataset(folder), tmp_path / "cut")
    assert (again.samples, again.left_out) == (straight.samples, straight.left_out)


def test_set_of_another_source_is_not_added_to(tmp_path: Path) -> None:
    write_samples(open_dataset(source(tmp_path / "one", ["a", "b"])), tmp_path / "out")
    for other in (open_dataset(source(tmp_path / "two", ["a", "c"])), open_dataset(source(tmp_path / "three", ["a"]))):
        with pytest.raises(DataError, match=r"holds 2 samples of another source or choice; delete it or name another folder"):
            write_samples(other, tmp_path / "out")
    with pytest.raises(DataError, match="of another source or choice"):
        write_samples(open_dataset(tmp_path / "one"), tmp_path / "out", indices=[1])


def test_all_lexicons_come_along_whatever_stands_in_their_words(tmp_path: Path) -> None:
    small = (["a", "x"], ["b", "y"], None)
    large = (["a", "two words", "z"], None, ["c", "d", "e"])
    folder = source(tmp_path / "set", ["a", "b", "c"], broken=(1,))
    store = FileStore(folder, [("0.png", "a"), ("1.png", "b"), ("2.png", "c")], "gt.txt", (small, large))
    found = write_samples(store, tmp_path / "out", lexicons=own_lexicons(store, folder))
    assert found.lexicons == ("2", "3")
    out = LmdbStore(tmp_path / "out")
    assert [out.lexicon(index) for index in (0, 1)] == [["a", "x"], None]
    carried = own_lexicons(out, tmp_path / "out")
    assert {name: [lexicon(index) for index in (0, 1)] for name, lexicon in carried.items()} == {
        "2": [["a", "x"], None],
        "3": [["a", "two words", "z"], ["c", "d", "e"]],
    }


def test_choice_of_samples_keeps_its_order(tmp_path: Path) -> None:
    write_samples(open_dataset(source(tmp_path / "set", list("abcd"))), tmp_path / "out", indices=[3, 0, 0])
    assert [label for _, label, _ in iterate(LmdbStore(tmp_path / "out"))] == ["d", "a", "a"]


def test_note_of_a_set_is_plain_json(tmp_path: Path) -> None:
    import lmdb

    write_samples(open_dataset(source(tmp_path / "set", list("ab"))), tmp_path / "out")
    with lmdb.open(str(tmp_path / "out"), readonly=True, lock=False) as environment, environment.begin() as transaction:
        note = json.loads(transaction.get(b"seqrec-note"))
    assert (note["samples"], note["of"], note["next"]) == (2, 2, 2)
