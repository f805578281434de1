"""`seqrec export`, and what the other commands make of its files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="exporting needs onnx")
pytest.importorskip("onnxruntime", reason="exported readers need onnxruntime")

from seqrec.pictures import encode_png
from seqrec.testing.bars import BarRenderer


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures with their labels."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        sample = BarRenderer().render(np.random.default_rng(number))
        (folder / f"{number}.png").write_bytes(encode_png(sample.image))
        (folder / f"{number}.gt.txt").write_text(sample.label)
    return folder


def test_exported_file_is_read_evaluated_and_not_calibrated(
    seqrec: Callable[..., Any], tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    done = seqrec("export", "--model", tiny_model, "-o", file)
    assert (done.code, done.out) == (0, "")
    assert done.err == f"{file}: {file.stat().st_size / 1e6:.1f} MB\n"
    expected = seqrec("recognize", "--model", tiny_model, photos)
    assert seqrec("recognize", "--model", file, photos, "--threads", "2").out == expected.out
    assert seqrec("evaluate", "--model", file, "--data", photos).code == 0
    refused = seqrec("calibrate", "--model", file)
    assert refused.code == 2
    assert refused.err.startswith(f"error: --model {file}: an exported reader keeps its temperature; calibrate its model file")


@pytest.mark.parametrize("data", [True, False])
def test_int8_is_fitted_to_drawn_pictures_or_to_ones_own(
    data: bool, seqrec: Callable[..., Any], tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    plain, small = tmp_path / "plain.onnx", tmp_path / "int8.onnx"
    seqrec("export", "--model", tiny_model, "-o", plain)
    done = seqrec("export", "--model", tiny_model, "-o", small, "--int8", *(["--data", photos] if data else []))
    assert done.code == 0, done.err
    assert small.read_bytes() != plain.read_bytes()
    assert seqrec("recognize", "--model", small, photos).code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "MODEL", "-o", "model.bin"], "-o model.bin: expected a file that ends in .onnx"),
        (["--model", "MODEL", "-o", "model.onnx", "--data", "photos"], "--data is for --int8, which has to be fitted"),
        (["--model", "MODEL", "-o", "lost/model.onnx"], "'lost/model.onnx' cannot be written"),
        (["--model", "lost", "-o", "model.onnx"], "--model lost: there is no such file or folder"),
        (["-o", "model.onnx"], "say which reader: --task T"),
        (["--task", "bars", "-o", "model.onnx"], "task 'bars' ships no reader"),
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
    found = seqrec("export", *[str(tiny_model) if option == "MODEL" else option for option in options])
    assert (found.code, found.out) == (2, "")
    (line,) = found.err.splitlines()
    assert line.startswith(f"error: {message}")
