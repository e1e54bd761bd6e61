"""Imports into an empty root of a service that was just started."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bare import fill_seconds
from row import Row, combined
from scan import sarif
from service import import_seconds, placed, resident_mib, served
from side import Side
from size import Sizes
from turn import Figures, order

_HAND = "by hand: the file decoded and the same rows written"


def measured(sides: Sequence[Side], sizes: Sizes) -> Figures:
    """Import a file twice into a new store of each side, so many times, and return the least figures."""
    named = {side.name: side for side in sides}
    content = sarif(range(sizes.results), sizes.rules)
    done: dict[str, list[list[Row]]] = {name: [] for name in named}
    for number in range(sizes.rounds):
        for name in order(list(named), number):
            done[name].append(_filled(named[name], content, sizes))
    return {name: combined(found, min) for name, found in done.items()}


def _filled(side: Side, content: bytes, sizes: Sizes) -> list[Row]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "store.db"
        with served(side, f"sqlite:///{database}", folder) as running:
            place = placed(running, "empty")
            first = import_seconds(running, place, content, {"created": sizes.results})
            memory = resident_mib(running)
            hand = fill_seconds(content, database, folder / "bare.db")
            again = import_seconds(running, place, content, {"unchanged": sizes.results})
    return [
        Row(f"import of {sizes.results:,} results into an empty root", first, "CPU s", _HAND, 4.0),
        Row("import of the same file again", again, "CPU s", _HAND, 1.6),
        Row(_HAND, hand, "CPU s"),
        Row("memory of the service after the first import", memory, "MiB", None, 145),
    ]
