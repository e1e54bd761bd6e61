"""Result → Vulnerability: what is taken, fingerprints, suppressions, texts, series (domain section 8)."""

from functools import partial
from typing import Any

import pytest

from integrates.api.imports.read import registry
from integrates.api.imports.read.observation import Observation, Series, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.db_model.vulnerabilities.types import Technique

read = partial(registry.read, options=Options())


@pytest.mark.parametrize(
    ("members", "is_taken"),
    [
        ({}, True),
        ({"kind": "fail"}, True),
        ({"kind": None, "baselineState": None}, True),
        ({"baselineState": "new"}, True),
        ({"baselineState": "unchanged"}, True),
        ({"baselineState": "updated"}, True),
        ({"baselineState": "existing"}, True),
        ({"baselineState": "absent"}, False),
        ({"kind": "pass"}, False),
        ({"kind": "open"}, False),
        ({"kind": "review"}, False),
        ({"kind": "informational"}, False),
        ({"kind": "notApplicable"}, False),
        ({"kind": "fail", "baselineState": "absent"}, False),
    ],
)
def test_what_is_taken(scan: Any, result: Any, members: dict[str, Any], is_taken: object) -> None:
    found = scan(result(**members))
    assert (len(found.observations), found.skipped) == ((1, 0) if is_taken else (0, 1))
    assert found.problems == ()


def test_what_is_not_taken_need_not_be_in_order(scan: Any) -> None:
    found = scan({"kind": "pass"}, {"baselineState": "absent", "ruleId": "x" * 500})
    assert (found.total, found.skipped, found.problems) == (2, 2, ())


def test_counts_add_up(scan: Any, result: Any) -> None:
    found = scan(result(), result(), result(line=2), result(uri="../x"), result(kind="pass"), result(locations=[]))
    assert (found.total, len(found.observations), found.skipped, found.duplicates) == (6, 2, 3, 1)
    assert [(one.pointer, one.reason) for one in found.problems] == [
        ("/runs/0/results/3", SkipReason.BAD_PATH),
        ("/runs/0/results/5", SkipReason.NO_LOCATION),
    ]


def test_only_the_first_problems_are_told(scan: Any, result: Any) -> None:
    found = scan(*(result(uri="/x") for _ in range(150)))
    assert (found.skipped, len(found.problems), found.problems[-1].pointer) == (150, 100, "/runs/0/results/99")


def test_all_results_are_numbered_through_in_order_of_appearance(file: Any, run: Any, result: Any) -> None:
    """Also those that do not count: passed, misplaced and repeated ones."""
    first = run(result(kind="pass"), result(), result(uri="../x"))
    found = read(file(first, run(), run(result(), result(line=2), {"kind": "fail"}, result(line=3))))
    assert [(one.ordinal, one.pointer) for one in found.observations] == [
        (1, "/runs/0/results/1"),
        (4, "/runs/2/results/1"),
        (6, "/runs/2/results/3"),
    ]
    assert [(one.ordinal, one.pointer) for one in found.problems] == [(2, "/runs/0/results/2"), (5, "/runs/2/results/2")]
    assert (found.total, found.skipped, found.duplicates) == (7, 3, 1)


@pytest.mark.parametrize(
    ("members", "fingerprint"),
    [
        ({}, None),
        ({"fingerprints": {}, "partialFingerprints": {}}, None),
        ({"fingerprints": {"b/v1": "2", "a/v1": "1"}}, "a/v1=1"),
        ({"fingerprints": {"a": " ", "b": "2"}}, "b=2"),
        ({"fingerprints": {"x": "1"}, "partialFingerprints": {"primaryLocationLineHash": "h:1"}}, "x=1"),
        ({"partialFingerprints": {"a": "0", "primaryLocationLineHash": "h:1"}}, "h:1"),
        ({"partialFingerprints": {"b": "2", "a": "1"}}, "src/a.py:a=1"),
        ({"partialFingerprints": {"b": "2", "primaryLocationLineHash": ""}}, "src/a.py:b=2"),
        ({"fingerprints": {"n": "e\u0301"}}, "n=\u00e9"),
        ({"fingerprints": {"n": "f" * 998}}, "n=" + "f" * 998),
    ],
)
def test_fingerprint(observe: Any, members: dict[str, Any], fingerprint: str | None) -> None:
    assert observe(**members).fingerprint == fingerprint


@pytest.mark.parametrize(
    ("suppressions", "is_suppressed"),
    [
        (None, False),
        ([], False),
        ([{}], True),
        ([{"kind": "external"}], True),
        ([{"status": "accepted"}, {"status": None}], True),
        ([{"status": "accepted"}, {"status": "rejected"}], False),
        ([{"status": "underReview"}], False),
        ([{"status": "Accepted"}], False),
    ],
)
def test_suppressed(observe: Any, suppressions: object, is_suppressed: object) -> None:
    assert observe(suppressions=suppressions).suppressed is is_suppressed


