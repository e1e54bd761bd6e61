"""Readers of decisions, and which vulnerabilities their statements are about (domain section 21): rows, one by one."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from packages.api.tests.test_import_sample import SAMPLES, sample
from packageurl import PackageURL

from integrates.api.decision_import.read.registry import read_decisions
from integrates.api.decision_import.read.statement import Decisions, OfPackages, OfPlace, Product, Statement, parsed_date
from integrates.api.decision_import.work.ruling import justification_of
from integrates.api.imports.read.error import BadFile, TooLarge
from integrates.db_model.decision_imports.decision import Saying
from integrates.db_model.decision_imports.types import SuppressionsAs
from integrates.db_model.errors import Rejected
from integrates.db_model.vulnerabilities.types import VulnerabilityType

SHOP, OTHER = (PackageURL.from_string(f"pkg:github/acme/{name}") for name in ("shop", "other"))
PART = PackageURL.from_string("pkg:npm/%40acme/part@1.2.0")


def read(content: Any, wanted: SuppressionsAs = SuppressionsAs.ACCEPTANCE) -> Decisions:
    return read_decisions(json.dumps(content).encode(), None, wanted)


def openvex(*statements: dict[str, Any], **head: Any) -> Any:
    return {"@context": "https://openvex.dev/ns/v0.2.0", "statements": statements, **head}


def bom(**members: Any) -> Any:
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", **members}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-07-14T11:17:57Z", datetime(2024, 7, 14, 11, 17, 57, tzinfo=UTC)),
        ("2024-07-14T11:17:57+02:00", datetime(2024, 7, 14, 9, 17, 57, tzinfo=UTC)),
        ("2024-07-14", datetime(2024, 7, 14, tzinfo=UTC)),
        ("0001-01-01T00:00:00+23:00", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("2" * 10_000, None),
    ],
)
def test_dates(text: str | None, expected: datetime | None) -> None:
    assert parsed_date(text) == expected


@pytest.mark.parametrize(
    ("file", "author", "text", "at", "expected"),
    [
        ("a.json", "Acme", "It is so.", datetime(2024, 7, 14, tzinfo=UTC), "From a.json, Acme, 2024-07-14: It is so."),
        ("a.json", "", "It is so.", None, "From a.json: It is so."),
        ("a", "", "", None, "From a:..."),
        ("a", "b\n\x00c", " x\x07y ", None, "From a, b c: xy"),
    ],
)
def test_justifications(file: str, author: str, text: str, at: datetime | None, expected: str) -> None:
    about = OfPackages(names=frozenset(), products=())
    one = Statement(pointer="", name="", at=at, says=Saying.FIXED, words=frozenset(), text=text, about=about)
    assert justification_of(one, file, author) == expected


def test_a_justification_is_cut_to_what_is_stored() -> None:
    about = OfPackages(names=frozenset(), products=())
    one = Statement(pointer="", name="", at=None, says=Saying.FIXED, words=frozenset(), text="é" * 30_000, about=about)
    assert len(justification_of(one, "a.json", "b" * 10_000)) == 10_000


@pytest.mark.parametrize(
    ("status", "more", "says", "text"),
    [
        ("not_affected", {"impact_statement": "a", "justification": "component_not_present"}, Saying.NOT_AFFECTED, "a"),
        ("not_affected", {"justification": "component_not_present"}, Saying.NOT_AFFECTED, "component_not_present"),
        ("affected", {"action_statement": "b", "status_notes": "c"}, Saying.AFFECTED, "b"),
        ("fixed", {"status_notes": "c"}, Saying.FIXED, "c"),
        ("under_investigation", {}, Saying.UNDECIDED, "under_investigation"),
    ],
)
def test_statements_of_openvex(status: str, more: dict[str, Any], says: Saying, text: str) -> None:
    named = {"name": "CVE-2024-1", "aliases": ["GHSA-1"]}
    told = {"vulnerability": named, "products": [{"identifiers": {"purl": str(SHOP)}}], "status": status, **more}
    found = read(openvex(told, timestamp="2024-01-01T00:00:00Z", author="Acme"))
    (one,) = found.statements
    assert (found.author, one.says, one.text, one.pointer, one.name) == ("Acme", says, text, "/statements/0", "CVE-2024-1")
    assert one.at == datetime(2024, 1, 1, tzinfo=UTC)
    assert one.about == OfPackages(names=frozenset({"CVE-2024-1", "GHSA-1"}), products=(Product(purl=SHOP),))
    expected = "COMPONENT_NOT_PRESENT" if "justification" in more else None
    assert one.vex_justification == expected


def test_parts_that_nobody_knows_do_not_mean_the_whole_product() -> None:
    told = {"status": "fixed", "products": [{"@id": str(SHOP), "subcomponents": [{"@id": "part-1"}]}]}
    (one,) = read(openvex(told)).statements
    assert one.about == OfPackages(names=frozenset(), products=(Product(purl=None),))


@pytest.mark.parametrize(
    ("analysis", "says"),
    [
        ({"state": "not_affected"}, Saying.NOT_AFFECTED),
        ({"state": "false_positive"}, Saying.NOT_AFFECTED),
        ({"state": "exploitable"}, Saying.AFFECTED),
        ({"state": "exploitable", "response": ["update"]}, Saying.AFFECTED),
        ({"state": "exploitable", "response": ["update", "will_not_fix"]}, Saying.ACCEPTED_FOREVER),
        ({"state": "not_affected", "response": ["will_not_fix"]}, Saying.NOT_AFFECTED),
        ({"state": "resolved"}, Saying.FIXED),
        ({"state": "resolved_with_pedigree"}, Saying.FIXED),
        ({"state": "in_triage"}, Saying.UNDECIDED),
        ({}, None),
        (None, None),
    ],
)
def test_analyses_of_cyclonedx(analysis: dict[str, Any] | None, says: Saying | None) -> None:
    told = {"id": "CVE-2024-1", "affects": [{"ref": "part"}], **({} if analysis is None else {"analysis": analysis})}
    found = read(bom(components=[{"bom-ref": "part", "name": "part", "purl": str(PART)}], vulnerabilities=[told])).statements
    assert [one.says for one in found] == ([] if says is None else [says])
    assert all(one.about.products == (Product(purl=PART),) for one in found if isinstance(one.about, OfPackages))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("code_not_present", "VULNERABLE_CODE_NOT_PRESENT"),
        ("requires_configuration", "VULNERABLE_CODE_CANNOT_BE_CONTROLLED_BY_ADVERSARY"),
        ("protected_at_perimeter", "INLINE_MITIGATIONS_ALREADY_EXIST"),
        ("something_else", None),
    ],
)
def test_justifications_of_cyclonedx(word: str, expected: str | None) -> None:
    told = {"id": "CVE-2024-1", "analysis": {"state": "not_affected", "justification": word}}
    (one,) = read(bom(vulnerabilities=[told])).statements
    assert one.vex_justification == expected


@pytest.mark.parametrize(
    ("status", "remediation", "says"),
    [
        ("known_not_affected", None, Saying.NOT_AFFECTED),
        ("known_affected", None, Saying.AFFECTED),
        ("known_affected", "vendor_fix", Saying.AFFECTED),
        ("known_affected", "none_available", Saying.AFFECTED),
        ("known_affected", "no_fix_planned", Saying.ACCEPTED_FOREVER),
        ("first_affected", "no_fix_planned", Saying.ACCEPTED_FOREVER),
        ("fixed", "no_fix_planned", Saying.FIXED),
        ("first_fixed", None, Saying.FIXED),
        ("under_investigation", None, Saying.UNDECIDED),
        ("recommended", None, None),
    ],
)
@pytest.mark.parametrize("by", ["product_ids", "group_ids", None])
def test_statuses_of_csaf(status: str, remediation: str | None, says: Saying | None, by: str | None) -> None:
    told = {"product_ids": {"product_ids": ["p"]}, "group_ids": {"group_ids": ["g"]}, None: {}}[by]
    product = {"product_id": "p", "product_identification_helper": {"purl": str(PART)}}
    remedies = [{"category": remediation, "details": "d", **told}] if remediation else []
    found = read(
        {
            "document": {"category": "csaf_vex", "csaf_version": "2.0"},
            "product_tree": {
                "branches": [{"branches": [{"product": product}]}],
                "product_groups": [{"group_id": "g", "product_ids": ["p"]}],
            },
            "vulnerabilities": [{"ids": [{"text": "X-1"}], "product_status": {status: ["p", "q"]}, "remediations": remedies}],
        }
    ).statements
    assert [one.says for one in found][:1] == ([] if says is None else [says])
    assert [one.about.products for one in found if isinstance(one.about, OfPackages)] == (
        [] if says is None else [(Product(purl=PART),), ()]
    )
    assert [one.pointer for one in found][:1] == ([] if says is None else [f"/vulnerabilities/0/product_status/{status}/0"])


@pytest.mark.parametrize(
    ("suppressions", "is_said"),
    [
        ([], False),
        ([{"kind": "external"}], True),
        ([{"kind": "external", "status": "accepted", "justification": "So it is."}], True),
        ([{"kind": "external", "status": "underReview"}], False),
        ([{"kind": "external", "status": "rejected"}], False),
        ([{"kind": "external", "status": "accepted"}, {"kind": "inSource", "status": "rejected"}], False),
    ],
)
@pytest.mark.parametrize("wanted", SuppressionsAs)
def test_suppressions_of_sarif(suppressions: Any, is_said: bool, wanted: SuppressionsAs) -> None:
    result = {
        "ruleId": "r1",
        "message": {"text": "m"},
        "suppressions": suppressions,
        "fingerprints": {"f": "1"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3}}}],
    }
    found = read({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Lint"}}, "results": [result]}]}, wanted).statements
    assert len(found) == is_said
    for one in found:
        assert one.says is {"ACCEPTANCE": Saying.ACCEPTED_FOREVER, "ZERO_RISK": Saying.NOT_AFFECTED}[wanted]
        assert one.text == suppressions[0].get("justification", "suppressed (external)")
        assert one.about == OfPlace(
            tool="lint",
            rule_id="r1",
            fingerprints=frozenset({"f=1"}),
            type=VulnerabilityType.LINES,
            where="a.py",
            specific="3",
        )


@pytest.mark.parametrize(
    ("base", "own", "expected"),
    [
        ("shop", {"id": "1"}, "here"),
        ("shop", {"id": "1", "root": "page"}, "here"),
        (None, {"id": "1", "root": "page"}, "there"),
        (None, {"id": "1", "root": "other"}, None),
        (None, {"id": "1"}, None),
        ("shop", None, None),
    ],
)
def test_roots_that_sarif_of_ours_names(base: str | None, own: Any, expected: str | None) -> None:
    """A path has its root as its base, what is at none has a member of ours; in SARIF of others a base is no root."""
    result = {
        "ruleId": "r1",
        "message": {"text": "m"},
        "suppressions": [{"kind": "external"}],
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py", "uriBaseId": base}}}],
        "properties": {"integrates": own} if own else {},
    }
    bases = {name: {"description": {"text": text}} for name, text in (("shop", "here"), ("page", "there"))}
    run = {"tool": {"driver": {"name": "Lint"}}, "originalUriBaseIds": bases, "results": [result]}
    found = read({"version": "2.1.0", "runs": [run]})
    assert [one.about.root for one in found.statements if isinstance(one.about, OfPlace)] == [expected]
    assert found.names_roots is (expected is not None)


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")) or [Path("none")], ids=lambda file: file.name)
def test_a_file_of_any_tool_is_read_or_refused(file: Path) -> None:
    content = sample(file.name)
    with suppress(BadFile, Rejected):
        found = read_decisions(content, None, SuppressionsAs.ZERO_RISK)
        assert {one.says for one in found.statements} <= set(Saying)


def test_a_package_in_a_document_about_several_products_is_meant_in_its_own() -> None:
    told = {"id": "CVE-2024-1", "affects": [{"ref": "x"}], "analysis": {"state": "resolved"}}
    properties = [{"name": "integrates:product", "value": str(SHOP)}]
    part = {"bom-ref": "x", "purl": str(PART), "properties": properties}
    (one,) = read(bom(components=[part], vulnerabilities=[told])).statements
    assert one.about == OfPackages(names=frozenset({"CVE-2024-1"}), products=(Product(purl=SHOP, packages=(PART,)),))


def csaf(**members: Any) -> Any:
    return {"document": {"category": "csaf_vex", "csaf_version": "2.0"}, **members}


LONG = [f"p{each}" for each in range(1_400)]
BOMBS: dict[str, Any] = {
    "a group that is named again and again": csaf(
        product_tree={"product_groups": [{"group_id": "g", "product_ids": LONG}]},
        vulnerabilities=[{"cve": "C", "flags": [{"group_ids": ["g"]}] * 1_400}],
    ),
    "notes about all": csaf(
        vulnerabilities=[{"cve": "C", "product_status": {"fixed": LONG}, "threats": [{"details": "x"}] * 1_400}]
    ),
    "notes of many": csaf(
        vulnerabilities=[{"cve": "C", "product_status": {"fixed": LONG[:700]}, "threats": [{"details": "x"}] * 1_400}] * 2
    ),
    "names of all packages": openvex(
        {
            "vulnerability": {"name": "C", "aliases": [f"C-{each}" for each in range(1_400)]},
            "products": [{"@id": f"pkg:npm/{each}"} for each in LONG],
            "status": "fixed",
        }
    ),
    "names of all parts": openvex(
        {
            "vulnerability": {"name": "C", "aliases": [f"C-{each}" for each in range(1_400)]},
            "products": [{"@id": str(SHOP), "subcomponents": [{"@id": f"pkg:npm/{each}"} for each in LONG]}],
            "status": "fixed",
        }
    ),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_a_small_file_that_says_a_lot_is_refused(content: Any) -> None:
    with pytest.raises(TooLarge) as caught:
        read(content)
    assert (caught.value.limit, caught.value.allowed) == ("too_many_values", 1_800_000)
