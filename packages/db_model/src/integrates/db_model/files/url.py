"""Opening a file store by its URL."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from integrates.db_model.files.port import Files

ACCEPTED: Final = "file:///absolute/folder, file://relative/folder, s3://bucket?endpoint=URL&region=NAME&prefix=TEXT, memory://"


def _refuse(url: str, reason: str) -> ValueError:
    return ValueError(f"not the URL of a file store: {url!r} ({reason}); accepted are {ACCEPTED}")


@asynccontextmanager
async def _memory(url: str) -> AsyncIterator[Files]:
    from integrates.db_model.files.memory import memory_files  # noqa: PLC0415 - only what is used is loaded

    if url not in {"memory:", "memory://"}:
        raise _refuse(url, "the memory has no path and no options")
    yield memory_files()


@asynccontextmanager
async def _file(url: str) -> AsyncIterator[Files]:
    from integrates.db_model.files.disk import disk_files  # noqa: PLC0415 - only what is used is loaded

    path = url.removeprefix("file://")
    if path in {url, ""}:
        raise _refuse(url, "the path of a folder is missing")
    yield disk_files(path)


def _s3(url: str) -> AbstractAsyncContextManager[Files]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not parts.netloc or parts.path.strip("/") or parts.fragment:
        raise _refuse(url, "a bucket, then options after a question mark")
    if unknown := options.keys() - {"endpoint", "region", "prefix"}:
        raise _refuse(url, f"unknown options {sorted(unknown)}")
    try:
        from integrates.db_model.files.s3 import s3_files  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise _refuse(url, "install integrates-db-model[s3]") from error
    return s3_files(parts.netloc, **options)


_OPENERS: Final[Mapping[str, Callable[[str], AbstractAsyncContextManager[Files]]]] = {
    "memory": _memory,
    "file": _file,
    "s3": _s3,
}


@asynccontextmanager
async def open_files(url: str) -> AsyncIterator[Files]:
    """Open the file store that ``url`` names, and close it again. Its adapter is loaded only now.

    Raise ``ValueError``, which says what is accepted, for a URL that names no file store.
    """
    opener = _OPENERS.get(url.partition(":")[0])
    if opener is None:
        raise _refuse(url, "unknown scheme")
    async with opener(url) as files:
        yield files
