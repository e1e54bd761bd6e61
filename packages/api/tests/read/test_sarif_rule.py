"""Rule → Finding: the table of domain section 8, line by line."""

from decimal import Decimal
from typing import Any

import pytest

from integrates.api.imports.read.observation import RuleSeen, SkipReason
from integrates.db_model.values import text as texts


def only(scan: Any, *args: Any, **kwargs: Any) -> RuleSeen:
    (rule,) = scan(*args, **kwargs).rules
    assert isinstance(rule, RuleSeen)
    return rule


RULES = [{"id": "A"}, {"id": "a/b", "name": "Named a/b"}, {"id": "a", "name": "Named a"}]


@pytest.mark.parametrize(
    ("members", "rule_id", "title"),
    [
        ({"ruleId": "a/b"}, "a/b", "Named a/b"),
        ({"ruleId": "a/c"}, "a/c", "Named a"),
        ({"ruleId": "a/b/c"}, "a/b/c", "Named a/b"),
        ({"ruleId": "z/c"}, "z/c", "z/c"),
        ({"ruleId": " a "}, "a", "Named a"),
        ({"ruleId": "a", "rule": {"id": "A"}, "ruleIndex": 0}, "a", "Named a"),
        ({"ruleId": None, "rule": {"id": "a"}, "ruleIndex": 0}, "a", "Named a"),
        ({"ruleId": None, "ruleIndex": 2}, "a", "Named a"),
        ({"ruleId": "", "rule": {"index": 2}}, "a", "Named a"),
        ({"ruleId": "a/c", "ruleIndex": 2}, "a/c", "Named a"),
        ({"ruleId": "a", "ruleIndex": -1}, "a", "Named a"),
        ({"ruleId": "a", "ruleIndex": 99}, "a", "Named a"),
        ({"ruleId": "a", "ruleIndex": "2"}, "a", "Named a"),
        ({"ruleId": None, "ruleIndex": 2.0}, "a", "Named a"),
        ({"ruleId": None, "ruleIndex": -1, "rule": {"index": 2}}, "a", "Named a"),
        ({"ruleId": None, "ruleIndex": 2, "rule": {"index": -1}}, "a", "Named a"),
    ],
)
def test_rule_of_a_result(scan: Any, result: Any, members: dict[str, Any], rule_id: str, title: str) -> None:
    seen = only(scan, result(**members), rules=RULES)
    assert (seen.rule.rule_id, seen.title) == (rule_id, title)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"ruleIndex": -1},
        {"ruleIndex": 3},
        {"rule": {}},
        {"rule": {"id": " "}},
        {"ruleId": " "},
        {"rule": {"id": 5}},
        {"rule": 5},
    ],
)
def test_a_result_without_rule_has_one_all_the_same(scan: Any, result: Any, members: dict[str, Any]) -> None:
    seen = only(scan, result(**{"ruleId": None} | members), rules=RULES)
    assert (seen.rule.rule_id, seen.title, seen.description) == ("-", "Not classified by scanner", "Not classified by scanner")
    assert (seen.cwe_ids, seen.tool_score) == ((), Decimal("5.0"))


def test_a_rule_that_a_tool_calls_so_is_one(scan: Any, result: Any) -> None:
    assert only(scan, result(ruleId="-"), rules=[{"id": "-", "name": "Named"}]).title == "Named"


@pytest.mark.parametrize(
    "members",
    [
        {"ruleId": 5},
        {"ruleId": ["R1"]},
        {"ruleId": True},
        {"ruleId": "r\ns"},
        {"ruleId": "r\x00s"},
        {"ruleId": "r" * 1_001},
        {"ruleId": "r/" * 400_000},
        {"ruleId": None, "rule": {"id": "r" * 1_001}},
        {"ruleId": None, "ruleIndex": 3},
    ],
)
def test_a_rule_that_is_no_text_costs_its_result_only(scan: Any, result: Any, members: dict[str, Any]) -> None:
    read = scan(result(**members), result(ruleId="r" * 1_000), rules=[*RULES, {"id": "r" * 1_001}])
    assert [(one.pointer, one.reason) for one in read.problems] == [("/runs/0/results/0", SkipReason.BAD_RULE)]
    assert [one.rule.rule_id for one in read.observations] == ["r" * 1_000]


EXTENSIONS = [
    {"name": "one", "guid": "AAAA", "rules": [{"id": "a", "name": "First a"}, {"id": "x", "name": "First x"}]},
    {"name": "two", "guid": "bbbb", "rules": [{"id": "a", "name": "Second a"}]},
]


@pytest.mark.parametrize(
    ("rule", "title"),
    [
        ({"id": "a", "toolComponent": {"index": 1}}, "Second a"),
        ({"id": "a", "toolComponent": {"name": "two"}}, "Second a"),
        ({"id": "a", "toolComponent": {"guid": "BBBB"}}, "Second a"),
        ({"index": 0, "toolComponent": {"index": 0}}, "First a"),
        ({"id": "a", "toolComponent": {"index": 7}}, "First a"),
        ({"id": "x"}, "First x"),
        ({"id": "x/y", "toolComponent": {"index": 1}}, "First x"),
    ],
)
def test_rules_of_extensions(scan: Any, result: Any, rule: dict[str, Any], title: str) -> None:
    tool = {"driver": {"name": "t"}, "extensions": EXTENSIONS}
    assert only(scan, result(ruleId=None, rule=rule), tool=tool).title == title


