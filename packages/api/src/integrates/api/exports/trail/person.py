"""People in what is exported: by their e-mails, or by numbers that tell nobody who they are."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

_TECHNICAL: Final = frozenset({"advisory", "location", "match", "root", "rule", "tool"})
"""Members that tell of code, not of people, but for the texts in them."""
_TEXTS: Final = frozenset({"detail", "justification", "snippet"})
"""Texts in what tells of code: they identify nothing, so people are numbered there too."""
_PEOPLE: Final = frozenset({"assigned", "by", "requestedBy", "requested_by"})
"""Members that are a person, or what acts in the place of one."""
_MENTION: Final = re.compile(r"(?<![\w.%+'-])[\w.%+'-]+@(?:[\w-]+\.)+(?:xn--[\w-]+|[^\W\d_]{2,})(?![\w-]|\.\w)")
"""An e-mail within a text, which is no version of a package."""
_AT: Final = "@"

Naming: TypeAlias = Callable[[Any], Any]
"""Returns a value with people in it as they are to be named."""


def by_email(value: Any) -> Any:
    """Return the value as it is."""
    return value


def by_number() -> Naming:
    """Return what puts ``person-1``, ``person-2`` … in place of e-mails, in the order in which it meets them.

    An e-mail has one number in all values that it is given, in whatever case it is written, also within texts.
    """
    numbers: dict[str, str] = {}

    def numbered(email: str) -> str:
        return numbers.setdefault(email.lower(), f"person-{len(numbers) + 1}")

    def member(name: str, value: Any, *, is_code: bool) -> Any:
        if name in _PEOPLE and isinstance(value, str) and _AT in value:
            return numbered(value)
        return named(value, is_code=(is_code or name in _TECHNICAL) and name not in _TEXTS)

    def named(value: Any, *, is_code: bool = False) -> Any:
        match value:
            case str():
                return value if is_code or _AT not in value else _MENTION.sub(lambda found: numbered(found[0]), value)
            case Mapping():
                return {name: member(name, part, is_code=is_code) for name, part in value.items()}
            case list() | tuple():
                return [named(part, is_code=is_code) for part in value]
            case _:
                return value

    return named
