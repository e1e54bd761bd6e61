"""Trivy's JSON (domain section 19, row *TRIVY*)."""

import json
from typing import Any

import pytest

from integrates.api.imports.read.error import BadFile, Defect
from integrates.api.imports.read.observation import Artifact, Observation, Problem, RemarkReason, RuleSeen, Scan, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.imports.types import ClosingOutcome, ImportFormat
from integrates.db_model.vulnerabilities.types import Fix, Relation, Suppression, Technique, Use, VulnerabilityType

V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"  # 7.5
V31_CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"  # 9.8
V31_HIGH = "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"  # 8.8
V2_HIGH = "AV:N/AC:L/Au:N/C:P/I:P/A:P"  # 7.5


def scan(*targets: Any, options: Options | None = None, **top: Any) -> Scan:
    report = {"SchemaVersion": 2, "ArtifactName": "shop", "Results": list(targets)} | top
    return read(json.dumps(report).encode(), options or Options())


def found(**members: Any) -> dict[str, Any]:
    return {"VulnerabilityID": "CVE-2024-0001", "PkgName": "left-pad", "InstalledVersion": "1.0"} | members


def vulnerable(target: dict[str, Any] | None = None, **members: Any) -> tuple[Observation, RuleSeen]:
    read_one = scan({"Target": "app/package-lock.json", "Type": "npm", "Vulnerabilities": [found(**members)]} | (target or {}))
    (one,), (rule,) = read_one.observations, read_one.rules
    return one, rule


def test_a_package_with_all_that_is_told() -> None:
    purl = "pkg:npm/left-pad@1.0?x=y#z"
    one, rule = vulnerable(
        VulnerabilityID="GHSA-1",
        VendorIDs=["CVE-2024-0003", "CVE-2024-0002"],
        Title="Bad padding",
        Description="It pads.",
        CweIDs=["CWE-79", "CWE-0"],
        Severity="HIGH",
        FixedVersion="1.1, 2.0",
        PkgIdentifier={"PURL": purl},
    )
    assert (rule.rule.tool, rule.rule.rule_id, rule.title) == ("trivy", "CVE-2024-0002", "CVE-2024-0002: Bad padding")
    assert (rule.description, rule.cwe_ids) == ("It pads.", ("CWE-79",))
    assert rule.recommendation == "Upgrade left-pad to 1.1, 2.0."
    assert (one.location.where, one.location.specific) == ("app/package-lock.json", "left-pad@1.0")
    assert (one.technique, one.fingerprint) == (Technique.SCA, "app/package-lock.json|pkg:npm/left-pad")
    assert one.advisory is not None
    assert (one.advisory.cve, one.advisory.aliases) == (("CVE-2024-0002", "CVE-2024-0003"), ("GHSA-1",))
    assert (one.advisory.purl, one.advisory.fixed_version, one.advisory.fix) == (purl, "1.1, 2.0", Fix.AVAILABLE)


def test_a_package_without_anything() -> None:
    one, rule = vulnerable(InstalledVersion=None)
    assert (one.location.specific, one.fingerprint) == ("left-pad", "app/package-lock.json|pkg:npm/left-pad")
    assert (rule.title, rule.recommendation) == ("CVE-2024-0001: left-pad", "No fixed version is known.")
    assert (str(rule.tool_score), rule.tool_vector) == ("5.0", None)


@pytest.mark.parametrize(
    ("target", "members", "where"),
    [
        ({"Class": "os-pkgs", "Target": "shop (debian 12)"}, {}, "os"),
        ({}, {"PkgPath": "srv/a/package.json"}, "srv/a/package.json"),
        ({}, {"PkgPath": "/srv/a/package.json"}, "srv/a/package.json"),
        ({}, {"PkgPath": ""}, "app/package-lock.json"),
        ({"Target": "Python"}, {"PkgPath": None}, "Python"),
        ({"Target": "a%20b/go.mod"}, {}, "a%20b/go.mod"),
    ],
)
def test_where_a_package_is(target: dict[str, Any], members: dict[str, Any], where: str) -> None:
    assert vulnerable(target, **members)[0].location.where == where


