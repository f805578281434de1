"""Plugins: one that is broken leaves the others alone, and every name has one owner or says whose it is."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seqrec import Alphabet, Part, Task, builtin, hookimpl
from seqrec.errors import PluginError, PluginWarning
from seqrec.plugins import Registry, build_registry, discover
from seqrec.testing import bars


def plugin(**hooks: Callable[[], object]) -> SimpleNamespace:
    """An object with these hooks, as a module would have them."""
    for name, hook in hooks.items():
        hook.__name__ = name
    return SimpleNamespace(**{name: hookimpl(hook) for name, hook in hooks.items()})


def task(name: str) -> Task:
    return Task(name, Alphabet("abc", "abc"))


def raising() -> object:
    raise RuntimeError("two\nlines")


def registry_of(*plugins: tuple[str, object]) -> Registry:
    """The built-ins and some plugins; one that is an exception fails to import."""

    def loader(found: object) -> Callable[[], object]:
        def load() -> object:
            if isinstance(found, Exception):
                raise found
            return found

        return load

    return build_registry([("seqrec", "", lambda: builtin), *((name, "1.2", loader(found)) for name, found in plugins)])


FINE = ("fine", plugin(seqrec_tasks=lambda: [task("words")]))


@pytest.mark.parametrize(
    ("broken", "failure"),
    [
        (ImportError("no module named x"), "failed to import: ImportError: no module named x"),
        (SyntaxError("invalid syntax"), "failed to import: SyntaxError: invalid syntax"),
        (plugin(seqrec_tasks=raising), "failed in its hook seqrec_tasks: RuntimeError: two lines"),
        (
            plugin(seqrec_tasks=lambda: [task("lost")], seqrec_backbones=raising),
            "failed in its hook seqrec_backbones: RuntimeError: two lines",
        ),
        (
            plugin(seqrec_tasks=lambda: ["words"]),
            "failed in its hook seqrec_tasks: TypeError: returned 'words'; expected a list of Task",
        ),
        (plugin(seqrec_backbones=lambda: [task("x")]), "failed in its hook seqrec_backbones: TypeError: returned Task("),
        (plugin(seqrec_tasks=lambda: task("x")), "failed in its hook seqrec_tasks: TypeError: returned Task("),
        (plugin(seqrec_tasks=lambda: None), "failed in its hook seqrec_tasks: TypeError: returned None; expected a list of Task"),
        (
            plugin(seqrec_task=lambda: [task("x")]),
            "misspells a hook: AttributeError: no hook 'seqrec_task'; did you mean 'seqrec_tasks'?",
        ),
        (plugin(seqrec_tasks=lambda more: []), "misspells a hook: PluginValidationError: "),
    ],
)  # fmt: skip
def test_broken_plugin_is_one_warning_and_the_others_work(broken: object, failure: str) -> None:
    with pytest.warns(PluginWarning) as caught:
        found = registry_of(("broken", broken), FINE)
    (warning,) = caught
    message = str(warning.message)
    assert message.startswith(f"plugin 'broken' 1.2 {failure}")
    assert message.endswith("; it is left out")
    assert "\n" not in message
    assert found.task("words").name == "words"
    assert found.tasks.names() == ["words"]
    assert found.backbones.names() == ["fast", "paper"]
    states = {loaded.name: bool(loaded.failure) for loaded in found.plugins}
    assert states == {"seqrec": False, "broken": True, "fine": False}


def test_unknown_task_names_the_plugins_that_failed_and_why() -> None:
    cause = ImportError("no libc")
    with pytest.warns(PluginWarning):
        found = registry_of(("broken", cause), FINE)
    with pytest.raises(PluginError) as caught:
        found.task("scores")
    assert str(caught.value) == (
        "no task 'scores'; did you mean 'words'?; not loaded: plugin 'broken' failed to import: ImportError: no libc"
    )
    assert caught.value.__cause__ is cause


def test_name_offered_twice_warns_at_discovery_and_is_an_error_when_it_is_used() -> None:
    with pytest.warns(PluginWarning, match="task 'words' is offered by 'one' and 'other'") as caught:
        found = registry_of(
            ("one", plugin(seqrec_tasks=lambda: [task("words"), task("alone")])),
            ("other", plugin(seqrec_tasks=lambda: [task("words")])),
        )
    assert len(caught) == 1
    assert found.task("alone").name == "alone"
    with pytest.raises(PluginError) as error:
        found.task("words")
    assert str(error.value) == (
        "task 'words' is offered by both 'one' and 'other'; say 'one:words', or list the plugins to load in SEQREC_PLUGINS"
    )


def test_owner_before_the_name_chooses() -> None:
    mine, theirs = task("words"), task("words")
    with pytest.warns(PluginWarning):
        found = registry_of(("one", plugin(seqrec_tasks=lambda: [mine])), ("other", plugin(seqrec_tasks=lambda: [theirs])))
    assert found.task("one:words") is mine
    assert found.task("other:words") is theirs
    assert (found.tasks.owner(mine), found.tasks.owner(theirs)) == ("one", "other")
    with pytest.raises(PluginError, match="no task 'third:words'"):
        found.task("third:words")


def test_plugin_may_not_replace_a_part_of_the_core_in_silence() -> None:
    with pytest.warns(PluginWarning, match="backbone 'fast' is offered by 'seqrec' and 'eager'"):
        found = registry_of(("eager", plugin(seqrec_backbones=lambda: [Part("fast", "os:path")])))
    with pytest.raises(PluginError, match="offered by both 'seqrec' and 'eager'"):
        found.backbones.get("fast")
    assert found.backbones.get("seqrec:fast").load().__name__ == "FastBackbone"


def test_plugin_that_offers_a_name_twice_keeps_the_first() -> None:
    first = task("words")
    with pytest.warns(PluginWarning, match="plugin 'twice' offers task 'words' twice; the first is kept"):
        found = registry_of(("twice", plugin(seqrec_tasks=lambda: [first, task("words")])))
    assert found.task("words") is first


@pytest.mark.parametrize(
    ("shelf", "name", "message"),
    [
        ("tasks", "bras", "no task 'bras'; did you mean 'bars'?"),
        ("backbones", "papr", "no backbone 'papr'; did you mean 'paper'?"),
        ("sequence_models", "gru", "no sequence model 'gru'; known: bilstm, lstm"),
        ("transcriptions", "transducer", "no transcription 'transducer'; known: ctc"),
    ],
)
def test_unknown_name_is_refused_with_the_nearest(plugins: Registry, shelf: str, name: str, message: str) -> None:
    with pytest.raises(PluginError) as caught:
        getattr(plugins, shelf).get(name)
    assert str(caught.value) == message


def test_built_ins_come_through_the_same_hooks(plugins: Registry) -> None:
    assert {owner for owner, _ in plugins.backbones} == {"seqrec"}
    assert build_registry([]).backbones.names() == []
    with pytest.raises(PluginError, match="no backbone 'fast'; there is none"):
        build_registry([]).backbones.get("fast")


def test_every_part_that_is_offered_can_be_loaded(plugins: Registry) -> None:
    for shelf in (plugins.backbones, plugins.sequence_models, plugins.transcriptions):
        for _, part in shelf:
            assert callable(part.load())


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (None, ["seqrec", "first-plugin", "second-plugin"]),
        ("", ["seqrec"]),
        ("first-plugin", ["seqrec", "first-plugin"]),
        ("two", ["seqrec", "second-plugin"]),
        (" second-plugin , first-plugin,", ["seqrec", "first-plugin", "second-plugin"]),
        ("unheard-of", ["seqrec"]),
    ],
)
def test_environment_chooses_plugins_by_distribution_or_entry_point(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None, expected: list[str]
) -> None:
    def entry(distribution: str, name: str) -> Any:
        return SimpleNamespace(
            name=name,
            value="x",
            dist=SimpleNamespace(name=distribution, version="1.0"),
            load=lambda: plugin(seqrec_tasks=lambda: [task(name)]),
        )

    found = [entry("second-plugin", "two"), entry("first-plugin", "one")]
    monkeypatch.setattr("seqrec.plugins.entry_points", lambda group: found if group == "seqrec" else [])
    if wanted is None:
        monkeypatch.delenv("SEQREC_PLUGINS", raising=False)
    else:
        monkeypatch.setenv("SEQREC_PLUGINS", wanted)
    assert [loaded.name for loaded in discover().plugins] == expected


STRANGER = """
from seqrec import Alphabet, Task, hookimpl


@hookimpl
def seqrec_tasks():
    return [Task("plates", Alphabet("plates", "ABC123"))]
"""

ASK = """
import sys, warnings
warnings.simplefilter("error")
from seqrec.plugins import registry
found = registry()
print(found.task("plates").alphabet.name, found.tasks.owner(found.task("plates")))
print(" ".join(f"{plugin.name}={plugin.version}" for plugin in found.plugins))
print([name for name in ("torch", "onnxruntime", "numba") if name in sys.modules])
"""


def test_installed_stranger_is_found_by_its_entry_point(tmp_path: Path) -> None:
    info = tmp_path / "my_plates-3.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-plates\nVersion: 3.1\n")
    (info / "entry_points.txt").write_text("[seqrec]\nplates = my_plates\n")
    (tmp_path / "my_plates.py").write_text(STRANGER)
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "SEQREC_PLUGINS": "my-plates"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["plates my-plates", "seqrec= my-plates=3.1", "[]"]


def test_task_of_bars_is_found_in_memory(plugins: Registry) -> None:
    assert plugins.task("bars").alphabet is bars.BARS
    assert plugins.task("bars").alphabet_named("bars4") is bars.LOW_BARS
