"""What is read from the reports of npm audit (domain section 19, row *NPM_AUDIT*)."""

import json
from typing import Any

import pytest
from packages.api.tests.read.sample import sample

from integrates.api.imports.read.error import BadFile, rendered
from integrates.api.imports.read.observation import Observation, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.types import Advisory, Fix, Relation

Json = dict[str, Any]


def via(**members: Any) -> Json:
    return {"name": "debug", "url": "https://github.com/advisories/GHSA-gxpj-cx7g-858c", "title": "Slow."} | members


def scan(*vias: Any, options: Options | None = None, **members: Any) -> Scan:
    entry = {"name": "debug", "via": list(vias)} | members
    content = {"auditReportVersion": 2, "vulnerabilities": {"debug": entry}}
    return read(json.dumps(content).encode(), options or Options())


def old_scan(options: Options | None = None, **members: Any) -> Scan:
    advice = {"module_name": "debug", "url": "https://npmjs.com/advisories/534", "title": "Slow.", "cves": ["CVE-2017-16137"]}
    return read(json.dumps({"advisories": {"534": advice | members}}).encode(), options or Options())


def only(found: Scan) -> tuple[Observation, Advisory]:
    (one,) = found.observations
    assert one.advisory is not None
    return one, one.advisory


def defect(content: Any, options: Options | None = None) -> str:
    with pytest.raises(BadFile) as caught:
        read(json.dumps(content).encode(), options or Options())
    return rendered(caught.value.defects[0])


def test_an_advisory_of_a_package() -> None:
    one, advisory = only(scan(via()))
    assert (one.location.where, one.location.specific) == ("package-lock.json", "debug")
    assert one.fingerprint == "package-lock.json|pkg:npm/debug"
    assert (one.rule.tool, advisory.id, advisory.vulnerable_version) == ("npm-audit", "GHSA-gxpj-cx7g-858c", "")
    assert scan(via()).rules[0].title == "GHSA-gxpj-cx7g-858c: Slow."


def test_texts_are_effects_of_what_other_packages_have() -> None:
    found = scan("semver", via(), "undici")
    assert (found.total, [one.pointer for one in found.observations]) == (1, ["/vulnerabilities/debug/via/1"])


def test_the_manifest_is_what_the_caller_says() -> None:
    for given in (scan(via(), options=Options(manifest="web/yarn.lock")), old_scan(Options(manifest="web/yarn.lock"))):
        assert given.observations[0].location.where == "web/yarn.lock"
    assert only(scan(via(), options=Options(add_prefix="web")))[0].location.where == "web/package-lock.json"
    assert scan(via(), options=Options(manifest="../a")).problems[0].uri == "../a"


@pytest.mark.parametrize(
    ("given", "fix", "version", "recommendation"),
    [
        (
            {"name": "vercel", "version": "32.3.0", "isSemVerMajor": True},
            Fix.AVAILABLE,
            "vercel@32.3.0",
            "Upgrade debug to vercel@32.3.0.",
        ),
        (True, Fix.AVAILABLE, None, "`npm audit fix` upgrades debug."),
        (False, Fix.NONE, None, "No fixed version is known."),
        (None, Fix.UNKNOWN, None, "No fixed version is known."),
    ],
)
def test_what_repairs_it(given: Any, fix: Fix, version: str | None, recommendation: str) -> None:
    found = scan(via(), fixAvailable=given)
    _, advisory = only(found)
    assert (advisory.fix, advisory.fixed_version, found.rules[0].recommendation) == (fix, version, recommendation)


@pytest.mark.parametrize(
    ("given", "relation"), [(True, Relation.DIRECT), (False, Relation.TRANSITIVE), (None, Relation.UNKNOWN)]
)
def test_how_the_project_depends_on_it(given: bool | None, relation: Relation) -> None:
    assert only(scan(via(), isDirect=given))[1].relation is relation


def test_the_relation_is_that_of_the_package_that_the_advisory_names() -> None:
    entries = {"a": {"via": [via(name="b")], "isDirect": True}, "b": {"via": [], "isDirect": False}}
    content = json.dumps({"auditReportVersion": 2, "vulnerabilities": entries}).encode()
    assert only(read(content, Options()))[1].relation is Relation.TRANSITIVE
    unlisted = json.dumps({"auditReportVersion": 2, "vulnerabilities": {"a": entries["a"]}}).encode()
    assert only(read(unlisted, Options()))[1].relation is Relation.UNKNOWN


@pytest.mark.parametrize(
    ("members", "score", "vector", "classes"),
    [
        ({"severity": "moderate"}, "5.0", None, ()),
        ({"severity": "moderate", "cwe": ["CWE-400", "CWE-0"]}, "5.0", None, ("CWE-400",)),
        ({"cwe": '["CWE-20", "CWE-79"]'}, "5.0", None, ("CWE-20", "CWE-79")),
        ({"cwe": "CWE-400"}, "5.0", None, ("CWE-400",)),
        ({"cwe": None, "cvss": {"score": 0, "vectorString": None}}, "5.0", None, ()),
        (
            {"severity": "moderate", "cvss": {"vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"}},
            "5.3",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
            (),
        ),
    ],
)
def test_what_it_is_and_how_bad(members: Json, score: str, vector: str | None, classes: tuple[str, ...]) -> None:
    for found in (scan(via(**members)), old_scan(**members)):
        (rule,) = found.rules
        assert (str(rule.tool_score), rule.tool_vector, rule.cwe_ids) == (score, vector, classes)