@pytest.mark.parametrize(
    ("descriptor", "title"),
    [
        ({"shortDescription": {"text": "Short"}, "name": "Name"}, "Short"),
        ({"shortDescription": {"text": " "}, "name": "Name"}, "Name"),
        ({"shortDescription": {"markdown": "*x*"}, "name": ""}, "R1 (scanner R1)"),
        ({"shortDescription": {"text": "two\n lines\tand\u2028more"}}, "two lines and more"),
        ({"shortDescription": {"text": "=HYPERLINK()"}}, "HYPERLINK()"),
        ({"shortDescription": {"text": "-+ @=x1 -"}}, "x1 -"),
        ({"shortDescription": {"text": "=-@"}, "name": "Name"}, "Name"),
        ({"shortDescription": {"text": "x\u202ey\x00z"}}, "xyz"),
        ({"name": "XY"}, "XY (scanner R1)"),
        ({"name": "x" * 300}, "x" * 200),
        ({}, "R1 (scanner R1)"),
    ],
)
def test_title(scan: Any, result: Any, descriptor: dict[str, Any], title: str) -> None:
    found = only(scan, result(), rules=[{"id": "R1"} | descriptor]).title
    assert found == title
    assert texts.title(found, ()) == found


@pytest.mark.parametrize(("rule_id", "title"), [("==", "Rule =="), ("@scope/rule", "scope/rule"), ("-1", "1 (scanner -1)")])
def test_title_of_an_id_that_is_no_title(scan: Any, result: Any, rule_id: str, title: str) -> None:
    found = only(scan, result(ruleId=rule_id)).title
    assert found == title
    assert texts.title(found, ()) == found


@pytest.mark.parametrize(
    ("descriptor", "description", "recommendation"),
    [
        ({"fullDescription": {"text": " Full\r\ntext\x07 "}, "help": {"text": "Do."}}, "Full\ntext", "Do."),
        ({"name": "Name"}, "Name", "Not given by the tool."),
        ({"name": "Name", "fullDescription": {"text": "\x00"}, "help": {"text": " "}}, "Name", "Not given by the tool."),
        ({"fullDescription": {"text": "f" * 20_001}, "help": {"text": "h" * 20_001}}, "f" * 20_000, "h" * 20_000),
    ],
)
def test_texts(scan: Any, result: Any, descriptor: dict[str, Any], description: str, recommendation: str) -> None:
    seen = only(scan, result(), rules=[{"id": "R1"} | descriptor])
    assert (seen.description, seen.recommendation) == (description, recommendation)
    assert seen.threat == "Reported by scanner, rule R1."


@pytest.mark.parametrize(
    ("tags", "cwe_ids"),
    [
        (["external/cwe/cwe-079"], ("CWE-79",)),
        (["CWE-79", "cwe-079", "CWE-89"], ("CWE-79", "CWE-89")),
        (["CWE-79: Improper Neutralization of Input"], ("CWE-79",)),
        (["security", "cwe", "CWE-", "CWE-0", "CWE-123456", "xCWE-1", "external/owasp/owasp-a1"], ()),
        ([f"CWE-{number}" for number in range(1, 30)], tuple(f"CWE-{number}" for number in range(1, 21))),
    ],
)
def test_weaknesses_from_tags(scan: Any, result: Any, tags: list[str], cwe_ids: tuple[str, ...]) -> None:
    seen = only(scan, result(), rules=[{"id": "R1", "properties": {"tags": tags}}])
    assert seen.cwe_ids == cwe_ids
    assert texts.cwe_ids(seen.cwe_ids, ()) == cwe_ids


TAXONOMIES = [{"name": "OWASP", "taxa": [{"id": "5"}]}, {"name": "cwe", "guid": "G", "taxa": [{"id": "6"}, {"id": "CWE-007"}]}]


@pytest.mark.parametrize(
    ("target", "cwe_ids"),
    [
        ({"id": "CWE-327", "toolComponent": {"name": "CWE"}}, ("CWE-327",)),
        ({"id": "0327", "toolComponent": {"name": "CWE"}}, ("CWE-327",)),
        ({"id": "327", "toolComponent": {"index": 1}}, ("CWE-327",)),
        ({"index": 1, "toolComponent": {"guid": "g"}}, ("CWE-7",)),
        ({"index": 0, "toolComponent": {"name": "cwe"}}, ("CWE-6",)),
        ({"id": "327", "toolComponent": {"name": "OWASP"}}, ()),
        ({"id": "327", "toolComponent": {"index": 0}}, ()),
        ({"index": 9, "toolComponent": {"index": 1}}, ()),
        ({"id": "CWE-327"}, ()),
    ],
)
def test_weaknesses_from_relationships(scan: Any, result: Any, target: dict[str, Any], cwe_ids: tuple[str, ...]) -> None:
    rule = {"id": "R1", "relationships": [{"target": target, "kinds": ["superset"]}]}
    assert only(scan, result(), rules=[rule], taxonomies=TAXONOMIES).cwe_ids == cwe_ids


