"""Every promise of a whole plugin, as a list or as a pytest parametrisation."""

import subprocess
import sys
import warnings
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from seqrec.errors import PluginError, PluginWarning, nearest
from seqrec.plugins import Registry, build_registry
from seqrec.testing.parts import backbone_promises, sequence_promises
from seqrec.testing.promise import Promise, require
from seqrec.testing.readers import reader_promises
from seqrec.testing.tasks import command_promise, learning_promises, task_promises
from seqrec.testing.transcriptions import transcription_promises

if TYPE_CHECKING:
    import pytest


def promises_of(plugin: object, data: Mapping[str, Path] | None = None) -> list[Promise]:
    """Every promise of everything that a plugin offers.

    Args:
        plugin: The module with its hooks, or an object with them.
        data: Name of a dataset reader → a data set of its format.

    Raises:
        PluginError: The plugin cannot be loaded; the message says why.
    """
    found = _registry_of(plugin)
    promises: list[Promise] = []
    if isinstance(plugin, ModuleType):
        promises.append(Promise("plugin", plugin.__name__, "imports-no-torch", lambda: _imports_lightly(plugin.__name__)))
    for _, task in found.tasks:
        promises += [*task_promises(task), *learning_promises(task)]
        if isinstance(plugin, ModuleType):
            promises.append(command_promise(task))
    for _, part in found.backbones:
        promises += backbone_promises(part)
    for _, part in found.sequence_models:
        promises += sequence_promises(part)
    for _, part in found.transcriptions:
        promises += transcription_promises(part)
    for _, reader in found.dataset_readers:
        promises += reader_promises(reader, (data or {}).get(reader.name))
    return promises


def every_promise(
    plugin: object,
    *,
    expected_failures: Mapping[str, str] | None = None,
    data: Mapping[str, Path] | None = None,
    marks: Mapping[str, "pytest.MarkDecorator"] | None = None,
) -> "pytest.MarkDecorator":
    """A pytest parametrisation of an argument `promise` over every promise of a plugin.

    Args:
        plugin: The module with its hooks, or an object with them.
        expected_failures: Id of a promise, as pytest shows it → why it is not kept. One that is kept after all is then a failure.
        data: Name of a dataset reader → a data set of its format.
        marks: Pattern of ids, as in `*-learns-by-heart` → a mark, as `pytest.mark.slow`.

    Raises:
        PluginError: The plugin cannot be loaded, or there is no promise of such an id.

    Example:
        >>> from seqrec.testing import Promise, bars
        >>> @every_promise(bars)
        ... def test_bars_keep_their_promises(promise: Promise) -> None:
        ...     promise.check()
    """
    import pytest

    promises = promises_of(plugin, data)
    ids = [promise.id for promise in promises]
    for name in expected_failures or {}:
        if name not in ids:
            raise PluginError(f"expected_failures: there is no promise '{name}'{nearest(name, ids)}")
    chosen = []
    for promise in promises:
        own = list(_marks_for(promise.id, marks or {}))
        if expected_failures and promise.id in expected_failures:
            own.append(pytest.mark.xfail(reason=expected_failures[promise.id], strict=True))
        chosen.append(pytest.param(promise, id=promise.id, marks=own))
    return pytest.mark.parametrize("promise", chosen)


def _marks_for(name: str, marks: Mapping[str, "pytest.MarkDecorator"]) -> "Iterable[pytest.MarkDecorator]":
    return [mark for pattern, mark in marks.items() if fnmatchcase(name, pattern)]


def _registry_of(plugin: object) -> Registry:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)
        found = build_registry([("this plugin", "", lambda: plugin)])
    (loaded,) = found.plugins
    if loaded.failure:
        raise PluginError(f"{getattr(plugin, '__name__', plugin)!r} {loaded.failure}") from loaded.cause
    return found


def _imports_lightly(module: str) -> None:
    told = f"import sys, {module}; print(*(name for name in ('torch', 'onnxruntime') if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=120, check=False)
    last = (done.stderr.strip().splitlines() or [""])[-1]
    require(done.returncode == 0, f"`import {module}` fails in a process of its own: {last}")
    require(
        not done.stdout.strip(),
        f"`import {module}` imports {done.stdout.strip()}, and every command would wait for it; name classes in a Part as text",
    )
