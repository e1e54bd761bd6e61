"""The styles of cells, as rich names them: what needs somebody stands out."""

from collections.abc import Mapping
from typing import Final

_STATES: Final[Mapping[str, str]] = {
    "VULNERABLE": "red",
    "SAFE": "green",
    "ACTIVE": "green",
    "UNTREATED": "yellow",
    "SUBMITTED": "yellow",
    "CREATED": "yellow",
}
_SCORES: Final = ((9.0, "bold red"), (7.0, "red"), (4.0, "yellow"))
"""From which score on; the levels of CVSS."""


def state_style(text: str) -> str:
    """Return the style of a state; that of its first word counts."""
    return _STATES.get(text.partition(" ")[0], "")


def score_style(text: str) -> str:
    """Return the style of a score, such as ``9.8``; none for what is no number."""
    try:
        score = float(text)
    except ValueError:
        return ""
    return next((style for least, style in _SCORES if score >= least), "")


def dim(_text: str) -> str:
    """Return the style of what only programs read."""
    return "dim"
