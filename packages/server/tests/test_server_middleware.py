"""The layers one by one, around applications made for the occasion."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, TypeAlias

import httpx
import msgspec
import pytest
from packages.server.tests.conftest import unanswered
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.api.authorization.actor import Actor, Means
from integrates.db_model.errors import Raced, Stale, Unavailable
from integrates.server.auth.recognition import Credentials
from integrates.server.auth.token import Claims
from integrates.server.http.exchange import note
from integrates.server.http.middleware.access_log import logged
from integrates.server.http.middleware.body_limit import GRACE, BodyLimit, bounded
from integrates.server.http.middleware.deadline import timed
from integrates.server.http.middleware.failure import contained
from integrates.server.http.middleware.rate_limit import Rate, limited
from integrates.server.http.middleware.request_id import identified
from integrates.server.http.middleware.security_headers import guarded
from integrates.server.http.middleware.unread import parted
from integrates.server.http.refusal import refuse_exception

MARK = "arn:aws:dynamodb:secret-of-ours"


async def echo(request: Request) -> Response:
    body = await request.body()
    return PlainTextResponse(str(len(body)))


def routes(endpoint: Callable[[Request], Any]) -> list[Route]:
    return [Route("/api", endpoint, methods=["GET", "POST"]), Route("/things/{thing}", endpoint)]


ROUTES = routes(echo)


def app(endpoint: Callable[[Request], Any] = echo) -> ASGIApp:
    return Starlette(routes=routes(endpoint), exception_handlers={HTTPException: refuse_exception})


async def call(application: ASGIApp, method: str = "GET", path: str = "/api", **arguments: Any) -> httpx.Response:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8001") as client:
        return await client.request(method, path, **arguments)


@pytest.mark.parametrize(
    "given, taken",
    [
        ("0123abcd", True),
        ("A-" * 32, True),
        ("a" * 7, False),
        ("a" * 65, False),
        ("0123abcd\t", False),
        ("0123 abcd", False),
        ("0123abcdé", False),
        ("<script>0123", False),
    ],
)
async def test_a_request_id_is_taken_when_well_formed(given: str, *, taken: bool) -> None:
    bound: list[str] = []
    answer = await call(identified(app(), lambda: "made-here", bound.append), headers={"x-request-id": given.encode()})
    assert answer.headers.get_list("x-request-id") == [given if taken else "made-here"]
    assert bound == [given if taken else "made-here"]


async def test_the_log_line_holds_these_members_and_nothing_else() -> None:
    lines: list[Mapping[str, object]] = []
    clock = iter([10.0, 10.25])

    async def with_actor(scope: Scope, receive: Receive, send: Send) -> None:
        note(scope, "actor", Actor("ada@demo.example", Means.SESSION))
        await app()(scope, receive, send)

    log = logged(with_actor, lines.append, ROUTES, lambda: next(clock))
    layered = identified(log, lambda: "id-of-this", lambda _: None)
    await call(layered, path="/things/secret?token=secret", headers={"authorization": "Bearer secret", "cookie": "a=secret"})
    assert lines == [
        {
            "request_id": "id-of-this",
            "method": "GET",
            "route": "/things/{thing}",
            "status": 200,
            "ms": 250.0,
            "bytes": 1,
            "actor": "ada@demo.example",
        }
    ]


async def test_security_headers_are_on_every_answer_and_a_routes_own_are_kept() -> None:
    async def own(_request: Request) -> Response:
        return PlainTextResponse("x", headers={"Cache-Control": "private"})

    for answer in (await call(guarded(app())), await call(guarded(app()), path="/nowhere")):
        policy = "default-src 'self'; frame-ancestors 'none'; object-src 'none'; form-action 'self'; base-uri 'none'"
        assert answer.headers["content-security-policy"] == policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
    assert (await call(guarded(app(own)))).headers.get_list("cache-control") == ["private"]


@pytest.mark.parametrize(
    "error, status",
    [
        (RuntimeError(MARK), 500),
        (Unavailable(MARK), 503),
        (Raced(MARK), 503),
        (Stale(MARK, MARK, 1), 503),
        (TimeoutError(MARK), 500),
    ],
)
@pytest.mark.parametrize("path", ["/api", "/things/1"])
async def test_an_error_shows_nothing_internal(
    error: Exception, status: int, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_request: Request) -> Response:
        raise error

    # the application itself is not Starlette's outermost layer here, which would raise the error again
    async def direct(scope: Scope, receive: Receive, send: Send) -> None:
        await broken(Request(scope, receive, send))

    answer = await call(identified(contained(direct), lambda: "id-of-this", lambda _: None), path=path)
    assert answer.status_code == status
    assert MARK not in answer.text
    assert "Error" not in answer.text
    assert "id-of-this" in answer.text
    assert MARK in caplog.text


async def test_an_answer_that_has_begun_is_broken_off() -> None:
    async def halfway(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(MARK)

    with pytest.raises(RuntimeError):
        await call(contained(halfway))


async def test_the_deadline_cancels_what_the_request_waits_for(elapse: Callable[[float], None]) -> None:
    ended: list[str] = []

    async def slow(_request: Request) -> Response:
        async def wait() -> None:
            elapse(30)
            try:
                await unanswered()
            finally:
                ended.append("cancelled")

        await asyncio.gather(wait(), wait())
        return PlainTextResponse("late")

    before = asyncio.all_tasks()
    answer = await call(timed(app(slow), 60, 1000))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert ended == ["cancelled", "cancelled"]
    assert asyncio.all_tasks() <= before


LIMIT = BodyLimit(plain=100, multipart=1000, seconds=30, rate=1)
LARGE = msgspec.structs.replace(LIMIT, plain=10**9, rate=1000)


async def chunks(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


@pytest.mark.parametrize(
    "size, media, status",
    [
        (100, "application/json", 200),
        (101, "application/json", 413),
        (1000, "multipart/form-data; boundary=b", 200),
        (1001, "multipart/form-data; boundary=b", 413),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_may_have_so_many_bytes(size: int, media: str, status: int, *, announced: bool) -> None:
    content: Any = b"x" * size if announced else chunks(60, size - 60)
    answer = await call(bounded(app(), LIMIT), "POST", content=content, headers={"content-type": media})
    assert answer.status_code == status


async def test_multipart_is_for_the_api_only() -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = await call(bounded(app(), LIMIT), "GET", "/things/1", content=b"x" * 101, headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("read", "headers", "expected"),
    [
        (True, {"content-length": "2"}, None),
        (False, {"content-length": "2"}, "close"),
        (False, {"transfer-encoding": "chunked"}, "close"),
        (False, {"content-length": "0"}, None),
        (False, {}, None),
    ],
)
async def test_an_answer_before_the_end_of_the_body_ends_the_connection(
    read: bool, headers: dict[str, str], expected: str | None
) -> None:
    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if read:
            await Request(scope, receive).body()
        await PlainTextResponse("ok", headers={"connection": "keep-alive"} if expected else None)(scope, receive, send)

    answer = await call(parted(answered), "POST", content=b"{}" if headers else b"", headers=headers)
    assert answer.headers.get("connection") == expected


@pytest.mark.parametrize("messages, expected", [(1, "close"), (2, "close"), (3, None)])
async def test_an_answer_in_the_middle_of_the_body_ends_the_connection(messages: int, expected: str | None) -> None:
    waiting: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"x", "more_body": more} for more in (True, True, False)]
    )

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(messages):
            await receive()
        await PlainTextResponse("ok")(scope, receive, send)

    async def given() -> Message:
        return next(waiting)

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"transfer-encoding", b"chunked")]
    await parted(answered)({"type": "http", "method": "POST", "path": "/", "headers": headers}, given, send)
    assert Headers(raw=sent[0]["headers"]).get("connection") == expected


async def test_nothing_is_read_of_a_body_announced_as_too_large() -> None:
    read: list[int] = []

    async def content() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"x"

    headers = {"content-type": "application/json", "content-length": str(20 * 1024 * 1024)}
    answer = await call(bounded(app(), LIMIT), "POST", content=content(), headers=headers)
    assert (answer.status_code, read) == (413, [])


Arrival: TypeAlias = tuple[float, int]
"""So many seconds, then so many bytes."""


async def sent(elapse: Callable[[float], None], limit: BodyLimit, *arrivals: Arrival) -> httpx.Response:
    async def trickle() -> AsyncIterator[bytes]:
        for seconds, size in arrivals:
            elapse(seconds)
            for _turn in range(2):  # one to find out that a deadline has passed, one to act on it
                await asyncio.sleep(0)
            yield b"x" * size

    return await call(bounded(app(), limit), "POST", content=trickle(), headers={"content-type": "application/json"})


@pytest.mark.parametrize(("number", "status"), [(29, 200), (30, 408)])
async def test_a_trickled_body_has_one_deadline(elapse: Callable[[float], None], number: int, status: int) -> None:
    assert (await sent(elapse, LIMIT, *[(1, 1)] * number)).status_code == status


@pytest.mark.parametrize(
    ("arrivals", "status"),
    [
        ([(GRACE - 0.1, 0)], 200),
        ([(GRACE, 0)], 408),
        ([(0, 1000), (GRACE + 0.9, 1)], 200),
        ([(0, 1000), (GRACE + 1, 1)], 408),
        ([(1, 999)] * 29, 200),
        ([(1, 750)] * 16, 200),
        ([(1, 750)] * 18, 408),
        ([(1, 1)] * 5, 200),
        ([(1, 1)] * 6, 408),
        ([(0, 20_000), (24.9, 1), (0, 1)], 200),
        ([(0, 20_000), (24.9, 1), (0.2, 1)], 408),
        ([(0, 10**6), (29.9, 1)], 200),
        ([(0, 10**6), (30, 1)], 408),
    ],
)
async def test_a_body_has_a_lowest_rate(elapse: Callable[[float], None], arrivals: list[Arrival], status: int) -> None:
    assert (await sent(elapse, LARGE, *arrivals)).status_code == status


async def test_the_time_that_the_service_takes_is_not_held_against_a_body(elapse: Callable[[float], None]) -> None:
    """It reads a part, does something else for long, and reads on."""

    async def slow(request: Request) -> Response:
        sizes = []
        async for chunk in request.stream():
            sizes.append(len(chunk))
            elapse(2)
        return PlainTextResponse(str(sizes))

    answer = await call(bounded(app(slow), LARGE), "POST", content=chunks(*[1] * 9))
    assert (answer.status_code, answer.text) == (200, str([1] * 9 + [0]))


def read(scope: Scope) -> Credentials:
    """The headers say who asks: ``x-claimed`` by a token, ``x-actor`` in truth."""
    found = {name: value.decode() for name, value in scope["headers"]}
    claimed = found.get(b"x-claimed")
    claims = Claims(iss="", aud="", sub=claimed, jti="", iat=0, exp=0) if claimed else None
    return Credentials(claims=claims, cookie=found.get(b"x-actor"))


async def recognise(credentials: Credentials) -> Actor | None:
    return Actor(credentials.cookie, Means.SESSION) if credentials.cookie else None


def rate(limit: int, path: str = "/api") -> Rate:
    return Rate(path, limit, read, recognise)


async def statuses(application: ASGIApp, *headers: dict[str, str]) -> list[int]:
    return [(await call(application, headers=given)).status_code for given in headers]


async def test_each_caller_has_a_rate_of_their_own() -> None:
    application = limited(app(), [rate(2)], lambda: 0.0)
    ada, olga = {"x-actor": "ada"}, {"x-actor": "olga"}
    assert await statuses(application, ada, ada, ada, olga, {}, {}, {}, olga, olga) == [
        200,
        200,
        429,
        200,
        200,
        200,
        429,
        200,
        429,
    ]


async def test_the_rate_is_that_of_the_path() -> None:
    application = limited(app(), [rate(1), rate(1, "/things/1")], lambda: 0.0)
    paths = ["/api", "/things/1", "/things/2", "/api", "/things/1", "/things/2"]
    assert [(await call(application, path=path)).status_code for path in paths] == [200, 200, 200, 429, 429, 200]


async def test_the_answer_tells_when_to_try_again() -> None:
    now = 0.0
    application = limited(app(), [rate(1)], lambda: now)
    await call(application)
    now = 20.5
    answer = await call(application)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "40")
    assert answer.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    now = 60.0
    assert (await call(application)).status_code == 200


def told(answer: httpx.Response) -> tuple[str | None, str | None]:
    return answer.headers.get("ratelimit-policy"), answer.headers.get("ratelimit")


async def test_each_answer_tells_what_remains_of_the_rate() -> None:
    now = 0.0
    application = limited(app(), [rate(2)], lambda: now)
    policy = '"api";q=2;w=60'
    assert told(await call(application)) == (policy, '"api";r=1;t=60')
    now = 20.5
    assert told(await call(application)) == (policy, '"api";r=0;t=40')
    refused = await call(application)
    assert (refused.status_code, refused.headers["retry-after"], told(refused)) == (429, "40", (policy, '"api";r=0;t=40'))
    now = 60.0
    assert told(await call(application)) == (policy, '"api";r=1;t=60')
    assert told(await call(application, path="/things/1")) == (None, None)


async def test_what_remains_for_guesses_is_what_remains_for_their_address() -> None:
    application = limited(app(), [rate(3)], lambda: 0.0)
    guesses = [await call(application, headers={"x-guessed": str(number)}) for number in range(4)]
    assert [told(answer)[1] for answer in guesses] == [f'"api";r={remaining};t=60' for remaining in (2, 1, 0, 0)]
    assert told(await call(application, headers={"x-actor": "ada"}))[1] == '"api";r=2;t=60'


async def test_what_an_address_has_tried_is_not_held_against_the_actors_behind_it() -> None:
    application = limited(app(), [rate(2)], lambda: 0.0)
    guesses, ada = [{"x-guessed": str(number)} for number in range(4)], {"x-actor": "ada"}
    assert await statuses(application, *guesses, ada, ada, ada, {}) == [200, 200, 429, 429, 200, 200, 429, 429]


async def test_above_the_rate_of_whom_a_token_names_nobody_is_asked_for() -> None:
    asked: list[str] = []

    async def counted(credentials: Credentials) -> Actor | None:
        asked.append("asked")
        return await recognise(credentials)

    application = limited(app(), [Rate("/api", 1, read, counted)], lambda: 0.0)
    ada, revoked = {"x-actor": "ada", "x-claimed": "ada"}, {"x-claimed": "olga"}
    assert await statuses(application, ada, ada, revoked, revoked) == [200, 429, 200, 429]
    assert len(asked) == 3, "what a token claims counts against nobody but its address"


async def test_changing_invalid_credentials_does_not_help() -> None:
    application = limited(app(), [rate(3)], lambda: 0.0)
    guesses = [{"x-guessed": str(number)} for number in range(5)]
    assert await statuses(application, *guesses, {}, {"x-actor": "ada"}) == [200, 200, 200, 429, 429, 429, 200]


async def test_api_refusals_are_graphql_errors() -> None:
    answer = await call(identified(app(), lambda: "id-of-this", lambda _: None), "DELETE")
    assert answer.status_code == 405
    assert json.loads(answer.text)["errors"][0]["extensions"]["requestId"] == "id-of-this"
