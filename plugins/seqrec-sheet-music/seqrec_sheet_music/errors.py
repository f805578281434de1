"""What can go wrong with music, and what to do when a package for it is absent."""

from importlib import import_module
from typing import Any

from seqrec import SeqrecError
from seqrec.errors import MissingExtraError


class MusicError(SeqrecError):
    """Tokens that are no music, or a file that holds none that can be read."""


def needed(module: str) -> Any:
    """A module of an optional package, imported now.

    Args:
        module: As in `music21` or `music21.converter`.

    Raises:
        MissingExtraError: The package is absent or does not import; the message has the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(f"this needs {package}, which cannot be imported ({error}); pip install {package}") from error
