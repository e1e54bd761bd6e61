"""What CycloneDX says (domain section 21)."""

import json
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from packages.api.tests.exports.entry import (
    BACKEND,
    IMAGE,
    PRODUCTS,
    document,
    told,
    vulnerable,
)
from packages.api.tests.exports.judge import judge_cyclonedx
from packages.api.tests.exports.vex import EACH, TEXT, claimed, purl, written

from integrates.api.exports.document import ExportFormat
from integrates.db_model.severities.rules import severity
from integrates.db_model.vulnerabilities.types import (
    VexJustification,
    ZeroRiskStatus,
)
from integrates.db_model.vulnerabilities.word import Word


def test_words_in_cyclonedx() -> None:
    made = written(ExportFormat.CYCLONEDX_VEX, [told(one) for one in EACH.values()], document(BACKEND))
    said = {one["affects"][0]["ref"]: one["analysis"] for one in made["vulnerabilities"]}
    found = {word: said[purl(number)] for number, word in enumerate(Word)}
    assert {word: (one["state"], one.get("response"), one.get("detail")) for word, one in found.items()} == {
        Word.FALSE_POSITIVE: ("false_positive", None, "It was reported by mistake: a false positive."),
        Word.ZERO_RISK: ("not_affected", None, TEXT),
        Word.FIXED: ("resolved", None, None),
        Word.ZERO_RISK_REQUESTED: ("in_triage", None, TEXT),
        Word.ACCEPTED_FOREVER: ("exploitable", ["will_not_fix"], f"Accepted permanently: {TEXT}"),
        Word.ACCEPTED: ("exploitable", ["will_not_fix"], f"Accepted until 2024-06-04T00:00:00Z: {TEXT}"),
        Word.ACCEPTANCE_REQUESTED: ("in_triage", None, TEXT),
        Word.IN_PROGRESS: ("exploitable", None, "Being fixed."),
        Word.UNDECIDED: ("in_triage", None, None),
    }
    assert {(one["firstIssued"], one["lastUpdated"]) for word, one in found.items() if word is not Word.UNDECIDED} == {
        ("2024-05-01T12:00:00Z", "2024-05-02T12:00:00Z")
    }


def test_a_document_of_cyclonedx_about_a_root() -> None:
    why = VexJustification.INLINE_MITIGATIONS_ALREADY_EXIST
    one = claimed(vulnerable("one", package=purl(1), aliases=("GHSA-1", "X-1")), ZeroRiskStatus.CONFIRMED, why)
    vectors = severity(cvss_v4="CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", tool_score=Decimal("5.0"))
    entry = told(replace(one, severity=vectors), cwe_ids=("CWE-79", "CWE-1"))
    made = written(ExportFormat.CYCLONEDX_VEX, [entry], document(BACKEND))
    assert made["serialNumber"] == f"urn:uuid:{document().id}"
    assert made["metadata"] == {
        "timestamp": "2024-05-01T12:00:00Z",
        "tools": {"components": [{"type": "application", "name": "Integrates"}]},
        "authors": [{"name": "Aurora"}],
        "component": {"type": "application", "bom-ref": BACKEND.id, "name": "backend", "purl": PRODUCTS[BACKEND.id]},
    }
    assert made["components"] == [
        {"type": "library", "bom-ref": purl(1), "group": "@demo", "name": "package-1", "version": "1.1", "purl": purl(1)}
    ]
    (found,) = made["vulnerabilities"]
    assert found.pop("bom-ref")
    assert found == {
        "id": "CVE-2024-1001",
        "source": {"name": "NVD", "url": "https://nvd.nist.gov/vuln/detail/CVE-2024-1001"},
        "references": [
            {"id": "GHSA-1", "source": {"name": "GitHub", "url": "https://github.com/advisories/GHSA-1"}},
            {"id": "X-1", "source": {"name": "trivy"}},
        ],
        "ratings": [{"score": 9.3, "severity": "critical", "method": "CVSSv4", "vector": vectors and vectors.cvss_v4}],
        "cwes": [79, 1],
        "description": "CVE-2024-1001: a weakness",
        "analysis": {
            "state": "not_affected",
            "justification": "protected_by_mitigating_control",
            "detail": TEXT,
            "firstIssued": "2024-05-01T12:00:00Z",
            "lastUpdated": "2024-05-02T12:00:00Z",
        },
        "affects": [{"ref": purl(1)}],
    }


def test_a_document_of_cyclonedx_about_a_group_tells_products_apart() -> None:
    entries = [told(vulnerable("a")), told(vulnerable("b", root=IMAGE)), told(vulnerable("c", advisory="CVE-2024-1002"))]
    made = written(ExportFormat.CYCLONEDX_VEX, entries)
    about = made["metadata"]["component"]
    assert (about["name"], {one["purl"] for one in about["components"]}) == ("webshop", set(PRODUCTS.values()))
    assert {one["bom-ref"]: one["type"] for one in about["components"]}[IMAGE.id] == "container"
    refs = {f"{PRODUCTS[root.id]}|pkg:npm/express@4.17.1": PRODUCTS[root.id] for root in (BACKEND, IMAGE)}
    assert {one["bom-ref"]: one["properties"][0]["value"] for one in made["components"]} == refs
    assert len(made["components"]) == 2
    assert {one["affects"][0]["ref"] for one in made["vulnerabilities"]} == set(refs)
    assert len(made["vulnerabilities"]) == 3


RATINGS = {
    "a score": (severity(tool_score=Decimal("7.5")), [("other", 7.5, "high", None)]),
    "the vector of a tool": (
        severity(tool_score=Decimal("7.5"), tool_vector="AV:N/AC:L/Au:N/C:P/I:P/A:P"),
        [("CVSSv2", 7.5, "high", "AV:N/AC:L/Au:N/C:P/I:P/A:P")],
    ),
    "both versions": (
        severity(
            cvss_v4="CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            cvss_v3="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N",
        ),
        [
            ("CVSSv4", 9.3, "critical", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"),
            ("CVSSv31", None, None, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"),
        ],
    ),
}


@pytest.mark.parametrize(("given", "expected"), RATINGS.values(), ids=RATINGS)
def test_ratings_of_cyclonedx(given: Any, expected: list[tuple[Any, ...]]) -> None:
    made = written(ExportFormat.CYCLONEDX_VEX, [told(replace(vulnerable("one"), severity=given))])
    (one,) = made["vulnerabilities"]
    assert [tuple(map(each.get, ("method", "score", "severity", "vector"))) for each in one["ratings"]] == expected


def test_what_the_format_has_no_form_for_is_left_out_or_escaped() -> None:
    entry = told(vulnerable("one", advisory="CVE-2024-1001 <x>"), cwe_ids=("CWE-0", "CWE-79"))
    (found,) = written(ExportFormat.CYCLONEDX_VEX, [entry])["vulnerabilities"]
    assert found["cwes"] == [79]
    assert found["source"]["url"] == "https://nvd.nist.gov/vuln/detail/CVE-2024-1001%20%3Cx%3E"
    judge_cyclonedx(json.dumps(written(ExportFormat.CYCLONEDX_VEX, [entry])))
