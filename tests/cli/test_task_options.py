"""What a task adds to the command line: options, files of readings, metrics."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqrec import Metric, Option, Outputs, Reading, SeqrecError, Task, builtin, hookimpl
from seqrec.errors import PluginError
from seqrec.interfaces import Picture
from seqrec.pictures import encode_png
from seqrec.plugins import build_registry
from seqrec.testing import bars


class Listing(Outputs):
    """A file a picture with its symbols, and one with all names."""

    def __init__(self, folder: Path, joined: bool) -> None:
        self.folder, self.joined, self.names = folder, joined, list[str]()

    def add(self, name: str, reading: Reading | SeqrecError, picture: Picture | None) -> None:
        self.names.append(name)
        if isinstance(reading, Reading):
            assert picture is not None
            (self.folder / f"{name}.list").write_text("\n".join(reading.symbols))

    def close(self) -> Sequence[str]:
        (self.folder / "all.list").write_text((" " if self.joined else "\n").join(self.names))
        return ["all pictures are listed in all.list"]


def task(given: Mapping[str, str | bool] = {}) -> Task:
    if given.get("sign") == "?":
        raise SeqrecError("--sign ?: expected a letter")
    (plain,) = bars.seqrec_tasks()
    return dataclasses.replace(
        plain,
        metrics=(Metric("empty", lambda read, label: (float(not read), 1.0)), Metric("none", lambda read, label: (0.0, 0.0))),
        finish=lambda reading: {"sign": given.get("sign", "none")},
        outputs=lambda folder: Listing(folder, bool(given.get("one-line"))),
        options=(
            Option("sign", "What the fields of readings get."),
            Option("one-line", "List names in one line.", default=False, commands=("recognize",)),
        ),
        configure=task,
    )


class plugin:
    @staticmethod
    @hookimpl
    def seqrec_tasks() -> list[Task]:
        return [task()]


@pytest.fixture
def command(seqrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    found = build_registry([("seqrec", "", lambda: builtin), ("seqrec-bars", "1.0", lambda: plugin)])
    for module in ("seqrec.plugins", "seqrec.recognizer"):
        monkeypatch.setattr(f"{module}.registry", lambda: found)
    return seqrec


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    labels = []
    for number, name in enumerate(["a.png", "b.png", "more/a.png"]):
        drawn = bars.BarRenderer().render(np.random.default_rng(number))
        (folder / name).write_bytes(encode_png(drawn.image))
        labels.append(f"{name}\t{drawn.label}\n")
    (folder / "gt.txt").write_text("".join(labels))
    return folder


def test_options_of_the_task_reach_it_by_task_and_by_model(command: Callable[..., Any], tiny_model: Path, photos: Path) -> None:
    for options, sign in ([], "none"), (["--sign", "x"], "x"), (["--sign=y", "--one-line"], "y"):
        found = command("recognize", "--model", tiny_model, photos, "--format", "jsonl", *options)
        assert found.code == 0
        assert {json.loads(line)["sign"] for line in found.out.splitlines()} == {sign}


def test_help_with_a_task_shows_its_options(command: Callable[..., Any]) -> None:
    assert "--one-line" in command("recognize", "--task", "bars", "--help").out
    assert "--one-line" not in command("recognize", "--help").out
    shown = command("evaluate", "--task=bars", "--help").out
    assert "--sign" in shown
    assert "--one-line" not in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--one-lien"], "No such option: --one-lien"),
        (["--sign"], "Option '--sign' requires an argument."),
        (["--sign", "?"], "--sign ?: expected a letter"),
    ],
)
def test_wrong_options_of_a_task_are_one_line(
    command: Callable[..., Any], tiny_model: Path, photos: Path, options: list[str], message: str
) -> None:
    found = command("recognize", photos, "--model", tiny_model, *options)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(f"error: {message}")
    assert len(found.err.splitlines()) == 1


def test_task_writes_its_files_beside_the_readings(
    command: Callable[..., Any], tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (photos / "c.png").write_bytes(b"garbage")
    found = command("recognize", "--model", tiny_model, photos, "-o", out, "--one-line", "--overlay")
    assert found.code == 1
    assert "all pictures are listed in all.list" in found.err.splitlines()
    lists = {"a.list", "b.list", "a-2.list", "all.list"}
    assert {path.name for path in out.iterdir()} == lists | {
        "a.overlay.png", "b.overlay.png", "a-2.overlay.png", "readings.txt",
    }  # fmt: skip
    assert (out / "all.list").read_text() == "a b c a-2"


def test_metrics_of_the_task_are_printed_and_reported(
    command: Callable[..., Any], tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    found = command("evaluate", "--model", tiny_model, "--data", photos, "--data", photos, "--report", tmp_path / "report")
    assert found.code == 0
    *_, set_line, total = [line.split() for line in found.out.splitlines() if line.split()[-1:] == ["–"]]
    written = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    empty = written["evaluations"][0]["metrics"]["empty"]
    assert set_line == ["photos", f"{empty:.2%}", "–"]
    assert total[0] == "total"
    assert written["total"]["metrics"] == {"empty": pytest.approx(empty), "none": None}
    assert "<b>" in (tmp_path / "report" / "report.html").read_text()


def test_configuring_a_task_names_what_it_does_not_have() -> None:
    assert task().configured({}).options == task().options
    with pytest.raises(PluginError, match="task 'bars' has no option 'sing'; did you mean 'sign'"):
        task().configured({"sing": "x"})
    with pytest.raises(PluginError, match="has options and no `configure`"):
        dataclasses.replace(task(), configure=None).configured({"sign": "x"})


def test_fragments_of_words_are_named(command: Callable[..., Any], tiny_model: Path, photos: Path, tmp_path: Path) -> None:
    reading = command("recognize", "--model", tiny_model, photos / "a.png").out.strip().partition("\t")[2]
    (tmp_path / "words.txt").write_text(f"whole\t1\ta{reading}b\nother\t1\tc{reading}d\n")
    fragments = ["--lexicon", tmp_path / "words.txt", "--lexicon-mode", "fragment", "--n-best", "2"]
    shown = command("recognize", "--model", tiny_model, photos / "a.png", *fragments).out.splitlines()
    assert shown == [f"{photos / 'a.png'}\t{reading}\twhole\t0 edits, 1 of 2", "\tother\t0 edits, 1 of 2"]
    found = json.loads(command("recognize", "--model", tiny_model, photos / "a.png", *fragments, "--format", "jsonl").out)
    assert (found["text"], found["word"], found["edits"], found["share"]) == (reading, "whole", 0, 0.5)
