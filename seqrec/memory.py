"""Memory of a process that needs as much again and again."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # parameters of glibc's mallopt
_LARGEST = (1 << 30, 32 << 20)  # bytes; older glibcs take no more than the second


def keep_freed_memory() -> bool:
    """Have this process keep the memory that it frees, for what it asks for next; whether that can be had (of glibc it can).

    Left alone, glibc gives large pieces back to the system at once, which clears each page anew when it is next touched: a
    training step of recipe `fast` on a CPU touches 8,800 pages, and spends a tenth of its time on them.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return False
    return any(mallopt(_MMAP_THRESHOLD, size) for size in _LARGEST) and bool(mallopt(_TRIM_THRESHOLD, (1 << 31) - 1))
