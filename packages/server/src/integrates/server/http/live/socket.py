"""A WebSocket of one client: several subscriptions at once, by the protocol ``graphql-transport-ws``."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Final

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from integrates.api.authorization.actor import Actor
from integrates.api.request.answer import Answer
from integrates.api.request.body import members_of
from integrates.api.subscribe import Stream, subscribe
from integrates.server.auth.origin import may_write
from integrates.server.auth.recognition import Credentials, credentials_of, read_credentials, recognise, still_holds
from integrates.server.http.exchange import Caller, note, request_id_of
from integrates.server.http.live.ending import (
    CROWDED,
    FAILED,
    PING,
    STOPPING,
    UNPROVEN,
    Crowded,
    Ending,
    Seat,
    ending_of,
    taken_or_cut_off,
    terms_of,
)
from integrates.server.http.live.message import (
    PROTOCOL,
    Complete,
    Init,
    Message,
    Ping,
    Pong,
    Subscribe,
    bearer_in,
    read_message,
    text_of_message,
)
from integrates.server.http.refusal import refuse
from integrates.server.service import Service, new_call

PATIENCE: Final = 5.0
"""Seconds within which a client has to begin with ``connection_init``."""
MOST: Final = 10
"""How many subscriptions one connection may have at once."""
SILENCE: Final = 3
"""After so many pings without any answer the client counts as gone."""
MAX_MESSAGE: Final = 64 * 1024
"""Most bytes of a message of a client."""

BAD_MESSAGE: Final = Ending(4400, "BAD_USER_INPUT", "This is no message of the protocol.")
NOT_BEGUN: Final = Ending(4408, "BAD_USER_INPUT", "The connection was not begun in time.")
SAME_ID: Final = Ending(4409, "BAD_USER_INPUT", "A subscription with this id is there already.")
BEGUN_TWICE: Final = Ending(4429, "BAD_USER_INPUT", "The connection was begun already.")
TOO_OFTEN: Final = Ending(4429, "RATE_LIMITED", "Too many subscriptions. Try again later.")
GONE_BY_ITSELF: Final = Ending(1000, "", "")
"""Why a connection ends that its client has closed."""
GONE: Final = Ending(1001, "UNAVAILABLE", "The client does not answer.")
_MANY: Final = {"message": f"At most {MOST} subscriptions at once on a connection.", "extensions": {"code": "RATE_LIMITED"}}


class Known(msgspec.Struct, frozen=True):
    """Who has begun the connection, and by what."""

    actor: Actor
    credentials: Credentials


class _Line(msgspec.Struct, eq=False):
    """One connection: what runs on it, why it ends, who is at its other end, and how many pings were not answered yet."""

    socket: WebSocket
    ended: asyncio.Future[Ending]
    tasks: dict[str, asyncio.Task[None]] = {}
    known: Known | None = None
    unanswered: int = 0


async def serve_socket(socket: WebSocket, service: Service, seat: Seat) -> None:
    """Serve a WebSocket to its end. What has no protocol of ours, or a cookie and comes from another site, is not opened."""
    scope, settings = socket.scope, service.settings
    if PROTOCOL not in socket.scope.get("subprotocols", ()):
        await refuse(scope, 400, detail=f"A WebSocket here speaks {PROTOCOL}.")(scope, socket.receive, socket.send)
        return
    credentials = read_credentials(scope, service.keys, settings.origin, service.now())
    if credentials.cookie and not may_write(scope, settings.origin):
        await refuse(scope, 403, detail="The request does not come from a page of this server.")(
            scope, socket.receive, socket.send
        )
        return
    await socket.accept(PROTOCOL)
    line = _Line(socket, asyncio.get_running_loop().create_future(), {})
    async with AsyncExitStack() as stack:
        running = [
            asyncio.ensure_future(_read(line, service, credentials, stack, seat)),
            asyncio.ensure_future(_signs(line)),
            asyncio.ensure_future(_began_in_time(line)),
            asyncio.ensure_future(_stopped(line, service)),
        ]
        try:
            ending = await line.ended
        finally:
            left = [*running, *line.tasks.values()]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        if ending is not GONE_BY_ITSELF:
            await _closed(line, ending)


def _end(line: _Line, ending: Ending) -> None:
    if not line.ended.done():
        line.ended.set_result(ending)


async def _closed(line: _Line, ending: Ending) -> None:
    """Close the connection, and cut off who does not take that."""
    async with taken_or_cut_off(line.socket.scope):
        with suppress(OSError, RuntimeError):
            await line.socket.close(ending.close, ending.text)


async def _signs(line: _Line) -> None:
    """Ask now and then whether the client lives; who does not take that is cut off, who does not answer for long is gone."""
    while line.unanswered < SILENCE:
        await asyncio.sleep(PING)
        line.unanswered += 1
        async with taken_or_cut_off(line.socket.scope):
            await line.socket.send_text(text_of_message("ping"))
    _end(line, GONE)


async def _began_in_time(line: _Line) -> None:
    await asyncio.sleep(PATIENCE)
    if line.known is None:
        _end(line, NOT_BEGUN)


async def _stopped(line: _Line, service: Service) -> None:
    await service.live.ended.wait()
    _end(line, STOPPING)


async def _received(socket: WebSocket) -> str | None:
    """Return the text of the next message; ``None`` for one in bytes. Raise ``WebSocketDisconnect`` when the client is gone."""
    received = await socket.receive()
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", 1006))
    text: str | None = received.get("text")
    return text


async def _read(line: _Line, service: Service, credentials: Credentials, stack: AsyncExitStack, seat: Seat) -> None:
    """Do what the client says, message by message, until the connection ends."""
    try:
        while not line.ended.done():
            text = (await _received(line.socket)) or ""
            line.unanswered = 0
            message = read_message(text) if len(text.encode()) <= MAX_MESSAGE else None
            if message is None:
                _end(line, BAD_MESSAGE)
            elif isinstance(message, Init):
                await _begin(line, service, credentials, message, stack, seat)
            else:
                await _obey(line, service, message)
    except WebSocketDisconnect:
        _end(line, GONE_BY_ITSELF)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the connection ends
        _end(line, ending_of(error) or FAILED)


async def _begin(line: _Line, service: Service, given: Credentials, message: Init, stack: AsyncExitStack, seat: Seat) -> None:
    """Find out who is there, by a token in the first message, else by what the handshake brought."""
    if line.known is not None:
        _end(line, BEGUN_TWICE)
        return
    bearer = bearer_in(message.payload)
    credentials = given if bearer is None else credentials_of(bearer, service.keys, service.now())
    actor = await recognise(credentials, service.store, service.now())
    if actor is None:
        _end(line, UNPROVEN)
        return
    try:
        stack.enter_context(seat(actor.email))
    except Crowded:
        _end(line, CROWDED)
        return
    note(line.socket.scope, "actor", actor)
    line.known = Known(actor, credentials)
    await line.socket.send_text(text_of_message("connection_ack"))


async def _obey(line: _Line, service: Service, message: Message) -> None:
    match message:
        case Ping():
            await line.socket.send_text(text_of_message("pong"))
        case Pong() | Init():
            pass
        case Complete(id=identity):
            if task := line.tasks.pop(identity, None):
                task.cancel()
        case Subscribe(id=identity):
            await _open(line, service, identity, message.payload)


async def _open(line: _Line, service: Service, identity: str, payload: msgspec.Raw) -> None:
    """Begin a subscription, unless it would be one too many."""
    if line.known is None:
        _end(line, UNPROVEN)
    elif identity in line.tasks:
        _end(line, SAME_ID)
    elif len(line.tasks) >= MOST:
        await line.socket.send_text(text_of_message("error", identity, [_MANY]))
    elif not await _may_ask(line, line.known.actor):
        _end(line, TOO_OFTEN)
    else:
        task = asyncio.ensure_future(_pumped(line, service, line.known, identity, payload))
        line.tasks[identity] = task
        task.add_done_callback(lambda done: _left(line, identity, done))


def _left(line: _Line, identity: str, task: asyncio.Task[None]) -> None:
    """Forget a subscription that has ended; one that the caller may not have any more ends the connection."""
    if line.tasks.get(identity) is task:
        del line.tasks[identity]
    error = None if task.cancelled() else task.exception()
    if isinstance(error, WebSocketDisconnect | OSError):
        _end(line, GONE_BY_ITSELF)
        return
    ending = ending_of(error)
    if ending is not None:
        _end(line, ending)


async def _may_ask(line: _Line, actor: Actor) -> bool:
    """Count a subscription like a request to the API."""
    spend: Callable[[Caller], Awaitable[bool]] | None = line.socket.scope.get("state", {}).get("spend")
    return spend is None or await spend(("actor", actor.email))


async def _pumped(line: _Line, service: Service, known: Known, identity: str, payload: msgspec.Raw) -> None:
    """Send the events of one subscription as they come, then that it is complete; or why it is refused."""
    found = await _subscribed(line, service, known, payload)
    if isinstance(found, Answer):
        await line.socket.send_text(text_of_message("error", identity, found.body["errors"]))
        return
    try:
        async for answer in found:
            await line.socket.send_text(text_of_message("next", identity, answer.body))
    finally:
        await found.aclose()
    await line.socket.send_text(text_of_message("complete", identity))


async def _subscribed(line: _Line, service: Service, known: Known, payload: msgspec.Raw) -> Answer | Stream:
    async def holds() -> bool:
        return await still_holds(known.credentials, service.store, service.now())

    call = new_call(service, known.actor, request_id_of(line.socket.scope))
    terms = terms_of(holds, service.settings.request_seconds, line.ended)
    return await subscribe(service.api, members_of(bytes(payload)), call, terms)
