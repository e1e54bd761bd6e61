"""Texts of a tool, made storable: what the model would refuse is left out or replaced, nothing is refused."""

from itertools import groupby, islice
from typing import Final
from unicodedata import combining

from integrates.db_model.values import MAX_MARKS, excerpt

MAX_TITLE: Final = 200
MIN_TITLE: Final = 3
_FORMULA: Final = "=+-@"


def block(text: str | None, high: int) -> str:
    """Return at most ``high`` characters in which newlines and tabs may occur; empty when nothing is left."""
    if text is None:
        return ""
    cut = text.strip()[:high].replace("\r\n", "\n").replace("\r", "\n")
    return excerpt(cut if cut.isascii() else _thinned(cut), high)


def line(text: str | None, high: int) -> str:
    """Return at most ``high`` characters on one line: every run of blanks and line breaks becomes one blank."""
    return block(" ".join((text or "").strip()[: 4 * high].split()), high)


def headline(text: str | None, spare: str) -> str:
    """Return a valid title of a finding, or an empty text when ``text`` has nothing to make one of.

    What makes a spreadsheet read it as a formula is taken from its beginning; one too short is followed by ``spare``.
    """
    title = line(line(text, MAX_TITLE).lstrip(f"{_FORMULA} "), MAX_TITLE)
    return title if not title or len(title) >= MIN_TITLE else line(f"{title} ({spare})", MAX_TITLE)


def _thinned(text: str) -> str:
    """Leave out combining marks beyond the number in a row that the model takes, which would also make normalising slow."""
    if not any(map(combining, text)):
        return text
    runs = groupby(text, key=lambda character: combining(character) > 0)
    return "".join("".join(islice(run, MAX_MARKS) if marks else run) for marks, run in runs)
