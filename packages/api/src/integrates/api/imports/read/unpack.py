"""Files that were packed on their way."""

import zlib
from collections.abc import Iterator
from typing import Final

from integrates.api.imports.read.error import BadFile, Defect
from integrates.api.imports.read.limit import enforce
from integrates.db_model.imports.rules import MAX_BYTES

MAX_MEMBERS: Final = 1_000
"""Most parts of a gzip file. Programs that work in parallel write one for each piece; each costs time, also an empty one."""
_GZIP: Final = b"\x1f\x8b"
_WITH_HEADER: Final = 16 + zlib.MAX_WBITS
_CHUNK: Final = 1 << 16


def unpacked(content: bytes) -> bytes:
    """Return the content of a gzip file, any other file as it is.

    No more is unpacked than may be read: raise ``TooLarge`` for more, ``BadFile`` for a damaged file.
    """
    enforce("file_too_large", len(content), MAX_BYTES)
    if not content.startswith(_GZIP):
        return content
    try:
        return b"".join(_pieces(content))
    except zlib.error:
        raise _damaged() from None


def _pieces(content: bytes) -> Iterator[bytes]:
    """Yield what is packed, piece by piece. Behind the last part of a file there may be zeros."""
    position = size = 0
    for _ in range(MAX_MEMBERS):
        member = zlib.decompressobj(wbits=_WITH_HEADER)
        while not member.eof:
            chunk = content[position : position + _CHUNK]
            if not chunk:
                raise _damaged()
            piece = member.decompress(chunk, MAX_BYTES + 1 - size)
            position += len(chunk) - len(member.unused_data) - len(member.unconsumed_tail)
            size += len(piece)
            enforce("file_too_large", size, MAX_BYTES)
            yield piece
        if not content[position : position + _CHUNK].strip(b"\0"):
            return
    raise _damaged()


def _damaged() -> BadFile:
    return BadFile((Defect("", "The gzip file is damaged, cut off, or in too many parts."),))
