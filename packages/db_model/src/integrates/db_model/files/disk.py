"""Files in a folder: the default. A file gets its key by an atomic rename, once its bytes are on the disk.

The folder must stay the one that it was when it was first seen. Where a disk that was mounted there is gone, or the folder was
moved away, a new file would be in another folder than the others, and a file that is not found is perhaps only out of reach.
"""

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, ParamSpec, TypeVar

from integrates.db_model.errors import NotFound, Unavailable, Unfit
from integrates.db_model.files.port import CHUNK_BYTES, Content, Files, check_folder, check_key, in_chunks

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_UNFINISHED: Final = ".unfinished"
"""The folder in which files are written before they get their name. No key begins with a dot."""
_LISTED: Final = 1_000
"""How many keys are held while a folder is being listed."""
_UNFIT: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR})
"""The errors that trying again does not help against."""
_Check = Callable[[], bool]
"""Returns whether the folder exists. Raises ``Unfit`` when it is not the one that was seen first."""


async def _blocking(call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    try:
        return await asyncio.to_thread(call, *args, **kwargs)
    except OSError as error:
        raise (Unfit if error.errno in _UNFIT else Unavailable)(str(error)) from error


def _checking(root: Path) -> _Check:
    seen: list[tuple[int, int]] = []

    def check() -> bool:
        try:
            found = root.stat()
        except FileNotFoundError as error:
            if seen:
                raise Unfit(f"the folder {root} was removed or moved away while it was open") from error
            return False
        identity = (found.st_dev, found.st_ino)
        if not seen:
            seen.append(identity)
        if identity != seen[0]:
            raise Unfit(f"the folder {root} was replaced while it was open")
        return True

    return check


def _synced(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _begin(root: Path, check: _Check) -> tuple[int, Path]:
    folder = root / _UNFINISHED
    if not check():
        root.mkdir(parents=True, exist_ok=True)
        check()
    folder.mkdir(exist_ok=True)
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


def _finish(descriptor: int, unfinished: Path, root: Path, target: Path, check: _Check) -> None:
    """Give the file its key, in the folder in which it was begun."""
    os.fsync(descriptor)
    check()
    _make_folders(root, target.parent)
    unfinished.replace(target)
    _synced(target.parent)
    check()


def _abandon(descriptor: int, unfinished: Path) -> None:
    os.close(descriptor)
    unfinished.unlink(missing_ok=True)


async def _put(root: Path, target: Path, content: Content, check: _Check) -> None:
    descriptor, unfinished = await _blocking(_begin, root, check)
    try:
        async for chunk in in_chunks(content):
            await _blocking(_append, descriptor, chunk)
        await _blocking(_finish, descriptor, unfinished, root, target, check)
    finally:
        await _blocking(_abandon, descriptor, unfinished)


def _opened(key: str, path: Path, check: _Check) -> BinaryIO:
    check()
    try:
        return path.open("rb")
    except (FileNotFoundError, IsADirectoryError) as error:
        check()
        raise NotFound("file", key) from error


async def _get(root: Path, key: str, check: _Check) -> AsyncGenerator[bytes]:
    check_key(key)
    handle = await _blocking(_opened, key, root / key, check)
    try:
        while chunk := await _blocking(handle.read, CHUNK_BYTES):
            yield chunk
    finally:
        handle.close()


def _keys(root: Path, folder: Path) -> Iterator[str]:
    return (path.relative_to(root).as_posix() for path in folder.rglob("*") if path.is_file())


def disk_files(root: Path | str) -> Files:
    """Return the file store in the folder ``root``, which is created with the first file.

    Its functions are ``Unfit`` once the folder is not the one that was there when it was opened, or with its first file.
    """
    folder = Path(root).absolute()  # the process may change its folder later
    check = _checking(folder)
    with suppress(OSError):  # what is wrong is told by the first call
        check()

    async def put(key: str, content: Content) -> None:
        check_key(key)
        await _put(folder, folder / key, content, check)

    def get(key: str) -> AsyncGenerator[bytes]:
        return _get(folder, key, check)

    async def delete(key: str) -> None:
        check_key(key)
        await _blocking(check)
        await _blocking(partial((folder / key).unlink, missing_ok=True))

    async def keys(inner: str) -> AsyncIterator[str]:
        check_folder(inner)
        await _blocking(check)
        found = _keys(folder, folder / inner)
        while some := await _blocking(lambda: list(islice(found, _LISTED))):
            for key in some:
                yield key

    return Files(put, get, delete, keys)
