"""Grype's JSON (domain section 19, row *GRYPE*)."""

import json
from typing import Any

import pytest

from integrates.api.imports.read.error import BadFile
from integrates.api.imports.read.observation import Artifact, Observation, RuleSeen, Scan, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.errors import Rejected
from integrates.db_model.imports.types import ClosingOutcome
from integrates.db_model.vulnerabilities.types import Fix

V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"  # 7.5
V31_OTHER = "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"  # 8.8
V31_CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"  # 9.8
V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"  # 7.5


def scan(*matches: Any, options: Options | None = None, **top: Any) -> Scan:
    report = {"matches": list(matches), "descriptor": {"name": "grype"}} | top
    return read(json.dumps(report).encode(), options or Options())


def match(artifact: dict[str, Any] | None = None, related: Any = None, **vulnerability: Any) -> dict[str, Any]:
    return {
        "vulnerability": {"id": "GHSA-1", "severity": "High"} | vulnerability,
        "relatedVulnerabilities": related,
        "artifact": {"name": "left-pad", "version": "1.0", "type": "npm"} | (artifact or {}),
    }


def one_of(given: Scan) -> tuple[Observation, RuleSeen]:
    (one,), (rule,) = given.observations, given.rules
    return one, rule


def test_a_match_with_all_that_is_told() -> None:
    related = [{"id": "CVE-2024-0002", "description": "Other."}, {"id": "CVE-2024-0001"}]
    one, rule = one_of(
        scan(
            match(
                {"purl": "pkg:npm/left-pad@1.0", "locations": [{"path": "/app/package-lock.json"}]},
                related,
                description="It pads.",
                cwes=[{"cwe": "CWE-79"}, {"cwe": None}],
                fix={"state": "fixed", "versions": ["1.1", "2.0"]},
            )
        )
    )
    assert (rule.rule.tool, rule.rule.rule_id, rule.title) == ("grype", "CVE-2024-0001", "CVE-2024-0001: left-pad")
    assert (rule.description, rule.cwe_ids, str(rule.tool_score)) == ("It pads.", ("CWE-79",), "7.0")
    assert rule.recommendation == "Upgrade left-pad to 1.1, 2.0."
    assert (one.location.where, one.location.specific) == ("app/package-lock.json", "left-pad@1.0")
    assert one.fingerprint == "app/package-lock.json|pkg:npm/left-pad"
    assert one.advisory is not None
    assert (one.advisory.cve, one.advisory.aliases) == (("CVE-2024-0001", "CVE-2024-0002"), ("GHSA-1",))


def test_the_description_may_be_that_of_a_related_one() -> None:
    assert one_of(scan(match(None, [{"description": ""}, {"description": "Related."}])))[1].description == "Related."


@pytest.mark.parametrize(
    ("artifact", "options", "where"),
    [
        *(({"type": kind, "locations": [{"path": "/x"}]}, {}, "os") for kind in ("deb", "rpm", "apk", "alpm", "portage")),
        ({"locations": [{"path": "/a"}, {"path": "/b", "annotations": {"evidence": "primary"}}]}, {}, "b"),
        ({"locations": [{"path": "/a", "annotations": {"evidence": "supporting"}}, {"path": "/b"}]}, {}, "a"),
        ({"locations": [{"annotations": {"evidence": "primary"}}, {"path": "/b"}]}, {}, "b"),
        ({"locations": []}, {}, "image"),
        ({"locations": None}, {"manifest": "go.mod"}, "go.mod"),
        ({"locations": [{"path": "/src/web/a.lock"}]}, {"strip_prefix": "/src", "add_prefix": "shop"}, "shop/web/a.lock"),
    ],
)
def test_where_a_package_is(artifact: dict[str, Any], options: dict[str, Any], where: str) -> None:
    assert one_of(scan(match(artifact), options=Options(**options)))[0].location.where == where


