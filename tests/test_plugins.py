"""Plugins: one that is broken leaves the others alone, and every name has one owner or says whose it is."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seqrec import Alphabet, DatasetReader, Part, Store, Task, __version__, builtin, hookimpl
from seqrec.data.readers import open_dataset
from seqrec.errors import DataError, PluginError, PluginWarning
from seqrec.plugins import Candidate, Registry, build_registry, discover, traceback_of
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


def leaving() -> object:
    raise SystemExit(3)


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
        (
            SimpleNamespace(seqrec_tasks=lambda: [task("x")]),
            "misspells a hook: AttributeError: 'seqrec_tasks' is not marked as one; write @hookimpl above it",
        ),
        (SimpleNamespace(tasks=[]), "misspells a hook: AttributeError: it has none; mark a function @hookimpl that is called"),
        (plugin(seqrec_tasks=leaving), "failed in its hook seqrec_tasks: SystemExit: 3"),
        (
            plugin(seqrec_tasks=lambda: [task("two words")]),
            "failed in its hook seqrec_tasks: ValueError: offers the name 'two words'; a name is one word without ':' and '='",
        ),
        (
            plugin(seqrec_backbones=lambda: [Part("a:b", "os:path")]),
            "failed in its hook seqrec_backbones: ValueError: offers the name 'a:b'",
        ),
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


def test_short_name_of_a_built_in_part_stays_the_built_in_whatever_plugins_offer() -> None:
    message = "backbone 'fast' is built in, and plugin 'eager' does not replace it; say 'eager:fast' for the plugin's"
    with pytest.warns(PluginWarning) as caught:
        found = registry_of(("eager", plugin(seqrec_backbones=lambda: [Part("fast", "os:path")])))
    assert [str(warning.message) for warning in caught] == [message]
    for name in ("fast", "seqrec:fast"):
        assert found.backbones.get(name).load().__name__ == "FastBackbone"
    assert found.backbones.get("eager:fast").target == "os:path"


def test_owner_is_spelt_as_pip_allows_and_without_the_prefix_that_many_share() -> None:
    mine, theirs = task("words"), task("words")
    with pytest.warns(PluginWarning):
        found = registry_of(
            ("seqrec-My.Plates", plugin(seqrec_tasks=lambda: [mine])), ("plates", plugin(seqrec_tasks=lambda: [theirs]))
        )
    for owner in ("seqrec-My.Plates", "seqrec_my_plates", "my-plates"):
        assert found.task(f"{owner}:words") is mine
    assert found.task("plates:words") is theirs


def test_model_finds_the_task_of_the_plugin_that_trained_it() -> None:
    mine, theirs = task("words"), task("words")
    with pytest.warns(PluginWarning):
        found = registry_of(("one", plugin(seqrec_tasks=lambda: [mine])), ("other", plugin(seqrec_tasks=lambda: [theirs])))
    assert found.tasks.of("words", "other") is theirs
    assert found.tasks.of("verse", "other") is None
    with pytest.raises(PluginError, match="offered by both 'one' and 'other'"):
        found.tasks.of("words", "third")
    assert registry_of(("one", plugin(seqrec_tasks=lambda: [mine]))).tasks.of("words", "third") is mine


def test_whole_name_of_an_owner_goes_before_one_without_the_prefix() -> None:
    mine, theirs = task("words"), task("words")
    with pytest.warns(PluginWarning):
        found = registry_of(
            ("seqrec-plates", plugin(seqrec_tasks=lambda: [mine])), ("plates", plugin(seqrec_tasks=lambda: [theirs]))
        )
    assert found.task("plates:words") is theirs
    assert found.task("seqrec-plates:words") is mine


def test_plugin_that_offers_a_name_twice_keeps_the_first() -> None:
    first = task("words")
    with pytest.warns(PluginWarning, match="plugin 'twice' offers task 'words' twice; the first is kept"):
        found = registry_of(("twice", plugin(seqrec_tasks=lambda: [first, task("words")])))
    assert found.task("words") is first


def candidate(name: str, load: Callable[[], object], requires: Sequence[str] = (), entry: str = "") -> Candidate:
    return Candidate(name, "1.2", load, entry, requires)


@pytest.mark.parametrize("name", ["plates", "seqrec-plates:plates", "plates:whatever", "my-entry"])
def test_asking_for_the_task_of_a_plugin_that_failed_raises_with_what_went_wrong_there(name: str) -> None:
    cause = ImportError("no libc")

    def load() -> object:
        raise cause

    with pytest.warns(PluginWarning):
        found = build_registry([candidate("seqrec-plates", load, entry="my-entry")])
    with pytest.raises(PluginError) as caught:
        found.task(name)
    assert str(caught.value) == (
        f"task '{name}' is not there, because plugin 'seqrec-plates' failed to import: ImportError: no libc"
    )
    assert caught.value.__cause__ is cause
    assert traceback_of(cause).splitlines()[-3:] == [
        f'  File "{__file__}", line {load.__code__.co_firstlineno + 1}, in load',
        "    raise cause",
        "ImportError: no libc",
    ]


@pytest.mark.parametrize(
    ("requires", "fits"),
    [
        ([], True), (["seqrec>=0.1", "numpy>=99"], True), (["seqrec[torch]>=0.0.1,<9"], True),
        (["seqrec>=99; extra == 'later'"], True),
        (["no requirement at all!"], True), (["seqrec>=99"], False), (["Seqrec[torch] (<0.0.1)"], False),
        (["seqrec==0.0.9; python_version >= '3'"], False),
    ],
)  # fmt: skip
def test_plugin_for_another_seqrec_is_not_imported(requires: list[str], fits: bool) -> None:
    asked = []

    def load() -> object:
        asked.append(True)
        return FINE[1]

    if fits:
        assert build_registry([candidate("plates", load, requires)]).task("words").name == "words"
        return
    with pytest.warns(PluginWarning) as caught:
        found = build_registry([candidate("plates", load, requires)])
    assert not asked
    assert re.fullmatch(
        rf"plugin 'plates' 1.2 is for another seqrec: it asks for seqrec\S+, and this is {re.escape(__version__)}; "
        "install versions that go together; it is left out",
        str(caught[0].message),
    )
    assert found.plugins[0].phase == "is for another seqrec"


class Sulky(DatasetReader):
    """Takes offence at what it is shown."""

    name = "gt-txt"

    def detect(self, path: Path) -> bool:
        raise OSError("not\nme")

    def open(self, path: Path) -> Store:
        raise DataError("never")


def test_reader_of_a_plugin_that_raises_while_it_looks_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(b"")
    (tmp_path / "gt.txt").write_text("one.png\tab\n")
    found = registry_of(("sulky", plugin(seqrec_dataset_readers=lambda: [Sulky()])))
    with pytest.warns(
        PluginWarning, match="plugin 'sulky': its dataset reader 'sulky:gt-txt' failed on .*: OSError: not me; it is left out"
    ):
        store = open_dataset(tmp_path, [reader for _, reader in found.dataset_readers])
    assert store.label(0) == "ab"


def test_part_whose_class_does_not_import_says_where_it_was_looked_for() -> None:
    with pytest.raises(PluginError) as caught:
        Part("strips", "no_such_module:Strips").load()
    assert str(caught.value) == (
        "part 'strips' cannot be loaded from 'no_such_module:Strips': ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


@pytest.mark.parametrize(
    ("shelf", "name", "message"),
    [
        ("tasks", "bras", "no task 'bras'; did you mean 'bars'?"),
        ("backbones", "papr", "no backbone 'papr'; did you mean 'paper'?"),
        ("sequence_models", "gru", "no sequence model 'gru'; known: bilstm, conformer, conv, lstm"),
        ("transcriptions", "attention", "no transcription 'attention'; known: ctc, transducer"),
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
        (None, ["seqrec", "first-plugin", "second-plugin", "seqrec-plugin"]),
        ("", ["seqrec"]),
        ("first-plugin", ["seqrec", "first-plugin"]),
        ("two", ["seqrec", "second-plugin"]),
        (" second-plugin , first-plugin,", ["seqrec", "first-plugin", "second-plugin"]),
        ("plugin", ["seqrec", "seqrec-plugin"]),
    ],
)
def test_environment_chooses_plugins_by_distribution_or_entry_point(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None, expected: list[str]
) -> None:
    def entry(distribution: str, name: str) -> Any:
        return SimpleNamespace(
            name=name,
            value="x",
            dist=SimpleNamespace(name=distribution, version="1.0", requires=None),
            load=lambda: plugin(seqrec_tasks=lambda: [task(name)]),
        )

    found = [entry("seqrec-plugin", "three"), entry("second-plugin", "two"), entry("first-plugin", "one")]
    monkeypatch.setattr("seqrec.plugins.entry_points", lambda group: found if group == "seqrec" else [])
    if wanted is None:
        monkeypatch.delenv("SEQREC_PLUGINS", raising=False)
    else:
        monkeypatch.setenv("SEQREC_PLUGINS", wanted)
    assert [loaded.name for loaded in discover().plugins] == expected


def test_environment_that_names_what_is_not_installed_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqrec.plugins.entry_points", lambda group: [])
    monkeypatch.setenv("SEQREC_PLUGINS", "unheard-of")
    with pytest.warns(PluginWarning, match="SEQREC_PLUGINS: no plugin 'unheard-of' is installed; there is none"):
        assert [loaded.name for loaded in discover().plugins] == ["seqrec"]


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
