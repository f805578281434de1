"""Freed memory that is kept is not cleared by the system again."""

import platform
import subprocess
import sys

import pytest

from seqrec.memory import keep_freed_memory

PROGRAM = """
import resource, sys
from seqrec.memory import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()
def use():
    b"x" * 60_000_000
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not glibc")
def test_freed_memory_is_used_again_without_new_pages() -> None:
    def pages(what: str) -> int:
        done = subprocess.run([sys.executable, "-c", PROGRAM, what], check=True, capture_output=True, text=True, timeout=60)
        return int(done.stdout)

    assert pages("keep") * 10 < pages("let go")


def test_other_c_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for failure in (OSError, TypeError, AttributeError):

        def refuse(_: None, failure: type[Exception] = failure) -> None:
            raise failure

        monkeypatch.setattr("ctypes.CDLL", refuse)
        assert not keep_freed_memory()
