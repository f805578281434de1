"""`seqrec evaluate`."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqrec.pictures import encode_png
from seqrec.plugins import Registry
from seqrec.recognizer import load
from seqrec.testing.bars import BarRenderer


@pytest.fixture
def words(tmp_path: Path, tiny_model: Path, plugins: Registry) -> Path:
    """A data set of which the reader reads two of three right; of the third only the case is wrong, the fourth is torn."""
    folder = tmp_path / "words"
    folder.mkdir()
    reader = load(tiny_model, plugins=plugins)
    lines, seed = [], 0
    for name in ("right", "also right", "other case", "torn"):
        while True:
            encoded = encode_png(BarRenderer().render(np.random.default_rng(seed)).image)
            seed += 1
            text = reader.read(encoded).text
            if text:
                break
        label = text.swapcase() if name == "other case" else text
        (folder / f"{name}.png").write_bytes(encoded if name != "torn" else encoded[:-50])
        lines.append(f"{name}.png\t{label}")
    (folder / "gt.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_exact_protocol_counts_case(seqrec: Callable[..., Any], tiny_model: Path, words: Path) -> None:
    found = seqrec("evaluate", "--model", tiny_model, "--data", words)
    assert found.code == 0
    assert "protocol exact, alphabet bars8" in found.out
    (row,) = [line for line in found.out.splitlines() if "words" in line]
    assert row.split()[:5] == ["words", "3", "of", "4", "66.67%"]
    assert "words: 1 skipped; 'torn.png': " in found.err


def test_protocol_of_the_task_folds_case_away(seqrec: Callable[..., Any], tiny_model: Path, words: Path) -> None:
    found = seqrec("evaluate", "--model", tiny_model, "--data", words, "--protocol", "low")
    assert found.code == 0
    assert "protocol low, alphabet bars4" in found.out
    (row,) = [line for line in found.out.splitlines() if "words" in line]
    assert row.split()[:5] == ["words", "3", "of", "4", "100.00%"]


def test_several_data_sets_are_counted_together(seqrec: Callable[..., Any], tiny_model: Path, words: Path) -> None:
    found = seqrec("evaluate", "--model", tiny_model, "--data", words, "--data", words / "gt.txt")
    assert found.out.count("3 of 4") == 2
    assert "6 of 8" in found.out


def test_report_holds_a_page_and_the_numbers(seqrec: Callable[..., Any], tiny_model: Path, words: Path, tmp_path: Path) -> None:
    found = seqrec("evaluate", "--model", tiny_model, "--data", words, "--report", tmp_path / "report")
    assert found.code == 0
    page = (tmp_path / "report" / "report.html").read_text()
    assert "right.png" in page
    told = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    (one,) = told["evaluations"]
    assert (one["samples"], one["size"], one["sequence_accuracy"]) == (3, 4, pytest.approx(2 / 3))


def test_samples_are_listed_with_their_readings(
    seqrec: Callable[..., Any], tiny_model: Path, words: Path, plugins: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = dataclasses.replace(plugins.task("bars"), samples=words)
    monkeypatch.setitem(plugins.tasks._offers["bars"], "seqrec-bars", task)
    found = seqrec("evaluate", "--model", tiny_model, "--samples")
    assert found.code == 0
    assert "readings of 'words'" in found.out
    assert found.out.count("✓") == 2
    assert found.out.count("✗") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--protocol", "lo"], "--protocol lo: this reader's task has no such protocol; did you mean 'low'?"),
        (["--protocol", "alnum36"], "--protocol alnum36: this reader's task has no such protocol"),
        (["--samples"], "--samples: this reader's task brings no sample pictures; give a data set with --data"),
        ([], "say what to measure on: --data PATH, or --samples for the pictures that come with the task"),
        (["--data", "lost"], "'lost': no such file or folder"),
        (["--data", "empty"], "'empty' holds no labelled pictures in a format we know"),
        (["--data", "empty", "--data-format", "lmbd"], "unknown data set format 'lmbd'; did you mean 'lmdb'?"),
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
    found = seqrec("evaluate", "--model", tiny_model, *options)
    assert (found.code, found.out) == (2, "")
    assert found.err.splitlines()[-1].startswith(f"error: {message}")
