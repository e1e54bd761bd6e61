"""The facets of the code write the schema number that the design says (E14)."""

from typing import Any

import pytest

from integrates.db_model.decision_imports.types import DecisionProgress
from integrates.db_model.entity.facet import Facet
from integrates.db_model.finding_policies.types import Application
from integrates.db_model.imports.types import ImportProgress
from integrates.db_model.registry import FACETS
from integrates.db_model.store.design import design


@pytest.mark.parametrize("facet", FACETS.values(), ids=FACETS)
def test_the_code_writes_the_number_of_the_design(facet: Facet[Any]) -> None:
    assert facet.schema == design().facets[facet.name].schema


@pytest.mark.parametrize("facet", FACETS.values(), ids=FACETS)
def test_every_older_number_is_lifted(facet: Facet[Any]) -> None:
    assert sorted(facet.lifts) == list(range(1, facet.schema))


def attributes(carried: Any) -> dict[str, set[str]]:
    """The attributes of every facet of the design by its name."""
    facets = (facet for table in carried["DataModel"] for facet in table["TableFacets"])
    return {facet["FacetName"]: set(facet["NonKeyAttributes"]) for facet in facets}


def test_every_entity_of_the_design_is_registered(carried: Any) -> None:
    """What is no entity does not know who created it."""
    assert {name for name, own in attributes(carried).items() if {"created_by", "updated_at"} <= own} == set(FACETS)


def test_the_design_lists_what_the_progress_of_long_work_has(carried: Any) -> None:
    assert attributes(carried)["import_progress"] == set(ImportProgress.__struct_fields__)
    assert attributes(carried)["decision_import_progress"] == set(DecisionProgress.__struct_fields__)
    assert attributes(carried)["finding_policy_application"] == set(Application.__struct_fields__)
