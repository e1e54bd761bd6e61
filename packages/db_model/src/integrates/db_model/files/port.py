"""The port of file stores: whole files under a key, streamed. Files never change; a new file gets a key of its own.

``put``     stores the bytes, or the chunks as they come, under the key. The file can be read once all of it is durable.
            Putting again replaces it, so sending the same file twice is harmless.
``get``     yields the chunks. A missing file raises :class:`~integrates.db_model.errors.NotFound` (facet ``file``) before the
            first. Whoever stops before the last closes it, which closes the file.
``delete``  removes the file, if it exists.
``keys``    yields the keys of all files in a folder, in no order. A folder is the beginning of keys up to a ``/``, e.g.
            ``imports/``. A file that comes or goes meanwhile may be among them or not; who lists may
            delete what was yielded, and store others. Not all are held in memory at once.

A key is segments joined by ``/``, e.g. ``imports/0b6f/scan.sarif``; no key is the folder of another. Each function raises
``ValueError`` for any other key, ``Unavailable`` when the file store cannot be reached or is full, ``Unfit`` when it cannot be
used: its folder is not the one that was opened, its bucket is missing, credentials are wrong. Nothing is acknowledged then.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Final, TypeAlias

import msgspec

MAX_KEY_LENGTH: Final = 512
CHUNK_BYTES: Final = 64 * 1024
"""Largest chunk that ``get`` yields."""

_SEGMENT: Final = r"[A-Za-z0-9_][A-Za-z0-9._=@+-]{0,199}"
_KEY: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*", re.ASCII)

Content: TypeAlias = bytes | AsyncIterable[bytes]


class Files(msgspec.Struct, frozen=True):
    """A file store: its four functions. A wrapper is a function ``Files -> Files``."""

    put: Callable[[str, Content], Awaitable[None]]
    get: Callable[[str], AsyncGenerator[bytes]]
    delete: Callable[[str], Awaitable[None]]
    keys: Callable[[str], AsyncIterator[str]]


def check_key(key: str) -> None:
    """Raise ``ValueError`` unless ``key`` is that of a file: not hidden, empty or absolute, and not leading upwards."""
    if len(key) > MAX_KEY_LENGTH or not _KEY.fullmatch(key):
        raise ValueError(f"not the key of a file: {key!r}")


def check_folder(folder: str) -> None:
    """Raise ``ValueError`` unless ``folder`` is the beginning of keys up to a ``/``."""
    check_key(folder.removesuffix("/"))
    if not folder.endswith("/"):
        raise ValueError(f"not a folder of files: {folder!r}")


async def in_chunks(content: Content) -> AsyncIterator[bytes]:
    """Yield the chunks of a content, whichever form it has."""
    if isinstance(content, bytes):
        yield content
        return
    async for chunk in content:
        yield chunk


async def read_all(content: AsyncIterable[bytes]) -> bytes:
    """Return all chunks as one, for files that are known to be small."""
    return b"".join([chunk async for chunk in content])
