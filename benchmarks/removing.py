"""What it costs to remove a finding with all of its vulnerabilities in one call."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from row import Row
from scan import sarif
from service import Running, asked, cpu_seconds, import_seconds, placed
from size import Sizes
from turn import Figures, least

_FINDINGS: Final = "query($group: ID!) { group(name: $group) { findings(first: 2) { nodes { id } } } }"
_REMOVE: Final = "mutation($id: ID!) { removeFinding(id: $id, justification: DUPLICATED) { id errors { message } } }"


def measured(benches: Sequence[Running], sizes: Sizes) -> Figures:
    """Fill groups with one finding each, and remove it."""
    return least(benches, _removed(sizes), sizes.rounds)


def _removed(sizes: Sizes) -> Callable[[Running], list[Row]]:
    numbers, content = count(), sarif(range(sizes.results), rules=1)

    def work(bench: Running) -> list[Row]:
        place = placed(bench, f"removed-{next(numbers)}")
        import_seconds(bench, place, content, {"created": sizes.results})
        (finding,) = asked(bench, _FINDINGS, {"group": place.group})["group"]["findings"]["nodes"]
        before = cpu_seconds(bench)
        payload = asked(bench, _REMOVE, {"id": finding["id"]})["removeFinding"]
        spent = cpu_seconds(bench) - before
        if payload["errors"]:
            raise RuntimeError(str(payload)[:2_000])
        return [Row(f"removal of a finding with {sizes.results:,} vulnerabilities", spent, "CPU s", None, 4.0)]

    return work
