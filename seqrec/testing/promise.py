"""A promise: one thing that `seqrec` relies on, about one part of a plugin, that can be checked."""

from collections.abc import Callable
from dataclasses import dataclass
from unittest import SkipTest


class CheckError(AssertionError):
    """A promise that is not kept; one line that says of whom and which."""


@dataclass(frozen=True)
class Promise:
    """One thing that is relied on.

    Attributes:
        kind: `task`, `backbone` … of the part.
        owner: Name of the part.
        name: Of the promise, as in `same-seed-same-picture`.
        function: Raises what is wrong, or `unittest.SkipTest` where it cannot be checked here.
        about: What a failure is about, before what was found: `its renderer`, or empty.
    """

    kind: str
    owner: str
    name: str
    function: Callable[[], None]
    about: str = ""

    @property
    def id(self) -> str:
        """As in `task-plates-same-seed-same-picture`; expected failures are declared by it."""
        return f"{self.kind}-{self.owner}-{self.name}".replace(" ", "-")

    def check(self) -> None:
        """Nothing, if the promise is kept.

        Raises:
            CheckError: It is not.
            unittest.SkipTest: It cannot be checked here, as something is not installed; pytest reports that as skipped.
        """
        subject = f"{self.kind} '{self.owner}'" + (f": {self.about}" if self.about else "")
        try:
            self.function()
        except SkipTest as skip:
            raise SkipTest(f"{subject}: {skip}") from None
        except Exception as error:
            told = str(error) if isinstance(error, CheckError) else f"{type(error).__name__}: {error}"
            raise CheckError(f"{subject}: {' '.join(told.split())}") from error


def require(fine: bool, otherwise: str) -> None:
    """Nothing, if it is fine.

    Raises:
        CheckError: It is not; the message says what was found instead.
    """
    if not fine:
        raise CheckError(otherwise)


def keep_all(promises: "list[Promise]") -> None:
    """Check every promise, in order; those that cannot be checked here are passed over.

    Raises:
        CheckError: The first that is not kept.
    """
    for promise in promises:
        try:
            promise.check()
        except SkipTest:
            continue


def needs_torch() -> None:
    """Nothing, where torch can be imported.

    Raises:
        unittest.SkipTest: It cannot.
    """
    from seqrec.errors import MissingExtraError
    from seqrec.model_file import require_torch

    try:
        require_torch()
    except MissingExtraError as error:
        raise SkipTest(str(error)) from error
