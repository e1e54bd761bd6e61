"""Importing what a tool says of packages (domain section 18), on both embedded stores."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.api.imports.read.observation import Fingerprint, Location, Observation, RuleSeen, Scan, Series
from integrates.api.imports.work.compare import Change, compared
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.types import ClosingOutcome, ImportCounts, ImportFormat, ImportOptions
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import (
    Advisory,
    Fix,
    Labels,
    MatchBy,
    Source,
    Technique,
    Treatment,
    TreatmentStatus,
    VulnerabilityStatus,
    VulnerabilityType,
)

LOCK = "package-lock.json"
NOTHING = b'{"version": "2.1.0", "runs": []}'
V2, V3 = "AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
TOOL, CVE = "trivy", "CVE-2017-16137"
RULE = ToolRule(tool=TOOL, rule_id=CVE)
SEEN = RuleSeen(
    rule=RULE,
    title=f"{CVE}: debug",
    description="It takes long.",
    threat="",
    recommendation="Upgrade debug to 4.3.1.",
    cwe_ids=("CWE-400",),
    tool_score=Decimal("5.0"),
    tool_vector=V3,
)


def seen(version: str, name: str = "debug", **members: Any) -> Observation:
    """A result about a version of a package; members that an advisory does not have are those of the result."""
    own = {key: members.pop(key) for key in ("own_score", "own_vector", "commit", "category") if key in members}
    fingerprint = f"{LOCK}|pkg:npm/{name}"
    return Observation(
        ordinal=0,
        pointer="",
        rule=RULE,
        **{"category": "", **own},
        location=Location(VulnerabilityType.PACKAGES, LOCK, f"{name}@{version}"),
        fingerprints=(Fingerprint("package", fingerprint),),
        fingerprint=fingerprint,
        technique=Technique.SCA,
        advisory=Advisory(id=CVE, cve=(CVE,), package=name, vulnerable_version=version, **members),
    )


def scan(*results: Observation, rule: RuleSeen = SEEN) -> Scan:
    """A file that says so."""
    categories = {one.category for one in results} or {""}
    return Scan(
        format=ImportFormat.SARIF,
        rules=(rule,) if results else (),
        observations=tuple(replace(one, ordinal=index) for index, one in enumerate(results)),
        series=tuple(Series(TOOL, each, ClosingOutcome.DONE) for each in sorted(categories)),
        total=len(results),
        skipped=0,
        reviewable=0,
        duplicates=0,
        problems=(),
    )


async def imported(world: Any, *results: Observation, rule: RuleSeen = SEEN) -> ImportCounts:
    """Import a file, close what it does not report, and return what came of it."""
    found = await world.imported(NOTHING, ImportOptions(close_missing=True), scan=scan(*results, rule=rule))
    assert await world.is_counted()
    counts: ImportCounts = found.progress.counts
    return counts


async def by_version(world: Any) -> dict[str, Any]:
    """The vulnerabilities by the version at their place, which is that of their advisory."""
    found = await world.vulnerabilities()
    assert all(one.location.specific == f"{one.advisory.package}@{one.advisory.vulnerable_version}" for one in found)
    return {one.advisory.vulnerable_version: one for one in found}


async def test_a_package_is_reported_with_its_advisory(world: Any) -> None:
    told: dict[str, Any] = {"fixed_version": "4.3.1", "fix": Fix.AVAILABLE, "aliases": ("GHSA-gxpj-cx7g-858c",)}
    assert await imported(world, seen("2.6.8", commit="a1" * 20, **told)) == ImportCounts(created=1)
    (made,) = await world.vulnerabilities()
    assert (made.type, made.technique, made.source) == (VulnerabilityType.PACKAGES, Technique.SCA, Source.MACHINE)
    assert made.advisory == Advisory(id=CVE, cve=(CVE,), package="debug", vulnerable_version="2.6.8", **told)
    assert (made.location.where, made.location.specific, made.location.commit) == (LOCK, "debug@2.6.8", "a1" * 20)
    (finding,) = (await world.findings()).values()
    assert finding.severity == Severity(tool_score=Decimal("5.0"), tool_vector=V3, score=Decimal("5.0"))


async def test_the_second_import_changes_nothing(world: Any) -> None:
    results = (seen("2.6.8"), seen("4.1.0"), seen("1.0", "jackson"))
    assert await imported(world, *results) == ImportCounts(created=3)
    assert await imported(world, *results) == ImportCounts(unchanged=3)
    assert {one.version for one in await world.vulnerabilities()} == {1}
    assert {one.version for one in (await world.findings()).values()} == {2}, "made, and released"


async def test_several_versions_are_kept_apart(world: Any) -> None:
    """Example B13."""
    await imported(world, seen("2.6.8"), seen("4.1.0"))
    before = await by_version(world)
    assert await imported(world, seen("4.1.0")) == ImportCounts(closed=1, unchanged=1)
    assert (await by_version(world))["2.6.8"].state.status is VulnerabilityStatus.SAFE
    assert await imported(world, seen("4.1.0"), seen("3.0.0")) == ImportCounts(reopened=1, unchanged=1)
    after = await by_version(world)
    assert {version: one.id for version, one in after.items()} == {"3.0.0": before["2.6.8"].id, "4.1.0": before["4.1.0"].id}
    assert after["3.0.0"].cycle.cycles == 2


async def test_an_upgrade_moves_with_all_that_was_decided(world: Any) -> None:
    """Example B14."""
    await imported(world, seen("4.17.1", "express"))
    (before,) = await world.vulnerabilities()
    at = before.state.at
    taken = Treatment(
        status=TreatmentStatus.ACCEPTED,
        accepted_until=at + timedelta(days=30),
        justification="Not reachable.",
        at=at,
        by=before.created_by,
    )
    await world.alter(before.id, lambda old: replace(old, treatment=taken, labels=Labels(tags=("later",))))
    assert await imported(world, seen("4.17.3", "express", fixed_version="4.18.0")) == ImportCounts(moved=1)
    (after,) = await world.vulnerabilities()
    assert (after.id, after.treatment, after.cycle, after.labels.tags) == (before.id, taken, before.cycle, ("later",))
    assert (after.location.specific, after.advisory.vulnerable_version) == ("express@4.17.3", "4.17.3")
    assert after.match.by is MatchBy.FINGERPRINT
    history = await world.history(after, VULNERABILITY)
    assert set(history[-1].aspects) == {"advisory", "location", "match"}
    assert await imported(world) == ImportCounts(closed=1), "it is gone from its manifest"
    assert await imported(world, seen("4.17.3", "express", fixed_version="4.18.0")) == ImportCounts(reopened=1)


@pytest.mark.parametrize(
    "members", [{"fixed_version": "4.3.1"}, {"fix": Fix.WONT_FIX}, {"aliases": ("GHSA-1",)}, {"own_score": Decimal("9.1")}]
)
async def test_what_is_new_of_it_is_written_at_an_unchanged_place(world: Any, members: dict[str, Any]) -> None:
    await imported(world, seen("2.6.8"))
    assert await imported(world, seen("2.6.8", **members)) == ImportCounts(unchanged=1)
    assert [one.version for one in await world.vulnerabilities()] == [2]
    assert await imported(world, seen("2.6.8", **members)) == ImportCounts(unchanged=1)
    assert [one.version for one in await world.vulnerabilities()] == [2]


async def test_another_series_says_nothing_of_the_advisory(world: Any) -> None:
    await imported(world, seen("2.6.8", fix=Fix.NONE))
    await imported(world, seen("2.6.8", fix=Fix.AVAILABLE, category="nightly/"))
    (known,) = await world.vulnerabilities()
    assert (known.advisory.fix, known.tool.categories) == (Fix.NONE, ("", "nightly/"))


def _vectors() -> Iterator[tuple[str, Decimal, str | None, int]]:
    yield "another vector of the same score", Decimal("5.0"), V2, 3
    yield "no vector any more", Decimal("5.0"), None, 3
    yield "another score", Decimal("7.5"), V2, 3
    yield "the same", Decimal("5.0"), V3, 2


@pytest.mark.parametrize(("score", "vector", "version"), [row[1:] for row in _vectors()], ids=[row[0] for row in _vectors()])
async def test_vector_and_score_of_a_tool_are_renewed_together(
    world: Any, score: Decimal, vector: str | None, version: int
) -> None:
    await imported(world, seen("2.6.8"))
    await imported(world, seen("2.6.8"), rule=replace(SEEN, tool_score=score, tool_vector=vector))
    (finding,) = (await world.findings()).values()
    assert finding.severity == Severity(tool_score=score, tool_vector=vector, score=score)
    assert finding.version == version


async def test_a_vector_that_a_person_set_is_kept(world: Any) -> None:
    await imported(world, seen("2.6.8"))
    mine = Severity(cvss_v3="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", score=Decimal("9.8"))
    await world.rescore(f"{TOOL} {CVE}", mine)
    await imported(world, seen("2.6.8"), rule=replace(SEEN, tool_score=Decimal("7.5"), tool_vector=V2))
    assert [one.severity for one in (await world.findings()).values()] == [mine]


async def test_its_own_vector_is_kept_with_its_own_score(world: Any) -> None:
    await imported(world, seen("2.6.8", own_score=Decimal("7.5"), own_vector=V2))
    (known,) = await world.vulnerabilities()
    assert known.severity == Severity(tool_score=Decimal("7.5"), tool_vector=V2, score=Decimal("7.5"))


async def test_a_comparison_tells_the_vector(world: Any) -> None:
    await imported(world, seen("2.6.8"))
    job = await world.job(NOTHING, scan=scan(seen("2.6.9"), seen("1.0", "ms", own_score=Decimal("7.5"), own_vector=V2)))
    found = await compared(job, ImportOptions(close_missing=True))
    assert (found.new, found.moved, found.fixed) == (1, 1, 0)
    new = next(one for one in found.items if one.status is Change.NEW)
    assert (new.where, new.specific) == (LOCK, "ms@1.0")
    assert new.severity == Severity(tool_score=Decimal("7.5"), tool_vector=V2, score=Decimal("7.5"))
