"""The service on DynamoDB: its own CPU time, without the database's, and the requests that it makes."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from emulator import counted, emulated
from growth import first_name, small_name
from load import spent
from reading import PAGE_WITH_ROOT, page_name
from row import Row
from scan import sarif
from service import Running, asked, import_seconds, imported, placed, served
from side import Side
from size import Sizes
from turn import Figures, joined, least, mean

OPERATIONS = ("BatchGetItem", "TransactWriteItems", "Query")
_RULES = 100
_GROUP = "remote"
_BROAD = "broad"
_TIMES = 2
"""Once a minute a request also notes that the token was used: of two that follow each other, one does not."""
_BELOW = {
    "2: group > vulnerabilities": "vulnerabilities(first: $n) { nodes { where } }",
    "3: group > vulnerabilities > finding": "vulnerabilities(first: $n) { nodes { where finding { title } } }",
    "4: group > vulnerabilities > finding > summary": (
        "vulnerabilities(first: $n) { nodes { where root { nickname } finding { title summary { open } } } }"
    ),
    "4: group > findings > vulnerabilities > root": (
        "findings(first: $n) { nodes { title vulnerabilities(first: 3) { nodes { where root { nickname } } } } }"
    ),
}
QUERIES = {name: f'query($n: Int!) {{ group(name: "{_BROAD}") {{ {below} }} }}' for name, below in _BELOW.items()}
"""By depth; the breadth is asked for."""

Counts = dict[str, "Counter[str]"]


def measured(sides: Sequence[Side], program: str, folder: Path, sizes: Sizes) -> Figures:
    """Import and ask for pages with the emulator's program as the database."""
    counts: Counts = {side.name: Counter() for side in sides}
    with ExitStack() as stack:
        port = stack.enter_context(emulated(program, folder))
        benches = []
        for side in sides:
            before = stack.enter_context(counted(port, counts[side.name]))
            home = folder / f"{side.name}-dynamodb"
            home.mkdir()
            store = f"dynamodb://?endpoint=http://127.0.0.1:{before}&region=eu-west-1&prefix={side.name}_"
            benches.append(stack.enter_context(served(side, store, home)))
        parts = [least(benches, _imports(counts, sizes), min(sizes.rounds, 2))]
        parts += [mean(benches, _page(counts, size, sizes), max(1, sizes.blocks // 2)) for size in sizes.pages]
        return joined([*parts, mean(benches, _depths(counts, sizes), 1)])


def _imports(counts: Counts, sizes: Sizes) -> Callable[[Running], list[Row]]:
    content, numbers = sarif(range(sizes.known), sizes.rules), {name: count() for name in counts}

    def work(bench: Running) -> list[Row]:
        place, mine = placed(bench, f"{_GROUP}-{next(numbers[bench.side.name])}"), counts[bench.side.name]
        rows: list[Row] = []
        for what, effect, base in (
            (f"import of {sizes.known:,} results into an empty root", "created", first_name(sizes)),
            ("import of the same file again", "unchanged", small_name(sizes)),
        ):
            since = mine.copy()
            cost = import_seconds(bench, place, content, {effect: sizes.known})
            rows.append(Row(f"DynamoDB: {what}", cost, "CPU s", base))
            made = mine - since
            rows += [Row(f"… {name} for the {effect} ones", made[name], "requests") for name in OPERATIONS]
        return rows

    return work


def _page(counts: Counts, size: int, sizes: Sizes) -> Callable[[Running], list[Row]]:
    requests, name = max(1, sizes.pages[size] // 2), page_name(size, root=True)

    def work(bench: Running) -> list[Row]:
        mine = counts[bench.side.name]
        since = mine.copy()
        cost = spent(bench, PAGE_WITH_ROOT, {"group": f"{_GROUP}-0", "first": size}, requests).cpu_ms
        made = (mine - since).total() / requests
        return [Row(f"DynamoDB: {name}", cost, "CPU ms", name), Row(f"… for such a page of {size}", made, "requests")]

    return work


def _made(bench: Running, counts: Counts, query: str, breadth: int) -> int:
    """The number of requests that a query makes."""
    since = counts[bench.side.name].copy()
    asked(bench, query, {"n": breadth})
    return (counts[bench.side.name] - since).total()


def _depths(counts: Counts, sizes: Sizes) -> Callable[[Running], list[Row]]:
    narrow, wide = sizes.breadths

    def work(bench: Running) -> list[Row]:
        imported(bench, placed(bench, _BROAD), sarif(range(2 * _RULES), _RULES))
        rows: list[Row] = []
        for name, query in QUERIES.items():
            for breadth in sizes.breadths:
                made = min(_made(bench, counts, query, breadth) for _ in range(_TIMES))
                base = f"depth {name}, breadth {narrow}" if breadth == wide else None
                rows.append(Row(f"depth {name}, breadth {breadth}", made, "requests", base))
        return rows

    return work
