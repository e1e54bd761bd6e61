"""The memory of the process: the heap of the C library, and the collector of Python's objects."""

import ctypes
import gc
from typing import Final

_ARENA_MAX: Final = -8
"""The number of the option M_ARENA_MAX in glibc's ``malloc.h``."""
_YOUNG: Final = 10_000
"""New objects after which the collector looks at them: more than a page or a chunk of an import leaves until it is done."""


def share_heap() -> None:
    """Have all threads that start from now on share one heap, where the C library has a choice (glibc).

    By default each thread gets a heap of its own, which keeps what the largest piece of work that ever ran in it took. That
    saves waiting where threads allocate at once, and Python's do not.
    """
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None:
        choose(_ARENA_MAX, 1)


def spare_collector() -> None:
    """Have the collector leave alone what start-up has made, which stays, and look at new objects less often.

    The model's values form no cycles and go by themselves; looking at them while they are needed took a twentieth of an import.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG)
