"""Result → Vulnerability: what is taken, fingerprints, suppressions, texts, series (domain section 8)."""

from functools import partial
from typing import Any

import pytest

from integrates.api.imports.read import registry
from integrates.api.imports.read.observation import Observation, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.db_model.vulnerabilities.types import Technique

read = partial(registry.read, options=Options())


@pytest.mark.parametrize(
    ("members", "counts"),
    [
        ({}, (1, 0, 0)),
        ({"kind": "fail"}, (1, 0, 0)),
        ({"kind": None, "baselineState": None}, (1, 0, 0)),
        ({"kind": 5, "baselineState": []}, (1, 0, 0)),
        ({"baselineState": "new"}, (1, 0, 0)),
        ({"baselineState": "unchanged"}, (1, 0, 0)),
        ({"baselineState": "updated"}, (1, 0, 0)),
        ({"baselineState": "existing"}, (1, 0, 0)),
        ({"kind": "open"}, (0, 1, 0)),
        ({"kind": "review"}, (0, 1, 0)),
        ({"kind": "pass"}, (0, 0, 1)),
        ({"kind": "informational"}, (0, 0, 1)),
        ({"kind": "notApplicable"}, (0, 0, 1)),
        ({"kind": "Fail"}, (0, 0, 1)),
        ({"baselineState": "absent"}, (0, 0, 1)),
        ({"kind": "fail", "baselineState": "absent"}, (0, 0, 1)),
        ({"kind": "review", "baselineState": "absent"}, (0, 0, 1)),
    ],
)
def test_what_is_taken(scan: Any, result: Any, members: dict[str, Any], counts: object) -> None:
    found = scan(result(**members))
    assert (len(found.observations), found.reviewable, found.skipped) == counts
    assert found.problems == ()


def test_what_is_not_taken_need_not_be_in_order(scan: Any) -> None:
    found = scan({"kind": "pass"}, {"baselineState": "absent", "ruleId": "x" * 5000}, {"kind": "review", "ruleId": 5})
    assert (found.total, found.skipped, found.reviewable, found.problems) == (3, 2, 1, ())


def test_counts_add_up(scan: Any, result: Any) -> None:
    found = scan(result(), result(), result(line=2), result(uri="../x"), result(kind="pass"), result(locations=[]))
    assert (found.total, len(found.observations), found.skipped, found.duplicates) == (6, 2, 3, 1)
    assert [(one.pointer, one.reason) for one in found.problems] == [
        ("/runs/0/results/3", SkipReason.BAD_PATH),
        ("/runs/0/results/5", SkipReason.NO_LOCATION),
    ]


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


@pytest.mark.parametrize("technique", list(Technique))
def test_technique_of_the_caller(file: Any, run: Any, result: Any, technique: Technique) -> None:
    found = registry.read(file(run(result(), result(uri="https://example.com"))), Options(technique=technique))
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
        ({"id": "short", "arguments": [5, "g"]}, "In {0} at g."),
        ({"id": "short", "arguments": [None, "g"]}, "In {0} at g."),
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
    ("snippet", "around", "text"),
    [
        (None, None, None),
        ({}, None, None),
        ({"text": "    foo(bar);\r\n\tbaz\x07"}, None, "foo(bar);\n\tbaz"),
        ({"text": "s" * 3000}, None, "s" * 2000),
        ({"text": "here"}, {"text": "around"}, "here"),
        (None, {"text": "around"}, "around"),
        ({"text": " "}, {"text": "around"}, "around"),
        ({"text": 5}, {"text": "around"}, "around"),
    ],
)
def test_snippet(observe: Any, snippet: object, around: object, text: str | None) -> None:
    physical = {"artifactLocation": {"uri": "a.py"}, "region": {"snippet": snippet}, "contextRegion": {"snippet": around}}
    assert observe(locations=[{"physicalLocation": physical}]).snippet == text


def test_a_file_without_runs_says_nothing(file: Any) -> None:
    found = read(file())
    assert (found.total, found.series, found.observations) == (0, (), ())


def test_an_observation_in_full(observe: Any) -> None:
    one = observe(level="note")
    assert isinstance(one, Observation)
    assert (one.rule.tool, one.rule.rule_id, one.location.where, one.location.specific) == ("scanner", "R1", "src/a.py", "1")
    assert (str(one.own_score), one.detail, one.snippet, one.category) == ("2.0", "Bad.", None, "")
