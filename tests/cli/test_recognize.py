"""`seqrec recognize`."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seqrec.cli.recognize import with_progress
from seqrec.overlay import draw_overlay
from seqrec.pictures import encode_png, open_picture
from seqrec.plugins import Registry
from seqrec.recognizer import load
from seqrec.testing.bars import BarRenderer


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of three pictures and a text, one of them further down."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number, name in enumerate(["b.png", "a.PNG", "more/c.png"]):
        (folder / name).write_bytes(encode_png(BarRenderer().render(np.random.default_rng(number)).image))
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def expected(photos: Path, tiny_model: Path, plugins: Registry) -> dict[str, str]:
    reader = load(tiny_model, plugins=plugins)
    paths = [photos / "a.PNG", photos / "b.png", photos / "more" / "c.png"]
    return {str(path): reader.read(path).text for path in paths}


def test_folder_gives_path_tab_reading_in_order(
    seqrec: Callable[..., Any], tiny_model: Path, photos: Path, expected: dict[str, str]
) -> None:
    found = seqrec("recognize", "--model", tiny_model, photos)
    assert found.code == 0
    assert found.out.splitlines() == [f"{path}\t{text}" for path, text in expected.items()]
    assert found.err == ""


def test_jsonl_is_one_object_a_line(seqrec: Callable[..., Any], tiny_model: Path, photos: Path, expected: dict[str, str]) -> None:
    found = seqrec("recognize", "--model", tiny_model, photos / "b.png", photos / "a.PNG", "--format", "jsonl")
    records = [json.loads(line) for line in found.out.splitlines()]
    assert [record["path"] for record in records] == [str(photos / "b.png"), str(photos / "a.PNG")]
    for record in records:
        assert record["text"] == expected[record["path"]] == "".join(record["symbols"])
        assert len(record["symbol_confidences"]) == len(record["spans"]) == len(record["symbols"])
        assert 0 <= record["confidence"] <= 1


def test_readings_go_into_a_folder_of_their_own(
    seqrec: Callable[..., Any], tiny_model: Path, photos: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "new" / "readings"
    assert seqrec("recognize", "--model", tiny_model, photos, "-o", out).out == ""
    assert (out / "readings.txt").read_text().splitlines() == [f"{path}\t{text}" for path, text in expected.items()]
    seqrec("recognize", "--model", tiny_model, photos, "--out", out, "--format", "jsonl")
    lines = (out / "readings.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == list(expected.values())


def test_dash_reads_standard_input(
    seqrec: Callable[..., Any], tiny_model: Path, photos: Path, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = (photos / "b.png").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(encoded)))
    assert seqrec("recognize", "--model", tiny_model, "-").out == f"-\t{expected[str(photos / 'b.png')]}\n"


def test_unreadable_pictures_are_named_and_the_rest_goes_on(
    seqrec: Callable[..., Any], tiny_model: Path, photos: Path, expected: dict[str, str]
) -> None:
    (photos / "a0.jpg").write_bytes(b"garbage")
    found = seqrec("recognize", "--model", tiny_model, photos, photos / "lost.png")
    assert found.code == 1
    assert found.out.splitlines() == [f"{path}\t{text}" for path, text in expected.items()]
    garbage, lost, told = found.err.splitlines()
    assert f"'{photos / 'a0.jpg'}' is no picture" in garbage
    assert f"'{photos / 'lost.png'}': no such file" in lost
    assert told == "2 of 5 pictures could not be read"


def test_unreadable_picture_is_an_object_with_an_error_in_jsonl(
    seqrec: Callable[..., Any], tiny_model: Path, tmp_path: Path
) -> None:
    found = seqrec("recognize", "--model", tiny_model, tmp_path / "lost.png", "--format", "jsonl")
    assert found.code == 1
    assert json.loads(found.out) == {
        "path": str(tmp_path / "lost.png"), "error": f"'{tmp_path / 'lost.png'}': no such file; check the path"
    }  # fmt: skip


def test_bar_is_shown_on_a_terminal_where_readings_are_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(with_progress(iter(range(30)), 30, seen=False)) == [*range(30)]
    assert capsys.readouterr().err == ""  # no terminal
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(with_progress(iter(range(30)), 30, seen=True)) == [*range(30)]
    assert list(with_progress(iter(range(3)), 3, seen=False)) == [*range(3)]
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(with_progress(iter(range(30)), 30, seen=False)) == [*range(30)]
    assert "/30" in capsys.readouterr().err


def test_overlay_is_drawn_beside_the_readings(
    seqrec: Callable[..., Any], tiny_model: Path, photos: Path, plugins: Registry, expected: dict[str, str], tmp_path: Path
) -> None:
    (photos / "more" / "b.jpg").write_bytes((photos / "b.png").read_bytes())
    (photos / "broken.png").write_bytes(b"garbage")
    out = tmp_path / "drawn"
    found = seqrec("recognize", "--model", tiny_model, photos, "--overlay", "-o", out)
    assert found.code == 1
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b-2.png", "b.png", "c.png", "readings.txt"]
    assert len((out / "readings.txt").read_text().splitlines()) == len(expected) + 1
    reader = load(tiny_model, plugins=plugins)
    for name, picture in (("a", photos / "a.PNG"), ("b", photos / "b.png"), ("c", photos / "more" / "c.png")):
        drawn = np.asarray(Image.open(out / f"{name}.png"))
        # Read alone, the probabilities differ in their last digits, and so may the colours.
        close = np.abs(drawn.astype(int) - draw_overlay(open_picture(picture), reader.read(picture))) <= 3
        assert close.mean() > 0.99
    assert (out / "b-2.png").read_bytes() == (out / "b.png").read_bytes()


def test_overlay_of_standard_input_is_called_so(
    seqrec: Callable[..., Any], tiny_model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((photos / "b.png").read_bytes())))
    assert seqrec("recognize", "--model", tiny_model, "-", "--overlay", "-o", tmp_path / "drawn").code == 0
    assert (tmp_path / "drawn" / "stdin.png").is_file()


def test_smaller_alphabet_is_read_with(seqrec: Callable[..., Any], tiny_model: Path, photos: Path) -> None:
    found = seqrec("recognize", "--model", tiny_model, photos, "--alphabet", "bars4")
    assert set("".join(line.split("\t")[1] for line in found.out.splitlines())) <= set("abcd")


def test_pictures_are_read_with_the_lexicons_that_lie_beside_them(
    seqrec: Callable[..., Any], tiny_model: Path, photos: Path, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)
    command = ("recognize", "--model", tiny_model)
    (photos / "lexicon-near.tsv").write_text("a.PNG\tdab\ta1\nmore/c.png\tcab\n")
    found = seqrec(*command, ".", "--lexicon", "own")
    read = {Path(path).name: text for path, text in (line.split("\t") for line in found.out.splitlines())}
    assert (found.code, read) == (0, {"a.PNG": "dab", "b.png": expected[str(photos / "b.png")], "c.png": "cab"})
    assert found.err.splitlines() == [
        "1 of 3 pictures have no lexicon and are read freely",
        "lexicon near: left out 1 words with symbols outside the alphabet ('a1')",
    ]
    found = seqrec(*command, "a.PNG", "more/c.png", "--lexicon", "own:near", "--alphabet", "bars4")
    assert found.out.splitlines()[0] in ("a.PNG\tdab", "a.PNG\ta")  # `a1` without what the smaller alphabet lacks
    assert (found.out.splitlines()[1:], found.err) == (["more/c.png\tcab"], "")
    found = seqrec(*command, ".", "--lexicon", "own", "--lexicon-mode", "bktree")
    assert (found.code, found.out) == (2, "")
    assert "1 of 3 pictures have no lexicon 'near', and a lexicon mode or threshold needs one" in found.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["empty", "--model", "MODEL"], "'empty' holds no pictures (looked for .avif, "),
        (["x.png", "--model", "MODEL", "--format", "xml"], "--format xml: expected text or jsonl"),
        (["x.png", "--model", "MODEL", "--overlay"], "--overlay needs a folder to draw into; name one with -o FOLDER"),
        (["x.png"], "say which reader: --task T for a task's shipped one, or --model FILE"),
        (["x.png", "--task", "bars", "--model", "MODEL"], "say which reader: --task T"),
        (["x.png", "--task", "bars"], "task 'bars' ships no reader; train one with: seqrec train --task bars"),
        (["x.png", "--task", "barz"], "no task 'barz'; did you mean 'bars'?"),
        (["x.png", "--model", "lost"], "--model lost: there is no such file or folder"),
        (["x.png", "--model", "empty"], "'empty' holds no model; expected a model.safetensors or a run folder with one"),
        (["x.png", "--model", "MODEL", "--alphabet", "bars5"], "task 'bars' has no alphabet 'bars5'; did you mean"),
        (["x.png", "--model", "MODEL", "--device", "tpu"], "device 'tpu' cannot be used"),
        (["x.png", "--model", "MODEL", "-o", "file"], "-o file: cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(
    seqrec: Callable[..., Any],
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("a file")
    found = seqrec("recognize", *[str(tiny_model) if option == "MODEL" else option for option in options])
    assert (found.code, found.out) == (2, "")
    (line,) = found.err.splitlines()
    assert line.startswith(f"error: {message}")


def test_command_reads_in_a_process_of_its_own(
    tiny_model: Path, photos: Path, expected: dict[str, str], bars_environment: Mapping[str, str]
) -> None:
    command = [sys.executable, "-m", "seqrec", "recognize", "--model", str(tiny_model), "-", str(photos / "lost.png")]
    with (photos / "b.png").open("rb") as picture:
        done = subprocess.run(command, stdin=picture, env=bars_environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stdout.decode() == f"-\t{expected[str(photos / 'b.png')]}\n"
    assert len(done.stderr.decode().splitlines()) == 2


@pytest.mark.slow
def test_shipped_reader_reads_words_of_the_english_lexicon(tmp_path: Path) -> None:
    plugin = pytest.importorskip("seqrec_scene_text", reason="the plugin for scene text is not installed")
    (task,) = plugin.seqrec_tasks()
    labels = dict(line.split("\t") for line in (task.samples / "gt.txt").read_text().splitlines())
    environment = {**os.environ, "SEQREC_PLUGINS": "seqrec-scene-text", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "seqrec", "recognize", "--task", "scene-text", str(task.samples), "--threads", "1"]
    options = ["--lexicon", "english-50k", "--lexicon-threshold", "0.001", "--format", "jsonl"]
    done = subprocess.run(
        [*command, *options], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    read = {Path(row["path"]).name: row for row in map(json.loads, done.stdout.splitlines())}
    words = {name: row["word"] for name, row in read.items() if "word" in row}
    assert sum(words.get(name) == label.lower() for name, label in labels.items()) >= 20
    odd = next(name for name, label in labels.items() if label == "GARBage")  # a word of the lexicon in a spelling that is not
    assert read[odd].get("free") is True
