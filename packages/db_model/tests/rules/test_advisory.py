"""Advisories of packages (domain section 18): where they belong, and that they always go with the place."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from integrates.db_model.findings.types import Finding
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.advisory import goes_with, misadvised, package_at
from integrates.db_model.vulnerabilities.rules import Sighting
from integrates.db_model.vulnerabilities.types import (
    Advisory,
    ClosingReason,
    Fix,
    Relation,
    Source,
    Technique,
    Tool,
    Use,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityType,
)

AT = datetime(2024, 5, 1, tzinfo=UTC)
BY = "hana@demo.example"
LOCK = "package-lock.json"
EXPRESS = Advisory(id="CVE-2024-1", cve=("CVE-2024-1",), package="express", vulnerable_version="4.17.1")
LATER_VERSION = replace(EXPRESS, vulnerable_version="4.17.3", fixed_version="4.18.0", fix=Fix.AVAILABLE)


def seen(advisory: Advisory | None, where: str = LOCK, *categories: str, specific: str = "", **members: str) -> Sighting:
    """A result of a tool about a package; ``members`` are those of its location."""
    at = specific or (package_at(advisory.package, advisory.vulnerable_version) if advisory else "express@4.17.1")
    return Sighting(
        type=VulnerabilityType.PACKAGES,
        technique=Technique.SCA,
        location=VulnerabilityLocation(where=where, specific=at, **members),
        tool=Tool(name="trivy", categories=categories or ("",), rule_id="CVE-2024-1", fingerprint=f"{where}|pkg:npm/express"),
        advisory=advisory,
    )


@pytest.fixture(scope="session")
def reported(finding: Finding) -> Vulnerability:
    """A package as an import reports it."""
    return rules.reported("vulnerability", finding, "root", seen(EXPRESS), by=BY, at=AT)


def contradictions(one: Vulnerability) -> list[str]:
    return [".".join(each.path) for each in misadvised(one.type, one.location, one.tool, one.advisory)]


@pytest.mark.parametrize(
    "package,version,specific",
    [("express", "4.17.1", "express@4.17.1"), ("@shop/cart", "", "@shop/cart"), ("@shop/cart", "1", "@shop/cart@1")],
)
def test_a_place_is_written_with_the_version_if_there_is_one(package: str, version: str, specific: str) -> None:
    assert package_at(package, version) == specific
    advisory = Advisory(id="X", package=package, vulnerable_version=version)
    assert goes_with(advisory, VulnerabilityLocation(where="os", specific=specific))
    assert not goes_with(advisory, VulnerabilityLocation(where="os", specific=f"{specific}.0"))


def test_a_report_has_the_advisory_of_the_result(reported: Vulnerability) -> None:
    assert (reported.type, reported.technique) == (VulnerabilityType.PACKAGES, Technique.SCA)
    assert reported.advisory == EXPRESS
    assert contradictions(reported) == []


@pytest.mark.parametrize("kind", [one for one in VulnerabilityType if one is not VulnerabilityType.PACKAGES])
def test_only_packages_have_an_advisory(reported: Vulnerability, kind: VulnerabilityType) -> None:
    assert contradictions(replace(reported, type=kind)) == ["advisory"]
    assert contradictions(replace(reported, type=kind, advisory=None)) == []


def test_what_a_tool_reports_of_a_package_has_one(reported: Vulnerability) -> None:
    assert contradictions(replace(reported, advisory=None)) == ["advisory"]
    assert contradictions(replace(reported, advisory=None, tool=None, source=Source.ANALYST)) == []


CHANGES = [
    {"fixed_version": "4.18.0"},
    {"fix": Fix.WONT_FIX},
    {"aliases": ("GHSA-1",)},
    {"relation": Relation.TRANSITIVE},
    {"use": Use.DEVELOPMENT},
    {"purl": "pkg:npm/express@4.17.1"},
    {"cve": ("CVE-2024-1", "CVE-2024-2")},
    {"id": "GHSA-1"},
]


@pytest.mark.parametrize("members", CHANGES, ids=lambda members: next(iter(members)))
def test_the_series_that_noted_it_first_renews_the_advisory(reported: Vulnerability, members: dict[str, object]) -> None:
    told = replace(EXPRESS, **members)
    assert rules.noted(reported, seen(told)) == replace(reported, advisory=told)
    other = rules.noted(reported, seen(told, LOCK, "nightly/"))
    assert other.advisory == EXPRESS, "another series says nothing of it"
    mine = replace(reported, source=Source.ANALYST)
    assert rules.moved(mine, seen(told)) is mine


def test_the_same_result_changes_nothing(reported: Vulnerability) -> None:
    assert rules.moved(reported, seen(EXPRESS)) is reported
    assert rules.moved(reported, seen(None)) is reported, "a result without an advisory takes none away"


def test_the_commit_is_renewed_with_snippet_and_detail(reported: Vulnerability) -> None:
    told = {"commit": "a1" * 20, "snippet": "express", "detail": "Old."}
    assert rules.noted(reported, seen(EXPRESS, **told)).location == replace(reported.location, **told)
    assert rules.noted(reported, seen(EXPRESS, LOCK, "nightly/", **told)).location == reported.location


@pytest.mark.parametrize("category", ["", "nightly/"])
def test_who_moves_it_writes_the_advisory_of_the_new_version(reported: Vulnerability, category: str) -> None:
    """Also another series, whose word does not count otherwise (B14)."""
    upgraded = rules.moved(reported, seen(LATER_VERSION, LOCK, category))
    assert (upgraded.location.specific, upgraded.advisory) == ("express@4.17.3", LATER_VERSION)
    assert (upgraded.id, upgraded.cycle, upgraded.treatment) == (reported.id, reported.cycle, reported.treatment)
    elsewhere = rules.moved(reported, seen(EXPRESS, "web/package-lock.json", category))
    assert (elsewhere.location.where, elsewhere.advisory) == ("web/package-lock.json", EXPRESS)
    assert rules.placed(reported, seen(LATER_VERSION, LOCK, category)).advisory == LATER_VERSION


def test_what_comes_back_has_the_advisory_of_its_version(reported: Vulnerability) -> None:
    safe = rules.closed(reported, ClosingReason.NOT_REPORTED, by=BY, at=AT)
    again = rules.reopened(safe, seen(LATER_VERSION, LOCK, "nightly/"), by=BY, at=AT + timedelta(days=1))
    assert (again.location.specific, again.advisory, again.cycle.cycles) == ("express@4.17.3", LATER_VERSION, 2)


def test_a_result_that_does_not_tell_the_version_at_its_place_moves_nothing(reported: Vulnerability) -> None:
    assert rules.placed(reported, seen(None, specific="express@9")) is reported
    assert rules.moved(reported, seen(EXPRESS, specific="express@9")) is reported
    moved = rules.placed(reported, seen(None, "web/package-lock.json"))
    assert (moved.location.where, moved.advisory) == ("web/package-lock.json", EXPRESS)


VERSIONS = st.sampled_from(["", "4.17.1", "4.17.3"])
ADVISORIES = st.builds(
    Advisory,
    id=st.just("CVE-2024-1"),
    package=st.sampled_from(["express", "@shop/express"]),
    vulnerable_version=VERSIONS,
    fix=st.sampled_from(Fix),
)


@st.composite
def sightings(draw: st.DrawFn) -> Sighting:
    """Results that contradict themselves, too, as no reader should make them."""
    advisory = draw(st.none() | ADVISORIES)
    specific = draw(st.sampled_from(["", "", "", "express@4.17.3"]))
    category = draw(st.sampled_from(["", "nightly/"]))
    made = seen(advisory, draw(st.sampled_from([LOCK, "os"])), category, specific=specific)
    return replace(made, is_crowded=draw(st.booleans()), by_fingerprint=draw(st.booleans()))


def lived(reported: Vulnerability, steps: list[tuple[str, Sighting]]) -> Iterator[Vulnerability]:
    """Yield the vulnerability after each of what imports do to it."""
    one = reported
    doing: dict[str, Callable[[Vulnerability, Sighting], Vulnerability]] = {
        "noted": rules.noted,
        "moved": rules.moved,
        "placed": rules.placed,
        "unseen": lambda old, _: rules.unseen(old, {"", "nightly/"}, by=BY, at=AT) if rules.is_vulnerable(old) else old,
        "reopened": lambda old, now: old if rules.is_vulnerable(old) else rules.reopened(old, now, by=BY, at=AT),
    }
    for name, sighting in steps:
        one = doing[name](one, sighting)
        yield one


STEPS = st.lists(st.tuples(st.sampled_from(["noted", "moved", "placed", "unseen", "reopened"]), sightings()), max_size=12)


@given(steps=STEPS)
def test_place_and_advisory_never_contradict(reported: Vulnerability, steps: list[tuple[str, Sighting]]) -> None:
    told = {EXPRESS, *(one.advisory for _, one in steps)}
    for one in lived(reported, steps):
        assert contradictions(one) == []
        assert one.advisory is not None
        assert one.advisory in told
