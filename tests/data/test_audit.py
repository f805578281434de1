"""Audits: every sample that cannot be used is counted and named."""

import os
from pathlib import Path

import numpy as np
import pytest

from seqrec.alphabet import Alphabet, frames_needed
from seqrec.data.audit import audit
from seqrec.data.readers import open_dataset
from seqrec.data.store import FileStore, LmdbStore
from seqrec.data.writer import LmdbWriter
from seqrec.pictures import encode_png

ALPHABET = Alphabet("abc", "abc", canonical={"A": "a"})


def frames_for(width: int, height: int) -> int:
    return width // 4


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    whole = encode_png(np.random.default_rng(0).integers(0, 255, (32, 20), np.uint8))
    for name in ("good", "accent", "two", "empty", "repeat"):
        (tmp_path / f"{name}.png").write_bytes(whole)
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "garbage.png").write_bytes(b"no picture")
    entries = [
        ("good.png", "Abc"),
        ("accent.png", "aé"),
        ("empty.png", ""),
        ("lost.png", "a"),
        ("cut.png", "b"),
        ("garbage.png", "b"),
        ("repeat.png", "aaaa"),
        ("two.png", "éß"),
    ]
    return FileStore(tmp_path, entries, "gt.txt")


def test_every_problem_is_counted_and_named(store: FileStore) -> None:
    found = audit(store, ALPHABET, frames_for, pictures="decode")
    assert found.total == 8
    assert found.usable.tolist() == [0]
    assert found.usable.dtype == np.int64
    lines = found.summary()
    assert lines[0] == ("2 of 8 samples skipped: symbol outside the alphabet: 'é' (sample 'accent.png'), 'ß' (sample 'two.png')")
    assert lines[1] == "1 of 8 samples skipped: empty label: sample 'empty.png'"
    assert lines[2].startswith("3 of 8 samples skipped: unreadable: sample 'lost.png' (")
    assert "'cut.png' is truncated or broken" in lines[2]
    assert "'garbage.png' is no picture" in lines[2]
    assert lines[3] == (
        "1 of 8 samples skipped: target unreachable: sample 'repeat.png' "
        "(4 symbols with 3 repeats need 7 frames, the picture gives 5)"
    )
    assert str(found.problems[0]) == "sample 'accent.png': symbol outside the alphabet: 'é'"
    assert str(found.problems[1]) == "sample 'empty.png': empty label"


def test_header_check_finds_garbage_and_missing_files_but_not_what_is_cut_off(store: FileStore) -> None:
    found = audit(store, ALPHABET, frames_for, pictures="header")
    assert found.usable.tolist() == [0, 4]


def test_skipping_pictures_checks_labels_alone(store: FileStore) -> None:
    found = audit(store, ALPHABET, frames_for, pictures="skip")
    assert found.usable.tolist() == [0, 3, 4, 5, 6]


def test_skipping_pictures_takes_sizes_that_the_store_knows(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path) as writer:
        writer.add(b"not looked at", "aa", size=(8, 32))
        writer.add(b"not looked at", "aa", size=(12, 32))
        writer.add(b"not looked at", "aa")
    found = audit(LmdbStore(tmp_path), ALPHABET, frames_for, pictures="skip")
    assert found.usable.tolist() == [1, 2]


def test_long_lists_are_cut_with_an_ellipsis_and_nothing_wrong_says_nothing(tmp_path: Path) -> None:
    many = FileStore(tmp_path, [(f"{number}.png", "") for number in range(1234)], "gt.txt")
    found = audit(many, ALPHABET, pictures="skip")
    assert found.summary(named=2) == ["1,234 of 1,234 samples skipped: empty label: sample '0.png', sample '1.png', …"]
    fine = FileStore(tmp_path, [("0.png", "abc")], "gt.txt")
    assert audit(fine, ALPHABET, pictures="skip").summary() == []


def test_another_transcription_may_need_fewer_frames_and_progress_is_told(store: FileStore) -> None:
    seen: list[int] = []
    found = audit(store, ALPHABET, frames_for, frames_needed=lambda target: 1, progress=seen.append)
    assert 6 in found.usable
    assert seen == list(range(1, 9))


def test_frames_needed_are_the_shortest_path_that_collapses_to_the_target() -> None:
    for target, frames in (([], 0), ([1], 1), ([1, 2], 2), ([1, 1], 3), ([1, 1, 2, 1], 5)):
        assert frames_needed(target) == frames


def test_real_words_outside_ascii_are_found() -> None:
    root = os.environ.get("SEQREC_DEV_DATA")
    if not root or not (Path(root) / "icdar2015-train").is_dir():
        pytest.skip("SEQREC_DEV_DATA is unset or has no icdar2015-train")
    ascii95 = Alphabet("ascii95", [chr(code) for code in range(32, 127)])
    found = audit(open_dataset(Path(root) / "icdar2015-train"), ascii95, pictures="skip")
    assert found.summary() == [
        "4 of 4,468 samples skipped: symbol outside the alphabet: '´' (sample 'word_1115.png'), 'É' (sample 'word_1409.png')"
    ]
