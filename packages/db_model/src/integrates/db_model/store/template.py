"""Keys from templates: literal segments and variables joined by ``#`` (for example ``FIN#finding_id``)."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

SEPARATOR: Final = "#"
_WHOLE_KEY: Final = "entity"
"""The one variable that holds the key of another item, hence may contain the separator."""


def is_variable(segment: str) -> bool:
    """Tell a variable (lower-case words) from a literal segment."""
    return segment.replace("_", "").isalpha() and segment.islower()


def variables(template: str) -> tuple[str, ...]:
    """Name the variables of the template in order."""
    return tuple(segment for segment in template.split(SEPARATOR) if is_variable(segment))


def _filled(name: str, parts: Mapping[str, str]) -> str:
    value = parts[name]
    if not value:
        raise ValueError(f"the key part {name!r} is empty")
    if SEPARATOR in value and name != _WHOLE_KEY:
        raise ValueError(f"the key part {name!r} contains {SEPARATOR!r}: {value!r}")
    return value


@cache
def builder(template: str) -> Callable[[Mapping[str, str]], str]:
    """Return the function that fills the template.

    The function raises ``KeyError`` when a variable has no part and ``ValueError`` when a part is empty or contains the
    separator: a key is never shortened and never reaches into another.
    """
    segments = tuple((is_variable(segment), segment) for segment in template.split(SEPARATOR))

    def build(parts: Mapping[str, str]) -> str:
        return SEPARATOR.join(_filled(segment, parts) if variable else segment for variable, segment in segments)

    return build


def prefix(template: str, parts: Mapping[str, str]) -> str:
    """Fill the leading segments of the template for which parts are given; ends with the separator if any are left."""
    segments = template.split(SEPARATOR)
    known = [not is_variable(segment) or segment in parts for segment in segments]
    length = known.index(False) if False in known else len(segments)
    filled = [_filled(segment, parts) if is_variable(segment) else segment for segment in segments[:length]]
    return SEPARATOR.join([*filled, ""] if length < len(segments) else filled)
