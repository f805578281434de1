"""Files that lie elsewhere, by fsspec: found, and copied to this machine when they are first read."""

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from seqrec.errors import DataError, MissingExtraError

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+):/+(?P<rest>[^/].*)", re.DOTALL)  # one slash: what pathlib leaves of several
_LOCAL = ("file", "local")  # whose paths start with a slash of their own
_BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
_MOST_NAMES = 1_000_000


def url_of(path: "str | Path") -> str | None:
    """The URL that a path is, also one that went through `Path`; None for a path of this machine.

    Example:
        >>> url_of(Path("s3://bucket/words-{000..009}.tar"))
        's3://bucket/words-{000..009}.tar'
        >>> url_of("words/shard-000.tar")
    """
    found = _URL.fullmatch(str(path))
    if not found or os.path.exists(path):
        return None
    return f"{found['scheme']}://{'/' if found['scheme'] in _LOCAL else ''}{found['rest']}"


def expanded(pattern: str) -> list[str]:
    """Names of a pattern with number ranges in braces, as WebDataset has them.

    Example:
        >>> expanded("a-{08..11}.tar")
        ['a-08.tar', 'a-09.tar', 'a-10.tar', 'a-11.tar']
    """
    found = _BRACES.search(pattern)
    if not found:
        return [pattern]
    first, last = int(found[1]), int(found[2])
    if not 0 <= last - first < _MOST_NAMES:
        raise DataError(f"'{pattern}': {{{found[1]}..{found[2]}}} is no range of at most {_MOST_NAMES:,} numbers")
    numbers = (f"{number:0{len(found[1])}d}" for number in range(first, last + 1))
    return [name for number in numbers for name in expanded(pattern[: found.start()] + number + pattern[found.end() :])]


def listed(url: str, endings: tuple[str, ...]) -> list[str]:
    """URLs of the files below a folder whose names end so, sorted.

    Raises:
        DataError: The folder cannot be listed.
        MissingExtraError: fsspec, or what it needs for this kind of URL, is not installed.
    """
    try:
        system, path = _fsspec().core.url_to_fs(url)
        return sorted(system.unstrip_protocol(name) for name in system.find(path) if name.endswith(endings))
    except MissingExtraError:
        raise
    except ImportError as error:
        raise MissingExtraError(f"'{url}' needs a package that is not installed: {error}") from error
    except Exception as error:  # each kind of file system raises its own
        raise DataError(f"'{url}' cannot be listed: {error}; check the address and your access") from error


def fetched(url: str) -> Path:
    """The file on this machine: copied whole at its first use, by whichever process comes first.

    The copies lie in the folder that the environment variable SEQREC_CACHE names, else in one of the system's for temporary
    files. Of those there, the longest unused are deleted where all together would take more than SEQREC_CACHE_GB (20).

    Raises:
        DataError: The file cannot be fetched.
        MissingExtraError: fsspec, or what it needs for this kind of URL, is not installed.
    """
    folder = Path(os.environ.get("SEQREC_CACHE") or Path(tempfile.gettempdir()) / f"seqrec-cache-{_user()}")
    name = hashlib.sha256(url.encode()).hexdigest()[:24] + "-" + re.sub(r"[^\w.-]", "_", url.rpartition("/")[2])[-60:]
    target = folder / name
    if target.exists():
        with suppress(OSError):
            os.utime(target)  # used last now
        return target
    partial = folder / f"{name}.{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        system, path = _fsspec().core.url_to_fs(url)
        _make_room(folder, int(system.size(path) or 0))
        system.get_file(path, str(partial))
        partial.replace(target)
    except MissingExtraError:
        raise
    except ImportError as error:
        raise MissingExtraError(f"'{url}' needs a package that is not installed: {error}") from error
    except Exception as error:  # each kind of file system raises its own
        with suppress(OSError):
            partial.unlink()
        raise DataError(
            f"'{url}' cannot be fetched: {error}; check the address, your access and the room in '{folder}'"
        ) from error
    return target


def _make_room(folder: Path, size: int) -> None:
    most = float(os.environ.get("SEQREC_CACHE_GB") or 20) * 1e9
    held = sorted((file.stat().st_atime, file.stat().st_size, file) for file in folder.iterdir() if file.suffix != ".part")
    total = size + sum(taken for _, taken, _ in held)
    for _, taken, file in held:
        if total <= most:
            break
        with suppress(OSError):
            file.unlink()  # whoever has it open keeps it
        total -= taken


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


def _fsspec() -> Any:
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError("data sets at URLs need fsspec: pip install fsspec") from error
    return fsspec
