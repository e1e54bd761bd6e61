"""Bounds how often one caller may ask."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Final, TypeAlias

import msgspec
from limits import RateLimitItemPerMinute
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.server.http.exchange import address_of, for_http
from integrates.server.http.middleware.window import WindowStorage
from integrates.server.http.refusal import refuse

UNAUTHENTICATED: Final = 401


class Claimant(msgspec.Struct, frozen=True):
    """Whom credentials name; ``proven`` by a valid signature, without asking whether the token was revoked."""

    name: str
    proven: bool


class Rate(msgspec.Struct, frozen=True):
    """At most ``limit`` requests a minute to ``path`` for one caller: the claimant, else the network address."""

    path: str
    limit: int
    claimant: Callable[[Scope], Claimant | None]


_Caller: TypeAlias = tuple[str, str]
"""Whom requests count against: the kind of name, and the name."""


def nobody(_scope: Scope) -> Claimant | None:
    """Return no claimant, for rates that count addresses only."""
    return None


def limited(app: ASGIApp, rates: Sequence[Rate], seconds: Callable[[], float]) -> ASGIApp:
    """Answer 429 with ``Retry-After`` to what exceeds its rate, and add to each answer of ``app`` what remains of the rate.

    Unproven credentials that turn out to be invalid count against the address too, so that changing them does not help.
    ``seconds`` is a monotonic clock.
    """
    by_path = {rate.path: rate for rate in rates}
    limiter = FixedWindowRateLimiter(WindowStorage(seconds))

    async def limit(scope: Scope, receive: Receive, send: Send) -> None:
        rate = by_path.get(scope["path"])
        if rate is None:
            await app(scope, receive, send)
            return
        item = RateLimitItemPerMinute(rate.limit, namespace=rate.path)
        caller, *guessing = _callers(rate, scope)

        async def remaining() -> tuple[int, int]:
            windows = [await limiter.get_window_stats(item, *each) for each in (caller, *guessing)]
            least = min(windows, key=lambda window: (window.remaining, -window.reset_time))
            return least.remaining, ceil(least.reset_time - seconds())

        async def send_with_rate(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == UNAUTHENTICATED:
                    for address in guessing:
                        await limiter.hit(item, *address)
                message = {**message, "headers": [*message.get("headers", ()), *_fields(rate, *await remaining())]}
            await send(message)

        open_to_address = all([await limiter.test(item, *address) for address in guessing])
        if open_to_address and await limiter.hit(item, *caller):
            await app(scope, receive, send_with_rate)
        else:
            _, wait = await remaining()
            await refuse(scope, 429, headers={"retry-after": str(wait)})(scope, receive, send_with_rate)

    return for_http(app, limit)


def _callers(rate: Rate, scope: Scope) -> tuple[_Caller, ...]:
    """Return whom a request counts against: the caller, then the address if invalid credentials count against it as well."""
    claimant, address = rate.claimant(scope), ("address", address_of(scope))
    if claimant is None:
        return (address,)
    named = ("claimant", claimant.name)
    return (named,) if claimant.proven else (named, address)


def _fields(rate: Rate, remaining: int, seconds: int) -> list[tuple[bytes, bytes]]:
    """Return the header fields of draft-ietf-httpapi-ratelimit-headers-11; the policy is called like the path."""
    policy = f'"{rate.path.removeprefix("/")}"'
    return [
        (b"ratelimit-policy", f"{policy};q={rate.limit};w={RateLimitItemPerMinute.GRANULARITY.seconds}".encode()),
        (b"ratelimit", f"{policy};r={remaining};t={seconds}".encode()),
    ]
