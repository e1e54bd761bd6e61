"""SARIF with suppressions: what it says of each word, in which run, and what other programs find in it (domain section 21)."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from packages.api.tests.exports.entry import (
    BACKEND,
    BY,
    FIRST,
    FRONTEND,
    IMAGE,
    NOW,
    root_at,
    told,
    treated,
    vulnerable,
)
from packages.api.tests.exports.output import entry_of, in_line, read_back, results, written

from integrates.api.exports.document import ExportFormat
from integrates.api.exports.registry import FORMATS
from integrates.api.exports.sarif.writer import SARIF
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.roots.types import IPLocation, URLLocation, URLProtocol
from integrates.db_model.severities.rules import severity
from integrates.db_model.testing.scene import uid
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    ClosingReason,
    Fix,
    Mark,
    PreviousTreatment,
    SeriesSuppression,
    Source,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityState,
    VulnerabilityStatus,
    VulnerabilityType,
    ZeroRisk,
    ZeroRiskStatus,
)

WHY = "It is never called by us."
EMPTY = {"version": "2.1.0", "runs": []}


def claimed(status: ZeroRiskStatus) -> Vulnerability:
    claim = ZeroRisk(status=status, justification=WHY, requested_by=BY, at=FIRST, by=BY)
    return replace(vulnerable("one"), zero_risk=claim)


def removed(justification: RemovalJustification) -> Vulnerability:
    state = VulnerabilityState(
        status=VulnerabilityStatus.DELETED, at=FIRST, by=BY, justification=justification, keeps_claim=True
    )
    return replace(vulnerable("one"), state=state)


def waiting() -> Vulnerability:
    previous = PreviousTreatment(status=TreatmentStatus.UNTREATED, at=FIRST, by=BY)
    return treated(
        vulnerable("one"),
        TreatmentStatus.ACCEPTED_UNDEFINED,
        acceptance_status=AcceptanceStatus.SUBMITTED,
        requested_by=BY,
        previous=previous,
        justification=WHY,
    )


APPROVED: Mapping[str, Any] = {"acceptance_status": AcceptanceStatus.APPROVED, "justification": WHY}
WORDS: Mapping[str, tuple[Vulnerability, Any]] = {
    "1 removed as false positive": (removed(RemovalJustification.FALSE_POSITIVE), ("accepted", None)),
    "2 hidden": (claimed(ZeroRiskStatus.CONFIRMED), ("accepted", WHY)),
    "4 zero risk requested": (claimed(ZeroRiskStatus.REQUESTED), ("underReview", WHY)),
    "5 accepted for good": (treated(vulnerable("one"), TreatmentStatus.ACCEPTED_UNDEFINED, **APPROVED), ("accepted", WHY)),
    "6 accepted": (
        treated(vulnerable("one"), TreatmentStatus.ACCEPTED, accepted_until=NOW + timedelta(days=1), justification=WHY),
        ("accepted", WHY),
    ),
    "6 accepted until now": (
        treated(vulnerable("one"), TreatmentStatus.ACCEPTED, accepted_until=NOW, justification=WHY),
        None,
    ),
    "7 acceptance requested": (waiting(), ("underReview", WHY)),
    "8 in progress": (treated(vulnerable("one"), TreatmentStatus.IN_PROGRESS, assigned=BY, justification=WHY), None),
    "9 nothing": (vulnerable("one"), None),
    "9 zero risk rejected": (claimed(ZeroRiskStatus.REJECTED), None),
}


@pytest.mark.parametrize("name", WORDS)
def test_each_word_is_the_suppression_of_the_table(name: str) -> None:
    vulnerability, expected = WORDS[name]
    (result,) = results(written(told(vulnerability)))
    found = [(one["kind"], one["status"], one.get("justification")) for one in result["suppressions"]]
    assert found == ([] if expected is None else [("external", *expected)])


def test_what_is_fixed_is_left_out() -> None:
    state = VulnerabilityState(status=VulnerabilityStatus.SAFE, at=FIRST, by=BY, closing_reason=ClosingReason.VERIFIED)
    entry = told(replace(vulnerable("one"), state=state))
    assert not SARIF.takes(entry.vulnerability, entry.word)
    assert all(SARIF.takes(told(one).vulnerability, told(one).word) for one, _ in WORDS.values())


def test_nothing_at_all_is_a_document() -> None:
    found = written()
    assert {name: found[name] for name in EMPTY} == EMPTY
    assert FORMATS[ExportFormat.SARIF] is SARIF


def test_only_an_accepted_one_is_suppressed_to_our_own_reader() -> None:
    found = {name: read_back(written(told(one)))[0].suppression for name, (one, _) in WORDS.items()}
    assert [name for name, said in found.items() if said is not None] == [
        name for name, (_, expected) in WORDS.items() if expected and expected[0] == "accepted"
    ]


def test_a_result_is_told_as_others_expect_it() -> None:
    found = written(entry_of(in_line("one", fingerprint="v1=abc")))
    (run,) = found["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["ruleIndex"], result["level"], result["message"]) == (
        "py.eval",
        0,
        "error",
        {"text": "Bad {0}."},
    )
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "src/a%20b.py", "uriBaseId": "backend"},
                "region": {"startLine": 7, "snippet": {"text": "eval(x)"}},
            }
        }
    ]
    assert (result["fingerprints"], "partialFingerprints" in result) == ({"v1": "abc"}, False)
    assert result["hostedViewerUri"] == f"https://integrates.example/vulnerabilities/{uid('one')}"
    assert run["versionControlProvenance"] == [
        {"repositoryUri": "https://git.example/shop", "branch": "main", "mappedTo": {"uriBaseId": "backend"}}
    ]
    assert run["tool"]["driver"]["name"] == "semgrep"
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["properties"]["security-severity"]) == ("py.eval", "7.5")
    assert "automationDetails" not in run


FINGERPRINTS: Mapping[str, tuple[str, str, str]] = {
    "v1=a=b": ("fingerprints", "v1", "a=b"),
    "primaryLocationLineHash=39:1": ("partialFingerprints", "primaryLocationLineHash", "39:1"),
    "src/a b.py:v2=x": ("partialFingerprints", "v2", "x"),
    "src/other.py:v2=x": ("fingerprints", "src/other.py:v2", "x"),
    "9f" * 32: ("fingerprints", "integrates/v1", "9f" * 32),
    "=x": ("fingerprints", "integrates/v1", "=x"),
    "x=": ("fingerprints", "integrates/v1", "x="),
}


@pytest.mark.parametrize("text", FINGERPRINTS)
def test_a_fingerprint_is_told_as_it_was_received(text: str) -> None:
    member, name, value = FINGERPRINTS[text]
    found = written(entry_of(in_line("one", fingerprint=text)))
    assert results(found)[0][member] == {name: value}
    (one,) = read_back(found)
    assert (one.fingerprint, [each.text for each in one.fingerprints]) == (text, [text])


def test_a_path_that_begins_like_a_drive_is_none() -> None:
    one = in_line("one")
    found = written(entry_of(replace(one, location=replace(one.location, where="C:x/a.py"))))
    assert [each.location.where for each in read_back(found)] == ["C:x/a.py"]


def test_columns_and_offsets_are_told() -> None:
    mark = Mark(start_column=3, char_offset=40, byte_offset=41)
    found = written(entry_of(in_line("one", mark=mark)))
    region = results(found)[0]["locations"][0]["physicalLocation"]["region"]
    assert [region[name] for name in ("startColumn", "charOffset", "byteOffset")] == [3, 40, 41]
    assert [each.mark for each in read_back(found)] == [mark]


def test_a_fingerprint_that_three_share_is_none_the_less_kept() -> None:
    some = [replace(in_line(f"one {number}", fingerprint="v1=same"), number=number) for number in (1, 2, 3)]
    placed = [replace(one, location=replace(one.location, specific=str(one.number))) for one in some]
    assert [one.fingerprint for one in read_back(written(*map(entry_of, placed)))] == ["v1=same"] * 3


def test_equal_fingerprints_keep_the_order_of_their_numbers() -> None:
    some = [
        replace(one, number=number, location=replace(one.location, where=where, specific=line))
        for one, number, where, line in (
            (in_line("a", fingerprint="v1=same"), 10, "a.py", "1"),
            (in_line("b", fingerprint="v1=same"), 2, "b.py", "1"),
            (in_line("c", fingerprint="v1=same"), 1, "c.py", "30"),
        )
    ]
    found = read_back(written(*map(entry_of, some)))
    assert [one.location.where for one in found] == ["c.py", "b.py", "a.py"]


def test_a_vulnerability_is_in_the_run_of_each_category_that_sees_it() -> None:
    found = written(entry_of(in_line("one", categories=("b/", "a/"), fingerprint="v1=x")))
    assert [run["automationDetails"]["id"] for run in found["runs"]] == ["a/", "b/"]
    (one,) = read_back(found)
    assert {one.category, *one.also} == {"a/", "b/"}


def test_what_the_source_suppresses_in_one_category_is_suppressed_there_only() -> None:
    said = (SeriesSuppression(category="b/", kind="inSource", justification="nosec"),)
    found = written(entry_of(in_line("one", categories=("a/", "b/"), suppressions=said, fingerprint="v1=x")))
    assert ["suppressed" in one["properties"]["integrates"] for one in results(found)] == [False, True]
    (one,) = read_back(found)
    assert (one.hushed, one.suppression) == (said, None)


def test_tools_have_runs_of_their_own() -> None:
    found = written(entry_of(in_line("one")), told(vulnerable("two")))
    assert [run["tool"]["driver"]["name"] for run in found["runs"]] == ["semgrep", "trivy"]


def test_results_point_at_their_rules() -> None:
    rules = ("py.eval", "py.exec", "py.eval", "py.os")
    lines = [in_line(str(number), rule_id=rule) for number, rule in enumerate(rules)]
    (run,) = written(*(entry_of(one) for one in lines))["runs"]
    listed = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert listed == ["py.eval", "py.exec", "py.os"]
    assert [listed[one["ruleIndex"]] for one in run["results"]] == [one["ruleId"] for one in run["results"]] == sorted(rules)


def test_a_person_s_report_is_in_the_run_of_the_tool_of_its_rule() -> None:
    one = replace(in_line("one"), tool=None, source=Source.ANALYST)
    (run,) = written(entry_of(one))["runs"]
    assert (run["tool"]["driver"]["name"], run["results"][0]["ruleId"]) == ("trivy", "CVE-2024-1001")


def test_a_person_s_report_of_a_finding_without_rule_is_ours() -> None:
    entry = entry_of(replace(in_line("one"), tool=None, source=Source.ANALYST), rule=None)
    (run,) = written(entry)["runs"]
    assert (run["tool"]["driver"]["name"], run["results"][0]["ruleId"]) == ("integrates", entry.finding.id)


def test_a_package_that_a_person_reported_is_one_again() -> None:
    one = replace(vulnerable("one"), tool=None, advisory=None, source=Source.ANALYST)
    (seen,) = read_back(written(entry_of(one)))
    assert (seen.location.type, seen.location.where, seen.location.specific) == (
        one.type,
        one.location.where,
        one.location.specific,
    )


def test_an_advisory_is_kept_whole() -> None:
    one = vulnerable("one", aliases=("GHSA-1",), fixed_version="4.18.0", fix=Fix.AVAILABLE)
    (seen,) = read_back(written(told(one)))
    assert seen.advisory == one.advisory


def test_roots_are_told_apart() -> None:
    some = (vulnerable("one"), vulnerable("two", root=FRONTEND), vulnerable("three", root=IMAGE))
    (run,) = written(*map(told, some))["runs"]
    bases = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"] for one in run["results"]]
    assert sorted(bases) == ["backend", "frontend", "image"]
    assert {name: one["description"]["text"] for name, one in run["originalUriBaseIds"].items()} == {
        "backend": "https://git.example/shop#main",
        "frontend": "https://github.com/demo/shop#main",
        "image": "registry.example:5000/shop/web:1",
    }
    assert run["properties"]["integrates"]["roots"]["image"] == {
        "kind": "IMAGE",
        "registry": "registry.example:5000",
        "repository": "shop/web",
        "tag": "1",
    }


def test_a_short_git_url_becomes_a_uri() -> None:
    root = root_at("short", replace(BACKEND.location, url="git@git.example:shop/web"))
    (run,) = written(told(vulnerable("one", root=root)), roots=[root])["runs"]
    assert run["versionControlProvenance"][0]["repositoryUri"] == "ssh://git@git.example/shop/web"


def test_pages_and_ports_are_urls() -> None:
    page = root_at("page", URLLocation(protocol=URLProtocol.HTTPS, host="shop.example", port=443, path="/", query="a=1"))
    host = root_at("host", IPLocation(address="2001:db8::1"))
    at_page = VulnerabilityLocation(where="https://Shop.example/cart", specific="id")
    at_port = VulnerabilityLocation(where="2001:db8::1", specific="0", snippet="banner")
    some = (
        replace(in_line("page"), root_id=page.id, type=VulnerabilityType.INPUTS, location=at_page),
        replace(in_line("port"), root_id=host.id, type=VulnerabilityType.PORTS, location=at_port),
    )
    found = written(*map(entry_of, some), roots=[page, host])
    uris = [one["locations"][0]["physicalLocation"]["artifactLocation"] for one in results(found)]
    assert uris == [{"uri": "tcp://[2001:db8::1]:0"}, {"uri": "https://Shop.example/cart"}]
    seen = {(one.location.where, one.location.specific, one.snippet) for one in read_back(found)}
    assert seen == {("2001:db8::1", "0", "banner"), ("https://Shop.example/cart", "id", None)}
    assert found["runs"][0]["originalUriBaseIds"]["page"]["description"]["text"] == "https://shop.example:443/?a=1"


def test_scores_and_vectors_are_kept() -> None:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    one = replace(in_line("one"), severity=severity(tool_score=Decimal("9.8"), tool_vector=vector))
    other = severity(tool_score=Decimal("9.8"), tool_vector=vector)
    (seen,) = read_back(written(entry_of(one)))
    assert (seen.own_score, seen.own_vector) == (Decimal("9.8"), vector)
    scan = read(json.dumps(written(entry_of(in_line("one"), severity=other))).encode(), Options())
    assert (scan.rules[0].tool_score, scan.rules[0].tool_vector) == (Decimal("9.8"), vector)


def test_the_score_of_a_person_counts_and_the_vector_of_the_tool_does_not() -> None:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    judged = severity(cvss_v3="CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", tool_score=Decimal("9.8"), tool_vector=vector)
    found = written(entry_of(in_line("one"), severity=judged))
    scan = read(json.dumps(found).encode(), Options())
    assert judged is not None
    assert "toolVector" not in found["runs"][0]["tool"]["driver"]["rules"][0]["properties"]["integrates"]
    assert (scan.rules[0].tool_score, scan.rules[0].tool_vector) == (judged.score, None)


LEVELS = {"0.0": "none", "0.1": "note", "3.9": "note", "4.0": "warning", "6.9": "warning", "7.0": "error", "10.0": "error"}


@pytest.mark.parametrize(("score", "level"), LEVELS.items())
def test_levels(score: str, level: str) -> None:
    assert results(written(entry_of(in_line("one"), severity=severity(tool_score=Decimal(score)))))[0]["level"] == level


def test_no_person_is_named() -> None:
    one = treated(in_line("one"), TreatmentStatus.IN_PROGRESS, assigned="mia@demo.example", justification=WHY)
    named = replace(one, treatment=replace(one.treatment, by="mia@demo.example"), created_by="mia@demo.example")
    assert "@demo.example" not in json.dumps(written(entry_of(named)))
