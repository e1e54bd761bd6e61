"""The pages of the server itself, from the templates beside this module."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from integrates.server.pages.markdown import markdown

_WORDS: Final[Mapping[str, str]] = {
    "ACCEPTED_UNDEFINED": "accepted for good",
    "CSPM": "CSPM",
    "CYCLONEDX": "CycloneDX",
    "DAST": "DAST",
    "GENERIC_CSV": "generic CSV",
    "GENERIC_JSON": "generic JSON",
    "MPT": "penetration test",
    "NPM_AUDIT": "npm audit",
    "OSV": "OSV",
    "PIP_AUDIT": "pip-audit",
    "RE": "reverse engineering",
    "SARIF": "SARIF",
    "SAST": "SAST",
    "SCA": "SCA",
    "SCR": "code review",
    "ZAP": "ZAP",
}
"""What people say where it is not the name in lower case."""


def in_words(name: str) -> str:
    """Return a value of an enum of the API as people say it: ``GROUP_MANAGER`` is a group manager."""
    return _WORDS.get(name) or name.replace("_", " ").lower()


def day(moment: datetime) -> str:
    """Return a date in UTC as people write it, such as ``6 July 2026, 12:00 UTC``."""
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def date(moment: datetime) -> str:
    """Return the day of a moment in UTC, such as ``6 July 2026``."""
    return f"{moment.day} {moment:%B %Y}"


def rounded(number: float | None) -> str:
    """Return a number for people: three digits or all of its whole part, such as ``0.125``, ``12,345``; a dash for none."""
    if number is None:
        return "–"
    if number == 0 or abs(number) >= 100:  # noqa: PLR2004 -- from here on the whole part has three digits
        return f"{number:,.0f}"
    return f"{number:.3g}"


_TEMPLATES: Final = Environment(loader=PackageLoader("integrates.server.pages"), autoescape=True, undefined=StrictUndefined)
_TEMPLATES.filters.update(in_words=in_words, day=day, date=date, rounded=rounded, markdown=markdown)


def render(name: str, **values: object) -> str:
    """Return the page ``templates/<name>`` as HTML with the values in it, escaped. A value that is missing is an error."""
    return _TEMPLATES.get_template(name).render(values)
