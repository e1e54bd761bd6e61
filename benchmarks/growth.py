"""What a known file costs in a root that holds much: as much as in one that holds nothing else, if all is well."""

from collections.abc import Callable, Sequence
from itertools import count, pairwise
from statistics import fmean

from row import Row
from scan import sarif
from service import Place, Running, import_seconds, placed, resident_mib
from size import Sizes
from turn import Figures, joined, least, mean

_TOOL = "second"
_ENOUGH = 0.5
"""CPU seconds of a round that the clock, which counts hundredths, measures well."""


def small_name(sizes: Sizes) -> str:
    """Return the name of the row that the others are compared with."""
    return f"{sizes.known:,} known results into a root that holds {sizes.known:,}"


def first_name(sizes: Sizes) -> str:
    """Return the name of the row of the small root's first import."""
    return f"import of {sizes.known:,} results into an empty root"


def small(benches: Sequence[Running], sizes: Sizes) -> Figures:
    """Import a small file into empty roots, and again."""
    content, numbers = sarif(range(sizes.known), sizes.rules), count()

    def work(bench: Running) -> list[Row]:
        places = [placed(bench, f"small-{next(numbers)}") for _ in range(sizes.repeats)]
        first = fmean(import_seconds(bench, place, content, {"created": sizes.known}) for place in places)
        again = _repeated(bench, places[0], content, sizes, close=False)
        return [Row(first_name(sizes), first, "CPU s"), Row(small_name(sizes), again, "CPU s")]

    return least(benches, work, sizes.rounds)


def large(benches: Sequence[Running], places: dict[str, Place], sizes: Sizes) -> Figures:
    """Fill the roots, which hold the first results already, and import the small file again, and one of another tool."""
    for bench in benches:
        for start, end in pairwise([*range(sizes.results, sizes.held, sizes.results), sizes.held]):
            part = sarif(range(start, end), sizes.rules)
            import_seconds(bench, places[bench.side.name], part, {"created": end - start}, close=False)
    known, other = sarif(range(sizes.known), sizes.rules), sarif(range(sizes.known), sizes.rules, _TOOL)
    name = f"{sizes.known:,} known results into a root that holds {sizes.held:,}"
    parts = [
        mean(benches, _memory("memory before that"), 1),
        least(benches, _again(places, known, name, sizes, close=False), sizes.rounds),
        mean(benches, _memory("memory after that"), 1),
    ]
    for bench in benches:
        import_seconds(bench, places[bench.side.name], other, {"created": sizes.known})
    closing = _again(places, other, f"{name}, closing missing ones", sizes, close=True)
    return joined([*parts, least(benches, closing, sizes.rounds), mean(benches, _memory("memory at the end"), 1)])


def _again(places: dict[str, Place], content: bytes, name: str, sizes: Sizes, *, close: bool) -> Callable[[Running], list[Row]]:
    def work(bench: Running) -> list[Row]:
        cost = _repeated(bench, places[bench.side.name], content, sizes, close=close)
        return [Row(name, cost, "CPU s", small_name(sizes))]

    return work


def _repeated(bench: Running, place: Place, content: bytes, sizes: Sizes, *, close: bool) -> float:
    """Return the mean CPU seconds of importing what the root holds already, repeated until it is enough for the clock."""
    spent: list[float] = []
    while sum(spent) < _ENOUGH and len(spent) < sizes.repeats:
        spent.append(import_seconds(bench, place, content, {"unchanged": sizes.known}, close=close))
    return fmean(spent)


def _memory(name: str) -> Callable[[Running], list[Row]]:
    return lambda bench: [Row(f"… {name}", resident_mib(bench), "MiB")]
