"""Whole entities (E13): each bad value of each member is refused where it is, and what is good passes."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from packages.db_model.tests.rules.whole import inventory, place, publication, talk, tenant, verdict, vulnerability
from packages.db_model.tests.rules.whole.inventory import FINDING, ROOT
from packages.db_model.tests.rules.whole.judge import judged, members, spoiled
from packages.db_model.tests.rules.whole.value import V3, V4, Kind, Row, Take, rows
from packages.db_model.tests.rules.whole.vulnerability import VULNERABILITY

from integrates.db_model.entity.types import Entity
from integrates.db_model.errors import Rejected, Rejections
from integrates.db_model.roots.types import GitLocation, RootInfo
from integrates.db_model.severities.rules import severity
from integrates.db_model.vulnerabilities.types import VulnerabilityLocation

ROOMS = (tenant, inventory, place, publication, talk, verdict, vulnerability)
GOOD = [entity for room in ROOMS for entity in room.GOOD]
KINDS = [(entity, kind) for room in ROOMS for entity, kinds in room.KINDS for kind in kinds]
ROWS = [(entity, row) for room in ROOMS for entity, some in room.ROWS for row in some]
TAKEN = [taken for room in ROOMS for taken in room.TAKEN]
FIRST = [entity for room in ROOMS for table in (room.KINDS, room.ROWS) for entity, _ in table]
TEXTS = (
    st.text(max_size=40)
    | st.text("ab-._/ \u0301\u00e9@=:#*!\n\t", max_size=30)
    | st.from_regex(r"(https|ssh)://[a-zA-Z@:.]{1,12}/[a-z./]{1,12}", fullmatch=True)
    | st.from_regex(r"[A-Za-z0-9.]{1,8}@[A-Za-z0-9.]{1,8}|CWE-[0-9]{1,5}|service:(forces|oidc):[a-z-]{1,9}", fullmatch=True)
    | st.uuids().map(str)
)


@pytest.mark.parametrize("entity", GOOD)
def test_a_good_entity_passes_in_each_state(entity: Entity) -> None:
    assert judged(entity) == []


@pytest.mark.parametrize(("entity", "kind"), KINDS)
def test_each_kind_of_bad_value_is_refused_where_it_is(entity: Entity, kind: Kind) -> None:
    for path, value, reason, pointed in rows(*kind):
        assert spoiled(entity, path, value).count((reason, pointed)) == 1, (value, reason)


@pytest.mark.parametrize(("entity", "row"), ROWS)
def test_a_bad_value_is_refused_where_it_is(entity: Entity, row: Row) -> None:
    path, value, reason, pointed = row
    assert spoiled(entity, path, value).count((reason, pointed)) == 1


@pytest.mark.parametrize("entity", FIRST)
def test_what_the_rows_begin_with_is_good(entity: Entity) -> None:
    assert judged(entity) == []


@pytest.mark.parametrize("kind", dict.fromkeys(map(type, GOOD)))
def test_no_member_is_forgotten(kind: type[Entity]) -> None:
    examples = [one for one in GOOD if type(one) is kind]
    for path, entity in members(kind, examples):
        assert spoiled(entity, path, object()) == [("wrong_type", path)]


@pytest.mark.parametrize(("entity", "path", "take"), TAKEN)
@given(text=TEXTS)
def test_what_a_validator_returns_passes(entity: Entity, path: str, take: Take, text: str) -> None:
    try:
        taken = take(text, ())
    except (Rejected, Rejections):
        return
    assert spoiled(entity, path, taken) == []


@given(
    st.sampled_from([None, V4]),
    st.sampled_from([None, V3]),
    st.none() | st.decimals(0, 10, places=2),
)
def test_every_severity_that_is_made_passes(v4: str | None, v3: str | None, tool_score: Decimal | None) -> None:
    assert judged(replace(FINDING, severity=severity(v4, v3, tool_score))) == []


def test_everything_that_is_wrong_with_a_root_is_told() -> None:
    location, info = GitLocation(url="https://git.example/shop", branch="-rf"), RootInfo(nickname="=cmd()")
    found = judged(replace(ROOT, location=location, info=info))
    assert found == [("bad_characters", "info.nickname"), ("bad_format", "location.branch")]


def test_everything_that_is_wrong_with_a_vulnerability_is_told() -> None:
    location: Any = VulnerabilityLocation(where="/a", specific="12")
    labels: Any = "urgent"
    found = judged(replace(VULNERABILITY, location=location, labels=labels))
    assert found == [("wrong_type", "labels"), ("bad_format", "location.where")]
