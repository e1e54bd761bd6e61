"""Finds out who calls, and bounds how often one caller may ask."""

from collections.abc import Awaitable, Callable, Sequence
from math import ceil

import msgspec
from limits import RateLimitItemPerMinute
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.api.authorization.actor import Actor
from integrates.server.auth.recognition import Credentials
from integrates.server.http.exchange import Caller, caller_of, for_exchange, note
from integrates.server.http.middleware.window import WindowStorage
from integrates.server.http.refusal import refuse


class Rate(msgspec.Struct, frozen=True):
    """At most ``limit`` requests a minute to ``path``, and to all below it, for one caller: an actor, else the network address.

    ``read`` returns the credentials of a request, without asking the store, and ``recognise`` the actor whom they prove.
    ``counted_as`` is what all paths are called that are counted together; a path without it is counted by itself.
    """

    path: str
    limit: int
    read: Callable[[Scope], Credentials]
    recognise: Callable[[Credentials], Awaitable[Actor | None]]
    counted_as: str = ""

    @property
    def name(self) -> str:
        """What the rate is called in header fields."""
        return self.counted_as or self.path.removeprefix("/")


def by_address(path: str, limit: int) -> Rate:
    """Return a rate that counts addresses only."""

    async def nobody(_credentials: Credentials) -> None:
        return None

    return Rate(path, limit, lambda _scope: Credentials(), nobody)


def limited(app: ASGIApp, rates: Sequence[Rate], seconds: Callable[[], float]) -> ASGIApp:
    """Answer 429 with ``Retry-After`` to what exceeds its rate, and add to each answer of ``app`` what remains of the rate.

    Credentials come first: a request of an actor, who is noted for the routes, counts against the actor, wherever it comes
    from. Only one of nobody counts against its address, which others may share. The store is not asked about a token of whom is
    above the rate already. ``seconds`` is a monotonic clock.
    """
    limiter = FixedWindowRateLimiter(WindowStorage(seconds))

    async def limit(scope: Scope, receive: Receive, send: Send) -> None:
        rate = next((one for one in rates if f"{scope['path']}/".startswith(f"{one.path}/")), None)
        if rate is None:
            await app(scope, receive, send)
            return
        item = RateLimitItemPerMinute(rate.limit, namespace=rate.name)

        async def spend(caller: Caller) -> bool:
            return await limiter.hit(item, *caller)

        note(scope, "spend", spend)
        credentials = rate.read(scope)
        caller = ("actor", credentials.claims.sub if credentials.claims else "")
        may = credentials.claims is None or await limiter.test(item, *caller)
        if may:
            note(scope, "actor", await rate.recognise(credentials))
            caller = caller_of(scope)
            may = await limiter.hit(item, *caller)
        window = await limiter.get_window_stats(item, *caller)
        wait = ceil(window.reset_time - seconds())
        answer = app if may else refuse(scope, 429, headers={"retry-after": str(wait)})
        await answer(scope, receive, _with_fields(send, _fields(rate, window.remaining, wait)))

    return for_exchange(app, limit)


def _with_fields(send: Send, fields: list[tuple[bytes, bytes]]) -> Send:
    async def send_with_fields(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *fields]}
        await send(message)

    return send_with_fields


def _fields(rate: Rate, remaining: int, seconds: int) -> list[tuple[bytes, bytes]]:
    """Return the header fields of draft-ietf-httpapi-ratelimit-headers-11; the policy has the name of the rate."""
    policy = f'"{rate.name}"'
    return [
        (b"ratelimit-policy", f"{policy};q={rate.limit};w={RateLimitItemPerMinute.GRANULARITY.seconds}".encode()),
        (b"ratelimit", f"{policy};r={remaining};t={seconds}".encode()),
    ]
