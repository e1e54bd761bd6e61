"""Dependency-Check's JSON (domain section 19, row *DEPENDENCY_CHECK*)."""

import json
from typing import Any

import pytest

from integrates.api.imports.read.error import BadFile
from integrates.api.imports.read.observation import RemarkReason, Scan, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.imports.types import ClosingOutcome
from integrates.db_model.vulnerabilities.types import Suppression

V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"  # 7.5
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"  # 8.7


def scan(*dependencies: Any, options: Options | None = None, **top: Any) -> Scan:
    report = {"reportSchema": "1.1", "dependencies": list(dependencies)} | top
    return read(json.dumps(report).encode(), options or Options())


def dependency(*found: Any, **members: Any) -> dict[str, Any]:
    given = list(found or ({"name": "CVE-2024-0001", "severity": "HIGH"},))
    return {"isVirtual": False, "fileName": "a-1.jar", "filePath": "lib/a-1.jar", "vulnerabilities": given} | members


def test_a_vulnerability_with_all_that_is_told() -> None:
    found = {"name": "CVE-2024-0001", "severity": "HIGH", "description": "Bad.", "cwes": ["CWE-79", "NVD-CWE-noinfo"]}
    packages = [{"id": "cpe:2.3:a:b"}, {"id": "pkg:maven/org.a/a@1.0"}, {"id": "pkg:npm/b@2"}]
    given = scan(dependency(found, packages=packages))
    (one,), (rule,) = given.observations, given.rules
    assert (rule.rule.tool, rule.title, rule.description) == ("dependency-check", "CVE-2024-0001: org.a:a", "Bad.")
    assert (rule.cwe_ids, str(rule.tool_score), rule.recommendation) == (("CWE-79",), "7.0", "No fixed version is known.")
    assert (one.location.where, one.location.specific) == ("lib/a-1.jar", "org.a:a@1.0")
    assert (one.fingerprint, one.pointer) == ("lib/a-1.jar|pkg:maven/org.a/a", "/dependencies/0/vulnerabilities/0")
    assert one.advisory is not None
    assert one.advisory.purl == "pkg:maven/org.a/a@1.0"


@pytest.mark.parametrize(
    ("members", "specific"),
    [
        ({"packages": [{"id": "pkg:npm/%40scope/b@2"}]}, "@scope/b@2"),
        ({"packages": [{"id": "pkg:golang/github.com/a/b@v2"}]}, "github.com/a/b@v2"),
        ({"packages": [{"id": "pkg:nuget/A"}]}, "A"),
        ({"packages": [{"id": "pkg:"}, {"id": None}]}, "a-1.jar"),
        ({"packages": None}, "a-1.jar"),
    ],
)
def test_the_package(members: dict[str, Any], specific: str) -> None:
    assert scan(dependency(**members)).observations[0].location.specific == specific


