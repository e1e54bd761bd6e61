"""What is read from the reports of ZAP (domain section 19, row *ZAP*)."""

import json
from typing import Any

import pytest

from integrates.api.imports.read.error import BadFile, rendered
from integrates.api.imports.read.markup import plain
from integrates.api.imports.read.observation import Observation, Scan, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read

Json = dict[str, Any]


def alert(*instances: Json, **members: Any) -> Json:
    return {"pluginid": "10049", "name": "Storable", "instances": list(instances)} | members


def scan(*alerts: Json) -> Scan:
    return read(json.dumps({"@version": "2.16.1", "site": [{"alerts": list(alerts)}]}).encode(), Options())


def only(instance: Json, **members: Any) -> Observation:
    (one,) = scan(alert({"uri": "https://x.example/a"} | instance, **members)).observations
    return one


@pytest.mark.parametrize(
    ("instance", "where", "specific"),
    [
        ({}, "https://x.example/a", "general"),
        ({"param": ""}, "https://x.example/a", "general"),
        ({"uri": "https://x.example/a?b=1&a=2&b=3#top"}, "https://x.example/a", "a,b"),
        ({"uri": "https://x.example/?h&g&f&e&d&c&b&a&h=1"}, "https://x.example/", "a,b,c,d,e,f,g,h"),
        ({"uri": "https://x.example/a?b=1", "param": "next"}, "https://x.example/a", "next"),
        ({"uri": "https://x.example/?%C3%A9+x&&=1&"}, "https://x.example/", "\u00e9 x"),
        ({"uri": "HTTPS://X.example:8443"}, "https://x.example:8443", "general"),
    ],
)
def test_where_it_is(instance: Json, where: str, specific: str) -> None:
    one = only(instance)
    assert (one.location.where, one.location.specific) == (where, specific)


@pytest.mark.parametrize(
    ("uri", "reason"), [(None, "no_location"), ("", "no_location"), ("src/a.py", "bad_path"), ("https://", "bad_path")]
)
def test_where_it_cannot_be(uri: str | None, reason: str) -> None:
    (one,) = scan(alert({"uri": uri})).problems
    assert (one.reason.value, one.pointer) == (reason, "/site/0/alerts/0/instances/0")


def test_what_it_is() -> None:
    assert only({}).rule.rule_id == "10049"
    assert only({}, alertRef="10049-3").rule.rule_id == "10049-3"
    texts = {"desc": "<p>One &amp; two.</p><p>Three<br/>four.</p>", "solution": "<ul><li>A</li><li>B</li></ul>", "cweid": "524"}
    (rule,) = scan(alert({"uri": "https://x.example"}, **texts)).rules
    assert (rule.title, rule.description, rule.recommendation) == ("Storable", "One & two.\nThree\nfour.", "A\nB")
    assert (rule.rule.tool, rule.cwe_ids) == ("zap", ("CWE-524",))


@pytest.mark.parametrize(
    ("code", "score"),
    [("3", "7.0"), ("2", "5.0"), ("1", "2.0"), ("0", "0.0"), (None, "5.0"), ("9", "5.0"), ("", "5.0")],
)
def test_how_bad_it_is(code: Any, score: str) -> None:
    assert str(scan(alert({"uri": "https://x.example"}, riskcode=code)).rules[0].tool_score) == score


def test_codes_may_be_numbers() -> None:
    (rule,) = scan(alert({"uri": "https://x.example"}, riskcode=3, cweid=79)).rules
    assert (str(rule.tool_score), rule.cwe_ids) == ("7.0", ("CWE-79",))
    assert only({}, confidence=0).suppression is not None


@pytest.mark.parametrize("number", ["-1", 0, "", None, "x"])
def test_no_class_of_weaknesses(number: Any) -> None:
    assert scan(alert({"uri": "https://x.example"}, cweid=number)).rules[0].cwe_ids == ()


