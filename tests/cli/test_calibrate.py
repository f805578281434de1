"""`seqrec calibrate`: a temperature is fitted, told and stored, and no reading changes."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seqrec import builtin, hookimpl
from seqrec.calibration import calibrate
from seqrec.data.readers import open_dataset
from seqrec.model_file import read_card, read_weights, store_temperature
from seqrec.pictures import encode_png
from seqrec.plugins import Registry, build_registry
from seqrec.recognizer import load
from seqrec.task import Task
from seqrec.testing import bars


@pytest.fixture
def folder(tmp_path: Path, tiny_model: Path, plugins: Registry, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a model, and pictures labelled so that its confidences come true more often than they say."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(tiny_model, tmp_path / "model.safetensors")
    (tmp_path / "labelled").mkdir()
    rng = np.random.default_rng(3)
    names, pictures = [f"{number}.png" for number in range(120)], []
    for name in names:
        small = Image.fromarray(rng.integers(0, 256, (8, 20), np.uint8))
        pictures.append(np.asarray(small.resize((120, 32), Image.Resampling.BICUBIC)))
        (tmp_path / "labelled" / name).write_bytes(encode_png(pictures[-1]))
    readings = load(tiny_model, plugins=plugins, device="cpu").read(list(pictures))
    odds = [(max(reading.confidence, 1e-6) / (1 - reading.confidence + 1e-6)) ** 2 for reading in readings]
    labels = [
        reading.text if rng.random() < one / (1 + one) else f"c{reading.text}"
        for reading, one in zip(readings, odds, strict=True)
    ]
    lines = [f"{name}\t{label}\n" for name, label in zip(names, labels, strict=True)]
    (tmp_path / "labelled" / "gt.txt").write_text("".join(lines))
    return tmp_path


def test_temperature_is_told_and_stored_and_readings_stay(seqrec: Callable[..., Any], folder: Path, plugins: Registry) -> None:
    reader = load(folder / "model.safetensors", plugins=plugins, device="cpu")
    expected = calibrate(reader, open_dataset(folder / "labelled"), "labelled")
    assert abs(expected.temperature - 1) > 0.1
    read = ("recognize", "--model", "model.safetensors", "labelled", "--format", "jsonl")
    before, weights = seqrec(*read).out, read_weights(folder / "model.safetensors")
    found = seqrec("calibrate", "--model", "model.safetensors", "--data", "labelled")
    assert found.code == 0
    assert " ".join(found.out.split()) == str(expected)
    assert found.err.splitlines()[-1] == f"model.safetensors: temperature {expected.temperature:.3f}"
    assert read_card(folder / "model.safetensors").temperature == round(expected.temperature, 3)
    kept = read_weights(folder / "model.safetensors")
    assert all(np.array_equal(kept[name], weights[name]) for name in weights | kept)
    rows = [[json.loads(line) for line in out.splitlines()] for out in (before, seqrec(*read).out)]
    for cold, warm in zip(*rows, strict=True):
        assert {**cold, "confidence": 0} == {**warm, "confidence": 0}
    assert [row["confidence"] for row in rows[0]] != [row["confidence"] for row in rows[1]]


def test_temperature_that_a_model_has_already_plays_no_part(seqrec: Callable[..., Any], folder: Path) -> None:
    first = seqrec("calibrate", "--model", "model.safetensors", "--data", "labelled")
    store_temperature(folder / "model.safetensors", 7.0)
    assert seqrec("calibrate", "--model", "model.safetensors", "--data", "labelled") == first


def test_run_folder_is_calibrated_by_its_model_file(seqrec: Callable[..., Any], folder: Path) -> None:
    found = seqrec("calibrate", "--model", folder, "--data", "labelled")
    assert found.code == 0
    assert read_card(folder / "model.safetensors").temperature != 1


def test_shipped_reader_is_left_as_it_is(seqrec: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @hookimpl
    def seqrec_tasks() -> list[Task]:
        return [dataclasses.replace(bars.seqrec_tasks()[0], weights=folder / "model.safetensors")]

    plugin = SimpleNamespace(seqrec_tasks=seqrec_tasks)
    shipping = build_registry([("seqrec", "", lambda: builtin), ("seqrec-bars", "1.0", lambda: plugin)])
    for module in ("seqrec.plugins", "seqrec.recognizer"):
        monkeypatch.setattr(f"{module}.registry", lambda: shipping)
    before = (folder / "model.safetensors").read_bytes()
    found = seqrec("calibrate", "--task", "bars", "--data", "labelled")
    assert found.code == 0
    assert found.out.startswith("temperature ")
    assert found.err.splitlines()[-1] == "the shipped reader is left as it is"
    assert (folder / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "labelled"], "say which reader: --task T for a task's shipped one, or --model FILE"),
        (["--task", "bars", "--data", "labelled"], "task 'bars' ships no reader; train one with: seqrec train --task bars"),
        (["--model", "lost"], "--model lost: there is no such file or folder"),
        (["--model", "model.safetensors", "--data", "lost"], "'lost': no such file or folder"),
        (
            ["--model", "model.safetensors", "--data", "right"],
            "all 1 readings are right: no temperature can be fitted; give more",
        ),
        # Random weights read no rendering right.
        (
            ["--model", "model.safetensors", "--count", "100"],
            "all 100 readings are wrong: no temperature can be fitted; give more",
        ),
    ],
)
def test_what_cannot_be_fitted_is_one_line_and_stores_nothing(
    seqrec: Callable[..., Any], folder: Path, plugins: Registry, arguments: list[str], message: str
) -> None:
    (folder / "right").mkdir()
    shutil.copy(folder / "labelled" / "0.png", folder / "right")
    text = load(folder / "model.safetensors", plugins=plugins, device="cpu").read(folder / "right" / "0.png").text
    (folder / "right" / "gt.txt").write_text(f"0.png\t{text}\n")
    before = (folder / "model.safetensors").read_bytes()
    found = seqrec("calibrate", *arguments)
    assert (found.code, found.out) == (2, "")
    assert found.err.splitlines()[-1].startswith(f"error: {message}")
    assert (folder / "model.safetensors").read_bytes() == before


def test_file_that_cannot_be_written_is_one_line(seqrec: Callable[..., Any], folder: Path) -> None:
    (folder / "model.safetensors.part").mkdir()
    before = (folder / "model.safetensors").read_bytes()
    found = seqrec("calibrate", "--model", "model.safetensors", "--data", "labelled")
    assert found.code == 2
    assert "error: 'model.safetensors' cannot be written: " in found.err.splitlines()[-1]
    assert (folder / "model.safetensors").read_bytes() == before
