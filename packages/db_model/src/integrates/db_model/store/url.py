"""Opening a store by its URL."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Final, Protocol
from urllib.parse import parse_qsl, urlsplit

import msgspec

from integrates.db_model.store.port import Store


class Opener(Protocol):
    """Opens the store that a URL names, and creates what is missing of it only when ``create`` is true."""

    def __call__(self, url: str, *, create: bool) -> AbstractAsyncContextManager[Store]:
        """Return the open store as a context manager."""


ENTRY_POINTS: Final = "integrates.stores"
"""The entry-point group of other stores: the name is the URL's scheme, the object an :class:`Opener`."""
ACCEPTED: Final = (
    "sqlite:///relative/path, sqlite:////absolute/path, dynamodb://?endpoint=URL&region=NAME&prefix=TEXT, memory://, "
    f"or a scheme that an installed package adds ({ENTRY_POINTS})"
)


def _refuse(url: str, reason: str) -> ValueError:
    return ValueError(f"not the URL of a store: {url!r} ({reason}); accepted are {ACCEPTED}")


@asynccontextmanager
async def _memory(url: str, *, create: bool) -> AsyncIterator[Store]:  # noqa: ARG001 - it is always empty at first
    from integrates.db_model.store.memory import memory_store  # noqa: PLC0415 - only what is used is loaded

    if url not in {"memory:", "memory://"}:
        raise _refuse(url, "the memory has no path and no options")
    yield memory_store()


def sqlite_path(url: str) -> str:
    """Return the path in a URL of SQLite. Raise ``ValueError`` when there is none."""
    path = url.removeprefix("sqlite:///")
    if path in {url, "", "/"} or "?" in path or "\0" in path:
        raise _refuse(url, "the path of a file, without options")
    return path


def _sqlite(url: str, *, create: bool) -> AbstractAsyncContextManager[Store]:
    from integrates.db_model.store.sqlite.store import sqlite_store  # noqa: PLC0415 - only what is used is loaded

    return sqlite_store(sqlite_path(url), create=create)


class Options(msgspec.Struct, frozen=True):
    """The options in a URL of DynamoDB."""

    endpoint: str | None = None
    region: str | None = None
    prefix: str = ""


def dynamodb_options(url: str) -> Options:
    """Return the options in a URL of DynamoDB. Raise ``ValueError`` for anything else in it, or without the extra."""
    parts = urlsplit(url)
    if parts.netloc or parts.path.strip("/") or parts.fragment:
        raise _refuse(url, "everything is said in options after the question mark")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := options.keys() - set(Options.__struct_fields__):
        raise _refuse(url, f"unknown options {sorted(unknown)}")
    if find_spec("boto3") is None:
        raise _refuse(url, "install integrates-db-model[dynamodb]")
    return Options(**options)


def _dynamodb(url: str, *, create: bool) -> AbstractAsyncContextManager[Store]:
    options = dynamodb_options(url)
    from integrates.db_model.store.dynamodb.store import dynamodb_store  # noqa: PLC0415 - an extra

    return dynamodb_store(endpoint=options.endpoint, region=options.region, prefix=options.prefix, create=create)


_OWN: Final[Mapping[str, Opener]] = {"memory": _memory, "sqlite": _sqlite, "dynamodb": _dynamodb}


def scheme_of(url: str) -> str:
    """Return the scheme of a URL."""
    return url.partition(":")[0]


def _opener(url: str) -> Opener:
    scheme = scheme_of(url)
    if own := _OWN.get(scheme):
        return own
    found = tuple(entry_points(group=ENTRY_POINTS, name=scheme))
    if not found:
        raise _refuse(url, "unknown scheme")
    opener: Opener = found[0].load()
    return opener


@asynccontextmanager
async def open_store(url: str, *, create: bool = False) -> AsyncIterator[Store]:
    """Open the store that ``url`` names, and close it again. Its adapter is loaded only now.

    A missing file or table is made only with ``create``; otherwise the store is ``Unfit``. Raise ``ValueError``, which says
    what is accepted, for a URL that names no store, ``Unfit`` for a store that this program cannot use, ``Unavailable`` for one
    that cannot be reached.
    """
    async with _opener(url)(url, create=create) as store:
        yield store