@pytest.mark.parametrize(
    ("word", "own", "related", "expected"),
    [
        ("High", [{"vector": V31}], None, ("7.5", V31)),
        ("High", [{"vector": V31}, {"vector": V31_OTHER, "type": "Primary"}], None, ("8.8", V31_OTHER)),
        ("High", [{"vector": V2, "version": "2.0"}, {"vector": V31, "version": "3.1"}], None, ("7.5", V31)),
        ("High", [{"vector": V2, "version": "2.0", "source": "a"}, {"vector": V31, "source": "b"}], None, ("7.5", V2)),
        ("High", [{"vector": V31_CRITICAL}], [{"cvss": [{"vector": V31}]}], ("7.5", V31)),
        ("High", [], [{"cvss": [{"vector": V31_CRITICAL}]}], ("7.0", None)),
        ("Unknown", None, [{"cvss": [{"vector": V31_CRITICAL}]}], ("9.8", V31_CRITICAL)),
        ("High", [{"vector": V31.removeprefix("CVSS:3.1/"), "version": "3.1"}], None, ("7.5", V31)),
        ("Negligible", None, None, ("0.0", None)),
        (None, None, None, ("5.0", None)),
    ],
)
def test_vectors(word: str | None, own: Any, related: Any, expected: tuple[str, str | None]) -> None:
    _, rule = one_of(scan(match(None, related, severity=word, cvss=own)))
    assert (str(rule.tool_score), rule.tool_vector) == expected


@pytest.mark.parametrize(
    ("state", "fix", "version"),
    [
        ("fixed", Fix.AVAILABLE, "1.1"),
        ("not-fixed", Fix.NONE, None),
        ("wont-fix", Fix.WONT_FIX, None),
        ("unknown", Fix.UNKNOWN, None),
    ],
)
def test_whether_there_is_a_fix(state: str, fix: Fix, version: str | None) -> None:
    advisory = one_of(scan(match(fix={"state": state, "versions": ["1.1"]})))[0].advisory
    assert advisory is not None
    assert (advisory.fix, advisory.fixed_version) == (fix, version)


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([{"vulnerability": "GHSA-1"}, {"reason": "Not called."}], "Not called."),
        ([{"vex-status": "not_affected", "vex-justification": "component_not_present"}], "component_not_present"),
        ([{"vex-status": "not_affected"}], "not_affected"),
        ([], None),
    ],
)
def test_an_ignored_match_is_suppressed(rules: Any, why: str | None) -> None:
    seen, ignored = scan(match(), ignoredMatches=[match({"name": "b"}) | {"appliedIgnoreRules": rules}]).observations
    assert seen.suppression is None
    assert ignored.suppression is not None
    assert (ignored.suppression.justification, ignored.pointer) == (why, "/ignoredMatches/0")


@pytest.mark.parametrize(
    ("source", "artifact"),
    [
        ({"target": {"userInput": "r/a:1", "repoDigests": ["r/a@sha256:1"]}}, Artifact("r/a:1", "r/a@sha256:1")),
        ({"target": {"userInput": "r/a:1", "repoDigests": []}}, Artifact("r/a:1")),
        ({"type": "directory", "target": "."}, None),
        (None, None),
    ],
)
def test_the_image(source: Any, artifact: Artifact | None) -> None:
    assert scan(source=source).artifact == artifact


def test_the_series_is_complete() -> None:
    (series,) = scan().series
    assert (series.tool, series.outcome) == ("grype", ClosingOutcome.DONE)


def test_a_report_without_descriptor_is_known_by_its_elements() -> None:
    assert read(json.dumps({"matches": [match()]}).encode(), Options()).total == 1
    for content in (b'{"matches": []}', b'{"matches": [{}]}', b'{"matches": null, "descriptor": {}}'):
        with pytest.raises(Rejected):
            read(content, Options())


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (match(id=None), SkipReason.BAD_RULE),
        (match({"name": None}), SkipReason.NO_LOCATION),
        (match({"locations": [{"path": "../x"}]}), SkipReason.BAD_PATH),
        ({}, SkipReason.BAD_RULE),
    ],
)
def test_what_cannot_be_placed_is_told(given: dict[str, Any], reason: SkipReason) -> None:
    (problem,) = scan(given).problems
    assert (problem.reason, problem.pointer) == (reason, "/matches/0")


@pytest.mark.parametrize(
    ("top", "pointer"),
    [
        ({"matches": [match(), match(severity=7)]}, "/matches/1/vulnerability/severity"),
        ({"matches": [match({"locations": {}})]}, "/matches/0/artifact/locations"),
        ({"matches": [match(cvss=[{"vector": 1}])]}, "/matches/0/vulnerability/cvss/0/vector"),
        ({"matches": [7]}, "/matches/0"),
        ({"ignoredMatches": {}}, "/ignoredMatches"),
    ],
)
def test_a_bad_file(top: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadFile) as caught:
        scan(**top)
    assert [one.pointer for one in caught.value.defects] == [pointer]


@pytest.mark.parametrize("target", [7, "folder", [], {"userInput": 7}, None])
def test_what_only_names_the_artifact_costs_no_result(target: Any) -> None:
    assert scan(match(), source={"target": target}).artifact is None
