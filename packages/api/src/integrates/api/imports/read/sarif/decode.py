"""From the checked JSON of a SARIF 2.1.0 file to its used members, and the limits of such a file (domain section 8)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct, inspect

from integrates.api.imports.read.error import Defect, pointed
from integrates.api.imports.read.limit import MAX_DESCRIBED, MAX_RESULTS, enforce
from integrates.api.imports.read.mend import NULL, ODD, decoded_or, elements_of, parts_of, tolerant
from integrates.api.imports.read.sarif.document import Run, components

MAX_RUNS: Final = 20
VERSION: Final = "2.1.0"
_RUN: Final = tolerant(inspect.type_info(Run))
_INLINE: Final = tolerant(inspect.type_info(tuple[dict[str, Raw], ...]))
_TEXT: Final[msgspec.json.Decoder[str]] = msgspec.json.Decoder(str)

_READABLE_OUTSIDE: Final = frozenset({"taxonomies"})
"""What may stand in another file: of a taxonomy only the name is used, which rules repeat."""
_LABELS: Final = frozenset({"schema", "$schema", "version", "guid", "runGuid", "properties"})


class Decoded(Struct, frozen=True):
    """The runs of a file, and its defects. Where there are any, the runs may lack what is defective."""

    runs: Sequence[Run]
    defects: Sequence[Defect]


def decode(content: bytes) -> Decoded:
    """Decode a file into its used members; odd ones are left out. Raise ``TooLarge``."""
    members = parts_of(content) or {}
    given = elements_of(members.get("runs", NULL)) or ()
    enforce("too_many_runs", len(given), MAX_RUNS)
    results = tuple(map(_results, given))
    enforce("too_many_results", sum(len(elements or ()) for elements in results), MAX_RESULTS)
    runs = tuple(run if run is not ODD else Run() for run in map(_RUN, given))
    enforce("too_many_rules", sum(map(_described, runs)), MAX_DESCRIBED)
    outside = _kept_outside(runs, members.get("inlineExternalProperties", NULL))
    return Decoded(runs, (*_misshapen(members), *_not_results(results), *outside))


def _results(run: Raw) -> Sequence[Raw] | None:
    """Return the results of a run, none when it has none, ``None`` when they are no list."""
    found = (parts_of(run) or {}).get("results", NULL)
    return () if memoryview(found) == memoryview(NULL) else elements_of(found)


def _described(run: Run) -> int:
    return sum(len(component.rules or ()) for component in components(run.tool))


def _misshapen(members: Mapping[str, Raw]) -> Iterator[Defect]:
    """Yield what is wrong at the top of the file."""
    for name in ("version", "runs"):
        if name not in members:
            yield Defect(f"/{name}", "The member is missing:")
    if "version" in members and decoded_or(_TEXT, members["version"], None) != VERSION:
        yield Defect("/version", f"Expected '{VERSION}':")
    if "runs" in members and elements_of(members["runs"]) is None:
        yield Defect("/runs", "Expected an array:")


def _not_results(results: Iterable[Sequence[Raw] | None]) -> Iterator[Defect]:
    for index, elements in enumerate(results):
        pointer = f"/runs/{index}/results"
        if elements is None:
            yield Defect(pointer, "Expected an array:")
        for number, one in enumerate(elements or ()):
            if memoryview(one)[0] != ord("{"):
                yield Defect(pointed(pointer, number), "Expected an object:")


def _kept_outside(runs: Iterable[Run], inline: Raw) -> Iterator[Defect]:
    for index, run in enumerate(runs):
        pointer = f"/runs/{index}/externalPropertyFileReferences"
        yield from _not_readable(run.external_property_file_references or {}, _READABLE_OUTSIDE, pointer)
    found = _INLINE(inline)
    for index, properties in enumerate(found if found is not ODD else ()):
        yield from _not_readable(properties, _READABLE_OUTSIDE | _LABELS, f"/inlineExternalProperties/{index}")


def _not_readable(members: Mapping[str, Raw], readable: frozenset[str], pointer: str) -> Iterator[Defect]:
    for name, value in members.items():
        if name not in readable and memoryview(value) != memoryview(NULL):
            yield Defect(pointed(pointer, name), "External properties are not read; put them into the run:")