@pytest.mark.parametrize("url", [None, "", "https://github.com", "https://github.com/", "GHSA"])
def test_an_advisory_without_an_id_is_skipped(url: str | None) -> None:
    assert [one.reason.value for one in scan(via(url=url)).problems] == ["bad_rule"]


def test_npm_6_tells_the_installed_versions() -> None:
    found = old_scan(findings=[{"version": "2.2.0", "paths": ["a>debug"]}, {"version": "3.0.0"}, {"version": "3.0.0"}])
    assert [one.location.specific for one in found.observations] == ["debug@2.2.0", "debug@3.0.0"]
    assert (found.total, found.duplicates) == (3, 1)
    assert [one.pointer for one in found.observations] == ["/advisories/534/findings/0", "/advisories/534/findings/1"]


@pytest.mark.parametrize("findings", [None, []])
def test_npm_6_may_tell_no_version(findings: list[Json] | None) -> None:
    one, advisory = only(old_scan(findings=findings))
    assert (one.location.specific, advisory.id) == ("debug", "CVE-2017-16137")


@pytest.mark.parametrize(
    ("members", "id_", "aliases"),
    [
        ({}, "CVE-2017-16137", ("534",)),
        ({"cves": None}, "534", ()),
        ({"cves": [], "github_advisory_id": "GHSA-a"}, "GHSA-a", ("534",)),
        ({"cves": [], "url": None}, None, ()),
    ],
)
def test_the_names_of_an_advisory_of_npm_6(members: Json, id_: str | None, aliases: tuple[str, ...]) -> None:
    found = [one.advisory for one in old_scan(**members).observations]
    assert [(one.id, one.aliases) for one in found if one] == ([(id_, aliases)] if id_ else [])


@pytest.mark.parametrize(
    ("patched", "fix", "version"),
    [(">=2.6.9", Fix.AVAILABLE, ">=2.6.9"), ("<0.0.0", Fix.NONE, None), (None, Fix.UNKNOWN, None)],
)
def test_what_npm_6_says_that_repairs_it(patched: str | None, fix: Fix, version: str | None) -> None:
    _, advisory = only(old_scan(patched_versions=patched))
    assert (advisory.fix, advisory.fixed_version) == (fix, version)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"auditReportVersion": 1, "vulnerabilities": {}}, "Expected 2: /auditReportVersion"),
        ({"auditReportVersion": None, "vulnerabilities": {}}, "Expected 2: /auditReportVersion"),
        (
            {"auditReportVersion": 2, "vulnerabilities": {"a/b": {"via": [{"url": 5}]}}},
            "Expected a text or null, got an integer: /vulnerabilities/a~1b/via/0/url",
        ),
        (
            {"auditReportVersion": 2, "vulnerabilities": {"a": {"via": [None]}}},
            "Expected an object, got null: /vulnerabilities/a/via/0",
        ),
        (
            {"advisories": {"1": {"findings": [{"version": 1}]}}},
            "Expected a text or null, got an integer: /advisories/1/findings/0/version",
        ),
        ({"advisories": []}, "Expected an object or null, got an array: /advisories"),
        ({"error": {"code": "ENOAUDIT", "summary": "No."}}, "npm audit failed, ENOAUDIT: No.: /error"),
        ({"error": {"code": "ENOLOCK", "summary": None}, "advisories": {}}, "npm audit failed, ENOLOCK: /error"),
        ({"error": {}, "advisories": {}}, "npm audit failed, and does not say why: /error"),
    ],
)
def test_what_is_no_report(content: Json, told: str) -> None:
    assert defect(content) == told


def test_an_empty_report_is_none_only_when_it_says_so() -> None:
    for content in (b'{"auditReportVersion": 2, "vulnerabilities": {}}', b'{"advisories": {}}'):
        assert read(content, Options()).total == 0
    assert defect([], Options(format=ImportFormat.NPM_AUDIT)) == "The file is not of the format NPM_AUDIT."


@pytest.mark.parametrize(("name", "count"), [("npm_audit_7_plus-many_vulns.json", 3), ("npm_audit-many_vuln.json", 5)])
def test_a_real_report(name: str, count: int) -> None:
    found = read(sample(name), Options())
    assert (found.total, len(found.observations), len(found.rules), found.skipped) == (count, count, count, 0)


def test_a_real_failure() -> None:
    with pytest.raises(BadFile) as caught:
        read(sample("npm_audit-empty_with_error.json"), Options())
    assert "ENOAUDIT" in rendered(caught.value.defects[0])


@pytest.mark.parametrize("error", [{"code": "ERR_PNPM_NO_LOCKFILE", "message": "No lockfile"}, {"message": "No lockfile"}])
def test_an_error_of_pnpm_is_told(error: Any) -> None:
    with pytest.raises(BadFile) as caught:
        read(json.dumps({"error": error}).encode(), Options())
    assert "No lockfile" in rendered(caught.value.defects[0])
