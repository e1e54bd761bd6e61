"""Results that a tool could not tell apart: row *tie* of domain section 8."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from integrates.api.imports.read.observation import Location, Observation
from integrates.api.imports.read.tie import untied
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.types import Technique, VulnerabilityType


def seen(ordinal: int, where: str, specific: str, fingerprint: str | None, **members: Any) -> Observation:
    one = Observation(
        ordinal=ordinal,
        pointer=f"/runs/0/results/{ordinal}",
        rule=ToolRule(tool="t", rule_id="r"),
        category="",
        location=Location(VulnerabilityType.LINES, where, specific),
        fingerprint=fingerprint,
        technique=Technique.SAST,
        own_score=None,
        suppressed=False,
        snippet=None,
        detail=None,
    )
    return replace(one, **members)


def told(rows: Sequence[tuple[str, str, str | None]]) -> tuple[list[tuple[str, str, str | None]], int]:
    observations, duplicates = untied([seen(ordinal, *row) for ordinal, row in enumerate(rows)])
    return [(one.location.where, one.location.specific, one.fingerprint) for one in observations], duplicates


@pytest.mark.parametrize(
    ("rows", "expected", "duplicates"),
    [
        pytest.param([], [], 0, id="nothing"),
        pytest.param([("a", "1", "f"), ("a", "1", "f")], [("a", "1", "f")], 1, id="equal location and fingerprint"),
        pytest.param([("a", "1", None), ("a", "1", None)], [("a", "1", None)], 1, id="equal location without fingerprint"),
        pytest.param([("a", "1", "f"), ("a", "1", "g")], [("a", "1", "f"), ("a", "1", "g")], 0, id="equal location only"),
        pytest.param([("a", "1", "f"), ("a", "1", None)], [("a", "1", "f"), ("a", "1", None)], 0, id="one has none"),
        pytest.param([("a", "1", None), ("a", "2", None)], [("a", "1", None), ("a", "2", None)], 0, id="no fingerprints"),
        pytest.param(
            [("a", "10", "f"), ("a", "9", "f"), ("a", "100", "f")],
            [("a", "10", "f#2"), ("a", "9", "f"), ("a", "100", "f#3")],
            0,
            id="lines are numbers",
        ),
        pytest.param([("b", "1", "f"), ("a", "2", "f")], [("b", "1", "f#2"), ("a", "2", "f")], 0, id="where comes first"),
        pytest.param(
            [("a", "1", "f"), ("a", "2", "f"), ("a", "1", "f"), ("a", "2", "f")],
            [("a", "1", "f"), ("a", "2", "f#2")],
            2,
            id="duplicates do not count as locations",
        ),
        pytest.param(
            [("a", "1", "f"), ("a", "2", "f"), ("a", "3", "f#2")],
            [("a", "1", "f"), ("a", "2", "f#3"), ("a", "3", "f#2")],
            0,
            id="a number that another has",
        ),
    ],
)
def test_ties(rows: Any, expected: Any, duplicates: int) -> None:
    assert told(rows) == (expected, duplicates)


def test_rules_are_told_apart() -> None:
    other = ToolRule(tool="t", rule_id="other")
    observations, duplicates = untied(
        [seen(0, "a", "1", "f"), seen(1, "a", "2", "f", rule=other), seen(2, "a", "1", "f", rule=other)]
    )
    assert ([one.fingerprint for one in observations], duplicates) == (["f", "f#2", "f"], 0)


def test_category_does_not_tell_apart() -> None:
    _, duplicates = untied([seen(0, "a", "1", "f"), seen(1, "a", "1", "f", category="x/")])
    assert duplicates == 1


def test_what_is_not_suppressed_outlives_what_is() -> None:
    suppressed, live, later = seen(0, "a", "1", None, suppressed=True), seen(1, "a", "1", None), seen(2, "a", "1", None)
    assert untied([suppressed, live, later]) == ((live,), 2)
    assert untied([live, suppressed]) == ((live,), 1)


def test_types_have_places_of_their_own() -> None:
    where = "http://h/a"
    page = seen(0, "", "", "f", location=Location(VulnerabilityType.INPUTS, where, "user"))
    port = seen(1, "", "", "f", location=Location(VulnerabilityType.PORTS, "h", "80"))
    assert [one.fingerprint for one in untied([page, port])[0]] == ["f#2", "f"]


ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2", "10"]), st.sampled_from([None, "f", "f#2", "f#2#2"])),
    max_size=12,
)


@given(ROWS)
def test_identities_are_unique_and_order_does_not_matter(rows: list[tuple[str, str, str | None]]) -> None:
    observations, duplicates = told(rows)
    identities = [fingerprint or (where, specific) for where, specific, fingerprint in observations]
    assert len(set(identities)) == len(identities) == len(rows) - duplicates == len(set(rows))
    assert {row[:2] for row in observations} == {row[:2] for row in rows}
    assert told(observations) == (observations, 0)


@given(ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_the_order_of_the_file_does_not_matter(both: Any) -> None:
    rows, shuffled = both
    simple = [row for row in rows if row[2] in {None, "f"}]
    assert set(told(simple)[0]) == set(told([row for row in shuffled if row[2] in {None, "f"}])[0])
