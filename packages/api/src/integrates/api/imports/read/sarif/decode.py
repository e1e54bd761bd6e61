"""From the checked JSON of a SARIF 2.1.0 file to its used members, and the limits of such a file (domain section 8)."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from integrates.api.imports.read.decode import decoded
from integrates.api.imports.read.error import MAX_DEFECTS, BadFile, Defect, pointed
from integrates.api.imports.read.limit import MAX_RESULTS, MAX_RULES, enforce
from integrates.api.imports.read.sarif.document import Document, Run, components

MAX_RUNS: Final = 20

_READABLE_OUTSIDE: Final = frozenset({"taxonomies"})
"""What may stand in another file: of a taxonomy only the name is used, which rules repeat."""
_LABELS: Final = frozenset({"schema", "$schema", "version", "guid", "runGuid", "properties"})


def decode(content: bytes) -> Document:
    """Decode a file into its used members. Raise ``TooLarge`` and, with up to ten defects, ``BadFile``."""
    document = decoded(content, Document)
    enforce("too_many_runs", len(document.runs), MAX_RUNS)
    enforce("too_many_results", sum(len(run.results or ()) for run in document.runs), MAX_RESULTS)
    enforce("too_many_rules", len(set(_rules(document.runs))), MAX_RULES)
    outside = tuple(islice(_kept_outside(document), MAX_DEFECTS))
    if outside:
        raise BadFile(outside)
    return document


def _rules(runs: Sequence[Run]) -> Iterator[tuple[str, str]]:
    for run in runs:
        for component in components(run.tool):
            yield from ((run.tool.driver.name, rule.id) for rule in component.rules or ())


def _kept_outside(document: Document) -> Iterator[Defect]:
    for index, run in enumerate(document.runs):
        pointer = f"/runs/{index}/externalPropertyFileReferences"
        yield from _not_readable(run.external_property_file_references or {}, _READABLE_OUTSIDE, pointer)
    for index, properties in enumerate(document.inline_external_properties or ()):
        yield from _not_readable(properties, _READABLE_OUTSIDE | _LABELS, f"/inlineExternalProperties/{index}")


def _not_readable(members: Iterable[str], readable: frozenset[str], pointer: str) -> Iterator[Defect]:
    for name in members:
        if name not in readable:
            yield Defect(pointed(pointer, name), "External properties are not read; put them into the run:")