@pytest.mark.parametrize(
    ("given", "level", "score"),
    [
        ("9.8", "note", "9.8"),
        (9.1, "note", "9.1"),
        (7, None, "7.0"),
        ("10.0", None, "10.0"),
        ("0.0", "error", "0.0"),
        ("7.25", None, "7.3"),
        ("7.249999999999999999", None, "7.2"),
        (" 4.5 ", None, "4.5"),
        ("10.1", "error", "7.0"),
        (-1, "error", "7.0"),
        ("-0.1", "note", "2.0"),
        ("high", "note", "2.0"),
        ("NaN", "note", "2.0"),
        ("Infinity", None, "5.0"),
        ("1e1", None, "5.0"),
        ("9" * 100_000, None, "5.0"),
        (1e300, None, "5.0"),
        (None, "error", "7.0"),
        (None, "warning", "5.0"),
        (None, "note", "2.0"),
        (None, "none", "0.0"),
        (None, "unheard of", "5.0"),
        (None, None, "5.0"),
    ],
)
def test_severity(scan: Any, result: Any, given: object, level: str | None, score: str) -> None:
    rule = {"id": "R1", "properties": {"security-severity": given}, "defaultConfiguration": {"level": level}}
    found = only(scan, result(), rules=[rule]).tool_score
    assert (found, str(found)) == (Decimal(score), score)


def test_severity_of_a_rule_nobody_describes(scan: Any, result: Any) -> None:
    assert only(scan, result()).tool_score == Decimal("5.0")


@pytest.mark.parametrize(
    ("rule", "members", "own"),
    [
        ({}, {}, None),
        ({}, {"level": "warning"}, None),
        ({}, {"level": "note"}, "2.0"),
        ({}, {"level": "unheard of"}, None),
        ({"properties": {"security-severity": "9.8"}}, {"level": "note"}, None),
        ({"properties": {"security-severity": "high"}}, {"level": "note"}, "2.0"),
        ({"defaultConfiguration": {"level": "error"}}, {"level": "warning"}, "5.0"),
        ({}, {"level": 5}, None),
        ({}, {"properties": {"security-severity": True}, "level": "none"}, "0.0"),
        ({"properties": {"security-severity": "9.8"}}, {"properties": {"security-severity": "9.8"}}, None),
        ({"properties": {"security-severity": "9.8"}}, {"properties": {"security-severity": 1}, "level": "error"}, "1.0"),
        ({"properties": {"security-severity": "9.8"}}, {"properties": {"security-severity": "?"}, "level": "error"}, None),
        # A level that only repeats the rule's default says nothing of its own.
        ({"properties": {"security-severity": "9.8"}, "defaultConfiguration": {"level": "error"}}, {"level": "error"}, None),
    ],
)
def test_own_score(observe: Any, rule: dict[str, Any], members: dict[str, Any], own: str | None) -> None:
    found = observe(run={"rules": [{"id": "R1"} | rule]}, **members).own_score
    assert found == (None if own is None else Decimal(own))


@pytest.mark.parametrize(
    ("properties", "cwe_ids"),
    [
        ({"cwe": "CWE-79"}, ("CWE-79",)),
        ({"cwe": "CWE-079: Cross-site Scripting"}, ("CWE-79",)),
        ({"cwe": " 79 "}, ("CWE-79",)),
        ({"cwe": ["CWE-79", "cwe-89", 5, None, "22", "CWE-79"], "tags": ["CWE-1"]}, ("CWE-79", "CWE-89", "CWE-1", "CWE-22")),
        ({"cwe": {"id": 79}, "tags": ["CWE-1"]}, ("CWE-1",)),
        ({"cwe": 79, "tags": "CWE-1"}, ()),
        ({"tags": ["79", 5, "CWE-2"]}, ("CWE-2",)),
    ],
)
def test_weaknesses_from_properties(scan: Any, result: Any, properties: Any, cwe_ids: tuple[str, ...]) -> None:
    assert only(scan, result(), rules=[{"id": "R1", "properties": properties}]).cwe_ids == cwe_ids


def test_odd_descriptions_keep_the_others_at_their_positions(scan: Any, result: Any) -> None:
    rules = [5, {"id": "A", "name": 5}, None, {"id": "B", "name": "Named B", "shortDescription": "odd"}]
    assert only(scan, result(ruleId=None, ruleIndex=3), rules=rules).title == "Named B"


def test_rules_come_by_first_appearance_and_once(scan: Any, result: Any) -> None:
    read = scan(
        result(ruleId="b"), result(ruleId="a"), result(ruleId="b", line=2), rules=[{"id": "a"}, {"id": "b"}, {"id": "c"}]
    )
    assert [one.rule.rule_id for one in read.rules] == ["b", "a"]


def test_of_equal_ids_the_first_description_counts(scan: Any, result: Any) -> None:
    assert only(scan, result(), rules=[{"id": "R1", "name": "One"}, {"id": "R1", "name": "Two"}]).title == "One"
