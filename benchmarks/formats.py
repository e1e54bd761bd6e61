"""Reads hostile files of each format, 20 MiB each, and prints the worst CPU time and memory of its reader.

``python benchmarks/formats.py [FORMAT …]`` takes the examples of the readers' tests and grows them at each of their members in
turn: a text becomes long, a list gets many elements (equal ones, and ones that differ), an object many members, and there
are as many results as fit, all of them with equal or with different values. No file may take more than 2 s or 256 MB.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from time import process_time
from typing import Any, Final, NamedTuple, TypeAlias

from packages.api.tests.read.conftest import EXAMPLES, Example

from integrates.api.imports.read.error import BadFile, TooLarge
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.errors import Rejected
from integrates.db_model.imports.rules import MAX_BYTES
from integrates.db_model.imports.types import ImportFormat

ALLOWED_SECONDS: Final = 2.0
ALLOWED_MEGABYTES: Final = 256.0
RESULTS: Final = 25_000
_ROOM: Final = MAX_BYTES - 100_000
Step: TypeAlias = str | int


class Cost(NamedTuple):
    """What reading one file took."""

    name: str
    seconds: float
    megabytes: float
    outcome: str


def steps(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Yield the path to each value below a value, that to itself first."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from chain.from_iterable(steps(member, (*path, name)) for name, member in members)


def at(value: Any, path: Sequence[Step]) -> Any:
    """Return the value at a path."""
    for step in path:
        value = value[step]
    return value


def put(value: Any, path: Sequence[Step], new: Any) -> Any:
    """Return the value with another one at a path."""
    if not path:
        return new
    first, *rest = path
    changed = put(value[first], rest, new)
    if isinstance(value, dict):
        return {**value, first: changed}
    return [changed if index == first else one for index, one in enumerate(value)]


def different(value: Any, number: int) -> Any:
    """Return the value with each text in it made different by a number."""
    if isinstance(value, dict):
        return {name: different(member, number) for name, member in value.items()}
    if isinstance(value, list):
        return [different(element, number) for element in value]
    return f"{value}{number}" if isinstance(value, str) and value not in _FIXED else value


_FIXED: Final = frozenset({"CycloneDX", "1.5", "integrates-generic", "2.1.0", "FAIL", "HIGH", "http", "vulnerability"})


def grown(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield larger forms of a value, of about the size that a file may have."""
    match value:
        case str():
            yield "long", value + "x" * _ROOM
            yield "blank", " " * _ROOM + value
            yield "escaped", value + "\x01" * (_ROOM // 6)
            yield "marks", value + "e" + "\u0301" * (_ROOM // 6)
        case list() if value:
            number = _ROOM // (len(json.dumps(value)) + 8)
            yield "equal", value * number
            yield "different", [different(one, index) for index in range(number) for one in value]
            yield "empty objects", [{}] * (_ROOM // 4)
        case dict() if value:
            yield "members", value | {f"x{number}": 1 for number in range(_ROOM // 16)}
            [element, *_] = value.values()
            number = _ROOM // (len(json.dumps(element)) + 16)
            yield "alike", {f"x{index}": element for index in range(number)}
        case int():
            yield "digits", int("9" * 4_000)
        case _:
            return


def documents(example: Example) -> Iterator[tuple[str, bytes]]:
    """Yield hostile files of a format."""
    yield "results", example.write(*[example.seen(line=1)] * RESULTS)
    yield "places", example.write(*(example.seen(line=number) for number in range(RESULTS)))
    yield "rules", example.write(*(example.seen(rule=f"R{number % example.most_rules}") for number in range(RESULTS)))
    yield (
        "long rules",
        example.write(*(example.seen(rule=f"{'R' * 600}{number % 900}", line=number) for number in range(RESULTS))),
    )
    if example.format is ImportFormat.GENERIC_CSV:
        return
    small = json.loads(example.write(example.seen(line=1), example.seen(line=2, fingerprint="f")))
    for path in steps(small):
        for name, value in grown(at(small, path)):
            yield f"/{'/'.join(map(str, path))} {name}", json.dumps(put(small, path, value), ensure_ascii=False).encode()


def measured(name: str, content: bytes, kind: ImportFormat) -> Cost:
    """Read a file in a process of its own."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(sending, json.dumps(_read(content, kind)).encode())
        os._exit(0)
    os.close(sending)
    os.waitpid(child, 0)
    with os.fdopen(receiving, "rb") as answer:
        return Cost(name, *json.loads(answer.read()))


def _read(content: bytes, kind: ImportFormat) -> tuple[float, float, str]:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, started = _peak(), process_time()
    try:
        scan = read(content, Options(format=kind))
        outcome = f"{len(scan.observations)} of {scan.total}"
    except TooLarge as error:
        outcome = error.limit
    except BadFile:
        outcome = "bad_file"
    except Rejected as error:
        outcome = str(error.reason)
    return process_time() - started, (_peak() - before) / 1024, outcome


def _peak() -> int:
    """Return the most KiB that were resident since the mark."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def _told(kind: ImportFormat, costs: Sequence[Cost]) -> None:
    slow, large = max(costs, key=lambda one: one.seconds), max(costs, key=lambda one: one.megabytes)
    print(f"| {kind} | {len(costs)} | {slow.seconds:.2f} | {slow.name} | {large.megabytes:.0f} | {large.name} |", flush=True)
    for one in costs:
        if one.seconds > ALLOWED_SECONDS or one.megabytes > ALLOWED_MEGABYTES:
            print(
                f"  over: {one.name}: {one.seconds:.2f} s, {one.megabytes:.0f} MB, {one.outcome}", file=sys.stderr, flush=True
            )


def main(names: Sequence[str]) -> None:
    """Print a line for each format."""
    print("| Format | Files | Most CPU s | at | Most MB | at |\n| --- | --- | --- | --- | --- | --- |", flush=True)
    for kind, example in EXAMPLES.items():
        if not names or kind in names:
            files = ((name, content[:MAX_BYTES]) for name, content in documents(example) if len(content) <= MAX_BYTES)
            _told(kind, [measured(name, content, kind) for name, content in files])


if __name__ == "__main__":
    main(sys.argv[1:])
