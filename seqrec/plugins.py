"""Discovery of plugins: one broken plugin gives one warning, and everything else works.

pluggy calls all implementations of a hook in one go, and one that raises aborts the call. So we ask each plugin by itself.
"""

import os
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, cast

import pluggy

from seqrec import hookspecs
from seqrec.errors import PluginWarning, nearest
from seqrec.hookspecs import PROJECT
from seqrec.interfaces import DatasetReader, Part, Store
from seqrec.shelf import CORE, Loaded, Shelf, owner_key, short_owner
from seqrec.task import Task

__all__ = ["Candidate", "Loaded", "Registry", "Shelf", "build_registry", "discover", "registry", "traceback_of"]


class Candidate(NamedTuple):
    """A plugin to load.

    Attributes:
        name: Of its distribution.
        version: Of its distribution.
        load: Gives the module or object with the hook implementations.
        entry: Name of its entry point.
        requires: What its distribution's metadata say that it needs, as in `seqrec>=0.1`.
    """

    name: str
    version: str
    load: Callable[[], object]
    entry: str = ""
    requires: Sequence[str] = ()


class Registry:
    """Everything that the built-ins and the plugins offer.

    Attributes:
        plugins: Every plugin that was found, also those that failed.
        tasks, backbones, sequence_models, transcriptions, dataset_readers: A shelf for each hook.
    """

    def __init__(self) -> None:
        self.plugins: list[Loaded] = []
        self.tasks: Shelf[Task] = Shelf("task", self.plugins)
        self.backbones: Shelf[Part] = Shelf("backbone", self.plugins)
        self.sequence_models: Shelf[Part] = Shelf("sequence model", self.plugins)
        self.transcriptions: Shelf[Part] = Shelf("transcription", self.plugins)
        self.dataset_readers: Shelf[DatasetReader] = Shelf("dataset reader", self.plugins)

    def task(self, name: str) -> Task:
        """The task of that name; errors as in `Shelf.get`."""
        return self.tasks.get(name)


_KINDS: tuple[tuple[str, str, type], ...] = (
    ("seqrec_tasks", "tasks", Task),
    ("seqrec_backbones", "backbones", Part),
    ("seqrec_sequence_models", "sequence_models", Part),
    ("seqrec_transcriptions", "transcriptions", Part),
    ("seqrec_dataset_readers", "dataset_readers", DatasetReader),
)
HOOKS = [hook for hook, _, _ in _KINDS]


class _WrongVersionError(Exception):
    """A plugin that is made for another seqrec."""


def build_registry(plugins: Iterable[Candidate | tuple[str, str, Callable[[], object]]]) -> Registry:
    """The registry of some plugins.

    Args:
        plugins: Candidates, or name, version and loader of each.

    Returns:
        The registry; what failed is a warning and stands in `plugins`.
    """
    registry = Registry()
    for plugin in plugins:
        registry.plugins.append(_ask(registry, Candidate(*plugin)))
    return registry


def _ask(registry: Registry, candidate: Candidate) -> Loaded:
    """Load one plugin and put what its hooks return on the shelves; nothing of a plugin that fails."""
    phase = "is for another seqrec"
    offers: list[tuple[str, Any]] = []
    name, version = candidate.name, candidate.version
    try:
        _refuse_other_version(candidate.requires)
        phase = "failed to import"
        plugin = candidate.load()
        _refuse_plain_folder(plugin)
        phase = "misspells a hook"
        manager = _manager_of(plugin)
        for hook, shelf, kind in _KINDS:
            phase = f"failed in its hook {hook}"
            for implementation in getattr(manager.hook, hook).get_hookimpls():
                answer = implementation.function()  # pluggy's own call would pass over None in silence
                for offer in answer if isinstance(answer, list | tuple) else [answer]:
                    if answer is offer or not isinstance(offer, kind):
                        raise TypeError(f"returned {offer!r}; expected a list of {kind.__name__}")
                    offers.append((shelf, _named(offer)))
    except (Exception, SystemExit) as error:  # a plugin may not end the command either
        kind_of_error = "" if isinstance(error, _WrongVersionError) else f"{type(error).__name__}: "
        failure = " ".join(f"{phase}: {kind_of_error}{error}".split())
        warnings.warn(f"plugin '{name}' {version} {failure}; it is left out", PluginWarning, stacklevel=2)
        return Loaded(name, version, phase, failure, error, candidate.entry)
    for shelf, offer in offers:
        taken = getattr(registry, shelf)
        if isinstance(offer, DatasetReader) and name != CORE:
            offer = _GuardedReader(offer, name, f"{name}:{offer.name}" if offer.name in taken.names() else offer.name)
        taken.put(offer, name)
    return Loaded(name, version, entry=candidate.entry)


