"""What the command line costs before it does anything: its help, and that of a verb on a service."""

import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from row import Row, combined
from side import Side, environment
from size import Sizes
from turn import Figures, order

_NOTHING: Final = "by hand: Python imports Typer"
_COMMANDS: Final[Mapping[str, tuple[Sequence[str], float | None]]] = {
    _NOTHING: (("-c", "import typer"), None),
    "integrates --help": (("-m", "integrates.server.cli", "--help"), 0.3),
    "integrates check --help": (("-m", "integrates.server.cli", "check", "--help"), None),
}
"""What Python is called with, and the target in CPU seconds."""


def measured(sides: Sequence[Side], sizes: Sizes) -> Figures:
    """Start commands in processes of their own, the sides in turns, and take the least of some."""
    named = {side.name: side for side in sides}
    done: dict[str, list[list[Row]]] = {name: [] for name in named}
    for number in range(sizes.blocks):
        for name in order(list(named), number):
            done[name].append([_row(named[name], what) for what in _COMMANDS])
    return {name: combined(found, min) for name, found in done.items()}


def _row(side: Side, what: str) -> Row:
    arguments, target = _COMMANDS[what]
    before = _children()
    subprocess.run([sys.executable, *arguments], env=environment(side), cwd=side.folder, capture_output=True, check=True)
    return Row(what, _children() - before, "CPU s", None if what == _NOTHING else _NOTHING, target)


def _children() -> float:
    """Return the CPU seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
