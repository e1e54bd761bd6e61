"""From checked JSON to the members that a format names; what is of a wrong kind is told (domain section 18, *defects*).

Kinds are structs whose members have defaults, except those by which the format is recognised.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw

from integrates.api.imports.read.error import BadFile, Defect, pointed
from integrates.api.imports.read.limit import MAX_RESULTS, enforce

T = TypeVar("T")

_WORDS: Final[Mapping[str, str]] = {
    "array": "an array",
    "bool": "true or false",
    "float": "a number",
    "int": "an integer",
    "null": "null",
    "object": "an object",
    "str": "a text",
}
_COMPLAINT: Final = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[([^\[\]]*)\]")
_SOME_MEMBER: Final = "[...]"
"""What stands for the name of a member, where any may occur: the pointer ends above it."""
_KIND: Final = re.compile(r"`([a-z]+(?: \| [a-z]+)*)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_LONGEST: Final = 500
"""Most characters of a complaint, which may repeat a text of the file."""
_MISSING: Final = re.compile(r"Object missing required field `(.*)`", re.DOTALL)


def _new_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


_decoder: Final[Callable[[Any], msgspec.json.Decoder[Any]]] = cache(_new_decoder)


def made(kind: type[T], value: bytes | Raw, pointer: str = "") -> T:
    """Return checked JSON as the kind; ``pointer`` is where it stands. Raise ``BadFile`` with the first member at fault."""
    decoder: msgspec.json.Decoder[T] = _decoder(kind)
    try:
        return decoder.decode(value)
    except msgspec.ValidationError as error:
        raise BadFile((_defect(str(error), pointer),)) from None
    except msgspec.DecodeError:
        raise BadFile((Defect(pointer, "A text holds half of a surrogate pair, which is no character:"),)) from None


def each_of(kind: type[T], values: Sequence[Raw], pointer: str) -> Iterator[tuple[str, T]]:
    """Yield each element of a list of results with its pointer. Raise ``TooLarge`` (``too_many_results``) and ``BadFile``."""
    enforce("too_many_results", len(values), MAX_RESULTS)
    for index, value in enumerate(values):
        place = pointed(pointer, index)
        yield place, made(kind, value, place)


def _defect(complaint: str, pointer: str) -> Defect:
    match = _COMPLAINT.fullmatch(complaint)
    what, path = (match["what"], (match["path"] or "").partition(_SOME_MEMBER)[0]) if match else (complaint, "")
    below = "".join(f"/{name or index}" for name, index in _STEP.findall(path))
    missing = _MISSING.fullmatch(what)
    if missing:
        return Defect(pointed(f"{pointer}{below}", missing[1]), "The member is missing:")
    unknown = _UNKNOWN.fullmatch(what)
    if unknown:
        return Defect(pointed(f"{pointer}{below}", unknown[1][:_LONGEST]), "There is no such member (unknown_column):")
    return Defect(f"{pointer}{below}", f"{_KIND.sub(_worded, what[:_LONGEST])}:")


def _worded(match: re.Match[str]) -> str:
    return " or ".join(_WORDS.get(one, one) for one in match[1].split(" | "))
