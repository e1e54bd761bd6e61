"""What OpenVEX says (domain section 21)."""

from packages.api.tests.exports.entry import (
    SERVER,
    document,
    told,
    vulnerable,
)
from packages.api.tests.exports.vex import EACH, LATER, TEXT, claimed, purl, written

from integrates.api.exports.document import ExportFormat
from integrates.db_model.vulnerabilities.types import (
    VexJustification,
    ZeroRiskStatus,
)
from integrates.db_model.vulnerabilities.word import Word


def test_words_in_openvex() -> None:
    made = written(ExportFormat.OPENVEX, [told(one) for one in EACH.values()])
    said = {one["products"][0]["subcomponents"][0]["@id"]: one for one in made["statements"]}
    found = {word: said[purl(number)] for number, word in enumerate(Word)}
    assert {word: one["status"] for word, one in found.items()} == {
        Word.FALSE_POSITIVE: "not_affected",
        Word.ZERO_RISK: "not_affected",
        Word.FIXED: "fixed",
        Word.ZERO_RISK_REQUESTED: "under_investigation",
        Word.ACCEPTED_FOREVER: "affected",
        Word.ACCEPTED: "affected",
        Word.ACCEPTANCE_REQUESTED: "under_investigation",
        Word.IN_PROGRESS: "affected",
        Word.UNDECIDED: "under_investigation",
    }
    assert {word: one["action_statement"] for word, one in found.items() if "action_statement" in one} == {
        Word.ACCEPTED_FOREVER: f"Accepted permanently: {TEXT}",
        Word.ACCEPTED: f"Accepted until 2024-06-04T00:00:00Z: {TEXT}",
        Word.IN_PROGRESS: "Being fixed.",
    }
    assert {word for word, one in found.items() if "impact_statement" in one} == {Word.FALSE_POSITIVE, Word.ZERO_RISK}
    assert found[Word.ZERO_RISK]["impact_statement"] == TEXT
    assert {one["timestamp"] for word, one in found.items() if word is not Word.UNDECIDED} == {"2024-05-02T12:00:00Z"}


def test_a_statement_of_openvex() -> None:
    why = VexJustification.COMPONENT_NOT_PRESENT
    one = claimed(vulnerable("one", aliases=("GHSA-1",)), ZeroRiskStatus.CONFIRMED, why)
    made = written(ExportFormat.OPENVEX, [told(one)], document(at=LATER, version=3))
    product = "pkg:generic/backend?vcs_url=git%2Bhttps://git.example/shop"
    assert made == {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"{SERVER}/vex/{document().id}",
        "author": "Aurora",
        "timestamp": "2024-05-02T12:00:00Z",
        "version": 3,
        "tooling": "Integrates",
        "statements": [
            {
                "vulnerability": {"name": "CVE-2024-1001", "aliases": ["GHSA-1"]},
                "timestamp": "2024-05-02T12:00:00Z",
                "products": [
                    {
                        "@id": product,
                        "identifiers": {"purl": product},
                        "subcomponents": [{"@id": "pkg:npm/express@4.17.1"}],
                    }
                ],
                "status": "not_affected",
                "justification": "component_not_present",
            }
        ],
    }
