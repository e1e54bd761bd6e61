"""Rows of the table: what was measured, combined over rounds, printed beside the other side and kept as raw numbers."""

import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from side import Side
from size import Sizes

BASELINES = Path(__file__).parent / "baselines"
WIDTH = 70
LEAST = 0.02
"""Numbers below this, of whatever unit, are too small to be divided by."""


class Row(msgspec.Struct, frozen=True):
    """What was measured, in which unit, the target where there is one, and the name of the row that it is compared with."""

    name: str
    value: float
    unit: str
    base: str | None = None
    target: float | None = None


def combined(rounds: Sequence[Sequence[Row]], by: Callable[[Iterable[float]], float]) -> list[Row]:
    """Make one list of the equal lists of several rounds, its values by ``min``, ``fmean`` or the like."""
    return [msgspec.structs.replace(rows[0], value=by(row.value for row in rows)) for rows in zip(*rounds, strict=True)]


def ratio(row: Row, rows: Mapping[str, Row]) -> float | None:
    """Return how many times the value of its base the row's is; ``None`` without a base that was measured."""
    base = rows.get(row.base) if row.base else None
    return divided(row.value, base.value) if base else None


def divided(value: float, by: float) -> float | None:
    """Return the quotient; ``None`` when the divisor is too small to say anything."""
    return value / by if by >= LEAST else None


def printed(measured: Mapping[str, Sequence[Row]]) -> None:
    """Print one line for each row, with a column for each side by its name, in the order of the last one's rows."""
    *others, own = measured.values()
    before = {row.name: row for row in (others[0] if others else ())}
    known = {row.name: row for row in own}
    sides = "".join(f" {name:>10}" for name in measured)
    pair = f" {'change':>7}" if others else ""
    print(f"{'':<{WIDTH}}{sides} {'unit':<8}{pair} {'ratio':>7} {'target':>7}")
    for row in own:
        values = "".join(f" {_text(found)}" for found in ((before.get(row.name), row) if others else (row,)))
        old = before.get(row.name)
        change = f" {_quotient(divided(row.value, old.value) if old else None)}" if others else ""
        target = "" if row.target is None else f"<= {row.target:g}"
        print(f"{row.name:<{WIDTH}}{values} {row.unit:<8}{change} {_quotient(ratio(row, known))} {target:>7}")
    if others:
        print("change: the last column to the one before it")
    print("ratio: to the same work by hand, for one client, in a small root, on the embedded store, or at less breadth")


def saved(side: Side, rows: Sequence[Row], sizes: Sizes) -> Path:
    """Keep the rows of a side below ``baselines``, named by the day and its commit; return the file."""
    at = datetime.now(UTC)
    content: dict[str, Any] = {
        "commit": side.commit,
        "at": at.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "sizes": msgspec.to_builtins(sizes, str_keys=True),
        "rows": msgspec.to_builtins(rows),
    }
    BASELINES.mkdir(exist_ok=True)
    file = BASELINES / f"{at.date()}-{side.commit}.json"
    file.write_text(json.dumps(content, indent=1) + "\n")
    return file


def _text(row: Row | None) -> str:
    return f"{'-' if row is None else format(row.value, '.3f'):>10}"


def _quotient(value: float | None) -> str:
    return f"{'' if value is None else format(value, '.2f'):>7}"
