"""What is read from the reports of pip-audit (domain section 19, row *PIP_AUDIT*)."""

import json
from typing import Any

import pytest
from packages.api.tests.read.sample import sample

from integrates.api.imports.read.error import BadFile, rendered
from integrates.api.imports.read.form import content_of
from integrates.api.imports.read.format.pip_audit import detects
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.imports.types import ClosingOutcome, ImportFormat
from integrates.db_model.vulnerabilities.types import Fix

Json = dict[str, Any]


def dependency(*found: Json, **members: Any) -> Json:
    return {"name": "twisted", "version": "18.9.0", "vulns": list(found)} | members


def scan(*dependencies: Json, options: Options | None = None) -> Scan:
    return read(json.dumps({"dependencies": list(dependencies)}).encode(), options or Options())


def test_a_vulnerability_of_a_package() -> None:
    found = {"id": "PYSEC-1", "aliases": ["GHSA-a", "CVE-2020-1234"], "description": "Bad.", "fix_versions": ["1", "2"]}
    (one,) = scan(dependency(found)).observations
    assert (one.location.where, one.location.specific) == ("requirements.txt", "twisted@18.9.0")
    assert (one.rule.tool, one.rule.rule_id) == ("pip-audit", "CVE-2020-1234")
    assert one.fingerprint == "requirements.txt|pkg:pypi/twisted"
    assert one.advisory is not None
    assert (one.advisory.aliases, one.advisory.fixed_version, one.advisory.fix) == (
        ("PYSEC-1", "GHSA-a"),
        "1, 2",
        Fix.AVAILABLE,
    )
    (rule,) = scan(dependency(found)).rules
    assert (rule.title, rule.description, str(rule.tool_score)) == ("CVE-2020-1234: twisted", "Bad.", "5.0")


def test_a_list_and_an_object_say_the_same() -> None:
    dependencies = [dependency({"id": "PYSEC-1", "fix_versions": []}), {"name": "a", "skip_reason": "not on PyPI"}]
    one = read(json.dumps(dependencies).encode(), Options())
    other = scan(*dependencies)
    assert (one.rules, one.series) == (other.rules, other.series)
    assert [(each.location, each.advisory) for each in one.observations] == [
        (each.location, each.advisory) for each in other.observations
    ]
    assert (one.observations[0].pointer, other.observations[0].pointer) == ("/0/vulns/0", "/dependencies/0/vulns/0")


def test_what_could_not_be_looked_at_is_skipped_without_a_problem() -> None:
    found = scan({"name": "a", "skip_reason": "not on PyPI"}, dependency({"id": "PYSEC-1"}))
    assert (found.total, found.skipped, found.problems, len(found.observations)) == (2, 1, (), 1)
    assert found.series[0].outcome is ClosingOutcome.DONE


def test_the_manifest_is_what_the_caller_says() -> None:
    (one,) = scan(dependency({"id": "P"}), options=Options(manifest="a/poetry.lock", strip_prefix="a")).observations
    assert one.location.where == "poetry.lock"


@pytest.mark.parametrize("member", [{"version": None}, {"version": ""}])
def test_a_version_may_be_missing(member: Json) -> None:
    (one,) = scan(dependency({"id": "P", "aliases": None, "fix_versions": None}, **member)).observations
    assert one.location.specific == "twisted"


@pytest.mark.parametrize(
    "content", [{"dependencies": []}, {"dependencies": [dependency()]}, [dependency()], [{"name": "a", "skip_reason": "b"}]]
)
def test_a_report_of_no_vulnerability(content: Any) -> None:
    found = read(json.dumps(content).encode(), Options())
    assert (found.format, found.observations, found.problems) == (ImportFormat.PIP_AUDIT, (), ())


@pytest.mark.parametrize(
    "content",
    [
        {"dependencies": {}},
        {"dependencies": [{"name": "a"}]},
        {"dependencies": [], "bomFormat": "x"},
        [{"name": "a"}],
        [{"vulns": []}],
    ],
)
def test_what_is_of_another_format(content: Any) -> None:
    assert not detects(content_of(json.dumps(content).encode()).top)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([dependency(), {"name": "a"}], "The member is missing: /1/vulns"),
        ([dependency(), {"vulns": []}], "The member is missing: /1/name"),
        ({"dependencies": [dependency(), {"name": 5}]}, "Expected a text, got an integer: /dependencies/1/name"),
        ({"dependencies": [dependency({"id": 5})]}, "Expected a text or null, got an integer: /dependencies/0/vulns/0/id"),
        ([dependency({"fix_versions": "1"})], "Expected an array or null, got a text: /0/vulns/0/fix_versions"),
    ],
)
def test_a_defect_is_told_with_its_pointer(content: Any, told: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(json.dumps(content).encode(), Options())
    assert rendered(caught.value.defects[0]) == told


def test_an_empty_list_says_nothing() -> None:
    with pytest.raises(BadFile):
        read(b"[]", Options(format=ImportFormat.PIP_AUDIT))


def test_real_reports_of_both_shapes_say_the_same() -> None:
    found = [read(sample(f"pip_audit-many_vulns{end}.json"), Options()) for end in ("", "_new")]
    assert [(len(one.observations), one.skipped, one.problems) for one in found] == [(7, 1, ())] * 2
    old, new = ({(one.rule, one.location, one.fingerprint) for one in each.observations} for each in found)
    assert old == new


@pytest.mark.parametrize(
    ("dependencies", "complete"),
    [
        ([], True),
        ([{"name": "a", "skip_reason": "local"}], False),
        ([{"name": "a", "skip_reason": "local"}, {"name": "b", "vulns": []}], True),
    ],
)
def test_when_nothing_was_audited_nothing_is_proven(dependencies: Any, *, complete: bool) -> None:
    (series,) = read(json.dumps({"dependencies": dependencies}).encode(), Options(format=ImportFormat.PIP_AUDIT)).series
    assert (series.outcome is ClosingOutcome.DONE) == complete