@pytest.mark.parametrize("technique", list(Technique))
def test_technique_of_the_caller(file: Any, run: Any, result: Any, technique: Technique) -> None:
    found = read(file(run(result(), result(uri="https://example.com"))), options=Options(technique=technique))
    assert {one.technique for one in found.observations} == {technique}


STRINGS = {"short": {"text": "In {0} at {1}."}, "none": {"markdown": "x"}}
GLOBAL = {"wide": {"text": "Wide {0}"}, "short": {"text": "not this one"}}


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        ({"text": "Plain {0}"}, "Plain {0}"),
        ({"text": "Put {0}", "arguments": ["in"]}, "Put in"),
        ({"id": "short", "arguments": ["f", "g"]}, "In f at g."),
        ({"id": "short", "arguments": ["{1}", "g"]}, "In {1} at g."),
        ({"id": "short", "arguments": ["f"]}, "In f at {1}."),
        ({"id": "short"}, "In {0} at {1}."),
        ({"id": "wide", "arguments": ["x"]}, "Wide x"),
        ({"text": "own", "id": "short"}, "own"),
        ({"text": "{{0}} {0} }} {x}", "arguments": ["in"]}, "{0} in } {x}"),
        ({"text": "{0}" * 60, "arguments": ["a"]}, "a" * 50 + "{0}" * 10),
        ({"text": "{0}", "arguments": ["a" * 5000]}, "a" * 2000),
        ({"id": "none"}, None),
        ({"id": "unheard of"}, None),
        ({}, None),
        (None, None),
        ({"text": "  a\r\nb\tc\x00\x1b[0m\u202e\u0085 "}, "a\nb\tc[0m"),
        ({"text": "e\u0301" * 3}, "\u00e9" * 3),
        ({"text": "x" * 2001}, "x" * 2000),
        ({"text": "\x00"}, None),
    ],
)
def test_detail(observe: Any, message: object, detail: str | None) -> None:
    rule = {"id": "R1", "messageStrings": STRINGS}
    driver = {"globalMessageStrings": GLOBAL, "rules": [rule]}
    assert observe(message=message, run={"driver": driver}).detail == detail


def test_detail_of_a_rule_of_an_extension(observe: Any) -> None:
    extension = {"rules": [{"id": "E"}], "globalMessageStrings": {"m": {"text": "from the extension"}}}
    tool = {"driver": {"name": "t", "globalMessageStrings": {"m": {"text": "no"}, "d": {"text": "from the driver"}}}}
    told = {"tool": tool | {"extensions": [extension]}}
    assert observe(ruleId="E", message={"id": "m"}, run=told).detail == "from the extension"
    assert observe(ruleId="E", message={"id": "d"}, run=told).detail == "from the driver"


@pytest.mark.parametrize(
    ("snippet", "text"),
    [
        (None, None),
        ({}, None),
        ({"text": "    foo(bar);\r\n\tbaz\x07"}, "foo(bar);\n\tbaz"),
        ({"text": "s" * 3000}, "s" * 2000),
    ],
)
def test_snippet(observe: Any, snippet: object, text: str | None) -> None:
    location = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"snippet": snippet}}}
    assert observe(locations=[location]).snippet == text


@pytest.mark.parametrize(
    ("members", "is_complete"),
    [
        ({}, True),
        ({"results": []}, True),
        ({"results": None}, False),
        ({"invocations": []}, True),
        ({"invocations": [{}]}, True),
        ({"invocations": [{"executionSuccessful": True}, {"executionSuccessful": None}]}, True),
        ({"invocations": [{"executionSuccessful": True}, {"executionSuccessful": False}]}, False),
    ],
)
def test_complete_series(scan: Any, result: Any, members: dict[str, Any], is_complete: bool) -> None:
    assert scan(result(), **members).series == (Series("scanner", "", is_complete),)


def test_a_series_without_results_is_incomplete(file: Any) -> None:
    assert read(file({"tool": {"driver": {"name": "T"}}})).series == (Series("t", "", complete=False),)


def test_runs_of_one_series_are_united(file: Any, run: Any) -> None:
    def of(identity: str, **members: Any) -> Any:
        return run(automationDetails={"id": identity}, **members)

    failed = {"invocations": [{"executionSuccessful": False}]}
    found = read(file(of("b/1"), of("a/1"), of("b/2", **failed), of("a/2"), of("", driver={"name": "Other"})))
    assert found.series == (
        Series("scanner", "b/", complete=False),
        Series("scanner", "a/", complete=True),
        Series("other", "", complete=True),
    )


def test_a_file_without_runs_says_nothing(file: Any) -> None:
    found = read(file())
    assert (found.total, found.series, found.observations) == (0, (), ())


def test_an_observation_in_full(observe: Any) -> None:
    one = observe(level="note")
    assert isinstance(one, Observation)
    assert (one.rule.tool, one.rule.rule_id, one.location.where, one.location.specific) == ("scanner", "R1", "src/a.py", "1")
    assert (str(one.own_score), one.detail, one.snippet, one.category) == ("2.0", "Bad.", None, "")
