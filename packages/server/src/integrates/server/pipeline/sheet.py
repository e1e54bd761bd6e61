"""What the commands of pipelines print: lines of styled pieces, made by pure functions and fitted to a width."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Final, TypeAlias

import typer
from rich.text import Text

from integrates.server.client.output import console_of
from integrates.server.client.text import one_line

Piece: TypeAlias = tuple[str, str]
"""A text, and its style as rich names it, empty for none."""
Line: TypeAlias = tuple[Piece, ...]

GOOD: Final = "bold green"
BAD: Final = "bold red"
LOUD: Final = "bold"
QUIET: Final = "dim"
LEVELS: Final[Mapping[str | None, str]] = {
    "CRITICAL": "bold red",
    "HIGH": "red",
    "MEDIUM": "yellow",
    "LOW": "cyan",
    None: "dim",
}
"""The style of each level of severity; ``None`` stands for what nobody has rated."""
USUAL_WIDTH: Final = 80
"""Columns of what is not a terminal, such as the log of a pipeline."""
BLANK: Final[Line] = ()
MARGIN: Final = 15
INDENT: Final[Line] = ((" " * MARGIN, ""),)
"""What stands before the text of a place, below its :func:`rated` head."""


def width_now() -> int:
    """Return how many columns there are on standard output."""
    return shutil.get_terminal_size((USUAL_WIDTH, 24)).columns if sys.stdout.isatty() else USUAL_WIDTH


def fitted(first: Line, text: str, width: int, style: str = "", *, indent: int | None = None) -> Iterator[Line]:
    """Yield lines that begin with ``first`` and go on with the text, broken between words; the following ones are indented.

    A word that is longer than a line, such as a link, stays whole, so that people can copy it.
    """
    margin = sum(len(piece) for piece, _ in first)
    below = margin if indent is None else indent
    parts = wrap(one_line(text), max(width - margin, 20), break_long_words=False, break_on_hyphens=False) or [""]
    yield (*first, (parts[0], style))
    for part in parts[1:]:
        yield ((" " * below, ""), (part, style))


def linked(address: str, width: int) -> Line:
    """Return a line with an address below the text of a place, less far in where it would not fit otherwise."""
    return ((" " * max(0, min(MARGIN, width - len(address))), ""), (address, QUIET))


def rated(score: float | None, level: str | None, title: str, width: int) -> Iterator[Line]:
    """Yield what is wrong at the places that follow, and how bad it is."""
    number = "   –" if score is None else f"{score:4.1f}"
    yield from fitted(((f"{number} {level or 'UNRATED':<8}  ", LEVELS.get(level, "")),), title, width, LOUD)


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines on standard output, in colour on a terminal."""
    console = console_of(sys.stdout) if sys.stdout.isatty() else None
    for line in lines:
        pieces = tuple((one_line(text), style) for text, style in line)
        if console:
            console.print(Text.assemble(*pieces), soft_wrap=True)
        else:
            typer.echo("".join(text for text, _ in pieces).rstrip())


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number of things in words, e.g. ``1 result``, ``1,200 results``."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
