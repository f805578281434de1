"""Discovery of plugins: one broken plugin gives one warning, and everything else works.

pluggy calls all implementations of a hook in one go, and one that raises aborts the call. So we ask each plugin by itself.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar, cast

import pluggy

from seqrec import hookspecs
from seqrec.errors import PluginError, PluginWarning, nearest
from seqrec.hookspecs import PROJECT
from seqrec.interfaces import DatasetReader, Part
from seqrec.task import Task


class Named(Protocol):
    """Whatever a hook offers has a name."""

    @property
    def name(self) -> str:
        """What recipes and commands call it."""


Offer = TypeVar("Offer", bound=Named)


@dataclass(frozen=True)
class Loaded:
    """A plugin that was found.

    Attributes:
        name: Of its distribution, or `seqrec` for the built-ins.
        version: Of its distribution.
        failure: What went wrong and in which phase, or empty.
        cause: The exception behind the failure.
    """

    name: str
    version: str = ""
    failure: str = ""
    cause: BaseException | None = None


class Shelf(Generic[Offer]):
    """Named offers of one kind, each with its owner."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._offers: dict[str, dict[str, Offer]] = {}

    def put(self, offer: Offer, owner: str) -> None:
        """Add an offer; a name that another owner offers too is a warning here and an error in `get`."""
        owners = self._offers.setdefault(offer.name, {})
        if owner in owners:
            warnings.warn(f"plugin '{owner}' offers {self.kind} '{offer.name}' twice; the first is kept", PluginWarning)
            return
        owners[owner] = offer
        if len(owners) > 1:
            names = "' and '".join(owners)
            warnings.warn(f"{self.kind} '{offer.name}' is offered by '{names}'", PluginWarning)

    def get(self, name: str) -> Offer:
        """The offer of that name; `owner:name` chooses among several.

        Raises:
            PluginError: No such name, or two owners.
        """
        owner, _, short = name.rpartition(":")
        owners = self._offers.get(short, {})
        if owner:
            owners = {key: offer for key, offer in owners.items() if key == owner}
        if not owners:
            raise PluginError(f"no {self.kind} '{name}'{nearest(short, self.names())}")
        if len(owners) > 1:
            first, second = list(owners)[:2]
            raise PluginError(
                f"{self.kind} '{short}' is offered by both '{first}' and '{second}'; say '{first}:{short}', or list the "
                "plugins to load in SEQREC_PLUGINS"
            )
        return next(iter(owners.values()))

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._offers)

    def owner(self, offer: Offer) -> str:
        """Who offers it."""
        return next(owner for owner, held in self._offers[offer.name].items() if held is offer)

    def __iter__(self) -> Iterator[tuple[str, Offer]]:
        """Pairs of owner and offer."""
        for name in self.names():
            yield from self._offers[name].items()


@dataclass
class Registry:
    """Everything that the built-ins and the plugins offer."""

    tasks: Shelf[Task] = field(default_factory=lambda: Shelf("task"))
    backbones: Shelf[Part] = field(default_factory=lambda: Shelf("backbone"))
    sequence_models: Shelf[Part] = field(default_factory=lambda: Shelf("sequence model"))
    transcriptions: Shelf[Part] = field(default_factory=lambda: Shelf("transcription"))
    dataset_readers: Shelf[DatasetReader] = field(default_factory=lambda: Shelf("dataset reader"))
    plugins: list[Loaded] = field(default_factory=list)

    def task(self, name: str) -> Task:
        """The task of that name.

        Raises:
            PluginError: Unknown (plugins that failed are named), or offered twice.
        """
        try:
            return self.tasks.get(name)
        except PluginError as error:
            failed = [plugin for plugin in self.plugins if plugin.failure]
            if not failed:
                raise
            listed = "; ".join(f"plugin '{plugin.name}' {plugin.failure}" for plugin in failed)
            raise PluginError(f"{error}; not loaded: {listed}") from failed[0].cause


_KINDS: tuple[tuple[str, str, type], ...] = (
    ("seqrec_tasks", "tasks", Task),
    ("seqrec_backbones", "backbones", Part),
    ("seqrec_sequence_models", "sequence_models", Part),
    ("seqrec_transcriptions", "transcriptions", Part),
    ("seqrec_dataset_readers", "dataset_readers", DatasetReader),
)


def build_registry(plugins: Iterable[tuple[str, str, Callable[[], object]]]) -> Registry:
    """The registry of some plugins.

    Args:
        plugins: Name, version and loader of each; the loader gives the module or object with the hook implementations.

    Returns:
        The registry; what failed is a warning and stands in `plugins`.
    """
    registry = Registry()
    for name, version, load in plugins:
        registry.plugins.append(_ask(registry, name, version, load))
    return registry


def _ask(registry: Registry, name: str, version: str, load: Callable[[], object]) -> Loaded:
    """Load one plugin and put what its hooks return on the shelves; nothing of a plugin that fails."""
    phase = "failed to import"
    try:
        plugin = load()
        phase = "misspells a hook"
        manager = _manager_of(plugin)
        offers: list[tuple[str, Any]] = []
        for hook, shelf, kind in _KINDS:
            phase = f"failed in its hook {hook}"
            for implementation in getattr(manager.hook, hook).get_hookimpls():
                answer = implementation.function()  # pluggy's own call would pass over None in silence
                for offer in answer if isinstance(answer, list | tuple) else [answer]:
                    if answer is offer or not isinstance(offer, kind):
                        raise TypeError(f"returned {offer!r}; expected a list of {kind.__name__}")
                    offers.append((shelf, offer))
    except Exception as error:
        failure = f"{phase}: {type(error).__name__}: {error}".replace("\n", " ")
        warnings.warn(f"plugin '{name}' {version} {failure}; it is left out", PluginWarning, stacklevel=2)
        return Loaded(name, version, failure, error)
    for shelf, offer in offers:
        getattr(registry, shelf).put(offer, name)
    return Loaded(name, version)


def _manager_of(plugin: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    misspelt = [name for name in dir(plugin) if name.startswith("seqrec_") and hasattr(getattr(plugin, name), "seqrec_impl")]
    known = [hook for hook, _, _ in _KINDS]
    for name in misspelt:
        if name not in known:
            raise AttributeError(f"no hook '{name}'{nearest(name, known)}")
    return manager


def discover() -> Registry:
    """The registry of the built-ins and of every distribution with an entry point in group `seqrec`.

    The environment variable SEQREC_PLUGINS, where it is set, lists the distributions or entry points to load, with commas
    between; empty loads none.
    """
    wanted = os.environ.get("SEQREC_PLUGINS")
    chosen = None if wanted is None else {name.strip() for name in wanted.split(",") if name.strip()}
    plugins: list[tuple[str, str, Callable[[], object]]] = [("seqrec", "", _builtin)]
    for entry in sorted(entry_points(group=PROJECT), key=lambda entry: (_distribution(entry), entry.name)):
        distribution = _distribution(entry)
        if chosen is None or chosen & {distribution, entry.name}:
            version = entry.dist.version if entry.dist else ""
            plugins.append((distribution, version, cast(Callable[[], object], entry.load)))
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