@pytest.mark.parametrize(
    ("members", "options", "where"),
    [
        ({"filePath": "/src/lib/a.jar"}, {}, "src/lib/a.jar"),
        ({"filePath": "/src/lib/a.jar"}, {"strip_prefix": "/src"}, "lib/a.jar"),
        ({"filePath": "C:\\src\\lib\\a.jar"}, {"strip_prefix": "c:/src"}, "lib/a.jar"),
        ({"filePath": "/web/package-lock.json?lodash", "isVirtual": True}, {}, "web/package-lock.json"),
        ({"filePath": "web/what?.jar"}, {}, "web/what?.jar"),
        ({"filePath": None}, {"manifest": "pom.xml"}, "pom.xml"),
    ],
)
def test_where_a_package_is(members: dict[str, Any], options: dict[str, Any], where: str) -> None:
    assert scan(dependency(**members), options=Options(**options)).observations[0].location.where == where


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"severity": "HIGH", "cvssv3": {"vectorString": V31, "baseScore": 9.9}}, ("7.5", V31)),
        ({"severity": "HIGH", "cvssv3": {"baseScore": 8.1}}, ("8.1", None)),
        ({"severity": "LOW", "cvssv3": {"baseScore": 8.1}}, ("2.0", None)),
        ({"severity": "Unknown", "cvssv3": {"baseScore": 8}}, ("8.0", None)),
        ({"cvssv3": {"baseScore": 8.1}, "cvssv4": {"vectorString": V4}}, ("8.7", V4)),
        ({"severity": "HIGH", "cvssv3": {"vectorString": V31}, "cvssv4": {"baseScore": 9.5}}, ("7.5", V31)),
        ({"cvssv3": {"vectorString": V31.removeprefix("CVSS:3.1/"), "version": "3.1"}}, ("7.5", V31)),
        ({"severity": "HIGH", "cvssv3": {"baseScore": 11}}, ("7.0", None)),
        ({"severity": "moderate"}, ("5.0", None)),
        ({"cvssv2": {"score": 9.3}}, ("5.0", None)),
    ],
)
def test_vectors(members: dict[str, Any], expected: tuple[str, str | None]) -> None:
    (rule,) = scan(dependency({"name": "CVE-2024-0001"} | members)).rules
    assert (str(rule.tool_score), rule.tool_vector) == expected


def test_a_vector_that_is_none_is_told() -> None:
    (remark,) = scan(dependency({"name": "A", "cvssv3": {"vectorString": "x"}})).remarks
    assert remark.reason is RemarkReason.BAD_VECTOR


def test_what_is_suppressed() -> None:
    suppressed = [{"name": "CVE-2024-0002", "notes": "Not called."}]
    first, second = scan(dependency(suppressedVulnerabilities=suppressed)).observations
    assert first.suppression is None
    assert second.suppression == Suppression(kind="external", justification="Not called.")
    assert second.pointer == "/dependencies/0/suppressedVulnerabilities/0"


@pytest.mark.parametrize(
    ("info", "outcome"),
    [
        (None, ClosingOutcome.DONE),
        ({}, ClosingOutcome.DONE),
        ({"analysisExceptions": []}, ClosingOutcome.DONE),
        ({"analysisExceptions": [{"exception": {"message": "No network."}}]}, ClosingOutcome.NOT_SUCCESSFUL),
    ],
)
def test_a_scan_with_errors_is_not_complete(info: Any, outcome: ClosingOutcome) -> None:
    (series,) = scan(scanInfo=info).series
    assert (series.tool, series.outcome, series.spared) == ("dependency-check", outcome, frozenset())


def test_most_dependencies_have_nothing() -> None:
    assert scan({}, {"fileName": "a"}, dependency(vulnerabilities=[]), dependency(vulnerabilities=None)).total == 0


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (dependency({"name": None}), SkipReason.BAD_RULE),
        (dependency(fileName=None), SkipReason.NO_LOCATION),
        (dependency(filePath="../a"), SkipReason.BAD_PATH),
        (dependency(filePath=None), SkipReason.BAD_PATH),
    ],
)
def test_what_cannot_be_placed_is_told(given: dict[str, Any], reason: SkipReason) -> None:
    (problem,) = scan(given).problems
    assert problem.reason is reason


@pytest.mark.parametrize(
    ("top", "pointer"),
    [
        ({"reportSchema": 1}, "/reportSchema"),
        ({"dependencies": {}}, "/dependencies"),
        ({"dependencies": [dependency(filePath=1)]}, "/dependencies/0/filePath"),
        ({"dependencies": [dependency({}, {"severity": 1})]}, "/dependencies/0/vulnerabilities/1/severity"),
        ({"dependencies": [dependency({"cvssv3": {"baseScore": "8"}})]}, "/dependencies/0/vulnerabilities/0/cvssv3/baseScore"),
        ({"scanInfo": {"analysisExceptions": 1}}, "/scanInfo/analysisExceptions"),
    ],
)
def test_a_bad_file(top: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadFile) as caught:
        scan(**top)
    assert [one.pointer for one in caught.value.defects] == [pointer]
