"""A file store in memory, for tests and for trying things out."""

from collections.abc import AsyncGenerator, AsyncIterator

from integrates.db_model.errors import NotFound
from integrates.db_model.files.port import CHUNK_BYTES, Content, Files, check_folder, check_key, in_chunks, read_all


def memory_files() -> Files:
    """Return an empty file store that lasts as long as the object."""
    held: dict[str, bytes] = {}

    async def put(key: str, content: Content) -> None:
        check_key(key)
        held[key] = await read_all(in_chunks(content))

    async def get(key: str) -> AsyncGenerator[bytes]:
        check_key(key)
        if key not in held:
            raise NotFound("file", key)
        body = held[key]
        for begin in range(0, len(body), CHUNK_BYTES):
            yield body[begin : begin + CHUNK_BYTES]

    async def delete(key: str) -> None:
        check_key(key)
        held.pop(key, None)

    async def keys(folder: str) -> AsyncIterator[str]:
        check_folder(folder)
        for key in [each for each in held if each.startswith(folder)]:
            yield key

    return Files(put, get, delete, keys)
