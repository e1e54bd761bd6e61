"""Requests in numbers, by one client or by several at once, sent by as little code as possible."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import chain
from typing import Any

import msgspec
from service import Running, cpu_seconds

_TIMEOUT = 120
_Request = tuple[str, str, bytes | None]
"""Method, path and body."""


class Spent(msgspec.Struct, frozen=True):
    """What one request cost: CPU milliseconds of the service; and the seconds that each took as its client saw it."""

    cpu_ms: float
    wall: float
    seconds: tuple[float, ...]


def spent(running: Running, query: str, variables: dict[str, Any], requests: int, clients: int = 1) -> Spent:
    """Send a query so many times, each client its share, one request after the other."""
    return _spent(running, ("POST", "/api", msgspec.json.encode({"query": query, "variables": variables})), requests, clients)


def idle(running: Running, path: str, requests: int) -> Spent:
    """Get a path so many times that has nothing to do with the API."""
    return _spent(running, ("GET", path, None), requests, 1)


def _spent(running: Running, request: _Request, requests: int, clients: int) -> Spent:
    with ThreadPoolExecutor(clients) as pool:
        before, begin = cpu_seconds(running), time.perf_counter()
        shares = [pool.submit(_sent, running, request, requests // clients) for _ in range(clients)]
        found = tuple(chain.from_iterable(share.result() for share in shares))
        wall, cpu = time.perf_counter() - begin, cpu_seconds(running) - before
    return Spent(cpu / len(found) * 1_000, wall, found)


def _sent(running: Running, request: _Request, requests: int) -> list[float]:
    url = running.client.base_url
    with closing(HTTPConnection(url.host, url.port, timeout=_TIMEOUT)) as connection:
        return [_timed(lambda: _answered(connection, request, running.headers)) for _ in range(requests)]


def _timed(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _answered(connection: HTTPConnection, request: _Request, headers: dict[str, str]) -> None:
    connection.request(*request, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != HTTPStatus.OK or b'"errors":[' in content:
        raise RuntimeError(f"{answer.status}: {content[:2_000].decode(errors='replace')}")
