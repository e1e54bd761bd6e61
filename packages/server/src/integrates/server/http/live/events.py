"""Server-sent events: a subscription as the answer to a POST, in the mode of distinct connections of ``graphql-sse``."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from integrates.api.authorization.actor import Actor
from integrates.api.request.answer import Answer
from integrates.api.subscribe import Stream, subscribe
from integrates.server.auth.recognition import read_credentials, still_holds
from integrates.server.http.exchange import accepted_types, actor_of, request_id_of
from integrates.server.http.live.ending import (
    CROWDED,
    PING,
    STOPPING,
    Crowded,
    Ending,
    Seat,
    ending_of,
    taken_or_cut_off,
    terms_of,
)
from integrates.server.http.refusal import refuse
from integrates.server.service import Service, new_call

MEDIA_TYPE: Final = "text/event-stream"
_ALIVE: Final = b":\n\n"
_COMPLETE: Final = b"event: complete\ndata: \n\n"
_HEADERS: Final = {"x-accel-buffering": "no"}
"""Has proxies pass each event on at once."""
_OF_QUERIES: Final = frozenset({"application/json", "application/graphql-response+json"})
"""What answers to queries may be."""


def wants_events(request: Request) -> bool:
    """Return whether the client takes server-sent events and no JSON: many that ask queries say that they take both."""
    accepted = accepted_types(request.scope)
    return MEDIA_TYPE in accepted and accepted.isdisjoint(_OF_QUERIES)


def _event(body: object) -> bytes:
    return b"event: next\ndata: " + msgspec.json.encode(body) + b"\n\n"


def _error(ending: Ending) -> bytes:
    return _event({"errors": [{"message": ending.text, "extensions": {"code": ending.code}}]})


async def streaming(request: Request, service: Service, seat: Seat, demand: object) -> Response | Answer:
    """Return the response that streams a subscription, or what refuses it."""
    scope, actor = request.scope, actor_of(request.scope)
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(seat(actor.email if actor else ""))
        except Crowded:
            return refuse(scope, 429, detail=CROWDED.text, headers={"retry-after": "1"})
        ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        found = await _subscribed(request, service, actor, demand, ended)
        if isinstance(found, Answer):
            return found
        return Events(found, ended, service.live.ended, stack.pop_all())


async def _subscribed(
    request: Request, service: Service, actor: Actor | None, demand: object, ended: asyncio.Future[Ending]
) -> Answer | Stream:
    credentials = read_credentials(request.scope, service.keys, service.settings.origin, service.now())

    async def holds() -> bool:
        return await still_holds(credentials, service.store, service.now())

    call = new_call(service, actor, request_id_of(request.scope))
    return await subscribe(service.api, demand, call, terms_of(holds, service.settings.request_seconds, ended))


class Events(Response):
    """Sends the events of a stream until either side ends it."""

    def __init__(self, stream: Stream, ended: asyncio.Future[Ending], stopping: asyncio.Event, stack: AsyncExitStack) -> None:
        super().__init__(media_type=MEDIA_TYPE, headers=_HEADERS)
        del self.headers["content-length"]
        self.stream = stream
        self.ended = ended
        self.stopping = stopping
        self.stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the events are all told, the client goes, or the service stops."""
        async with self.stack:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            pump = asyncio.ensure_future(_pumped(self.stream, send))
            others: list[asyncio.Future[Any]] = [
                asyncio.ensure_future(_left(receive)),
                asyncio.ensure_future(_signs(scope, send)),
                asyncio.ensure_future(self.stopping.wait()),
                self.ended,
            ]
            try:
                await asyncio.wait([pump, *others], return_when=asyncio.FIRST_COMPLETED)
                last = self._last_words(pump)
            finally:
                for task in (pump, *others):
                    task.cancel()
                await asyncio.gather(pump, *others, return_exceptions=True)
                await self.stream.aclose()
            await _farewell(scope, send, last)

    def _last_words(self, pump: asyncio.Future[None]) -> bytes:
        if self.ended.done():
            return _error(self.ended.result()) + _COMPLETE
        if pump.done():
            ending = ending_of(pump.exception())
            return (_error(ending) if ending else b"") + _COMPLETE
        return _error(STOPPING) if self.stopping.is_set() else b""


async def _pumped(stream: Stream, send: Send) -> None:
    async for answer in stream:
        await send({"type": "http.response.body", "body": _event(answer.body), "more_body": True})


async def _left(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _signs(scope: Scope, send: Send) -> None:
    """Send a sign of life now and then, and cut off who does not take it."""
    while True:
        await asyncio.sleep(PING)
        async with taken_or_cut_off(scope):
            await send({"type": "http.response.body", "body": _ALIVE, "more_body": True})


async def _farewell(scope: Scope, send: Send, last: bytes) -> None:
    """Say the last words, and cut off who does not take them."""
    async with taken_or_cut_off(scope):
        with suppress(OSError):
            await send({"type": "http.response.body", "body": last, "more_body": False})
