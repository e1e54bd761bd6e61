"""Bounds how often one caller may ask."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Final, TypeAlias

import msgspec
from cachetools import TTLCache
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import address_of, for_http
from integrates.server.http.refusal import refuse

WINDOW: Final = 60.0
"""Seconds over which requests are counted."""
MAX_CALLERS: Final = 20_000
"""Most callers remembered; beyond that the one not seen for longest starts anew, so memory stays bounded."""
UNAUTHENTICATED: Final = 401


class Claimant(msgspec.Struct, frozen=True):
    """Whom credentials name; ``proven`` when a signature of ours says so, without asking whether they still hold."""

    name: str
    proven: bool


class Rate(msgspec.Struct, frozen=True):
    """At most ``limit`` requests a minute to ``path`` for one caller: the claimant, else the network address."""

    path: str
    limit: int
    claimant: Callable[[Scope], Claimant | None]


class _Count(msgspec.Struct):
    begun: float
    number: int = 0


def nobody(_scope: Scope) -> Claimant | None:
    """The claimant of rates that count addresses only."""
    return None


def limited(app: ASGIApp, rates: Sequence[Rate], seconds: Callable[[], float]) -> ASGIApp:
    """Answer 429 with ``Retry-After`` to what exceeds its rate. ``seconds`` is a monotonic clock.

    Unproven credentials that turn out to be invalid count against the address too, so that changing them does not help.
    """
    limits = {rate.path: rate for rate in rates}
    spend = _counter(seconds)

    async def limit(scope: Scope, receive: Receive, send: Send) -> None:
        rate = limits.get(scope["path"])
        if rate is None:
            await app(scope, receive, send)
            return
        claimant = rate.claimant(scope)
        named = _by_name(rate, claimant) if claimant else _by_address(rate, scope)
        wait = spend(named, rate.limit, 1)
        if claimant and not claimant.proven:
            wait = max(wait, spend(_by_address(rate, scope), rate.limit, 0))
        if wait:
            await refuse(scope, 429, headers={"retry-after": str(ceil(wait))})(scope, receive, send)
            return

        async def watch(message: Message) -> None:
            if claimant and not claimant.proven and message.get("status") == UNAUTHENTICATED:
                spend(_by_address(rate, scope), rate.limit, 1)
            await send(message)

        await app(scope, receive, watch)

    return for_http(app, limit)


_Key: TypeAlias = tuple[str, str, str]


def _by_name(rate: Rate, claimant: Claimant) -> _Key:
    return (rate.path, "name", claimant.name)


def _by_address(rate: Rate, scope: Scope) -> _Key:
    return (rate.path, "address", address_of(scope))


def _counter(seconds: Callable[[], float]) -> Callable[[_Key, int, int], float]:
    """A function that adds to the count of a key and returns the seconds to wait when the count is above its limit.

    Adding nothing asks whether one more would be.
    """
    counts: TTLCache[_Key, _Count] = TTLCache(MAX_CALLERS, WINDOW, timer=seconds)

    def spend(key: _Key, limit: int, weight: int) -> float:
        current = counts.setdefault(key, _Count(seconds()))
        current.number += weight
        exceeded = current.number + (0 if weight else 1) > limit
        return max(current.begun + WINDOW - seconds(), 1.0) if exceeded else 0.0

    return spend
