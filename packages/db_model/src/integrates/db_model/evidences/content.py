"""What a file is, by its leading bytes and never by its name (domain section 3); and the rows of one of records. Pure."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final

from integrates.db_model.evidences.types import MediaType

MAX_RECORDS: Final = 1_000
"""How many rows of a file of records are shown."""
MAX_CELLS: Final = 10_000
"""How many cells these rows have in all: with the row that would pass it, no more are shown."""

_EBML: Final = b"\x1a\x45\xdf\xa3"
_DOCTYPE: Final = b"\x42\x82"
"""The id of the element that says which format of the Extensible Binary Meta Language a file has (RFC 8794, section 11.2.6)."""
_HEAD: Final = 256
"""In how many bytes that element is looked for."""
_SIGNATURES: Final[Mapping[bytes, MediaType]] = {
    b"\x89PNG\r\n\x1a\n": MediaType.PNG,
    b"\xff\xd8\xff": MediaType.JPEG,
    b"GIF87a": MediaType.GIF,
    b"GIF89a": MediaType.GIF,
    b"%PDF-": MediaType.PDF,
    b"PK\x03\x04": MediaType.ZIP,
    b"PK\x05\x06": MediaType.ZIP,
}
_LINE: Final = re.compile("[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""A line with its end; other separators of lines, as Unicode has them, end no row."""
_BOM: Final = "\ufeff"
# Control characters that no text has; a log of a terminal has bells, backspaces and escapes.
_BINARY: Final = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")


def signature_of(content: bytes) -> MediaType | None:
    """Return what the leading bytes of a file say that it is; ``None`` when they say nothing, as those of a text."""
    if content.startswith(_EBML):
        return MediaType.WEBM if _document_type(content[:_HEAD]) == b"webm" else None
    return next((found for leading, found in _SIGNATURES.items() if content.startswith(leading)), None)


def _document_type(head: bytes) -> bytes:
    """Return the document type in the header of an EBML file; empty when there is none.

    The length is a number whose first byte begins with as many zero bits as further bytes follow (RFC 8794, section 4).
    """
    _, _, rest = head.partition(_DOCTYPE)
    if not rest or not rest[0]:
        return b""
    width = 9 - rest[0].bit_length()
    length = int.from_bytes(rest[:width]) & ((1 << 7 * width) - 1)
    return rest[width : width + length].rstrip(b"\x00")


def text_of(content: bytes) -> str | None:
    """Return the text in a file, without a byte order mark; ``None`` when it is empty, or no text in UTF-8."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if not text or _BINARY.search(text) else text.removeprefix(_BOM)


def _rows(text: str) -> Iterator[list[str]]:
    """Yield the rows of a CSV file that are not empty. Raise ``csv.Error`` at what is none."""
    return filter(None, csv.reader((line[0] for line in _LINE.finditer(text)), strict=True))


def _within_cells(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield rows as long as they have no more cells in all than are shown."""
    cells = 0
    for row in rows:
        cells += len(row)
        if cells > MAX_CELLS:
            return
        yield row


def records_of(text: str) -> list[list[str]] | None:
    """Return the rows of a CSV file that are shown; ``None`` when it is not one as far as these are read."""
    try:
        return list(_within_cells(islice(_rows(text), MAX_RECORDS)))
    except csv.Error:
        return None


def _is_text(content: bytes) -> bool:
    return text_of(content) is not None


def _is_records(content: bytes) -> bool:
    text = text_of(content)
    if text is None:
        return False
    try:
        return sum(1 for _ in _rows(text)) > 0
    except csv.Error:
        return False


_TEXTS: Final[Mapping[MediaType, Callable[[bytes], bool]]] = {MediaType.CSV: _is_records, MediaType.TEXT: _is_text}


def media_type_of(content: bytes, allowed: frozenset[MediaType]) -> MediaType | None:
    """Return which of the allowed types a file has; ``None`` when it has none of them.

    What begins like a picture or an archive is one, even where all of it can be read as text.
    """
    told = signature_of(content)
    if told is not None:
        return told if told in allowed else None
    return next((kind for kind, is_one in _TEXTS.items() if kind in allowed and is_one(content)), None)
