"""Calls to a service: GraphQL with and without files, and downloads, sent again where that helps and does no harm."""

import random
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from itertools import count
from typing import Any, Final, TypeVar

import httpx
import msgspec

from integrates.server.client.address import is_plain_and_here
from integrates.server.client.answer import Answer, Effect, Failure, Received, failure_of, read_answer, told_by
from integrates.server.client.fault import Fault, Refused, warn
from integrates.server.client.remote import Remote
from integrates.server.client.retry import moment_of, next_pause, told_pause
from integrates.server.version import version

T = TypeVar("T")
Progress = Callable[[int], None]
"""Told how many bytes of a file were sent so far, from 0 again when it is sent again."""

CONNECTING: Final = 15.0
"""Seconds in which a service that refuses connections may come back; it may just be starting again."""
TIMEOUT: Final = httpx.Timeout(90.0, connect=10.0)
"""A service ends each request within 60 seconds by default."""
ANSWERING: Final = 300.0
"""Seconds in which an answer has to have arrived as a whole, however often a part of it comes."""
MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of the largest JSON answer that is kept in memory."""
_NEVER: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)
_UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An open way to one service, made by :func:`connected`."""

    remote: Remote
    http: httpx.Client
    sleep: Callable[[float], None]
    seconds: Callable[[], float]
    chance: Callable[[], float]
    tell: Callable[[str], None]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file to send: its name, without folders, and its content."""

    name: str
    content: bytes


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """A GraphQL request. ``files`` are by the variable that each is put into.

    ``repeatable`` says that doing it twice does no harm, as queries and idempotent mutations: it is sent again even
    when nobody knows whether the service has carried it out.
    """

    query: str
    variables: Mapping[str, Any] = {}
    files: Mapping[str, Attachment] = {}
    repeatable: bool = False
    progress: Progress | None = None


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """An answer whose content has not been read yet; reading ``chunks`` raises :class:`Fault` when it is cut off."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


@contextmanager
def connected(
    remote: Remote,
    *,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
    seconds: Callable[[], float] = time.monotonic,
    chance: Callable[[], float] = random.random,
    tell: Callable[[str], None] = warn,
) -> Iterator[Session]:
    """Hold a way to a service open. Its token goes to no other host: redirects are not followed.

    Proxies and authorities are those of the usual variables (``HTTPS_PROXY``, ``NO_PROXY``, ``SSL_CERT_FILE``); what is http
    on this machine passes by every proxy. ``tell`` is told in a line when something is about to be sent again.
    """
    headers = {"authorization": f"Bearer {remote.token}", "accept": "application/json", "user-agent": f"integrates/{version()}"}
    with _client(headers, transport, with_proxies=not is_plain_and_here(remote.address)) as http:
        yield Session(remote=remote, http=http, sleep=sleep, seconds=seconds, chance=chance, tell=tell)


def _client(headers: Mapping[str, str], transport: httpx.BaseTransport | None, *, with_proxies: bool) -> httpx.Client:
    try:
        return httpx.Client(headers=headers, timeout=TIMEOUT, transport=transport, trust_env=with_proxies)
    except (ValueError, ssl.SSLError, httpx.InvalidURL) as error:
        raise Fault(f"a variable of the environment about proxies or certificates cannot be used: {error}") from error