def _named(offer: Any) -> Any:
    """The offer, if commands and recipes can name it."""
    name = getattr(offer, "name", None)
    if not isinstance(name, str) or not name or set(name) & set(": \t\r\n="):
        raise ValueError(f"offers the name {name!r}; a name is one word without ':' and '='")
    return offer


def _manager_of(plugin: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    ours = [name for name in dir(plugin) if name.startswith("seqrec_") and callable(getattr(plugin, name))]
    marked = [name for name in ours if hasattr(getattr(plugin, name), "seqrec_impl")]
    for name in marked:
        if name not in HOOKS:
            raise AttributeError(f"no hook '{name}'{nearest(name, HOOKS)}")
    for name in ours:
        if name in HOOKS and name not in marked:
            raise AttributeError(f"'{name}' is not marked as one; write @hookimpl above it")
    if not marked:
        raise AttributeError(f"it has none; mark a function @hookimpl that is called one of: {', '.join(HOOKS)}")
    return manager


def _refuse_plain_folder(plugin: object) -> None:
    """Nothing, unless Python took a folder that happens to have the package's name for the package."""
    if isinstance(plugin, ModuleType) and getattr(plugin, "__file__", None) is None and hasattr(plugin, "__path__"):
        places = ", ".join(f"'{path}'" for path in plugin.__path__)
        raise ImportError(f"{places} is a folder without __init__.py that stands in the way of the package; work elsewhere")


def _refuse_other_version(requires: Sequence[str]) -> None:
    """Nothing, if all that a distribution asks of seqrec is true of this one."""
    from packaging.requirements import InvalidRequirement, Requirement

    from seqrec import __version__

    for line in requires:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue  # about something that pip would not have understood either
        if owner_key(requirement.name) != CORE or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        if not requirement.specifier.contains(__version__, prereleases=True):
            raise _WrongVersionError(
                f"it asks for seqrec{requirement.specifier}, and this is {__version__}; install versions that go together"
            )


class _GuardedReader(DatasetReader):
    """A plugin's reader of data sets, whose exceptions while it looks at a path are a warning.

    Every reader is asked about every data set, so that one that raises would otherwise stop those of all others.
    """

    def __init__(self, reader: DatasetReader, owner: str, name: str) -> None:
        self.reader = reader
        self.owner = owner
        self.name = name
        self.__doc__ = reader.__doc__

    def detect(self, path: Path) -> bool:
        """What the plugin's reader says, or no where it raises."""
        try:
            return bool(self.reader.detect(path))
        except Exception as error:
            told = " ".join(f"{type(error).__name__}: {error}".split())
            warnings.warn(
                f"plugin '{self.owner}': its dataset reader '{self.name}' failed on '{path}': {told}; it is left out",
                PluginWarning,
            )
            return False

    def open(self, path: Path) -> Store:
        """The data set, as the plugin's reader opens it."""
        return self.reader.open(path)


def traceback_of(error: BaseException) -> str:
    """The traceback of what went wrong in a plugin, from the plugin's first line on."""
    frames = error.__traceback__
    while frames and _ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames))


def _ours(file: str) -> bool:
    return file == __file__ or file.startswith("<frozen importlib") or Path(file).parts[-2:-1] in (("importlib",), ("metadata",))


def discover() -> Registry:
    """The registry of the built-ins and of every distribution with an entry point in group `seqrec`.

    The environment variable SEQREC_PLUGINS, where it is set, lists the distributions or entry points to load, with commas
    between; empty loads none. A name in it that nothing installed has is a warning.
    """
    listed = os.environ.get("SEQREC_PLUGINS")
    wanted = [name.strip() for name in (listed or "").split(",") if name.strip()]
    plugins = [Candidate(CORE, "", _builtin)]
    installed: dict[str, str] = {}
    chosen = {owner_key(name) for name in wanted}
    for entry in sorted(entry_points(group=PROJECT), key=lambda entry: (_distribution(entry), entry.name)):
        distribution = _distribution(entry)
        keys = {owner_key(distribution): distribution, short_owner(distribution): distribution, owner_key(entry.name): entry.name}
        installed |= keys
        if listed is None or chosen & set(keys):
            version, requires = (entry.dist.version, entry.dist.requires or []) if entry.dist else ("", [])
            plugins.append(Candidate(distribution, version, cast(Callable[[], object], entry.load), entry.name, requires))
    for name in wanted:
        if owner_key(name) not in installed:
            hint = nearest(name, list(installed.values()))
            warnings.warn(f"SEQREC_PLUGINS: no plugin '{name}' is installed{hint}", PluginWarning)
    return build_registry(plugins)


@cache
def registry() -> Registry:
    """The process's registry, discovered at its first use."""
    return discover()


def _builtin() -> ModuleType:
    from seqrec import builtin

    return builtin


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value.partition(":")[0]
