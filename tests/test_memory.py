"""Freed memory is kept where the C library can be told so, and nothing happens elsewhere."""

import ctypes
import platform
import subprocess
import sys

import pytest

from seqrec.memory import keep_freed_memory

_FAULTS = """
import resource
import numpy as np
from seqrec.memory import keep_freed_memory
assert {keep} is False or keep_freed_memory()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        held = [np.ones(1 << 20) for _ in range(6)]  # 8 MB each
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
def test_memory_that_was_freed_is_not_asked_of_the_system_again() -> None:
    plain, kept = (
        int(subprocess.run([sys.executable, "-c", _FAULTS.format(keep=keep)], check=True, capture_output=True, text=True).stdout)
        for keep in (False, True)
    )
    assert plain > 10_000  # the system gives zeroed pages anew; how many at a time is its own affair
    assert kept < plain / 10


def test_another_c_library_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not keep_freed_memory()
