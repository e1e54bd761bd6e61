"""The wrapper that holds queries against the design."""

import pytest

from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Query, Table
from integrates.db_model.testing.pattern import check_query, following_patterns

VMS: Table = "integrates_vms"
HISTORY: Table = "integrates_vms_historic"

Row = tuple[str, Table, int | None, str, str | None]

FITTING: list[Row] = [
    ("groups_of_organization", VMS, 1, "ORG#o", None),
    ("roots_of_group", VMS, 1, "GROUP#g", "ROOT#"),
    ("roots_of_group", VMS, 1, "GROUP#g", "RO"),
    ("roots_of_group", VMS, 1, "GROUP#g", "ROOT#r"),
    ("memberships_of_stakeholder", VMS, None, "USER#u@x.y", None),
    ("memberships_of_stakeholder", VMS, None, "USER#u@x.y", "GROUP#"),
    ("memberships_of_stakeholder", VMS, None, "USER#u@x.y", "ORG#"),
    ("findings_of_organization_by_title", VMS, 2, "ORG#o#TITLE#h", None),
    ("vulnerabilities_of_root_and_path", VMS, 2, "ROOT#r", "PATH#p#"),
    ("vulnerabilities_of_root_and_path", VMS, 2, "ROOT#r", "PATH#p#FIN#f#VULN#"),
    ("revisions_of_entity", HISTORY, None, "VULN#v", "V#"),
    ("revisions_of_entity", HISTORY, None, "USER#u@x.y|GROUP#g", None),
    ("audit_of_group", HISTORY, 1, "AUDIT#GROUP#g#2026-01", "AT#2026"),
    ("audit_of_group", HISTORY, 1, "AUDIT#GROUP#g#2026-01", "AT#2026#V#0000000001#VULN#v"),
]
UNFIT: list[Row] = [
    ("groups_of_org", VMS, 1, "ORG#o", None),
    ("groups_of_organization", VMS, 2, "ORG#o", None),
    ("groups_of_organization", VMS, None, "ORG#o", None),
    ("groups_of_organization", HISTORY, 1, "ORG#o", None),
    ("groups_of_organization", VMS, 1, "GROUP#g", None),
    ("groups_of_organization", VMS, 1, "ORG#", None),
    ("groups_of_organization", VMS, 1, "ORG#o#x", None),
    ("groups_of_organization", VMS, 1, "ORG#o", "ROOT#"),
    ("roots_of_group", VMS, 1, "GROUP#g", "ROOT#r#x"),
    ("findings_of_organization_by_title", VMS, 2, "ORG#o", None),
    ("vulnerabilities_of_root_and_path", VMS, 2, "ROOT#r", None),
    ("vulnerabilities_of_root_and_path", VMS, 2, "ROOT#r", "PATH#"),
    ("vulnerabilities_of_root_and_path", VMS, 2, "ROOT#r", "PATH#p#V#"),
    ("revisions_of_entity", HISTORY, None, "VULN#v", "W#"),
    ("revisions_of_entity", HISTORY, None, "", None),
]


def query(row: Row) -> Query:
    pattern, table, index, pk, prefix = row
    return Query(pattern=pattern, table=table, index=index, pk=pk, sk_prefix=prefix, limit=1)


@pytest.mark.parametrize("row", FITTING)
async def test_a_query_that_follows_its_pattern_is_answered(row: Row) -> None:
    (page,) = await following_patterns(memory_store(), design()).query([query(row)])
    assert page.items == ()


@pytest.mark.parametrize("row", UNFIT)
async def test_a_query_that_does_not_is_refused(row: Row) -> None:
    with pytest.raises(ValueError, match="access pattern"):
        await following_patterns(memory_store(), design()).query([query(FITTING[0]), query(row)])


def test_both_ends_of_a_range_are_held_against_the_pattern() -> None:
    good = Query(pattern="revisions_of_entity", table=HISTORY, index=None, pk="VULN#v", sk_between=("V#1", "V#5"), limit=1)
    check_query(good, design())
    bad = Query(pattern="revisions_of_entity", table=HISTORY, index=None, pk="VULN#v", sk_between=("V#1", "W"), limit=1)
    with pytest.raises(ValueError, match="access pattern"):
        check_query(bad, design())
