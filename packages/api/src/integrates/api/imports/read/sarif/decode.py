"""From the bytes of a SARIF 2.1.0 file to its used members, and the limits of such a file (domain section 8)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec
from msgspec import inspect

from integrates.api.imports.read.error import MAX_DEFECTS, BadFile, Defect, Limit, TooLarge, pointed
from integrates.api.imports.read.json_text import checked, loaded
from integrates.api.imports.read.mismatch import mismatches
from integrates.api.imports.read.sarif.document import Document, Run, components

MAX_RUNS: Final = 20
MAX_RESULTS: Final = 25_000
MAX_RULES: Final = 2_000

_READABLE_OUTSIDE: Final = frozenset({"taxonomies"})
"""What may stand in another file: of a taxonomy only the name is used, which rules repeat."""
_LABELS: Final = frozenset({"schema", "$schema", "version", "guid", "runGuid", "properties"})


def decode(content: bytes) -> Document:
    """Read a file into its used members. Raise ``TooLarge`` and, with up to ten defects, ``BadFile``."""
    document = _typed(checked(content))
    _limit("too_many_runs", len(document.runs), MAX_RUNS)
    _limit("too_many_results", sum(len(run.results or ()) for run in document.runs), MAX_RESULTS)
    _limit("too_many_rules", len(set(_rules(document.runs))), MAX_RULES)
    outside = tuple(islice(_kept_outside(document), MAX_DEFECTS))
    if outside:
        raise BadFile(outside)
    return document


def _typed(content: bytes) -> Document:
    try:
        return msgspec.json.decode(content, type=Document)
    except msgspec.ValidationError as error:
        raise BadFile(_differences(content) or (_told(error),)) from None
    except msgspec.DecodeError:
        # The JSON is known to be well-formed: this is the one thing that Python's parser takes and msgspec does not.
        raise BadFile((Defect("", "A text holds half of a surrogate pair, which is no character."),)) from None


def _differences(content: bytes) -> tuple[Defect, ...]:
    return tuple(islice(mismatches(loaded(content), inspect.type_info(Document)), MAX_DEFECTS))


def _told(error: msgspec.ValidationError) -> Defect:
    """Return the one defect that msgspec tells of, for numbers that no type of Python holds."""
    message, _, path = str(error).partition(" - at `$")
    steps = re.findall(r"[\w$-]+", path)
    return Defect("".join(f"/{step}" for step in steps), f"{message}:")


def _limit(name: Limit, actual: int, allowed: int) -> None:
    if actual > allowed:
        raise TooLarge(name, actual, allowed)


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
