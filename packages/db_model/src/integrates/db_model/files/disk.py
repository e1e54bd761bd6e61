"""Files in a folder: the default. A file gets its key by an atomic rename, once its bytes are on the disk."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from integrates.db_model.errors import NotFound, Unavailable
from integrates.db_model.files.port import CHUNK_BYTES, Content, Files, check_key, in_chunks

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_UNFINISHED: Final = ".unfinished"
"""The folder in which files are written before they get their name. No key begins with a dot."""


async def _blocking(call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    try:
        return await asyncio.to_thread(call, *args, **kwargs)
    except (FileNotFoundError, IsADirectoryError):
        raise
    except OSError as error:
        raise Unavailable(str(error)) from error


def _synced(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _begin(root: Path) -> tuple[int, Path]:
    folder = root / _UNFINISHED
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder)
    return descriptor, Path(name)


def _append(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _make_folders(root: Path, folder: Path) -> None:
    """Create the folders below ``root`` that lead to ``folder``, and make each durable in its parent."""
    missing = [each for each in (folder, *folder.parents) if each.is_relative_to(root) and not each.is_dir()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        _synced(each.parent)


def _finish(descriptor: int, unfinished: Path, root: Path, target: Path) -> None:
    os.fsync(descriptor)
    _make_folders(root, target.parent)
    unfinished.replace(target)
    _synced(target.parent)


def _abandon(descriptor: int, unfinished: Path) -> None:
    os.close(descriptor)
    unfinished.unlink(missing_ok=True)


async def _put(root: Path, target: Path, content: Content) -> None:
    descriptor, unfinished = await _blocking(_begin, root)
    try:
        async for chunk in in_chunks(content):
            await _blocking(_append, descriptor, chunk)
        await _blocking(_finish, descriptor, unfinished, root, target)
    finally:
        await _blocking(_abandon, descriptor, unfinished)


async def _get(key: str, path: Path) -> AsyncIterator[bytes]:
    try:
        handle = await _blocking(path.open, "rb")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFound("file", key) from error
    try:
        while chunk := await _blocking(handle.read, CHUNK_BYTES):
            yield chunk
    finally:
        handle.close()


def disk_files(root: Path | str) -> Files:
    """Return the file store in the folder ``root``, which is created with the first file."""
    folder = Path(root)

    async def put(key: str, content: Content) -> None:
        check_key(key)
        await _put(folder, folder / key, content)

    async def get(key: str) -> AsyncIterator[bytes]:
        check_key(key)
        async for chunk in _get(key, folder / key):
            yield chunk

    async def delete(key: str) -> None:
        check_key(key)
        await _blocking(partial((folder / key).unlink, missing_ok=True))

    return Files(put, get, delete)
