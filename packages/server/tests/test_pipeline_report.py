"""What other programs read: SARIF by its published schema and by our own reader, JUnit by a reader of it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jsonschema import Draft4Validator
from junitparser import Failure, JUnitXml, Skipped, TestSuite

from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.server.pipeline.fact import Facts
from integrates.server.pipeline.junit import junit_of
from integrates.server.pipeline.place import Change, Kind, Place, place_text
from integrates.server.pipeline.sarif import FINGERPRINT, sarif_of

PUBLISHED = Path(__file__).parents[3] / "tests/published/sarif-schema-2.1.0.json"
SCHEMA = Draft4Validator(json.loads(PUBLISHED.read_text()))
FACTS = Facts(origin="https://git.example/acme/shop", commit="a" * 40, branch="cart")
LINK = "https://integrates.example/vulnerabilities/7"


def place(change: Change = Change.BLOCKING, **given: Any) -> Place:
    told = {
        "kind": Kind.LINES,
        "where": "src/a b%.py",
        "specific": "12",
        "title": "SQL injection",
        "rule": "B608",
        "score": 8.8,
    }
    return Place(change=change, **{"level": "HIGH", "id": "7", "link": LINK, "why": "Open for 41 days.", **told, **given})


PLACES = [
    place(),
    place(specific="0", rule="B101", score=5.0),
    place(kind=Kind.INPUTS, where="https://shop.example/search", specific="query", rule="xss", score=0.0),
    place(kind=Kind.PORTS, where="10.0.0.7", specific="443", rule="tls", score=None, level=None),
    place(kind=Kind.PORTS, where="2001:db8::1", specific="22", rule="ssh"),
    place(kind=Kind.PACKAGES, where="package-lock.json", specific="express@4.17.1", rule="CVE-2022-24999"),
]


def written(places: list[Place], facts: Facts = Facts()) -> Any:  # noqa: B008 -- it is frozen
    document = json.loads(sarif_of(places, category="integrates-gate/shop/", version="0.1.0", facts=facts))
    assert [error.message for error in SCHEMA.iter_errors(document)] == []
    return document


def test_the_schema_refuses_what_is_none() -> None:
    """So that a document without errors says something."""
    document = written(PLACES)
    document["runs"][0]["results"][0]["level"] = "bad"
    assert list(SCHEMA.iter_errors(document))


def test_a_document_is_what_the_format_asks_for() -> None:
    (run,) = written(PLACES, FACTS)["runs"]
    assert run["automationDetails"] == {"id": "integrates-gate/shop/"}
    assert run["versionControlProvenance"] == [
        {"repositoryUri": FACTS.origin, "revisionId": FACTS.commit, "branch": FACTS.branch}
    ]
    (first, *_, last) = run["results"]
    assert first == {
        "ruleId": "B608",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": f"SQL injection. Open for 41 days. {LINK}"},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": "src/a%20b%25.py"}, "region": {"startLine": 12}}},
        ],
        "partialFingerprints": {FINGERPRINT: "7"},
        "hostedViewerUri": LINK,
    }
    assert run["tool"]["driver"]["rules"][last["ruleIndex"]]["id"] == "CVE-2022-24999"
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note", "warning", "error", "error"]
    assert "versionControlProvenance" not in written(PLACES, Facts(commit="a" * 40))["runs"][0]


def test_a_rule_is_as_bad_as_its_worst_place() -> None:
    (run,) = written([place(score=5.0), place(score=9.8), place(score=None), place(score=7.0)])["runs"]
    assert [rule["properties"] for rule in run["tool"]["driver"]["rules"]] == [{"security-severity": "9.8"}]
    (run,) = written([place(score=None)])["runs"]
    assert run["tool"]["driver"]["rules"] == [{"id": "B608", "shortDescription": {"text": "SQL injection"}}]


def test_nothing_found_is_a_document_too() -> None:
    assert written([])["runs"][0]["results"] == []


@pytest.mark.parametrize(
    "change, baseline",
    [
        (Change.BLOCKING, None),
        (Change.NEW, "new"),
        (Change.REOPENED, "new"),
        (Change.MOVED, "updated"),
        (Change.UNCHANGED, "unchanged"),
        (Change.FIXED, "absent"),
    ],
)
def test_a_change_is_told_as_the_state_against_a_baseline(change: Change, baseline: str | None) -> None:
    (result,) = written([place(change)])["runs"][0]["results"]
    assert result.get("baselineState") == baseline


def test_a_place_that_is_not_known_yet_has_no_identity() -> None:
    (result,) = written([place(Change.NEW, id=None, link=None, why="")])["runs"][0]["results"]
    assert (result.keys() & {"partialFingerprints", "hostedViewerUri"}, result["message"]) == (set(), {"text": "SQL injection"})


def test_our_own_reader_finds_the_same_places() -> None:
    """Ports and pages too; packages become the file that names them, since SARIF has no word for them."""
    scan = read(sarif_of(PLACES, category="x/", version="1.0.0", facts=FACTS), Options())
    assert [(one.location.type.value, one.location.where, one.location.specific) for one in scan.observations] == [
        *[(one.kind.value, one.where, one.specific) for one in PLACES[:-1]],
        ("LINES", "package-lock.json", "0"),
    ]
    assert not scan.problems


TEXTS = some.text(max_size=40)
PLACED = some.builds(
    Place,
    change=some.sampled_from(Change),
    kind=some.just(Kind.LINES),
    where=some.text(min_size=1, max_size=40),
    specific=some.integers(0, 10**7).map(str),
    title=some.text(min_size=1, max_size=40),
    rule=some.text(min_size=1, max_size=40),
    score=some.none() | some.floats(0, 10),
    level=some.none() | TEXTS,
    id=some.none() | some.text(min_size=1, max_size=10),
    link=some.just(LINK),
    why=TEXTS,
)


@given(places=some.lists(PLACED, max_size=6), category=some.text(min_size=1, max_size=9), is_strict=some.booleans())
def test_whatever_a_scanner_wrote_both_stay_well_formed(places: list[Place], category: str, is_strict: bool) -> None:
    document = json.loads(sarif_of(places, category=category, version="0.1.0", facts=FACTS))
    assert [error.message for error in SCHEMA.iter_errors(document)] == []
    (suite,) = suites(junit_of(places, name=category, summary=category, breaks=is_strict, is_strict=is_strict))
    assert (suite.tests, len(list(suite))) == (len(places) + 1, len(places) + 1)


def suites(written: bytes) -> list[TestSuite]:
    return list(JUnitXml.fromroot(JUnitXml.fromfile(io.BytesIO(written))._elem))


def test_a_strict_gate_has_a_failure_for_each_place() -> None:
    (suite,) = suites(junit_of(PLACES[:2], name="webshop", summary="2 vulnerabilities", breaks=True, is_strict=True))
    assert (suite.name, suite.tests, suite.failures, suite.skipped, suite.errors) == ("webshop", 3, 3, 0, 0)
    gate, first, second = suite
    assert (gate.name, gate.classname, gate.system_out) == ("gate", "webshop", "2 vulnerabilities")
    assert [type(one) for one in gate.result] == [Failure]
    assert first.name == "SQL injection at src/a b%.py:12"
    (failure,) = first.result
    assert (failure.message, failure.type, failure.text) == ("Open for 41 days.", "HIGH", f"Open for 41 days.\n{LINK}")
    assert (first._elem.get("file"), first._elem.get("line")) == ("src/a b%.py", "12")
    assert (second._elem.get("file"), second._elem.get("line")) == ("src/a b%.py", None)


def test_a_lax_gate_lists_places_without_failures() -> None:
    (suite,) = suites(junit_of(PLACES[2:3], name="webshop", summary="passed", breaks=False, is_strict=False))
    assert (suite.tests, suite.failures, suite.skipped) == (2, 0, 1)
    gate, page = suite
    assert (gate.result, [type(one) for one in page.result]) == ([], [Skipped])
    assert (page.system_out, page._elem.get("file")) == (f"Open for 41 days.\n{LINK}", None)


def test_a_gate_that_passes_has_a_case_all_the_same() -> None:
    """Jenkins takes a report without any test for a broken one."""
    (suite,) = suites(junit_of([], name="webshop", summary="passed", breaks=False, is_strict=True))
    assert (suite.tests, suite.failures) == (1, 0)


@pytest.mark.parametrize(
    "kind, where, specific, text",
    [
        (Kind.LINES, "a.py", "3", "a.py:3"),
        (Kind.LINES, "a.py", "0", "a.py"),
        (Kind.LINES, "a.py", "", "a.py"),
        (Kind.INPUTS, "https://shop.example/", "q", "https://shop.example/ (q)"),
        (Kind.INPUTS, "https://shop.example/", "", "https://shop.example/"),
        (Kind.PORTS, "10.0.0.7", "443", "10.0.0.7:443"),
        (Kind.PORTS, "2001:db8::1", "443", "[2001:db8::1]:443"),
        (Kind.PACKAGES, "a.json", "express@4", "express@4 in a.json"),
    ],
)
def test_a_place_is_one_text(kind: Kind, where: str, specific: str, text: str) -> None:
    assert place_text(kind, where, specific) == text
