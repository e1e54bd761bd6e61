"""What CSAF says (domain section 21)."""

import json
from datetime import timedelta
from typing import Any

from packages.api.tests.exports.entry import (
    BACKEND,
    FIRST,
    PRODUCTS,
    SERVER,
    document,
    told,
    vulnerable,
)
from packages.api.tests.exports.judge import judge_csaf
from packages.api.tests.exports.vex import EACH, ENTRIES, TEXT, claimed, purl, written

from integrates.api.exports.document import ExportFormat
from integrates.db_model.vex_documents.types import Edition
from integrates.db_model.vulnerabilities.types import (
    VexJustification,
    ZeroRiskStatus,
)
from integrates.db_model.vulnerabilities.word import Word


def of_csaf(made: dict[str, Any]) -> dict[str, Word]:
    """Return the word of each package of a product, by its id, given a document about one of each word."""
    tree = made["product_tree"]
    packages = {one["product_id"]: one["product_identification_helper"]["purl"] for one in tree["full_product_names"]}
    words = {purl(number): word for number, word in enumerate(Word)}
    return {one["full_product_name"]["product_id"]: words[packages[one["product_reference"]]] for one in tree["relationships"]}


def test_words_in_csaf() -> None:
    made = written(ExportFormat.CSAF_VEX, [told(one) for one in EACH.values()])
    words = of_csaf(made)
    (found,) = made["vulnerabilities"]
    assert (found["cve"], found["notes"]) == ("CVE-2024-1001", [{"category": "description", "text": "What it is."}])
    assert {status: {words[one] for one in ids} for status, ids in found["product_status"].items()} == {
        "known_not_affected": {Word.FALSE_POSITIVE, Word.ZERO_RISK},
        "fixed": {Word.FIXED},
        "known_affected": {Word.ACCEPTED_FOREVER, Word.ACCEPTED, Word.IN_PROGRESS},
        "under_investigation": {Word.ZERO_RISK_REQUESTED, Word.ACCEPTANCE_REQUESTED, Word.UNDECIDED},
    }
    assert {
        (one["category"], one["details"], *(words[each] for each in one["product_ids"])) for one in found["remediations"]
    } == {
        ("no_fix_planned", f"Accepted permanently: {TEXT}", Word.ACCEPTED_FOREVER),
        ("none_available", f"Accepted until 2024-06-04T00:00:00Z: {TEXT}", Word.ACCEPTED),
        ("none_available", "Being fixed.", Word.IN_PROGRESS),
    }
    assert {(one["category"], one["details"], *(words[each] for each in one["product_ids"])) for one in found["threats"]} == {
        ("impact", "It was reported by mistake: a false positive.", Word.FALSE_POSITIVE),
        ("impact", TEXT, Word.ZERO_RISK),
    }
    assert "flags" not in found


def test_justifications_are_flags_of_csaf() -> None:
    entries = [
        told(claimed(vulnerable(why, package=purl(number)), ZeroRiskStatus.CONFIRMED, why))
        for number, why in enumerate(VexJustification)
    ]
    (found,) = written(ExportFormat.CSAF_VEX, entries)["vulnerabilities"]
    assert sorted(one["label"] for one in found["flags"]) == sorted(why.value.lower() for why in VexJustification)
    assert "threats" not in found


def test_the_tree_of_csaf() -> None:
    made = written(ExportFormat.CSAF_VEX, [told(vulnerable("a")), told(vulnerable("b", advisory="CVE-2024-1002"))])
    product, package = PRODUCTS[BACKEND.id], "pkg:npm/express@4.17.1"
    names = {one["product_identification_helper"]["purl"]: one for one in made["product_tree"]["full_product_names"]}
    assert {purl: one["name"] for purl, one in names.items()} == {product: "backend", package: package}
    (related,) = made["product_tree"]["relationships"]
    assert related["category"] == "default_component_of"
    assert (related["product_reference"], related["relates_to_product_reference"]) == (
        names[package]["product_id"],
        names[product]["product_id"],
    )
    assert [one["cve"] for one in made["vulnerabilities"]] == ["CVE-2024-1001", "CVE-2024-1002"]


def test_an_advisory_without_cve_has_ids_in_csaf() -> None:
    one = vulnerable("one", advisory="GHSA-aaaa-bbbb-cccc", aliases=("PYSEC-1",))
    (found,) = written(ExportFormat.CSAF_VEX, [told(one)])["vulnerabilities"]
    assert "cve" not in found
    assert found["ids"] == [
        {"system_name": "GitHub", "text": "GHSA-aaaa-bbbb-cccc"},
        {"system_name": "trivy", "text": "PYSEC-1"},
    ]


def test_editions_are_the_history_of_csaf() -> None:
    editions = tuple(
        Edition(document_version=number, content_sha256="0" * 64, at=FIRST + timedelta(days=number)) for number in (1, 2, 3)
    )
    made = written(ExportFormat.CSAF_VEX, ENTRIES, document(editions=editions, version=3, at=editions[-1].at))
    judge_csaf(json.dumps(made))
    tracking = made["document"]["tracking"]
    assert [one["summary"] for one in tracking["revision_history"]] == [
        "First edition.",
        "What is decided has changed.",
        "What is decided has changed.",
    ]
    assert [(one["number"], one["date"]) for one in tracking["revision_history"]] == [
        ("1", "2024-05-02T12:00:00Z"),
        ("2", "2024-05-03T12:00:00Z"),
        ("3", "2024-05-04T12:00:00Z"),
    ]
    assert (tracking["version"], tracking["initial_release_date"], tracking["current_release_date"]) == (
        "3",
        "2024-05-02T12:00:00Z",
        "2024-05-04T12:00:00Z",
    )
    assert made["document"]["publisher"] == {"category": "vendor", "name": "Aurora", "namespace": SERVER}
    alone = written(ExportFormat.CSAF_VEX, ENTRIES[:1], document(BACKEND))
    titles = [one["document"]["title"] for one in (made, alone)]
    assert titles == ["Vulnerabilities of webshop", "Vulnerabilities of backend of webshop"]