@pytest.mark.parametrize(
    ("word", "source", "cvss", "expected"),
    [
        ("HIGH", "ghsa", {"nvd": {"V3Vector": V31_CRITICAL}, "ghsa": {"V3Vector": V31}}, ("7.5", V31)),
        ("CRITICAL", "ghsa", {"nvd": {"V3Vector": V31_CRITICAL}, "ghsa": {"V3Vector": V31}}, ("9.8", V31_CRITICAL)),
        ("LOW", "ghsa", {"nvd": {"V3Vector": V31_CRITICAL}}, ("2.0", None)),
        ("UNKNOWN", None, {"redhat": {"V3Vector": V31}, "nvd": {"V3Vector": V31_CRITICAL}}, ("9.8", V31_CRITICAL)),
        ("HIGH", None, {"redhat": {"V3Vector": V31}, "ghsa": {"V3Vector": V31_HIGH}}, ("8.8", V31_HIGH)),
        ("HIGH", None, {"alma": {"V3Vector": V31_HIGH}, "redhat": {"V3Vector": V31}}, ("7.5", V31)),
        ("HIGH", None, {"z": {"V3Vector": V31}, "a": {"V3Vector": V31_HIGH}}, ("8.8", V31_HIGH)),
        ("HIGH", None, {"nvd": {"V2Vector": V2_HIGH, "V3Vector": V31_HIGH}}, ("8.8", V31_HIGH)),
        ("HIGH", None, {"nvd": {"V2Vector": V2_HIGH, "V3Vector": V31_CRITICAL}}, ("7.5", V2_HIGH)),
        ("HIGH", None, {"nvd": None}, ("7.0", None)),
    ],
)
def test_vectors(word: str, source: str | None, cvss: Any, expected: tuple[str, str | None]) -> None:
    given = {name: one for name, one in cvss.items() if one}
    rule = vulnerable(Severity=word, SeveritySource=source, CVSS=given)[1]
    assert (str(rule.tool_score), rule.tool_vector) == expected


def test_version_4_comes_first() -> None:
    v4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"
    assert vulnerable(Severity="HIGH", CVSS={"nvd": {"V3Vector": V31, "V40Vector": v4}})[1].tool_vector == v4


def test_a_vector_that_is_none_is_told() -> None:
    (remark,) = scan({"Target": "a", "Vulnerabilities": [found(CVSS={"nvd": {"V3Vector": "CVSS:3.1/AV:?"}})]}).remarks
    assert (remark.pointer, remark.reason) == ("/Results/0/Vulnerabilities/0", RemarkReason.BAD_VECTOR)


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        ("fixed", Fix.AVAILABLE),
        ("will_not_fix", Fix.WONT_FIX),
        ("affected", Fix.NONE),
        ("fix_deferred", Fix.NONE),
        ("end_of_life", Fix.NONE),
        ("under_investigation", Fix.UNKNOWN),
        (None, Fix.UNKNOWN),
    ],
)
def test_whether_there_is_a_fix(status: str | None, fix: Fix) -> None:
    advisory = vulnerable(Status=status)[0].advisory
    assert advisory is not None
    assert advisory.fix is fix


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"Relationship": "direct"}, (Relation.DIRECT, Use.UNKNOWN)),
        ({"Relationship": "indirect", "Dev": True}, (Relation.TRANSITIVE, Use.DEVELOPMENT)),
        ({"Indirect": True, "Dev": False}, (Relation.TRANSITIVE, Use.PRODUCTION)),
        ({"Relationship": "unknown"}, (Relation.UNKNOWN, Use.UNKNOWN)),
        ({"ID": "other@1", "Relationship": "direct"}, (Relation.UNKNOWN, Use.UNKNOWN)),
    ],
)
def test_relation_and_use(known: dict[str, Any], expected: tuple[Relation, Use]) -> None:
    advisory = vulnerable({"Packages": [{"ID": "left-pad@1.0"} | known]}, PkgID="left-pad@1.0")[0].advisory
    assert advisory is not None
    assert (advisory.relation, advisory.use) == expected


def checked(**members: Any) -> dict[str, Any]:
    return {"ID": "AVD-DS-0002", "Status": "FAIL", "Title": "Root", "Severity": "HIGH"} | members


