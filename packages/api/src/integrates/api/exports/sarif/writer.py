"""The writer: a run for each tool and category (domain section 21, row *SARIF*)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from integrates.api.exports.document import Document, Entry, Format
from integrates.api.exports.sarif.rule import rule_of
from integrates.api.exports.sarif.run import Run
from integrates.api.imports.read.observation import SeriesKey
from integrates.db_model.vulnerabilities.types import Vulnerability
from integrates.db_model.vulnerabilities.vex import EXPRESSIONS
from integrates.db_model.vulnerabilities.word import Word

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write(document: Document, entries: Iterable[Entry]) -> Iterator[bytes]:
    """Write a document. The results of a run are kept packed until all that stands before them is known."""
    runs: dict[SeriesKey, Run] = {}
    for entry in entries:
        for series in _series_of(entry):
            runs.setdefault(series, Run(series)).add(entry, document.roots[entry.vulnerability.root_id])
    yield b'{"$schema":"' + SCHEMA.encode() + b'","version":"2.1.0","runs":['
    for number, (_, run) in enumerate(sorted(runs.items())):
        yield b",\n" if number else b""
        yield from run.written()
    yield b"]}\n"


def _series_of(entry: Entry) -> tuple[SeriesKey, ...]:
    """Return the runs that a vulnerability is in: of each category that sees it; of a person's report the one without."""
    tool, seen_by = rule_of(entry).tool, entry.vulnerability.tool
    return tuple((tool, category) for category in seen_by.categories) if seen_by else ((tool, ""),)


def _key(_: Mapping[str, str], entry: Entry) -> tuple[str, ...]:
    """Return by what entries are ordered: reading them in this order gives equal ones the numbers that they had."""
    rule, found = rule_of(entry), entry.vulnerability
    return (rule.tool, rule.rule_id, f"{found.number:010}", found.location.where, f"{found.location.specific:0>10}")


def _is_told(_: Vulnerability, word: Word) -> bool:
    return EXPRESSIONS[word].is_result


SARIF: Final = Format(media_type="application/sarif+json", key=_key, takes=_is_told, write=write)
