"""What a file is made of, before its format is known: JSON, a JSON text on each line, or a table (domain section 19)."""

import csv
from enum import Enum
from typing import Final

import msgspec
from msgspec import Raw

from integrates.api.imports.read.check import BYTE_ORDER_MARK, checked
from integrates.api.imports.read.decode import Columns, TopLevel, top_level
from integrates.api.imports.read.error import BadFile, Defect
from integrates.api.imports.read.limit import MAX_RESULTS, enforce

MAX_LINE: Final = 1 << 20
"""Most bytes of one line where each is a JSON text of its own."""
_ANY: Final[msgspec.json.Decoder[Raw]] = msgspec.json.Decoder(Raw)


class Form(Enum):
    """What a file is made of."""

    JSON = 1
    LINES = 2
    TABLE = 3


class Content(msgspec.Struct, frozen=True):
    """A file that is harmless. ``text`` is its JSON, that of all lines as one array, or the text of a table in UTF-8."""

    form: Form
    text: bytes
    top: TopLevel


def content_of(given: bytes) -> Content:
    """Return what an unpacked file is made of. Raise ``TooLarge`` and ``BadFile``.

    JSON begins with a bracket, and XML, which is not read, with ``<``; a table begins with anything else and has a comma in its
    first line. Several JSON texts are on a line each.
    """
    text = given.removeprefix(BYTE_ORDER_MARK)
    if text.lstrip().startswith(b"<"):
        raise BadFile((Defect("", "The file is XML, which is not read: have the tool write JSON."),))
    if _is_table(text):
        return Content(Form.TABLE, text, Columns(_columns(text)))
    if _is_in_lines(text):
        array = checked(_joined(text))
        return Content(Form.LINES, array, top_level(array))
    found = checked(given)
    return Content(Form.JSON, found, top_level(found))


def _first_line(text: bytes) -> bytes:
    """Return the first line that is not blank."""
    return text.lstrip()[: MAX_LINE + 1].partition(b"\n")[0].strip()


def _is_table(text: bytes) -> bool:
    """Return whether the first line has commas, and is text."""
    first = _first_line(text)
    return b"," in first and first[:1] not in b"{[<" and b"\0" not in first and _is_text(first)


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _columns(text: bytes) -> tuple[str, ...]:
    """Return the names of the columns, as the first line has them."""
    try:
        return tuple(next(csv.reader([_first_line(text).decode()], strict=True)))
    except csv.Error:
        return ()


def _is_in_lines(text: bytes) -> bool:
    """Return whether the first line is an object by itself, and another one follows."""
    first = _first_line(text)
    rest = text.lstrip()[len(first) :].lstrip()
    return first.startswith(b"{") and rest.startswith(b"{") and _is_json(first)


def _is_json(text: bytes) -> bool:
    try:
        _ANY.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _joined(text: bytes) -> bytes:
    """Return all lines as one array; a blank line is none. Raise ``BadFile`` for a line that is no object, or too long."""
    enforce("too_many_results", text.count(b"\n"), 2 * MAX_RESULTS)
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if line.strip() and (len(line) > MAX_LINE or not line.lstrip().startswith(b"{") or not _is_json(line)):
            raise BadFile((Defect("", f"Line {number} is not a JSON object of at most {MAX_LINE:,} bytes."),))
    return b"[" + b",".join(line for line in lines if line.strip()) + b"]"
