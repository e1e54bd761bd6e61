"""The VEX documents of all formats, judged by the libraries of these."""

import json

import pytest
from packages.api.tests.exports.entry import (
    BACKEND,
    document,
)
from packages.api.tests.exports.judge import JUDGES
from packages.api.tests.exports.vex import ENTRIES, VEX, written

from integrates.api.exports.document import ExportFormat
from integrates.api.exports.registry import FORMATS


def test_each_format_with_versions_has_a_judge() -> None:
    assert set(JUDGES) == set(VEX)


@pytest.mark.parametrize("kind", VEX)
def test_the_libraries_of_the_formats_find_nothing_wrong(kind: ExportFormat) -> None:
    JUDGES[kind](json.dumps(written(kind, ENTRIES)))
    alone = [entry for entry in ENTRIES if entry.vulnerability.root_id == BACKEND.id]
    JUDGES[kind](json.dumps(written(kind, alone, document(BACKEND))))
    for entry in ENTRIES:
        JUDGES[kind](json.dumps(written(kind, [entry])))


@pytest.mark.parametrize("kind", [each for each in VEX if FORMATS[each].may_be_empty])
def test_nothing_is_a_document_where_the_format_allows_it(kind: ExportFormat) -> None:
    JUDGES[kind](json.dumps(written(kind, [])))