def misconfigured(**members: Any) -> tuple[Observation, RuleSeen]:
    given = scan({"Target": "Dockerfile", "Class": "config", "Misconfigurations": [checked(**members)]})
    (one,), (rule,) = given.observations, given.rules
    return one, rule


def test_a_misconfiguration() -> None:
    code = {"Lines": [{"Number": 3, "Content": "USER root "}, {"Number": 4, "Content": "RUN x"}]}
    cause = {"StartLine": 3, "EndLine": 4, "Code": code}
    one, rule = misconfigured(Description="Runs as root.", Message="Line 3.", Resolution="Add a user.", CauseMetadata=cause)
    assert (rule.rule.rule_id, rule.title, rule.description) == ("DS-0002", "Root", "Runs as root.")
    assert (rule.recommendation, str(rule.tool_score)) == ("Add a user.", "7.0")
    assert (one.location.type, one.location.where, one.location.specific) == (VulnerabilityType.LINES, "Dockerfile", "3")
    assert (one.detail, one.snippet, one.technique) == ("Line 3.", "USER root \nRUN x", Technique.SAST)
    assert one.fingerprint is not None
    assert one.fingerprint.startswith("Dockerfile:line=")


def test_the_resource_of_a_misconfiguration_identifies_it() -> None:
    code = {"Lines": [{"Number": 3, "Content": "USER root"}]}
    one, _ = misconfigured(CauseMetadata={"Resource": "aws_s3_bucket.a", "StartLine": 3, "Code": code})
    assert one.fingerprint == "Dockerfile:resource=aws_s3_bucket.a"


@pytest.mark.parametrize(("line", "specific"), [(None, "0"), (0, "0"), (-3, "0"), (7, "7"), (10_000_001, "0")])
def test_the_line_of_a_misconfiguration(line: int | None, specific: str) -> None:
    assert misconfigured(CauseMetadata={"StartLine": line})[0].location.specific == specific


@pytest.mark.parametrize(("status", "total"), [("FAIL", 1), (None, 1), ("PASS", 0), ("EXCEPTION", 0)])
def test_only_what_failed_is_a_misconfiguration(status: str | None, total: int) -> None:
    assert scan({"Target": "a", "Misconfigurations": [checked(Status=status)]}).total == total


def test_a_secret_is_never_shown() -> None:
    secret = {"RuleID": "aws", "Title": "AWS key", "Severity": "CRITICAL", "StartLine": 2, "Match": "AKIA****"}
    code = {"Code": {"Lines": [{"Number": 2, "Content": "key=AKIA****"}]}}
    given = scan({"Target": "a.ini", "Class": "secret", "Secrets": [secret | code]})
    (one,), (rule,) = given.observations, given.rules
    assert (rule.title, rule.cwe_ids, str(rule.tool_score)) == ("AWS key", ("CWE-798",), "9.0")
    assert (one.location.where, one.location.specific, one.snippet, one.detail) == ("a.ini", "2", None, None)
    assert "AKIA" not in repr(given)


@pytest.mark.parametrize(
    ("kind", "finding", "rule"),
    [
        ("vulnerability", found(), "CVE-2024-0001"),
        ("misconfiguration", checked(), "DS-0002"),
        ("secret", {"RuleID": "aws"}, "aws"),
    ],
)
def test_what_people_say_of_a_result_suppresses_it(kind: str, finding: dict[str, Any], rule: str) -> None:
    modified = {"Type": kind, "Status": "not_affected", "Statement": "Not called.", "Finding": finding}
    (one,) = scan({"Target": "a.lock", "ExperimentalModifiedFindings": [modified]}).observations
    assert (one.rule.rule_id, one.suppression) == (rule, Suppression(kind="external", justification="Not called."))
    assert one.pointer == "/Results/0/ExperimentalModifiedFindings/0/Finding"


def test_what_is_said_of_a_suppression_is_stored_as_far_as_it_can_be() -> None:
    modified = {"Type": "secret", "Status": "ignored", "Statement": "x\0" * 3_000, "Finding": {"RuleID": "aws"}}
    (one,) = scan({"Target": "a", "ExperimentalModifiedFindings": [modified]}).observations
    assert one.suppression is not None
    assert one.suppression.justification == "x" * 1_000