def data_of(session: Session, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the data of a query. Raise :class:`Fault` when there are errors, be it at one field only."""
    answer = call(session, Demand(query=query, variables=variables or {}, repeatable=True))
    if answer.errors:
        raise Fault(f"{session.remote.address} cannot answer: {told_by(answer.errors)}", answer.request_id)
    return answer.data or {}


def change(
    session: Session,
    mutation: str,
    variables: Mapping[str, Any],
    *,
    files: Mapping[str, Attachment] | None = None,
    repeatable: bool = False,
    partly: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return the payload of a mutation of one field.

    Raise :class:`Refused` when the payload has ``errors``, unless ``partly`` says that the caller looks at them; raise
    :class:`Fault` for everything else that is no success. See :class:`Demand` for the rest.
    """
    wanted = Demand(query=mutation, variables=variables, files=files or {}, repeatable=repeatable, progress=progress)
    answer = call(session, wanted)
    payload = next(iter((answer.data or {}).values()), None)
    if answer.errors or not isinstance(payload, dict):
        told = told_by(answer.errors) or "the service answers otherwise than expected"
        raise Fault(f"{session.remote.address}: {told}", answer.request_id)
    if payload.get("errors") and not partly:
        raise Refused(payload["errors"], answer.request_id)
    return payload


def call(session: Session, demand: Demand) -> Answer:
    """Return what the API answers, errors of single fields included. Raise :class:`Fault` when it does not, or refuses all."""
    address = session.remote.address
    receive = partial(_read_all, session)
    received = _attempted(session, lambda: _request(session, demand), receive, repeatable=demand.repeatable)
    return read_answer(received, address)


@contextmanager
def fetched(
    session: Session, path: str, parameters: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Iterator[Download]:
    """Hold the answer to a GET of a path of the service, such as ``/export/shop.csv``, of any status but 429, 502, 503 and 504.

    Its content is streamed. What broke off is not sent again once the content has begun.
    """
    url = f"{session.remote.address}{path}"

    def begun(response: httpx.Response) -> httpx.Response:
        return response

    def request() -> httpx.Request:
        return session.http.build_request(
            "GET", url, params=dict(parameters or {}), headers={"accept": "*/*", **(headers or {})}
        )

    response = _attempted(session, request, begun, repeatable=True)
    try:
        yield Download(status=response.status_code, headers=_headers(response), chunks=_chunks(response, session))
    finally:
        response.close()


def _chunks(response: httpx.Response, session: Session) -> Iterator[bytes]:
    try:
        yield from response.iter_bytes()
    except httpx.HTTPError as error:
        raise Fault(_broken(error, session.remote.address).text, response.headers.get("x-request-id")) from error


def _request(session: Session, demand: Demand) -> httpx.Request:
    url, operation = f"{session.remote.address}/api", {"query": demand.query, "variables": dict(demand.variables)}
    if not demand.files:
        return session.http.build_request("POST", url, json=operation)
    operation["variables"] = {**demand.variables, **dict.fromkeys(demand.files)}
    numbered = list(enumerate(demand.files.items()))
    fields = {
        "operations": msgspec.json.encode(operation).decode(),
        "map": msgspec.json.encode({str(number): [f"variables.{name}"] for number, (name, _) in numbered}).decode(),
    }
    files = {str(number): (file.name, _Told(file.content, demand.progress)) for number, (_, file) in numbered}
    return session.http.build_request("POST", url, data=fields, files=files)


class _Told(BytesIO):
    """A file that tells how far it was read."""

    def __init__(self, content: bytes, progress: Progress | None) -> None:
        super().__init__(content)
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if self._progress:
            self._progress(self.tell())
        return found


def _attempted(
    session: Session, request: Callable[[], httpx.Request], receive: Callable[[httpx.Response], T], *, repeatable: bool
) -> T:
    """Send until there is an answer, as long as that helps and does no harm. Raise :class:`Fault` when there is none."""
    begun = session.seconds()
    for attempt in count(1):
        result = _sent(session, request(), receive)
        if not isinstance(result, Failure):
            return result
        wait = _wait(session, result, attempt, begun) if _may_repeat(result, repeatable=repeatable) else None
        if wait is None:
            raise Fault(_told_finally(result, repeatable=repeatable), result.request_id)
        session.tell(f"{result.text}; trying again in {wait:.0f} s")
        session.sleep(wait)
    raise AssertionError("the attempts end by themselves")


def _sent(session: Session, request: httpx.Request, receive: Callable[[httpx.Response], T]) -> T | Failure:
    address = session.remote.address
    try:
        response = session.http.send(request, stream=True)
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        return _broken(error, address)
    kept = False
    try:
        head = Received(status=response.status_code, headers=_headers(response), content=b"")
        if failure := failure_of(head, address):
            return failure
        result = receive(response)
        kept = result is response
    except httpx.HTTPError as error:
        return _broken(error, address)
    finally:
        if not kept:
            response.close()
    return result


def _read_all(session: Session, response: httpx.Response) -> Received:
    content, begun = bytearray(), session.seconds()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER:
            raise Fault(f"the answer is larger than {MAX_ANSWER:,} bytes; ask for less at a time")
        if session.seconds() - begun > ANSWERING:
            raise Fault(f"{session.remote.address} does not come to an end with its answer")
    return Received(status=response.status_code, headers=_headers(response), content=bytes(content))


def _headers(response: httpx.Response) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _may_repeat(failure: Failure, *, repeatable: bool) -> bool:
    return failure.effect is Effect.NONE or (failure.effect is Effect.UNKNOWN and repeatable)


def _wait(session: Session, failure: Failure, attempt: int, begun: float) -> float | None:
    patience = session.remote.patience if failure.is_busy else min(session.remote.patience, CONNECTING)
    told = told_pause(failure.retry_after, moment_of(failure.date) or datetime.now(UTC))
    return next_pause(attempt, told, patience - (session.seconds() - begun), session.chance())


def _told_finally(failure: Failure, *, repeatable: bool) -> str:
    if failure.effect is Effect.UNKNOWN and not repeatable:
        return f"{failure.text}; nobody knows whether it was carried out: look before you repeat it"
    later = f"; it asks to wait for {failure.retry_after}" if failure.retry_after else ""
    return f"{failure.text}{later}"


def _broken(error: Exception, address: str) -> Failure:
    """Return what an error below HTTP means."""
    if tls := next((each for each in _causes(error) if isinstance(each, ssl.SSLError)), None):
        return Failure(text=f"{address}: the connection cannot be trusted: {_reason(tls)}", effect=Effect.FINAL)
    if isinstance(error, _NEVER):
        return Failure(text=f"{address} cannot be called: {error}", effect=Effect.FINAL)
    if any(isinstance(each, socket.gaierror) and each.errno == socket.EAI_NONAME for each in _causes(error)):
        return Failure(text=f"{address} cannot be reached: there is no host of that name", effect=Effect.FINAL)
    if isinstance(error, _UNSENT):
        return Failure(text=f"{address} cannot be reached: {str(error) or type(error).__name__}", effect=Effect.NONE)
    if isinstance(error, httpx.TimeoutException):
        return Failure(text=f"{address} does not answer in time", effect=Effect.UNKNOWN)
    return Failure(text=f"{address} broke off in the middle: {str(error) or type(error).__name__}", effect=Effect.UNKNOWN)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _reason(error: ssl.SSLError) -> str:
    return getattr(error, "verify_message", None) or error.reason or str(error)
