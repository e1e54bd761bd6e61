"""What a page costs in a group that holds much: as much as in one that holds little, if all is well."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from load import spent
from row import Row
from scan import sarif
from service import Running, asked, import_seconds, placed
from size import Sizes
from turn import Figures, mean

FEW: Final = "short-list"
MANY: Final = "long-list"
_DEEP: Final = 5
"""How many pages are turned before one in the middle."""
_LIST: Final = """query($group: ID!, $first: Int!, $after: String, $filter: VulnerabilityFilter) { group(name: $group) {
  vulnerabilities(first: $first, after: $after, filter: $filter) {
    totalCount nodes { id where specific state treatment { status } } pageInfo { endCursor } } } }"""
FILTERS: Final[dict[str, dict[str, Any]]] = {
    "": {},
    " that are open and untreated": {"filter": {"states": ["VULNERABLE"], "treatments": ["UNTREATED"]}},
}


def fill(benches: Sequence[Running], sizes: Sizes) -> None:
    """Fill a small and a large group of each side."""
    for bench in benches:
        _fill(bench, FEW, sizes.known, sizes)
        _fill(bench, MANY, sizes.listed, sizes)


def measured(benches: Sequence[Running], sizes: Sizes) -> Figures:
    """Ask for pages of the groups that were filled, in turns."""
    return mean(benches, _listed(sizes), sizes.blocks)


def _fill(bench: Running, group: str, number: int, sizes: Sizes) -> None:
    place = placed(bench, group)
    for start, end in pairwise([*range(0, number, sizes.results), number]):
        import_seconds(bench, place, sarif(range(start, end), sizes.rules), {"created": end - start}, close=False)


def _page(bench: Running, variables: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = asked(bench, _LIST, variables)["group"]["vulnerabilities"]
    if len(found["nodes"]) != variables["first"]:
        raise RuntimeError(f"a page of {variables['first']} has {len(found['nodes'])}")
    return found


def _listed(sizes: Sizes) -> Callable[[Running], list[Row]]:
    size, requests = max(sizes.pages), min(sizes.pages.values())

    def cost(bench: Running, variables: dict[str, Any]) -> float:
        _page(bench, variables)
        return spent(bench, _LIST, variables, requests).cpu_ms

    def deep(bench: Running) -> str:
        after = None
        for _ in range(min(_DEEP, sizes.listed // size - 1)):
            after = _page(bench, {"group": MANY, "first": size, "after": after})["pageInfo"]["endCursor"]
        return str(after)

    def work(bench: Running) -> list[Row]:
        rows: list[Row] = []
        for told, wanted in FILTERS.items():
            base, name = f"{size} of {sizes.known:,}{told}", f"{size} of {sizes.listed:,}{told}"
            few, many = (cost(bench, {"group": group, "first": size, **wanted}) for group in (FEW, MANY))
            rows += [Row(base, few, "CPU ms"), Row(name, many, "CPU ms", base)]
        later = cost(bench, {"group": MANY, "first": size, "after": deep(bench)})
        return [*rows, Row(f"{size} of {sizes.listed:,}, some pages later", later, "CPU ms", f"{size} of {sizes.known:,}")]

    return work