@pytest.mark.parametrize(("confidence", "is_suppressed"), [("0", True), ("1", False), (None, False), ("", False)])
def test_what_was_found_wrong_is_suppressed(confidence: Any, is_suppressed: bool) -> None:
    assert (only({}, confidence=confidence).suppression is not None) is is_suppressed


def test_how_it_was_found() -> None:
    given = {"method": "POST", "attack": "x\ny", "evidence": ""}
    assert only(given).detail == "Method: POST\nAttack: x\ny"
    assert only({}).detail is None


def test_instances_at_one_place_are_one() -> None:
    places = [{"uri": "https://x.example/?next=/", "method": method} for method in ("GET", "POST")]
    found = scan(alert(*places), alert({"uri": "https://x.example/", "param": "next"}, name="Another name"))
    assert (len(found.observations), found.duplicates, [one.title for one in found.rules]) == (1, 2, ["Storable"])


def test_one_site_may_stand_alone() -> None:
    content = {"@version": "2.7", "site": {"alerts": [alert({"uri": "https://x.example"})]}}
    assert [one.pointer for one in read(json.dumps(content).encode(), Options()).observations] == ["/site/alerts/0/instances/0"]


@pytest.mark.parametrize("site", [[], [{}], {}, [{"alerts": None}]])
def test_a_report_of_nothing(site: Any) -> None:
    found = read(json.dumps({"@version": "2.7", "site": site}).encode(), Options())
    assert (found.total, len(found.series)) == (0, 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"@version": 2, "site": []}, "Expected a text, got an integer: /@version"),
        ({"@version": "2", "site": "x"}, "Expected an array, got a text: /site"),
        ({"@version": "2", "site": [5]}, "Expected an object, got an integer: /site/0"),
        ({"@version": "2", "site": {"alerts": {}}}, "Expected an array or null, got an object: /site/alerts"),
        (
            {"@version": "2", "site": [{"alerts": [alert({"uri": 5})]}]},
            "Expected a text or null, got an integer: /site/0/alerts/0/instances/0/uri",
        ),
        (
            {"@version": "2", "site": [{"alerts": [alert(riskcode=[])]}]},
            "Expected a text, an integer or null, got an array: /site/0/alerts/0/riskcode",
        ),
    ],
)
def test_a_defect_is_told_with_its_pointer(content: Json, told: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(json.dumps(content).encode(), Options())
    found = rendered(caught.value.defects[0])
    assert (
        found.replace("a text or an integer or null", "a text, an integer or null").replace(
            "an integer or a text or null", "a text, an integer or null"
        )
        == told
    )


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (None, ""),
        ("", ""),
        ("a < b > c", "a < b > c"),
        ("<p>a</p>\n\n<p> b </p>", "a\nb"),
        ("a<b", "a<b"),
        ("<a href='x'>link</a>", "link"),
        ("<!-- a -->b", "b"),
        ("&lt;script&gt;", "<script>"),
        ("&amp;lt;p&amp;gt;", "&lt;p&gt;"),
        ("<DIV>a</DIV>b", "a\nb"),
        ("x" * 50, "x" * 10),
    ],
)
def test_html_becomes_plain(markup: str | None, text: str) -> None:
    assert plain(markup, 10 if (markup or "").startswith("xx") else 1000) == text


@pytest.mark.parametrize("part", ["<p>", "<!--", "<a b='", "&amp;", "<", "</", "<a" * 3 + ">", " \n", "<br "])
def test_broken_html_costs_one_look(part: str) -> None:
    assert len(plain(part * 200_000, 10_000_000)) <= 200_000 * len(part)


def test_an_alert_that_is_nowhere_proves_nothing() -> None:
    found = read(json.dumps({"@version": "2.7", "site": [{"alerts": [{"pluginid": 10, "instances": []}]}]}).encode(), Options())
    assert [(one.pointer, one.reason) for one in found.problems] == [("/site/0/alerts/0", SkipReason.NO_LOCATION)]
