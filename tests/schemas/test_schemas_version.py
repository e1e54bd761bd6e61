"""The numbers by which designs, and the forms of items, are told apart."""

import json
import subprocess
from collections.abc import Callable
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from integrates.db_model.store.design import Design, design, parsed

FINDING = Path("schemas/tables/integrates_vms/facets/finding/finding.cue")
DATABASE = Path("schemas/database.cue")
CARRIED = Path("packages/db_model/src/integrates/db_model/store/design.json")

LAYOUT = (5, "1e20894cefcff4531ad510d5880121c7720eb206f928f337a2f3a77124505f23")
"""The version of the design, and the hash of the tables, indexes and keys that it stands for."""

Change = Callable[[Path, str, str], None]
Export = Callable[..., subprocess.CompletedProcess[str]]


def layout(read: Design) -> str:
    """The hash of everything in the design that a store is built by."""
    tables = {name: {str(number): kind for number, kind in table.indexes.items()} for name, table in read.tables.items()}
    keys = {
        name: [(facet.key.pk, facet.key.sk), *((number, keys.pk, keys.sk) for number, keys in facet.indexes.items())]
        for name, facet in read.facets.items()
    }
    return sha256(json.dumps([tables, keys], sort_keys=True).encode()).hexdigest()


def test_another_layout_has_another_version() -> None:
    found = (design().version, layout(design()))
    assert found == LAYOUT, (
        "tables, indexes or keys have changed: raise `_version` in schemas/database.cue, unless there is only a new facet in "
        f"old indexes, and run `.venv/bin/nox -s schemas`; then LAYOUT here is {found}"
    )


def test_two_versions_of_the_design_can_be_told_apart(carried: Any) -> None:
    before = deepcopy(carried)
    before["DesignVersion"] = 1
    before["DataModel"][0]["GlobalSecondaryIndexes"].pop()
    old, new = (parsed(json.dumps(document).encode()) for document in (before, carried))
    assert (old.version, new.version) == (1, 5)
    assert set(new.tables["integrates_vms"].indexes) - set(old.tables["integrates_vms"].indexes) == {8}


@pytest.mark.parametrize("path", [("DesignVersion",), ("DataModel", 0, "TableFacets", 0, "Schema")])
@pytest.mark.parametrize("number", [None, 0, "1"])
def test_a_design_without_numbers_is_refused(path: tuple[Any, ...], number: object, carried: Any) -> None:
    document = deepcopy(carried)
    part = document
    for step in path[:-1]:
        part = part[step]
    if number is None:
        del part[path[-1]]
    else:
        part[path[-1]] = number
    with pytest.raises(msgspec.ValidationError):
        parsed(json.dumps(document).encode())


def test_every_facet_has_a_schema() -> None:
    assert {facet.schema for facet in design().facets.values()} == {1}


@pytest.mark.cue
def test_a_raised_number_is_exported(copy: Path, change: Change, export: Export) -> None:
    change(FINDING, 'name: "finding"', 'name: "finding"\n\t"schema": 2')
    change(DATABASE, "_version: 5", "_version: 6")
    assert export().returncode == 0
    raised = parsed((copy / CARRIED).read_bytes())
    assert raised.version == 6
    assert {name for name, facet in raised.facets.items() if facet.schema == 2} == {"finding"}
