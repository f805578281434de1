"""`seqrec plugins list` and `seqrec doctor`."""

import importlib
import json
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


def run_with(environment: Mapping[str, str], site: Path, plugins: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """`seqrec WORDS…` in a process that finds the distributions in a folder too."""
    variables = {**environment, "PYTHONPATH": f"{site}:{environment['PYTHONPATH']}", "SEQREC_PLUGINS": plugins}
    command = [sys.executable, "-m", "seqrec", *words]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)


def distribution(folder: Path, name: str, module: str, requires: str = "") -> None:
    """A distribution with an entry point and a module of the same name."""
    info = folder / f"{name}-2.0.dist-info"
    info.mkdir()
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n{needs}")
    (info / "entry_points.txt").write_text(f"[seqrec]\n{name} = {name}\n")
    (folder / f"{name}.py").write_text(module)


BROKEN = "from seqrec import hookimpl\n\n@hookimpl\ndef seqrec_tasks():\n    return helper()\n\ndef helper():\n    return 1 / 0\n"


def test_one_broken_plugin_of_each_kind_costs_a_line_each_and_nothing_else(
    bars_environment: Mapping[str, str], tmp_path: Path
) -> None:
    distribution(tmp_path, "raising", BROKEN)
    distribution(tmp_path, "leaving", "import sys\nsys.exit(7)\n")
    distribution(tmp_path, "later", "1 / 0", "seqrec>=99")
    distribution(tmp_path, "misspelt", "from seqrec import hookimpl\n\n@hookimpl\ndef seqrec_task():\n    return []\n")
    names = "raising,leaving,later,misspelt,seqrec-bars"
    listed = run_with(bars_environment, tmp_path, names, "plugins", "list", "--json")
    assert listed.returncode == 0
    found = json.loads(listed.stdout)
    phases = {plugin["name"]: plugin["phase"] for plugin in found["plugins"]}
    assert phases == {
        "seqrec": "", "seqrec-bars": "", "raising": "failed in its hook seqrec_tasks", "leaving": "failed to import",
        "later": "is for another seqrec", "misspelt": "misspells a hook",
    }  # fmt: skip
    (task,) = [offer for offer in found["offers"] if offer["kind"] == "task"]
    assert (task["name"], task["plugin"], task["symbols"], task["draws"], task["reads"]) == (
        "bars",
        "seqrec-bars",
        8,
        True,
        False,
    )
    lines = listed.stderr.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("warning: plugin '") and line.endswith("; it is left out") for line in lines)

    asked = run_with(bars_environment, tmp_path, names, "render", "--task", "raising", "--sheet", str(tmp_path / "sheet.png"))
    assert asked.returncode == 2
    *trace, last = asked.stderr.splitlines()[4:]
    assert trace[0] == "Traceback (most recent call last):"
    assert trace[1].endswith('raising.py", line 5, in seqrec_tasks')
    assert trace[-1] == "ZeroDivisionError: division by zero"
    assert last.startswith("error: task 'raising' is not there, because plugin 'raising' failed in its hook seqrec_tasks: ")

    doctor = run_with(bars_environment, tmp_path, names, "plugins", "doctor")
    assert doctor.returncode == 1
    assert "✓ seqrec-bars 1.0 (entry point 'bars'): loaded, brings 1" in doctor.stdout
    assert "✗ raising 2.0 (entry point 'raising') failed in its hook seqrec_tasks: ZeroDivisionError" in doctor.stdout
    assert "in helper\n" in doctor.stdout
    assert "✗ later 2.0 (entry point 'later') is for another seqrec: it asks for seqrec>=99, and this is" in doctor.stdout


def test_plugins_doctor_is_content_where_all_is_well(seqrec: Callable[..., Any]) -> None:
    found = seqrec("plugins", "doctor")
    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines()[1:] == ["✓ seqrec-bars 1.0: loaded, brings 1"]


def test_folder_that_stands_in_the_way_of_a_package_is_named(bars_environment: Mapping[str, str], tmp_path: Path) -> None:
    distribution(tmp_path, "plates", "")
    (tmp_path / "plates.py").unlink()
    (tmp_path / "plates").mkdir()
    found = run_with(bars_environment, tmp_path, "plates", "plugins", "doctor")
    assert found.returncode == 1
    assert (
        f"ImportError: '{tmp_path / 'plates'}' is a folder without __init__.py that stands in the way of the package"
        in found.stdout
    )


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