def test_other_findings_that_were_modified_are_none() -> None:
    others = [{"Type": "license", "Finding": {}}, {"Type": "secret", "Finding": None}, {"Type": "secret"}, {}]
    assert scan({"Target": "a", "ExperimentalModifiedFindings": others, "Licenses": [{}]}).total == 0


@pytest.mark.parametrize(
    ("metadata", "name", "artifact"),
    [
        ({"Reference": "r/shop:1", "RepoDigests": ["r/shop@sha256:1", "x"]}, "shop", Artifact("r/shop:1", "r/shop@sha256:1")),
        ({}, "shop", Artifact("shop")),
        (None, "", None),
    ],
)
def test_the_image(metadata: Any, name: str, artifact: Artifact | None) -> None:
    assert scan(Metadata=metadata, ArtifactName=name).artifact == artifact


def test_the_series_is_complete() -> None:
    (series,) = scan().series
    assert (series.tool, series.category, series.outcome) == ("trivy", "", ClosingOutcome.DONE)
    assert scan(Results=None).total == 0


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"VulnerabilityID": None}, SkipReason.BAD_RULE),
        ({"PkgName": ""}, SkipReason.NO_LOCATION),
        ({"PkgPath": "../x"}, SkipReason.BAD_PATH),
    ],
)
def test_what_cannot_be_placed_is_told(members: dict[str, Any], reason: SkipReason) -> None:
    (problem,) = scan({"Target": "a", "Vulnerabilities": [found(**members)]}).problems
    assert isinstance(problem, Problem)
    assert (problem.reason, problem.pointer) == (reason, "/Results/0/Vulnerabilities/0")


@pytest.mark.parametrize(
    ("report", "pointer"),
    [
        ({"SchemaVersion": 1}, "/SchemaVersion"),
        ({"SchemaVersion": "2"}, "/SchemaVersion"),
        ({"ArtifactName": None}, "/ArtifactName"),
        ({"Results": {}}, "/Results"),
        ({"Results": [{"Vulnerabilities": [found(), found(Severity=7)]}]}, "/Results/0/Vulnerabilities/1/Severity"),
        ({"Results": [{"Vulnerabilities": [found(CVSS={"nvd": {"V3Vector": 1}})]}]}, "/Results/0/Vulnerabilities/0/CVSS"),
        ({"Results": [{"Misconfigurations": [checked(CauseMetadata={"StartLine": "1"})]}]},
         "/Results/0/Misconfigurations/0/CauseMetadata/StartLine"),
        ({"Results": [{"Secrets": [7]}]}, "/Results/0/Secrets/0"),
        ({"Results": [{"ExperimentalModifiedFindings": [{"Type": "secret", "Finding": {"RuleID": 1}}]}]},
         "/Results/0/ExperimentalModifiedFindings/0/Finding/RuleID"),
        ({"ClusterName": "prod"}, ""),
    ],
)  # fmt: skip
def test_a_bad_file(report: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadFile) as caught:
        scan(**report)
    assert [one.pointer for one in caught.value.defects] == [pointer]


@pytest.mark.parametrize("content", [b'{"ClusterName": "prod", "Findings": []}', b'[{"Target": "a", "Vulnerabilities": null}]'])
@pytest.mark.parametrize("kind", [None, ImportFormat.TRIVY])
def test_other_reports_of_trivy_are_told_apart(content: bytes, kind: ImportFormat | None) -> None:
    with pytest.raises(BadFile) as caught:
        read(content, Options(format=kind))
    (defect,) = caught.value.defects
    assert isinstance(defect, Defect)
    assert "cluster" in defect.message or "before 0.20" in defect.message


@pytest.mark.parametrize(("kind", "is_image"), [("container_image", True), ("filesystem", False), ("repository", False)])
def test_only_an_image_is_one(kind: str, is_image: bool) -> None:
    """A folder may be called like an image."""
    assert (scan(ArtifactType=kind, ArtifactName="web").artifact is not None) == is_image
