"""OSV-Scanner's JSON (domain section 19, row *OSV*)."""

import json
from typing import Any

import pytest

from integrates.api.imports.read.error import BadFile
from integrates.api.imports.read.observation import Observation, RuleSeen, Scan, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.errors import Rejected
from integrates.db_model.imports.types import ClosingOutcome
from integrates.db_model.vulnerabilities.types import Fix, Use

V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"  # 7.5
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"  # 8.7
PACKAGE = {"name": "left-pad", "version": "1.0", "ecosystem": "npm"}


def scan(*packages: Any, options: Options | None = None, path: str | None = "/app/package-lock.json", **top: Any) -> Scan:
    report = {"results": [{"source": {"path": path}, "packages": list(packages)}]} | top
    return read(json.dumps(report).encode(), options or Options())


def listed(*vulnerabilities: Any, package: Any = None, groups: Any = None, **members: Any) -> dict[str, Any]:
    given = [{"id": "GHSA-1"} | one for one in vulnerabilities]
    mine = groups if groups is not None else [{"ids": ["GHSA-1"]}]
    return {"package": PACKAGE | (package or {}), "vulnerabilities": given, "groups": mine} | members


def one_of(given: Scan) -> tuple[Observation, RuleSeen]:
    (one,), (rule,) = given.observations, given.rules
    return one, rule


def fixed_in(*versions: str, kind: str = "SEMVER", **package: str) -> dict[str, Any]:
    events = [{"introduced": "0"}, *({"fixed": one} for one in versions)]
    return {"package": {"name": "left-pad", "ecosystem": "npm"} | package, "ranges": [{"type": kind, "events": events}]}


def test_a_group_with_all_that_is_told() -> None:
    first = {"summary": "Bad padding", "details": "It pads.", "database_specific": {"severity": "HIGH", "cwe_ids": ["CWE-79"]}}
    second = {"id": "GHSA-2", "summary": "Other", "database_specific": {"severity": "LOW"}}
    groups = [{"ids": ["GHSA-1", "GHSA-2"], "aliases": ["CVE-2024-0002", "CVE-2024-0001", "GHSA-1"]}]
    one, rule = one_of(scan(listed(second, first, groups=groups)))
    assert (rule.rule.tool, rule.title) == ("osv-scanner", "CVE-2024-0001: Bad padding")
    assert (rule.description, rule.cwe_ids, str(rule.tool_score)) == ("It pads.", ("CWE-79",), "7.0")
    assert (one.location.where, one.location.specific) == ("app/package-lock.json", "left-pad@1.0")
    assert one.fingerprint == "app/package-lock.json|pkg:npm/left-pad"
    assert (one.pointer, one.suppression) == ("/results/0/packages/0/groups/0", None)
    assert one.advisory is not None
    assert (one.advisory.cve, one.advisory.aliases) == (("CVE-2024-0001", "CVE-2024-0002"), ("GHSA-1", "GHSA-2"))


def test_a_group_whose_vulnerabilities_are_not_listed() -> None:
    assert one_of(scan(listed()))[1].title == "GHSA-1: left-pad"


@pytest.mark.parametrize(
    ("ecosystem", "name", "purl"),
    [
        ("npm", "@scope/a", "pkg:npm/%40scope/a@1.0"),
        ("PyPI", "Django_X", "pkg:pypi/django-x@1.0"),
        ("Maven", "org.a:b", "pkg:maven/org.a/b@1.0"),
        ("Go", "github.com/a/b", "pkg:golang/github.com/a/b@1.0"),
        ("crates.io", "a", "pkg:cargo/a@1.0"),
        ("Packagist", "a/b", "pkg:composer/a/b@1.0"),
        ("NuGet", "A", "pkg:nuget/A@1.0"),
        ("RubyGems", "a", "pkg:gem/a@1.0"),
        ("Debian:11", "a", "pkg:deb/debian/a@1.0"),
        ("Ubuntu:22.04:LTS", "a", "pkg:deb/ubuntu/a@1.0"),
        ("Alpine:v3.18", "a", "pkg:apk/alpine/a@1.0"),
        ("Red Hat:enterprise_linux:9::appstream", "a", "pkg:rpm/redhat/a@1.0"),
        ("Unheard", "a", None),
        ("npm", "\n", None),
        ("npm", "a" * 501, None),
    ],
)
def test_the_package_url(ecosystem: str, name: str, purl: str | None) -> None:
    found = scan(listed(package={"ecosystem": ecosystem, "name": name}))
    assert [one.advisory.purl for one in found.observations if one.advisory] == ([purl] if name.strip() else [])


def test_an_ecosystem_without_package_url_identifies_a_package() -> None:
    assert one_of(scan(listed(package={"ecosystem": "Unheard"}), path="a"))[0].fingerprint == "a|pkg:unheard/left-pad"


def test_a_package_may_be_a_commit() -> None:
    one, _ = one_of(scan(listed({"affected": [fixed_in("beef", kind="GIT")]}, package={"version": "", "commit": "cafe"})))
    assert one.location.specific == "left-pad@cafe"
    assert one.advisory is not None
    assert one.advisory.fixed_version == "beef"


@pytest.mark.parametrize(
    ("affected", "version"),
    [
        ([fixed_in("1.1", "2.0"), fixed_in("3.0"), fixed_in("1.1")], "1.1, 2.0, 3.0"),
        ([fixed_in("9.0", name="other"), fixed_in("8.0", ecosystem="PyPI")], None),
        ([fixed_in("1.1"), fixed_in("beef", kind="GIT")], "1.1"),
        ([{"ranges": [{"events": [{"fixed": "7.0"}]}]}], None),
        (None, None),
    ],
)
def test_the_fixed_versions(affected: Any, version: str | None) -> None:
    advisory = one_of(scan(listed({"affected": affected})))[0].advisory
    assert advisory is not None
    assert (advisory.fixed_version, advisory.fix) == (version, Fix.AVAILABLE if version else Fix.UNKNOWN)


