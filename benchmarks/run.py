"""Measure an import, pages and store calls, and print the ratios within this run.

Absolute times say something only beside others of the same run: machines differ and are shared. `--save` keeps the raw
numbers in `benchmarks/baselines/`.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from bare import page_seconds, rewritten
from calls import BREADTHS, store_calls
from scan import sarif
from service import Running, asked, cpu_seconds, imported, resident_mib, served
from stage import GROUP, Stage, staged

from integrates.db_model.store.url import open_store

RESULTS = 10_000
RULES = 25
PAGES = {25: 200, 500: 20}
"""Sizes of pages, and how often each is asked for."""
PAGE = """query($group: ID!, $first: Int!) { group(name: $group) { vulnerabilities(first: $first) { nodes {
  id type technique source where specific state openedAt cycles createdBy finding { title } } } } }"""
BASELINES = Path(__file__).parent / "baselines"


class Row(msgspec.Struct, frozen=True):
    """One line of the table: what was measured, in which unit, the target where there is one, and the ratio to bare work."""

    name: str
    value: float
    unit: str
    target: float | None = None
    ratio: float | None = None


async def _staged(url: str) -> Stage:
    async with open_store(url) as store:
        return await staged(store)


def _import_rows(running: Running, stage: Stage, database: Path, folder: Path) -> list[Row]:
    content = sarif(RESULTS, RULES)
    before = cpu_seconds(running)
    record = imported(running, stage.root_id, content)
    first = cpu_seconds(running) - before
    if record["counts"]["created"] != RESULTS:
        raise RuntimeError(str(record))
    memory = resident_mib(running)
    bare = rewritten(database, folder / "bare.db")
    before = cpu_seconds(running)
    imported(running, stage.root_id, content)
    again = cpu_seconds(running) - before
    return [
        Row(f"import of {RESULTS:,} results", first, "CPU s", 10, first / bare),
        Row("the same rows with bare sqlite3", bare, "CPU s"),
        Row("import of the same file again", again, "CPU s", None, again / bare),
        Row("memory of the service after the first import", memory, "MiB", 150),
    ]


def _page_rows(running: Running, database: Path) -> list[Row]:
    rows: list[Row] = []
    for size, repeats in PAGES.items():
        variables = {"group": GROUP, "first": size}
        found = asked(running, PAGE, variables)["group"]["vulnerabilities"]["nodes"]
        if len(found) != size:
            raise RuntimeError(f"a page of {size} has {len(found)}")
        before = cpu_seconds(running)
        for _ in range(repeats):
            asked(running, PAGE, variables)
        spent = (cpu_seconds(running) - before) / repeats * 1_000
        bare = page_seconds(database, GROUP, size, repeats) * 1_000
        rows += [
            Row(f"page of {size} vulnerabilities", spent, "CPU ms", 10 if size == min(PAGES) else None, spent / bare),
            Row(f"the same {size} rows read and encoded by hand", bare, "CPU ms"),
        ]
    return rows


def _call_rows() -> list[Row]:
    narrow, wide = BREADTHS
    return [
        Row(f"store calls, depth {name}, breadth {wide}", found[wide], "calls", None, found[wide] / found[narrow])
        for name, found in asyncio.run(store_calls()).items()
    ]


def _measured() -> list[Row]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "store.db"
        url = f"sqlite:///{database}"
        stage = asyncio.run(_staged(url))
        with served(url, folder) as running:
            return [
                *_import_rows(running, stage, database, folder),
                *_page_rows(running, database),
                *_call_rows(),
            ]


def _line(row: Row) -> str:
    target = "" if row.target is None else f"<= {row.target:g}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return f"{row.name:<72} {row.value:>9.3f} {row.unit:<7} {target:>8} {ratio:>8}"


def _printed(rows: list[Row]) -> None:
    print(f"{'':<72} {'value':>9} {'unit':<7} {'target':>8} {'ratio':>8}")
    for row in rows:
        print(_line(row))
    print("ratio: to the bare work below; of store calls: breadth 100 to breadth 10, which must be 1.00")


def _saved(rows: list[Row]) -> None:
    BASELINES.mkdir(exist_ok=True)
    day = datetime.now(UTC).date()
    (BASELINES / f"{day}.json").write_text(json.dumps(msgspec.to_builtins(rows), indent=1) + "\n")


if __name__ == "__main__":
    table = _measured()
    _printed(table)
    if "--save" in sys.argv[1:]:
        _saved(table)
