"""`seqrec plugins list` and `seqrec doctor`."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest


def test_list_names_plugins_tasks_and_parts(seqrec: Callable[..., Any]) -> None:
    found = seqrec("plugins", "list")
    assert found.code == 0
    for name in ("seqrec-bars", "bars", "paper", "fast", "bilstm", "lstm", "ctc", "lmdb", "gt-txt"):
        assert name in found.out
    assert "bars at eight heights, for tests (8 symbols)" in found.out


def test_list_names_what_failed_and_goes_on(bars_environment: Mapping[str, str], tmp_path: Path) -> None:
    info = tmp_path / "broken-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text("[seqrec]\nbroken = no_such_module\n")
    environment = {
        **bars_environment,
        "PYTHONPATH": f"{tmp_path}:{bars_environment['PYTHONPATH']}",
        "SEQREC_PLUGINS": "seqrec-bars,broken",
    }
    command = [sys.executable, "-m", "seqrec", "plugins", "list"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "failed to import: ModuleNotFoundError: No module named 'no_such_module'" in done.stdout
    assert "bars at eight heights" in done.stdout
    (warning,) = done.stderr.splitlines()
    assert warning.startswith("warning: plugin 'broken' 2.0 failed to import: ModuleNotFoundError")


def test_doctor_says_what_is_installed(seqrec: Callable[..., Any]) -> None:
    found = seqrec("doctor")
    assert found.code == 0
    for line in ("✓ Python 3.", "✓ numpy ", "✓ torch ", "✓ plugin seqrec-bars 1.0"):
        assert line in found.out
    assert "✗" not in found.out


def test_doctor_names_the_cure_for_what_is_missing_or_broken(seqrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    importlib.import_module("seqrec.cli")
    doctor = sys.modules["seqrec.cli.doctor"]  # `seqrec.cli.doctor` is the command
    real = importlib.import_module

    def importing(name: str, package: str | None = None) -> Any:
        if name == "torchaudio":
            raise OSError("libc10_cuda.so: cannot open shared object file\nmore")
        if name == "onnxruntime":
            raise ModuleNotFoundError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", importing)
    needed = ["numpy>=1.26", "no-such-distribution>=2", "torch; extra == 'torch'"]
    monkeypatch.setattr(doctor, "requires", lambda name: needed)
    found = seqrec("doctor")
    assert found.code == 1
    assert "✗ no-such-distribution is missing; install it with: pip install no-such-distribution" in found.out
    assert "torchaudio does not import: libc10_cuda.so: cannot open shared object file (" in found.out
    assert "install the torchaudio that belongs to your torch" in found.out
    assert "onnxruntime is not installed (to read exported models); pip install 'seqrec[onnx]'" in found.out
