"""`seqrec render`, `seqrec data`: what is drawn can be looked at and counted."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seqrec.data.sources import RenderedSource
from seqrec.data.store import LmdbStore
from seqrec.interfaces import Sample, iterate
from seqrec.pictures import encode_png, open_picture
from seqrec.testing.bars import BarRenderer


def test_rendered_set_holds_the_pictures_that_training_draws(seqrec: Callable[..., Any], tmp_path: Path) -> None:
    found = seqrec("render", "--task", "bars", "--count", "12", "--seed", "5", "-o", tmp_path / "set")
    assert (found.code, found.out) == (0, "")
    assert found.err == f"12 pictures in {tmp_path / 'set'}\n"
    source = RenderedSource(BarRenderer(), 5)
    for index, (_, label, encoded) in enumerate(iterate(LmdbStore(tmp_path / "set"))):
        assert label == source.sample(index).label
        assert np.array_equal(open_picture(encoded), source.sample(index).image)
    assert LmdbStore(tmp_path / "set").size(0) == source.sample(0).image.shape[::-1]


def test_rendering_that_was_cut_off_is_gone_on_with(seqrec: Callable[..., Any], tmp_path: Path) -> None:
    seqrec("render", "--task", "bars", "--count", "5", "-o", tmp_path / "cut")
    seqrec("render", "--task", "bars", "--count", "12", "-o", tmp_path / "cut")
    seqrec("render", "--task", "bars", "--count", "12", "-o", tmp_path / "straight")
    assert list(iterate(LmdbStore(tmp_path / "cut"))) == list(iterate(LmdbStore(tmp_path / "straight")))


def test_shards_hold_together_what_one_set_holds(bars_environment: Mapping[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "seqrec", "render", "--task", "bars", "--count", "11", "--shards", "2", "-o", str(tmp_path)]
    done = subprocess.run(command, env=bars_environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["shard-000", "shard-001"]
    source = RenderedSource(BarRenderer(), 1)
    expected = sorted((source.sample(index).label, encode_png(source.sample(index).image)) for index in range(11))
    assert sorted((label, encoded) for _, label, encoded in iterate(LmdbStore(tmp_path))) == expected


def test_sheet_shows_all_pictures(seqrec: Callable[..., Any], tmp_path: Path) -> None:
    found = seqrec("render", "--task", "bars", "--count", "40", "--sheet", tmp_path / "sheet.png")
    assert found.err == f"40 pictures drawn on {tmp_path / 'sheet.png'}\n"
    with Image.open(tmp_path / "sheet.png") as sheet:
        width, height = sheet.size
        dark = (np.asarray(sheet.convert("L")) < 250).mean()
    assert width == 1200
    assert height > 2 * 32
    assert dark > 0.2


def test_boxes_are_marked_below_their_symbols(tmp_path: Path) -> None:
    from seqrec.cli.render import draw_sheet

    boxes = np.array([[2, 12], [20, 40]], np.float32)
    draw_sheet([Sample(np.full((20, 50), 255, np.uint8), "ab", boxes)], tmp_path / "sheet.png", boxes=True)
    with Image.open(tmp_path / "sheet.png") as sheet:
        first, second = (np.flatnonzero(row == 120) for row in np.asarray(sheet)[[8 + 21, 8 + 25]])
    assert first.tolist() == list(range(8 + 2, 8 + 12))
    assert second.tolist() == list(range(8 + 20, 8 + 40))


def test_long_labels_on_a_sheet_are_broken_between_their_symbols() -> None:
    from seqrec.cli.render import _wrapped

    assert _wrapped("clef-G2\tnote-C4\tnote-D4 barline", 15, len) == ["clef-G2 note-C4", "note-D4 barline"]
    assert _wrapped("unbreakable word", 5, len) == ["unbreakable", "word"]
    assert _wrapped("", 5, len) == [""]


def test_settings_reach_the_renderer(seqrec: Callable[..., Any], tmp_path: Path) -> None:
    options = ["--set", "renderer.max_length=1", "--set", "alphabet=bars4"]
    seqrec("render", "--task", "bars", "--count", "20", "-o", tmp_path, *options)
    assert {label for _, label, _ in iterate(LmdbStore(tmp_path))} <= set("abcd")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "bars"], "say where to: -o LMDB for a data set, or --sheet PNG for a contact sheet"),
        (["--task", "bars", "-o", "x", "--sheet", "y.png"], "say where to: -o LMDB for a data set"),
        (["--task", "bars", "-o", "x", "--boxes"], "--boxes marks places on a contact sheet; give --sheet PNG"),
        (["--task", "barz", "-o", "x"], "no task 'barz'; did you mean 'bars'?"),
        (["--task", "bars", "-o", "x", "--set", "renderer.noise=loud"], "renderer.noise: 'loud' is a str; expected a number"),
        (["--task", "bars", "-o", "x", "--recipe", "papr"], "task 'bars' has no recipe 'papr'; did you mean 'paper'?"),
        (["--task", "bars", "--sheet", "lost/sheet.png"], "--sheet lost/sheet.png: cannot be written"),
        (["--task", "bars", "-o", "file"], "'file' cannot be opened for writing"),
    ],
)
def test_what_is_wrong_with_rendering_is_one_line(
    seqrec: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("a file")
    found = seqrec("render", *options)
    assert (found.code, found.out) == (2, "")
    (line,) = found.err.splitlines()
    assert line.startswith(f"error: {message}")


@pytest.fixture
def words(tmp_path: Path) -> Path:
    folder = tmp_path / "words"
    folder.mkdir()
    labels = ["ab", "Ab", "é", "dcba", "b", ""]
    for number in range(len(labels)):
        (folder / f"{number}.png").write_bytes(encode_png(np.full((32, 40 + number), 200, np.uint8)))
    (folder / "4.png").write_bytes(b"garbage")
    (folder / "gt.txt").write_text("".join(f"{number}.png\t{label}\n" for number, label in enumerate(labels)))
    return folder


def test_info_counts_and_names_what_training_could_not_use(
    seqrec: Callable[..., Any], words: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(words.parent)
    found = seqrec("data", "info", "words", "--task", "bars")
    assert found.code == 0
    lines = found.out.splitlines()
    assert lines[0] == "words: 6 samples, 6 different labels, format gt-txt"
    assert lines[1] == "label length: 0 to 4 symbols, median 2"
    assert "'b'×4" in lines[2]
    assert "1 of 6 samples skipped: symbol outside the alphabet: 'é' (sample '2.png')" in found.out
    assert "1 of 6 samples skipped: empty label: sample '5.png'" in found.out
    assert "1 of 6 samples skipped: unreadable: sample '4.png'" in found.out
    assert lines[-1] == "3 samples can be used with alphabet 'bars8'"


def test_info_without_a_task_takes_every_character(seqrec: Callable[..., Any], words: Path) -> None:
    found = seqrec("data", "info", words)
    assert found.out.splitlines()[-1] == "4 samples can be used"


def test_info_with_another_alphabet_of_the_task(seqrec: Callable[..., Any], words: Path) -> None:
    assert "with alphabet 'bars4'" in seqrec("data", "info", words, "--task", "bars", "--alphabet", "bars4").out
    found = seqrec("data", "info", words, "--alphabet", "bars4")
    assert (found.code, found.err) == (2, "error: --alphabet names an alphabet of a task: add --task T\n")


def test_show_lists_samples_and_names_broken_ones(seqrec: Callable[..., Any], words: Path) -> None:
    found = seqrec("data", "show", words)
    assert found.out.splitlines()[0] == "0.png\tab\t40×32"
    assert len(found.out.splitlines()) == 5
    assert "'4.png' is no picture" in found.err
    assert len(seqrec("data", "show", words, "--count", "2").out.splitlines()) <= 2


def test_show_draws_a_sheet(seqrec: Callable[..., Any], words: Path, tmp_path: Path) -> None:
    found = seqrec("data", "show", words, "--sheet", tmp_path / "sheet.png")
    assert found.err.splitlines()[-1] == f"5 pictures drawn on {tmp_path / 'sheet.png'}"
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size[0] == 1200


@pytest.mark.parametrize("command", ["info", "show"])
def test_missing_empty_and_unknown_data_sets_are_one_line(seqrec: Callable[..., Any], tmp_path: Path, command: str) -> None:
    for path, message in ((tmp_path / "lost", "no such file or folder"), (tmp_path, "holds no labelled pictures")):
        found = seqrec("data", command, path)
        assert (found.code, found.out) == (2, "")
        (line,) = found.err.splitlines()
        assert message in line
