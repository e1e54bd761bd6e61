"""People in what is exported: by their e-mails, or by numbers that tell nobody who they are."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

_TECHNICAL: Final = frozenset({"advisory", "location", "match", "root", "rule", "tool"})
"""Members that tell of code, not of people."""
_PEOPLE: Final = frozenset({"assigned", "by", "requestedBy", "requested_by"})
"""Members that are a person, or what acts in the place of one."""
_MENTION: Final = re.compile(r"(?<![\w.%+'-])[\w.%+'-]+@(?:[\w-]+\.)+[A-Za-z]{2,}(?![\w-]|\.\w)")
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

    def member(name: str, value: Any) -> Any:
        if name in _TECHNICAL:
            return value
        is_person = name in _PEOPLE and isinstance(value, str) and _AT in value
        return numbered(value) if is_person else named(value)

    def named(value: Any) -> Any:
        match value:
            case str():
                return _MENTION.sub(lambda found: numbered(found[0]), value) if _AT in value else value
            case Mapping():
                return {name: member(name, part) for name, part in value.items()}
            case list() | tuple():
                return [named(part) for part in value]
            case _:
                return value

    return named