@pytest.mark.parametrize(
    ("word", "severity", "expected"),
    [
        ("HIGH", [("CVSS_V3", V31), ("CVSS_V4", V4)], ("8.7", V4)),
        ("MODERATE", [("CVSS_V3", V31)], ("5.0", None)),
        (None, [("CVSS_V3", V31)], ("7.5", V31)),
        (None, [("Ubuntu", "medium")], ("5.0", None)),
        (None, [("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:P/A:P")], ("7.5", "AV:N/AC:L/Au:N/C:P/I:P/A:P")),
    ],
)
def test_vectors(word: str | None, severity: list[tuple[str, str]], expected: tuple[str, str | None]) -> None:
    given = {"severity": [{"type": kind, "score": score} for kind, score in severity], "database_specific": {"severity": word}}
    found = scan(listed(given))
    (rule,) = found.rules
    assert (str(rule.tool_score), rule.tool_vector, found.remarks) == (*expected, ())


def test_a_vector_may_be_that_of_another_vulnerability_of_the_group() -> None:
    second = {"id": "GHSA-2", "severity": [{"type": "CVSS_V3", "score": V31}]}
    rule = one_of(scan(listed({}, second, groups=[{"ids": ["GHSA-1", "GHSA-2"]}])))[1]
    assert rule.tool_vector == V31


@pytest.mark.parametrize(
    ("groups", "use"),
    [(["dev"], Use.DEVELOPMENT), (["optional", "test"], Use.DEVELOPMENT), (["optional"], Use.UNKNOWN), (None, Use.UNKNOWN)],
)
def test_the_use(groups: Any, use: Use) -> None:
    advisory = one_of(scan(listed(dependency_groups=groups)))[0].advisory
    assert advisory is not None
    assert advisory.use is use


@pytest.mark.parametrize("member", ["experimental_analysis", "experimentalAnalysis"])
@pytest.mark.parametrize(
    ("analysis", "why"),
    [
        ({"GHSA-1": {"called": False}}, "not called"),
        ({"GHSA-1": {"called": False}, "GHSA-2": {"called": True}}, None),
        ({"GHSA-1": {"called": False}, "GHSA-2": {"called": True, "unimportant": True}}, "unimportant"),
        ({"GHSA-1": {}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_what_is_not_called_is_suppressed(member: str, analysis: Any, why: str | None) -> None:
    one, _ = one_of(scan(listed(groups=[{"ids": ["GHSA-1"], member: analysis}])))
    assert (one.suppression.justification if one.suppression else None) == why


def test_the_path_may_be_said_by_the_caller() -> None:
    assert one_of(scan(listed(), path=None, options=Options(manifest="go.mod")))[0].location.where == "go.mod"
    assert [one.reason for one in scan(listed(), path=None).problems] == [SkipReason.BAD_PATH]


def test_packages_without_groups_have_nothing() -> None:
    found = scan({"package": PACKAGE}, listed(groups=[]))
    assert (found.total, found.series[0].tool, found.series[0].outcome) == (0, "osv-scanner", ClosingOutcome.DONE)
    assert read(b'{"results": []}', Options()).total == 0


@pytest.mark.parametrize("top", [{"metrics": {}}, {"results": [{"packages": []}, {}]}, {"results": None}])
def test_what_is_of_another_format(top: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        read(json.dumps({"results": [{"packages": []}]} | top).encode(), Options())


@pytest.mark.parametrize(
    ("packages", "pointer"),
    [
        ({}, "/results/0/packages"),
        ([listed(groups=[{"ids": [1]}])], "/results/0/packages/0/groups/0/ids/0"),
        ([listed(), listed({"summary": 1})], "/results/0/packages/1/vulnerabilities/0/summary"),
        ([listed(package={"version": 1})], "/results/0/packages/0/package/version"),
    ],
)
def test_a_bad_file(packages: Any, pointer: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(json.dumps({"results": [{"packages": packages}]}).encode(), Options())
    assert [one.pointer for one in caught.value.defects] == [pointer]


@pytest.mark.parametrize("specific", [{"severity": 7.5}, {"cwe_ids": "CWE-1"}, [], "x", None])
def test_what_databases_add_costs_no_result(specific: Any) -> None:
    assert len(one_of(scan(listed({"id": "GHSA-a", "database_specific": specific}, groups=[{"ids": ["GHSA-a"]}])))) == 2


def test_a_package_without_groups_proves_nothing() -> None:
    found = scan({"package": PACKAGE, "vulnerabilities": [{"id": "GHSA-a"}]})
    assert [one.reason for one in found.problems] == [SkipReason.BAD_RULE]


def test_a_package_may_be_spelled_in_several_ways() -> None:
    fixed = {"package": {"name": "Pillow", "ecosystem": "PyPI"}, "ranges": [{"events": [{"fixed": "9.1"}]}]}
    one = {"package": {"name": "pillow", "ecosystem": "PyPI", "version": "9.0"}}
    found = scan(one | {"vulnerabilities": [{"id": "GHSA-a", "affected": [fixed]}], "groups": [{"ids": ["GHSA-a"]}]})
    assert [each.advisory.fixed_version for each in found.observations if each.advisory] == ["9.1"]
