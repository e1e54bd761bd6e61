"""Asking a provider by HTTP: within a time, and never more of an answer than it can need."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final, TypeVar

import httpx
import msgspec

MAX_ANSWER: Final = 256 * 1024
"""Bytes of the largest answer that is read; those of common providers have a few thousand."""
PATIENCE: Final = 10.0
"""Seconds that a provider has for one step of a login, all its answers together."""
_WAIT: Final = httpx.Timeout(PATIENCE)
"""How long nothing at all may come: what trickles in has to be bounded by :func:`patiently`."""

T = TypeVar("T")


class Faulty(Exception):
    """A provider does not answer, or not as it has to. ``reason`` says how, without anything that it sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Answer(msgspec.Struct, frozen=True):
    """What a provider answered."""

    status: int
    body: bytes


@asynccontextmanager
async def patiently() -> AsyncIterator[None]:
    """Bound one step of a login. Raise :class:`Faulty` when it takes longer than ``PATIENCE``."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError as error:
        raise Faulty("it did not answer in time") from error


async def fetch(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: str = "") -> Answer:
    """Ask and return the answer, whatever its status. Redirections are not followed.

    Raise :class:`Faulty` when it is larger than ``MAX_ANSWER``. How long it may take is bounded by :func:`patiently`, for all
    that is asked in one step together.
    """
    wanted = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "integrates", **(headers or {})}
    try:
        async with (
            httpx.AsyncClient(verify=_trust(), timeout=_WAIT) as client,
            client.stream(method, url, headers=wanted, content=body.encode() or None) as response,
        ):
            return Answer(response.status_code, await _read(response))
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, UnicodeError) as error:
        raise Faulty(f"it cannot be asked: {type(error).__name__}") from error


async def _read(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Faulty("its answer is compressed, which nobody asked for")
    content = b""
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > MAX_ANSWER:
            raise Faulty(f"its answer has more than {MAX_ANSWER:,} bytes")
    return content


def decoded(answer: Answer, kind: type[T], what: str) -> T:
    """Return the JSON of an answer with status 200. Raise :class:`Faulty` for another status or form."""
    if answer.status != httpx.codes.OK:
        raise Faulty(f"its {what} has status {answer.status}")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Faulty(f"its {what} has another form than it has to have") from error


async def fetch_json(url: str, kind: type[T], what: str, **options: Any) -> T:
    """Return the JSON that stands at an address. Raise as :func:`fetch` and :func:`decoded` do."""
    return decoded(await fetch("GET", url, **options), kind, what)


@cache
def _trust() -> ssl.SSLContext:
    """Return what says whom to trust: the authorities of this machine, or of ``SSL_CERT_FILE``. Reading them takes a while."""
    return ssl.create_default_context()
