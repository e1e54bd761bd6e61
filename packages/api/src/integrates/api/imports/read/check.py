"""JSON that came from outside: what may be parsed at all, found out in bounded memory before anything is built from it."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import accumulate, islice
from typing import Any, Final, Never

import msgspec

from integrates.api.imports.read.error import MAX_DEFECTS, BadFile, Defect, pointed
from integrates.api.imports.read.limit import MAX_DEPTH, MAX_VALUES, enforce
from integrates.db_model.imports.rules import MAX_BYTES

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_CHUNK: Final = 1 << 16
"""Bytes looked at together, which take eight times as much for a moment."""
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(_STEP))
_ANYTHING: Final[msgspec.json.Decoder[msgspec.Raw]] = msgspec.json.Decoder(msgspec.Raw)
_ESCAPED: Final = rb"\\"
_UNUSED: Final = b"\0\0"
"""What no JSON holds, in place of an escaped backslash."""
_FIRST_HALF: Final = re.compile(rb"\\u[Dd][89ABab][0-9A-Fa-f]{2}(?!\\u[Dd][C-Fc-f])")
_SECOND_HALF: Final = re.compile(rb"(?<!\\u[Dd][89ABab][0-9A-Fa-f]{2})\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}")
_REPLACEMENT: Final = rb"\\ufffd"


class _Twins(Exception):
    """An object has a member twice."""


class _Members(tuple[tuple[str, Any], ...]):
    """An object as it is written: all members, in order, twins included."""

    __slots__ = ()


def checked(content: bytes) -> bytes:
    """Return the same JSON, once it is known to be harmless. Raise ``TooLarge`` and ``BadFile``.

    It is at most ``MAX_BYTES`` of UTF-8 (a mark is allowed, UTF-16 is not), nested at most ``MAX_DEPTH`` deep, has at most
    ``MAX_VALUES`` values, follows RFC 8259 to its end (so no ``NaN``), and no object has a member twice. The mark is taken
    away, and half of a surrogate pair, which programs leave that cut texts, is replaced.
    """
    enforce("file_too_large", len(content), MAX_BYTES)
    _decoded(content)
    _measure(content)
    _parse(_decoded(content))
    return _paired(content.removeprefix(BYTE_ORDER_MARK))


def measured(content: bytes) -> bytes:
    """Return JSON that is known to be sound, unless it is larger than may be read: raise ``TooLarge``."""
    enforce("file_too_large", len(content), MAX_BYTES)
    _measure(content)
    return content


def _decoded(content: bytes) -> str:
    if not content:
        raise _bad("The file is empty.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:2]:
        raise _bad("The file must be UTF-8; it is UTF-16 or UTF-32.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(f"The file is not UTF-8 text (byte {error.start}).") from None


def _measure(content: bytes) -> None:
    """Count values and depth. Up to the first error in the JSON, which no parser passes, the counts are exact."""
    values = depth = 0
    for outside in _outside_texts(content):
        values += sum(map(outside.count, (b"{", b"[", b",", b":")))
        enforce("too_many_values", values, MAX_VALUES)
        brackets = outside.translate(None, _NOT_BRACKETS)
        depths = tuple(accumulate(map(_STEP.__getitem__, brackets), initial=depth))
        depth = depths[-1]
        enforce("nested_too_deep", max(depths), MAX_DEPTH)


def _outside_texts(content: bytes) -> Iterator[bytes]:
    """Yield what stands outside of the quotes, in pieces."""
    plain = content.replace(rb"\\", b"").replace(rb"\"", b"")
    inside = 0
    for start in range(0, len(plain), _CHUNK):
        pieces = plain[start : start + _CHUNK].split(b'"')
        yield b"".join(pieces[inside::2])
        inside ^= (len(pieces) - 1) & 1


def _paired(content: bytes) -> bytes:
    """Return the JSON with U+FFFD for each half of a surrogate pair."""
    try:
        _ANYTHING.decode(content)
    except msgspec.ValidationError:
        return content
    except msgspec.DecodeError:
        escapes = _FIRST_HALF.sub(_REPLACEMENT, content.replace(_ESCAPED, _UNUSED))
        return _SECOND_HALF.sub(_REPLACEMENT, escapes).replace(_UNUSED, _ESCAPED)
    return content


def _parse(text: str) -> None:
    """Parse for the sake of the errors only: nothing that was read is kept."""
    try:
        json.loads(text, object_pairs_hook=_forget, parse_int=len, parse_float=len, parse_constant=_refuse)
    except _Twins:
        raise BadFile(
            tuple(map(_twin, islice(_twins(json.loads(text, object_pairs_hook=_Members, parse_int=len)), MAX_DEFECTS)))
        ) from None
    except json.JSONDecodeError as error:
        raise _bad(_complaint(text, error)) from None


def _complaint(text: str, error: json.JSONDecodeError) -> str:
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"The JSON is truncated: {error.msg} (line {error.lineno}, column {error.colno})."
    return f"This is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."


def _forget(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _Twins


def _refuse(name: str) -> Never:
    raise _bad(f"This is not JSON: {name} is no number.")


def _twin(path: Sequence[str | int]) -> Defect:
    return Defect(reduce(pointed, path, ""), "The member occurs twice:")


def _twins(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Yield the path to each second member of a name. Paths are put together on the way back: names may be long."""
    if isinstance(value, _Members):
        seen: set[str] = set()
        for name, member in value:
            if name in seen:
                yield (name,)
            seen.add(name)
            yield from ((name, *path) for path in _twins(member))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from ((index, *path) for path in _twins(element))


def _bad(message: str) -> BadFile:
    return BadFile((Defect("", message),))
