"""The heap of the C library, from which come whatever SQLite and Python's longer texts take."""

import ctypes
from typing import Final

_ARENA_MAX: Final = -8
"""The number of the option M_ARENA_MAX in glibc's ``malloc.h``."""


def share_heap() -> None:
    """Have all threads that start from now on share one heap, where the C library has a choice (glibc).

    By default each thread gets a heap of its own, which keeps what the largest piece of work that ever ran in it took. That
    saves waiting where threads allocate at once, and Python's do not.
    """
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None:
        choose(_ARENA_MAX, 1)
