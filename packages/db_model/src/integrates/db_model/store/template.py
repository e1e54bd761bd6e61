"""Keys from templates: segments joined by ``#``, for example ``FIN#finding_id``.

A segment in capitals stands for itself. One of lower-case words, joined by ``_``, is a variable, which is replaced by a value
that is not empty and has no ``#``. Only the variable ``entity`` takes the key of another item with its separators; it is the
last segment, so that a key can be read in one way only.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from operator import itemgetter
from typing import Final

SEPARATOR: Final = "#"
WHOLE_KEY: Final = "entity"
"""The variable that takes the whole key of another item."""
_LITERAL: Final = re.compile("[A-Z]+")
_VARIABLE: Final = re.compile("[a-z]+(_[a-z]+)*")


def is_variable(segment: str) -> bool:
    """Return whether the segment of a template is a variable."""
    return _VARIABLE.fullmatch(segment) is not None


@cache
def _segments(template: str) -> tuple[tuple[str, bool], ...]:
    """Return the segments of a template, each with whether it is a variable."""
    segments = template.split(SEPARATOR)
    wrong = [segment for segment in segments if not (is_variable(segment) or _LITERAL.fullmatch(segment))]
    if wrong or WHOLE_KEY in segments[:-1]:
        raise ValueError(f"not the template of a key: {template!r}")
    return tuple((segment, is_variable(segment)) for segment in segments)


@cache
def variables(template: str) -> tuple[str, ...]:
    """Return the names of the template's variables in order. Raise ``ValueError`` when it is not the template of a key."""
    return tuple(segment for segment, variable in _segments(template) if variable)


def _value(name: str, values: Mapping[str, str]) -> str:
    value = values[name]
    if not value:
        raise ValueError(f"the value of {name!r} in a key is empty")
    if SEPARATOR in value and name != WHOLE_KEY:
        raise ValueError(f"the value of {name!r} in a key contains {SEPARATOR!r}: {value!r}")
    return value


@cache
def builder(template: str) -> Callable[[Mapping[str, str]], str]:
    """Return the function that builds a key from the values of the template's variables.

    The function raises ``KeyError`` when a variable has no value, and ``ValueError`` when a value is empty or contains the
    separator, so that a key is never shortened and never looks like another. Further values are ignored. ``builder`` itself
    raises ``ValueError`` when the template is not that of a key.
    """
    names = variables(template)
    whole = SEPARATOR.join("%s" if variable else segment for segment, variable in _segments(template))

    def checked(values: Mapping[str, str]) -> str:
        return whole % tuple(_value(name, values) for name in names)

    def single(values: Mapping[str, str]) -> str:
        return whole % _value(names[0], values)

    if len(names) <= 1:
        return single if names else checked
    values_of = itemgetter(*names)
    plain = len(names) - (WHOLE_KEY in names)

    def build(values: Mapping[str, str]) -> str:
        ordered: tuple[str, ...] = values_of(values)
        # All values are checked at once; only when one is wrong, each is checked by itself.
        if all(ordered) and SEPARATOR not in "".join(ordered[:plain]):
            return whole % ordered
        return checked(values)

    return build


def key_prefix(template: str, values: Mapping[str, str]) -> str:
    """Return the beginning of the keys that have these values, up to the first variable that has none.

    It ends with the separator when segments are left, so that no longer value begins with it. Raise ``ValueError`` when a value
    is empty or contains the separator.
    """
    known: list[str] = []
    for segment, variable in _segments(template):
        if variable and segment not in values:
            return SEPARATOR.join([*known, ""])
        known.append(_value(segment, values) if variable else segment)
    return SEPARATOR.join(known)
