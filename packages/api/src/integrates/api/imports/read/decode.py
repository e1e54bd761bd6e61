"""From checked JSON to values: the top level, by which a format is detected, and the types of a format."""

import json
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Raw, inspect

from integrates.api.imports.read.error import MAX_DEFECTS, BadFile, Defect
from integrates.api.imports.read.mismatch import mismatches

T = TypeVar("T")

TopLevel: TypeAlias = Mapping[str, Raw] | tuple[Raw, ...]
"""The members of an object or the elements of an array, which are not decoded yet. Other values have none."""

_TOP_LEVEL: Final[msgspec.json.Decoder[TopLevel]] = msgspec.json.Decoder(dict[str, Raw] | tuple[Raw, ...])


def top_level(content: bytes) -> TopLevel:
    """Return the top level of checked JSON. Raise ``BadFile`` when the name of a member is no text."""
    try:
        return _TOP_LEVEL.decode(content)
    except msgspec.ValidationError:
        return {}
    except msgspec.DecodeError:
        raise _half_a_pair() from None


def decoded(content: bytes, kind: type[T]) -> T:
    """Return checked JSON as a type. Raise ``BadFile`` with up to ten differences."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        found = tuple(islice(mismatches(loaded(content), inspect.type_info(kind)), MAX_DEFECTS))
        raise BadFile(found or (_told(error),)) from None
    except msgspec.DecodeError:
        raise _half_a_pair() from None


def loaded(content: bytes) -> Any:
    """Return checked JSON as Python's own values. Whole numbers of 19 and more digits become floats."""
    return json.loads(content, parse_int=_number)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) < len(str(2**63)) else float(digits)


def _told(error: msgspec.ValidationError) -> Defect:
    """Return the one defect that msgspec tells of, for numbers that no type of Python holds."""
    message, _, path = str(error).partition(" - at `$")
    steps = re.findall(r"[\w$-]+", path)
    return Defect("".join(f"/{step}" for step in steps), f"{message}:")


def _half_a_pair() -> BadFile:
    """Return the error of the one thing that the check passes, as Python's parser does, and msgspec does not."""
    return BadFile((Defect("", "A text holds half of a surrogate pair, which is no character."),))
