"""Memory of a process that asks for the same pieces over and over."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's mallopt
_LARGEST_KEPT = 32 << 20
_MOST_KEPT = 1 << 30


def keep_freed_memory() -> bool:
    """Have the C library keep freed pieces of up to 32 MB, 1 GB in all, for what is asked for next; whether it does.

    Left alone, glibc gives most of a training step's memory back to the system and gets it anew, page by page, for the next one.
    Other C libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)) and bool(mallopt(_TRIM_THRESHOLD, _MOST_KEPT))
