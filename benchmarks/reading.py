"""What a page costs: by itself, with objects beside its items, asked by several at once; and what asking leaves in memory."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import quantiles

from bare import page_seconds
from load import idle, spent
from row import Row
from service import Running, resident_mib
from size import Sizes
from turn import Figures, joined, mean

_FIELDS = "id type technique source where specific state openedAt cycles createdBy finding { title }"
_PAGE = """query($group: ID!, $first: Int!) { group(name: $group) { vulnerabilities(first: $first) { nodes {
  %s } } } }"""
PAGE = _PAGE % _FIELDS
PAGE_WITH_ROOT = _PAGE % f"{_FIELDS} root {{ nickname }}"
ME = "{ me { email role organizations { name } groups { name summary { open } } } }"
_IDLE = "a request that asks for nothing (GET /healthz)"
_HAND_REPEATS = 20
TARGETS = {25: 3.5, 500: 15.0}
"""CPU milliseconds of a page; that of 500 shall also take no more than five times what it takes by hand."""


def page_name(size: int, *, root: bool) -> str:
    """Return the row's name."""
    return f"page of {size} vulnerabilities with finding{' and root' if root else ''}"


def measured(benches: Sequence[Running], group: str, folder: Path, sizes: Sizes) -> Figures:
    """Ask for pages of a group's vulnerabilities in all these ways; ``folder`` has their stores."""
    works: list[tuple[Callable[[Running], list[Row]], int]] = [(_caller(sizes), sizes.blocks)]
    works += [(_page(group, folder, size, sizes, root=root), sizes.blocks) for size in sizes.pages for root in (False, True)]
    works += [(_at_once(group, clients, sizes), sizes.blocks) for clients in sizes.clients]
    works += [(_kept(group, sizes), 1)]
    return joined(mean(benches, work, rounds) for work, rounds in works)


def _database(folder: Path, bench: Running) -> Path:
    return folder / bench.side.name / "store.db"


def _caller(sizes: Sizes) -> Callable[[Running], list[Row]]:
    requests = max(sizes.pages.values())

    def work(bench: Running) -> list[Row]:
        least = idle(bench, "/healthz", requests).cpu_ms
        caller = spent(bench, ME, {}, requests).cpu_ms
        return [Row(_IDLE, least, "CPU ms"), Row("me, with groups and what is open in them", caller, "CPU ms", _IDLE)]

    return work


def _page(group: str, folder: Path, size: int, sizes: Sizes, *, root: bool) -> Callable[[Running], list[Row]]:
    query, requests, name = PAGE_WITH_ROOT if root else PAGE, sizes.pages[size], page_name(size, root=root)
    hand = f"by hand: {name}"

    def work(bench: Running) -> list[Row]:
        cost = spent(bench, query, {"group": group, "first": size}, requests).cpu_ms
        bare = page_seconds(_database(folder, bench), group, size, _HAND_REPEATS, root=root) * 1_000
        return [Row(name, cost, "CPU ms", hand, TARGETS.get(size)), Row(hand, bare, "CPU ms")]

    return work


def _at_once(group: str, clients: int, sizes: Sizes) -> Callable[[Running], list[Row]]:
    size = 25
    one = f"page of {size} with root, one client"
    this, base = (one, None) if clients == 1 else (f"page of {size} with root, {clients} clients at once", one)

    def work(bench: Running) -> list[Row]:
        found = spent(bench, PAGE_WITH_ROOT, {"group": group, "first": size}, sizes.client_requests, clients)
        late = quantiles(found.seconds, n=20)[-1] * 1_000
        return [
            Row(this, found.cpu_ms, "CPU ms", base),
            Row(f"… answers a second to {clients}", len(found.seconds) / found.wall, "1/s"),
            Row(f"… 95 of 100 answered to {clients} within", late, "wall ms"),
        ]

    return work


def _kept(group: str, sizes: Sizes) -> Callable[[Running], list[Row]]:
    def work(bench: Running) -> list[Row]:
        variables = {"group": group, "first": 25}
        spent(bench, PAGE_WITH_ROOT, variables, sizes.memory_requests // 10)
        before = resident_mib(bench)
        spent(bench, PAGE_WITH_ROOT, variables, sizes.memory_requests)
        growth = (resident_mib(bench) - before) / sizes.memory_requests * 1_000
        return [Row("growth of memory by 1,000 requests for a page of 25 with root", growth, "MiB")]

    return work
