"""The whole conformance kit on what the core brings itself, and the ways in which a plugin's tests can use it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from unittest import SkipTest

import numpy as np
import pytest

from seqrec import Alphabet, Task, builtin, hookimpl
from seqrec.data.writer import LmdbWriter
from seqrec.errors import PluginError
from seqrec.pictures import encode_png
from seqrec.testing import Promise, bars, every_promise, promises_of

PNG = encode_png(np.zeros((8, 40), np.uint8))
LABELS = {"one.png": "first", "two.png": "second"}


def data_set_of(reader: str, folder: Path) -> Path:
    """A data set of two pictures in a built-in format."""
    folder.mkdir()
    if reader == "lmdb":
        with LmdbWriter(folder) as writer:
            for label in LABELS.values():
                writer.add(PNG, label, (40, 8))
        return folder
    for name in LABELS:
        (folder / name).write_bytes(PNG)
    lines = {
        "gt-txt": ("gt.txt", "{}\t{}"),
        "icdar-words": ("gt.txt", '{}, "{}"'),
        "iiit5k-tags": ("test.tags", "{} {}"),
    }
    if reader == "gt-pairs":
        for name, label in LABELS.items():
            (folder / name.replace(".png", ".gt.txt")).write_text(label)
    else:
        file, line = lines[reader]
        (folder / file).write_text("\n".join(line.format(*sample) for sample in LABELS.items()))
    return folder


@every_promise(builtin, marks={"*-learns-by-heart": pytest.mark.slow})
def test_built_in_parts_keep_their_promises(promise: Promise) -> None:
    promise.check()


slow = pytest.mark.slow  # a process is started


@pytest.mark.parametrize(
    "reader", ["lmdb", *(pytest.param(name, marks=slow) for name in ("gt-txt", "icdar-words", "iiit5k-tags", "gt-pairs"))]
)
def test_built_in_readers_keep_their_promises_about_their_own_format(reader: str, tmp_path: Path) -> None:
    data = data_set_of(reader, tmp_path / "set")
    promises = [promise for promise in promises_of(builtin, {reader: data}) if promise.owner == reader]
    assert len(promises) == 5
    for promise in promises:
        promise.check()


@every_promise(bars, marks={"*-works-on-the-command-line": pytest.mark.slow})
def test_bars_keep_their_promises(promise: Promise, bars_environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "SEQREC_PLUGINS"):
        monkeypatch.setenv(name, bars_environment[name])
    promise.check()


ODD = """
from types import SimpleNamespace
import pytest
from seqrec import Alphabet, Task, hookimpl
from seqrec.testing import every_promise

ALPHABET = Alphabet("odd", ["a", "b"])
PLUGIN = SimpleNamespace(seqrec_tasks=hookimpl(lambda: [Task("odd", ALPHABET, finish=lambda reading: {"set": {1}})]))
PLUGIN.seqrec_tasks.__name__ = "seqrec_tasks"
SKIP = {f"*-{name}": pytest.mark.skip for name in ("by-heart", "file", "onnx")}

@every_promise(PLUGIN, marks=SKIP)
def test_strict(promise):
    promise.check()

@every_promise(PLUGIN, marks=SKIP, expected_failures={"task-odd-finishes-readings": "a set", "task-odd-has-a-name": "it has one"})
def test_lenient(promise):
    promise.check()
"""


def test_failure_may_be_expected_and_must_then_happen(tmp_path: Path) -> None:
    (tmp_path / "test_odd.py").write_text(ODD)
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False)
    assert "2 failed, 9 passed, 6 skipped, 1 xfailed" in done.stdout
    assert "FAILED test_odd.py::test_strict[task-odd-finishes-readings]" in done.stdout
    assert "task 'odd': its finish: TypeError: Object of type set is not JSON serializable" in done.stdout
    assert "XFAIL test_odd.py::test_lenient[task-odd-finishes-readings] - a set" in done.stdout
    assert "FAILED test_odd.py::test_lenient[task-odd-has-a-name]" in done.stdout


def test_expected_failure_of_no_promise_is_refused_with_the_nearest() -> None:
    with pytest.raises(PluginError) as caught:
        every_promise(bars, expected_failures={"task-bars-has-name": "why"})
    assert str(caught.value) == (
        "expected_failures: there is no promise 'task-bars-has-name'; did you mean 'task-bars-has-a-name'?"
    )


def test_plugin_that_cannot_be_loaded_is_refused_with_the_reason() -> None:
    with pytest.raises(PluginError, match="misspells a hook: AttributeError: it has none"):
        promises_of(SimpleNamespace())


def test_task_without_pictures_has_nothing_to_learn_from() -> None:
    plugin = SimpleNamespace(seqrec_tasks=hookimpl(tasks))
    (promise,) = [promise for promise in promises_of(plugin) if promise.name == "learns-by-heart"]
    with pytest.raises(SkipTest, match="task 'words': it has neither a renderer nor sample pictures to learn from"):
        promise.check()


def tasks() -> list[Task]:
    return [Task("words", Alphabet("abc", "abc"))]


tasks.__name__ = "seqrec_tasks"
