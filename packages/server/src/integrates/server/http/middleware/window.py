"""Where the numbers of requests are kept that the rate limit counts: in memory, bounded."""

from collections.abc import Callable
from typing import Final

import msgspec
from cachetools import TLRUCache
from limits.aio.storage import Storage

MAX_WINDOWS: Final = 20_000
"""Most windows remembered; beyond that the one not used for longest is forgotten and its caller starts anew."""


class Window(msgspec.Struct, frozen=True):
    """The requests counted in a window of time, and the reading of the clock at which it ends."""

    number: int
    ends: float


class WindowStorage(Storage):
    """A storage for the fixed windows of ``limits``; ``seconds`` is a monotonic clock.

    The library's own storage in memory has no bound, reads the wall clock, and looks through all its keys at every request:
    with 100,000 callers that takes 8 ms each time (``docs/decisions/0032-limits.md``).
    """

    base_exceptions = ()  # nothing that this storage does can fail

    def __init__(self, seconds: Callable[[], float]) -> None:
        super().__init__()
        self._seconds = seconds
        self._windows: TLRUCache[str, Window] = TLRUCache(MAX_WINDOWS, lambda _key, window, _now: window.ends, timer=seconds)

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to the number of a key, whose window begins now unless it runs, and return the sum."""
        running = self._windows.get(key) or Window(0, self._seconds() + expiry)
        counted = Window(running.number + amount, running.ends)
        self._windows[key] = counted
        return counted.number

    async def get(self, key: str) -> int:
        """Return the number counted for a key, 0 without a running window."""
        window = self._windows.get(key)
        return window.number if window else 0

    async def get_expiry(self, key: str) -> float:
        """Return the reading of the clock at which the window of a key ends, the present one without a running window."""
        window = self._windows.get(key)
        return window.ends if window else self._seconds()

    async def check(self) -> bool:
        """Return whether the storage can be used: memory always can."""
        return True

    async def reset(self) -> int:
        """Forget every window and return how many there were."""
        number = len(self._windows)
        self._windows.clear()
        return number

    async def clear(self, key: str) -> None:
        """Forget the window of a key."""
        self._windows.pop(key, None)
