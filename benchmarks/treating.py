"""What a bulk change costs: 100 vulnerabilities of a group are given a treatment in one call."""

import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

from bare import change_seconds
from row import Row
from service import Running, asked, cpu_seconds
from size import Sizes
from turn import Figures, mean

_ITEMS: Final = 100
_LIST = "query($group: ID!, $first: Int!) { group(name: $group) { vulnerabilities(first: $first) { nodes { id } } } }"
_TREAT = """mutation($items: [VulnerabilityRef!]!, $treatment: TreatmentStatus!, $why: String!) {
  updateVulnerabilitiesTreatment(items: $items, treatment: $treatment, justification: $why) {
    vulnerabilities { id } errors { message } } }"""
_HAND = f"by hand: {_ITEMS} vulnerabilities changed in one transaction"


def measured(benches: Sequence[Running], group: str, folder: Path, sizes: Sizes) -> Figures:
    """Treat the first vulnerabilities of a group again and again."""
    return mean(benches, _treated(group, folder, sizes), sizes.blocks)


def _treated(group: str, folder: Path, sizes: Sizes) -> Callable[[Running], list[Row]]:
    calls, files, repeats = count(), count(), max(sizes.pages.values())

    def work(bench: Running) -> list[Row]:
        nodes = asked(bench, _LIST, {"group": group, "first": _ITEMS})["group"]["vulnerabilities"]["nodes"]
        items = [{"id": node["id"]} for node in nodes]
        before, begin = cpu_seconds(bench), time.perf_counter()
        for _ in range(repeats):
            _call(bench, items, next(calls))
        wall, cpu = time.perf_counter() - begin, cpu_seconds(bench) - before
        copy = folder / f"{bench.side.name}-changed-{next(files)}.db"
        hand = change_seconds(folder / bench.side.name / "store.db", copy, len(items), repeats)
        return [
            Row(f"treatment of {_ITEMS} vulnerabilities in one call", wall / repeats * 1_000, "wall ms", _HAND),
            Row("… of the service's process", cpu / repeats * 1_000, "CPU ms"),
            Row(_HAND, hand * 1_000, "wall ms"),
        ]

    return work


def _call(bench: Running, items: list[dict[str, Any]], number: int) -> None:
    """Give all of them another treatment than they have."""
    treatment = "IN_PROGRESS" if number % 2 == 0 else "UNTREATED"
    variables = {"items": items, "treatment": treatment, "why": f"It was decided in round {number}."}
    payload = asked(bench, _TREAT, variables)["updateVulnerabilitiesTreatment"]
    if payload["errors"] or len(payload["vulnerabilities"]) != len(items):
        raise RuntimeError(str(payload)[:2_000])
