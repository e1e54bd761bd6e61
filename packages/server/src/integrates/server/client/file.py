"""Files that a command writes: whole, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Yield what to write to. It takes the place of the file that is there when all of it is written, and not before.

    Who reads the file meanwhile sees the old or the new one. A link still leads to the file; a pipe or another device is
    written to as it is.
    """
    if path.exists() and not path.is_file():  # seen before links are followed: that of a pipe in /dev/stdout leads nowhere
        with path.open("wb") as file:
            yield file
        return
    place = path.resolve()
    beside = place.with_name(f".{place.name}.{uuid4().hex}")
    try:
        with os.fdopen(_opened(beside, path, mode), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)


def _opened(beside: Path, path: Path, mode: int) -> int:
    try:
        return os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        error.filename = str(path)  # which is the one that people know
        raise


def write_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole, see :func:`replacing`."""
    with replacing(path) as file:
        file.write(content)
