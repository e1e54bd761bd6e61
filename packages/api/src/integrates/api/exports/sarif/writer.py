"""The writer: a run for each tool and category (domain section 21, row *SARIF*)."""

from collections.abc import Iterable, Iterator
from typing import Final

from integrates.api.exports.document import Document, Entry, Format
from integrates.api.exports.rule import entry_key, rule_of
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
            runs.setdefault(series, Run(series, document.server)).add(entry, document.roots[entry.vulnerability.root_id])
    yield b'{"$schema":"' + SCHEMA.encode() + b'","version":"2.1.0","runs":['
    for number, (_, run) in enumerate(sorted(runs.items())):
        yield b",\n" if number else b""
        yield from run.written()
    yield b"]}\n"


def _series_of(entry: Entry) -> tuple[SeriesKey, ...]:
    """Return the runs that a vulnerability is in: of each category that sees it; of a person's report the one without."""
    tool, seen_by = rule_of(entry).tool, entry.vulnerability.tool
    return tuple((tool, category) for category in seen_by.categories) if seen_by else ((tool, ""),)


def _is_told(_: Vulnerability, word: Word) -> bool:
    return EXPRESSIONS[word].is_result


SARIF: Final = Format(media_type="application/sarif+json", key=lambda _, entry: entry_key(entry), takes=_is_told, write=write)
