"""Shelves: what plugins offer, by name, each with its owner; and the record of every plugin that was found."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from seqrec.errors import PluginError, PluginWarning, nearest

CORE = "seqrec"
"""Owner of what the core brings itself."""


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
        phase: In which it failed, as in `failed to import`, or empty.
        failure: Phase and reason in one line, or empty.
        cause: The exception behind the failure.
        entry: Name of its entry point.
    """

    name: str
    version: str = ""
    phase: str = ""
    failure: str = ""
    cause: BaseException | None = None
    entry: str = ""

    def answers_to(self, owner: str) -> bool:
        """Whether the part before the colon of a name means this plugin: its distribution, also without `seqrec-`."""
        return owner_key(owner) in (owner_key(self.name), short_owner(self.name))


def owner_key(name: str) -> str:
    """A distribution's name in the form that all spellings share: `My_Plates` is `my-plates`.

    Source:
        Python packaging, "Names and normalization" (PEP 503).

    Example:
        >>> owner_key("My__Plates.eu")
        'my-plates-eu'
    """
    return "-".join(filter(None, name.lower().replace("_", "-").replace(".", "-").split("-")))


def short_owner(name: str) -> str:
    """A distribution's name without the `seqrec-` that many begin with."""
    return owner_key(name).removeprefix(f"{CORE}-")


class Shelf(Generic[Offer]):
    """Named offers of one kind, each with its owner.

    Args:
        kind: What messages call them.
        plugins: Every plugin that was found so far; those that failed are named where a name is not there.
    """

    def __init__(self, kind: str, plugins: Sequence[Loaded] = ()) -> None:
        self.kind = kind
        self.plugins = plugins
        self._offers: dict[str, dict[str, Offer]] = {}

    def put(self, offer: Offer, owner: str) -> None:
        """Add an offer; a name that another owner offers too is a warning here, and for plugins an error in `get`."""
        owners = self._offers.setdefault(offer.name, {})
        if owner in owners:
            warnings.warn(f"plugin '{owner}' offers {self.kind} '{offer.name}' twice; the first is kept", PluginWarning)
            return
        owners[owner] = offer
        if CORE in owners and owner != CORE:
            warnings.warn(
                f"{self.kind} '{offer.name}' is built in, and plugin '{owner}' does not replace it; say '{owner}:{offer.name}' "
                "for the plugin's",
                PluginWarning,
            )
        elif len(owners) > 1:
            names = "' and '".join(owners)
            warnings.warn(f"{self.kind} '{offer.name}' is offered by '{names}'", PluginWarning)

    def get(self, name: str) -> Offer:
        """The offer of that name.

        Args:
            name: As it is offered, or `owner:name`, where the owner is a distribution with or without its `seqrec-`. A built-in
                needs no owner, whoever else offers the name.

        Raises:
            PluginError: No such name (plugins that failed are named, and the exception behind it is the cause), or two owners.
        """
        owner, _, short = name.rpartition(":")
        owners = self._offers.get(short, {})
        if owner:
            owners = _owned(owners, owner)
        elif CORE in owners:
            return owners[CORE]
        if not owners:
            raise self._absent(name, owner, short)
        if len(owners) > 1:
            first, second = sorted(owners)[:2]
            raise PluginError(
                f"{self.kind} '{short}' is offered by both '{first}' and '{second}'; say '{first}:{short}', or list the "
                "plugins to load in SEQREC_PLUGINS"
            )
        return next(iter(owners.values()))

    def of(self, name: str, owner: str) -> Offer | None:
        """The offer of a name by an owner, else by the only one there is; None where nobody offers it.

        Raises:
            PluginError: Several others offer it.
        """
        owners = self._offers.get(name, {})
        if not owners:
            return None
        return next(iter(_owned(owners, owner).values()), None) or self.get(name)

    def _absent(self, name: str, owner: str, short: str) -> PluginError:
        """The error for a name that is not there; its cause is that of the failed plugin that most probably has it."""
        failed = [plugin for plugin in self.plugins if plugin.failure]
        asked = [plugin for plugin in failed if (plugin.answers_to(owner) if owner else _may_bring(plugin, short))]
        if asked:
            plugin = asked[0]
            error = PluginError(f"{self.kind} '{name}' is not there, because plugin '{plugin.name}' {plugin.failure}")
            error.__cause__ = plugin.cause
            return error
        text = f"no {self.kind} '{name}'{nearest(short, self.names())}"
        if failed and not owner:
            text += "; not loaded: " + "; ".join(f"plugin '{plugin.name}' {plugin.failure}" for plugin in failed)
        error = PluginError(text)
        error.__cause__ = failed[0].cause if failed and not owner else None
        return error

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


def _owned(owners: dict[str, Offer], owner: str) -> dict[str, Offer]:
    """The offers of one owner; the whole name of a distribution goes before one without `seqrec-`."""
    whole = {name: offer for name, offer in owners.items() if owner_key(name) == owner_key(owner)}
    return whole or {name: offer for name, offer in owners.items() if short_owner(name) == owner_key(owner)}


def _may_bring(plugin: Loaded, name: str) -> bool:
    """Whether a plugin that failed probably offers a name: its entry point or distribution is called so."""
    return owner_key(name) in (owner_key(plugin.entry), owner_key(plugin.name), short_owner(plugin.name))
