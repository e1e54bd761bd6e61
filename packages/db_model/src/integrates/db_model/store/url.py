"""Opening a store by its URL."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import entry_points
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from integrates.db_model.store.port import Store

Opener = Callable[[str], AbstractAsyncContextManager[Store]]

ENTRY_POINTS: Final = "integrates.stores"
"""The entry-point group of other stores: the name is the URL's scheme, the object a function from URL to context manager."""
ACCEPTED: Final = (
    "sqlite:///relative/path, sqlite:////absolute/path, dynamodb://?endpoint=URL&region=NAME&prefix=TEXT, memory://, "
    f"or a scheme that an installed package adds ({ENTRY_POINTS})"
)


def _refuse(url: str, reason: str) -> ValueError:
    return ValueError(f"not the URL of a store: {url!r} ({reason}); accepted are {ACCEPTED}")


@asynccontextmanager
async def _memory(url: str) -> AsyncIterator[Store]:
    from integrates.db_model.store.memory import memory_store  # noqa: PLC0415 - only what is used is loaded

    if url not in {"memory:", "memory://"}:
        raise _refuse(url, "the memory has no path and no options")
    yield memory_store()


def _sqlite(url: str) -> AbstractAsyncContextManager[Store]:
    from integrates.db_model.store.sqlite.store import sqlite_store  # noqa: PLC0415 - only what is used is loaded

    path = url.removeprefix("sqlite:///")
    if path in {url, "", "/"} or "?" in path:
        raise _refuse(url, "the path of a file, without options")
    return sqlite_store(path)


def _options(url: str) -> Mapping[str, str]:
    parts = urlsplit(url)
    if parts.netloc or parts.path.strip("/") or parts.fragment:
        raise _refuse(url, "everything is said in options after the question mark")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := options.keys() - {"endpoint", "region", "prefix", "create"}:
        raise _refuse(url, f"unknown options {sorted(unknown)}")
    return options


def _flag(url: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise _refuse(url, "create is true or false")
    return text == "true"


def _dynamodb(url: str) -> AbstractAsyncContextManager[Store]:
    options = _options(url)
    create = _flag(url, options.get("create", "true"))
    try:
        from integrates.db_model.store.dynamodb.store import dynamodb_store  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise _refuse(url, "install integrates-db-model[dynamodb]") from error
    endpoint, region = options.get("endpoint"), options.get("region")
    return dynamodb_store(endpoint=endpoint, region=region, prefix=options.get("prefix", ""), create=create)


_OWN: Final[Mapping[str, Opener]] = {"memory": _memory, "sqlite": _sqlite, "dynamodb": _dynamodb}


def _opener(url: str) -> Opener:
    scheme = url.partition(":")[0]
    if own := _OWN.get(scheme):
        return own
    found = tuple(entry_points(group=ENTRY_POINTS, name=scheme))
    if not found:
        raise _refuse(url, "unknown scheme")
    opener: Opener = found[0].load()
    return opener


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[Store]:
    """Open the store that ``url`` names and close it again; its adapter is loaded only now.

    Raises ``ValueError`` (it says what is accepted) for a URL that names no store, ``Unavailable`` when it cannot be reached.
    """
    async with _opener(url)(url) as store:
        yield store
