"""What a command of the client prints: tables for people, JSON for programs, progress while they wait.

Colours only on a terminal and unless ``NO_COLOR`` is set. On a terminal a table fits its width; elsewhere, such as in a pipe,
each row is one line, whole, with two blanks between columns. What a service said is shown as :mod:`.text` makes it harmless.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TextIO

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from integrates.server.client.text import json_text, one_line

UNLIMITED: Final = 100_000
"""Width of what is not a terminal."""
Row = Mapping[str, Any]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column: its title, what it shows of a row, and how.

    On terminals ``whole`` columns are never broken over lines, and a column ``below`` stands under the one before it, so that
    a row fits; ``most`` is how wide a column is at most, so that others keep their room, such as ids that people copy.
    ``style`` gives the style of a cell by its text, as rich names them.
    """

    title: str
    cell: Callable[[Any], object]
    right: bool = False
    whole: bool = False
    below: bool = False
    most: int | None = None
    style: Callable[[str], str] = lambda _: ""


def console_of(file: TextIO) -> Console:
    """Return what prints to a file: in colour and as wide as a terminal, if it is one. Rich looks at ``NO_COLOR``."""
    is_terminal = file.isatty()
    width = None if is_terminal else UNLIMITED
    return Console(
        file=file,
        force_terminal=is_terminal,
        width=width,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=not is_terminal,
    )


def print_rows(
    columns: Sequence[Column], rows: Iterable[Any], *, as_json: bool, json_of: Callable[[Any], Any] = lambda row: row
) -> None:
    """Print rows: as lines of JSON, one each and as soon as it is there, or as a table with a head."""
    if as_json:
        for row in rows:
            print_json(json_of(row))
        return
    print_table(columns, tuple(rows))


def print_json(value: Any, *, indent: int | None = None) -> None:
    """Print a value as JSON."""
    typer.echo(json_text(msgspec.to_builtins(value), indent=indent))


def print_table(columns: Sequence[Column], rows: Sequence[Any], *, file: TextIO | None = None) -> None:
    """Print a table on standard output, or on another file; nothing but its head when there are no rows."""
    out = file or sys.stdout
    if out.isatty():
        console_of(out).print(_fitted(columns, rows))
        return
    cells = [[one_line(cell_text(column.cell(row))) for column in columns] for row in rows]
    lines = [[column.title for column in columns], *cells]
    widths = [max(len(each[number]) for each in lines) for number in range(len(columns))]
    for each in lines:
        padded = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(each, widths, columns, strict=True)
        ]
        typer.echo("  ".join(padded).rstrip(), file=out)


def _fitted(columns: Sequence[Column], rows: Sequence[Any]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    stacks = _stacks(columns)
    for stack in stacks:
        title = ", ".join(column.title for column in stack)
        table.add_column(
            title,
            justify="right" if stack[0].right else "left",
            no_wrap=stack[0].whole,
            overflow="fold",
            max_width=stack[0].most,
        )
    for row in rows:
        table.add_row(*(Text("\n").join(_styled(column, row) for column in stack) for stack in stacks))
    return table


def _stacks(columns: Sequence[Column]) -> list[list[Column]]:
    """Return the columns, those that stand below others together with them."""
    stacks: list[list[Column]] = []
    for column in columns:
        if column.below:
            stacks[-1].append(column)
        else:
            stacks.append([column])
    return stacks


def _styled(column: Column, row: Any) -> Text:
    text = one_line(cell_text(column.cell(row)))
    return Text(text, style=column.style(text))


def print_line(text: str, style: str = "", *, file: TextIO | None = None) -> None:
    """Print a line in a style of rich, which counts on terminals only."""
    out = file or sys.stdout
    if out.isatty():
        console_of(out).print(Text(one_line(text), style=style))
    else:
        typer.echo(one_line(text), file=out)


def cell_text(value: object) -> str:
    """Return a value as a cell shows it: nothing for ``None``, a list with commas, yes and no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(cell_text, value))
    return str(value)


@contextmanager
def advancing(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield what is told how many of ``total`` bytes are done; a bar on standard error shows it where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    parts = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*parts, console=console_of(sys.stderr), transient=True) as progress:
        task = progress.add_task(one_line(title), total=total)
        yield lambda done: progress.update(task, completed=done)
