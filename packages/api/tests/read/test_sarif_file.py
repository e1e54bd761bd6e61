"""SARIF files that are refused, and how (domain section 8, *invalid file* and *limits*)."""

import json
from functools import partial
from typing import Any

import pytest

from integrates.api.imports.read import registry
from integrates.api.imports.read.error import BadFile, Defect, TooLarge, rendered
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.sarif import reader as sarif
from integrates.db_model.errors import IntegratesError

read = partial(registry.read, options=Options())

GOOD = b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": []}]}'


def defects(content: bytes) -> list[str]:
    with pytest.raises(BadFile) as caught:
        read(content)
    assert isinstance(caught.value, IntegratesError)
    return [defect.pointer for defect in caught.value.defects]


def with_member(text: bytes) -> bytes:
    return GOOD.replace(b"{", b'{"x": ' + text + b", ", 1)


def test_the_good_file_is_good() -> None:
    assert len(read(GOOD).series) == 1
    assert len(read(with_member(b'[1.5e3, -0, null, true, "\\u0041\\\\\\""]')).series) == 1


@pytest.mark.parametrize("number", [b"9" * 5000, b"-" + b"9" * 5000, b"1e999", b"1" + b"0" * 400 + b".5"])
def test_huge_numbers_that_nobody_uses_are_no_harm(number: bytes) -> None:
    assert len(read(with_member(number)).series) == 1


@pytest.mark.parametrize("number", ["9" * 5000, "1e999", "9" * 25, "-1", "10000001", "1.0", "1.5", "true", '"1"', "[]"])
def test_numbers_that_are_used_have_a_range(file: Any, run: Any, result: Any, number: str) -> None:
    content = file(run(result(), result(line=4711))).replace(b"4711", number.encode())
    assert defects(content) == ["/runs/0/results/1/locations/0/physicalLocation/region/startLine"]


def test_scores_that_no_number_holds(file: Any, run: Any, result: Any) -> None:
    content = file(run(result(properties={"security-severity": 4711}))).replace(b"4711", b"9" * 5000)
    assert defects(content) == ["/runs/0/results/0/properties/security-severity"]


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ({"version": "2.0.0", "runs": []}, ["/version"]),
        ({"version": "2.1", "runs": []}, ["/version"]),
        ({"version": 2.1, "runs": None}, ["/version", "/runs"]),
        ({"version": "2.1.0", "runs": {}}, ["/runs"]),
        ({"version": "2.1.0", "runs": [1, {}, {"tool": {}}]}, ["/runs/0", "/runs/1/tool", "/runs/2/tool/driver"]),
        ({"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]}, ["/runs/0/tool/driver/name"]),
        ({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": 5}}}]}, ["/runs/0/tool/driver/name"]),
        ({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": " "}}}]}, ["/runs/0/tool/driver/name"]),
        ({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "a\nb"}}}]}, ["/runs/0/tool/driver/name"]),
        ({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "a" * 201}}}]}, ["/runs/0/tool/driver/name"]),
    ],
)
def test_documents_that_are_refused(document: object, pointers: list[str]) -> None:
    assert defects(json.dumps(document).encode()) == pointers


@pytest.mark.parametrize(("content", "pointers"), [(b"{}", ["/version", "/runs"]), (b"[]", [""]), (b"null", [""])])
def test_what_is_said_to_be_sarif_and_is_not(content: bytes, pointers: list[str]) -> None:
    with pytest.raises(BadFile) as caught:
        sarif.read(content, Options())
    assert [defect.pointer for defect in caught.value.defects] == pointers


@pytest.mark.parametrize("text", [rb'"\ud800"', rb'"\udc00\ud800"'])
@pytest.mark.parametrize("member", ["value", "name"])
def test_half_a_surrogate_pair_is_no_text(text: bytes, member: str) -> None:
    content = with_member(text) if member == "value" else GOOD.replace(b'"version"', text + b': 1, "version"')
    with pytest.raises(BadFile, match="surrogate"):
        read(content)


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"ruleId": 5}, "ruleId"),
        ({"ruleIndex": "0"}, "ruleIndex"),
        ({"rule": []}, "rule"),
        ({"rule": {"toolComponent": {"index": 0.5}}}, "rule/toolComponent/index"),
        ({"kind": True}, "kind"),
        ({"level": 1}, "level"),
        ({"message": "text"}, "message"),
        ({"message": {"arguments": [1]}}, "message/arguments/0"),
        ({"locations": {}}, "locations"),
        ({"locations": [None]}, "locations/0"),
        (
            {"locations": [{"physicalLocation": {"artifactLocation": {"uri": 1}}}]},
            "locations/0/physicalLocation/artifactLocation/uri",
        ),
        ({"locations": [{"logicalLocations": [{"kind": 1}]}]}, "locations/0/logicalLocations/0/kind"),
        ({"fingerprints": []}, "fingerprints"),
        ({"fingerprints": {"a/b": 1}}, "fingerprints/a~1b"),
        ({"partialFingerprints": {"": None}}, "partialFingerprints/"),
        ({"suppressions": [{"status": False}]}, "suppressions/0/status"),
        ({"suppressions": 0}, "suppressions"),
        ({"baselineState": []}, "baselineState"),
        ({"properties": 1}, "properties"),
        ({"properties": {"security-severity": []}}, "properties/security-severity"),
        ({"properties": {"security-severity": True}}, "properties/security-severity"),
        ({"ruleId": "r" * 201}, "ruleId"),
        ({"ruleId": "r\ns"}, "ruleId"),
        ({"ruleId": None, "rule": {"id": "r" * 201}}, "rule/id"),
        ({"fingerprints": {"a": "f" * 999}}, "fingerprints"),
        ({"fingerprints": {"a": "f\ng"}}, "fingerprints"),
        ({"partialFingerprints": {"primaryLocationLineHash": "f" * 1001}}, "partialFingerprints"),
    ],
)
def test_results_that_are_refused(file: Any, run: Any, result: Any, members: dict[str, Any], pointer: str) -> None:
    assert defects(file(run(), run(result(), result(**members)))) == [f"/runs/1/results/1/{pointer}"]


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"results": {}}, "results"),
        ({"invocations": [{"executionSuccessful": "yes"}]}, "invocations/0/executionSuccessful"),
        ({"automationDetails": {"id": 5}}, "automationDetails/id"),
        ({"automationDetails": {"id": "a" * 200 + "/b"}}, "automationDetails/id"),
        ({"automationDetails": {"id": "a\n/b"}}, "automationDetails/id"),
        ({"originalUriBaseIds": {"R": {"uri": 1}}}, "originalUriBaseIds/R/uri"),
        ({"artifacts": [{"location": 1}]}, "artifacts/0/location"),
        ({"rules": [{}]}, "tool/driver/rules/0/id"),
        ({"rules": [{"id": "r" * 201}]}, "tool/driver/rules/0/id"),
        ({"rules": [{"id": "R", "name": 1}]}, "tool/driver/rules/0/name"),
        ({"rules": [{"id": "R", "shortDescription": "x"}]}, "tool/driver/rules/0/shortDescription"),
        ({"rules": [{"id": "R", "properties": {"tags": "x"}}]}, "tool/driver/rules/0/properties/tags"),
        ({"rules": [{"id": "R", "messageStrings": {"m": "x"}}]}, "tool/driver/rules/0/messageStrings/m"),
        (
            {"tool": {"driver": {"name": "t"}, "extensions": [{"name": "e", "rules": [{"id": "a\nb"}]}]}},
            "tool/extensions/0/rules/0/id",
        ),
    ],
)
def test_runs_that_are_refused(file: Any, run: Any, members: dict[str, Any], pointer: str) -> None:
    assert defects(file(run(**members))) == [f"/runs/0/{pointer}"]


def test_the_first_ten_defects_are_told(file: Any, run: Any, result: Any) -> None:
    assert defects(file(run(*(result(ruleId=1) for _ in range(12))))) == [
        f"/runs/0/results/{index}/ruleId" for index in range(10)
    ]
    assert len(defects(file(run(*(result(ruleId="r" * 300) for _ in range(12)))))) == 10


def test_the_message_ends_with_the_pointer(file: Any, run: Any, result: Any) -> None:
    with pytest.raises(BadFile) as caught:
        read(file(run(result(ruleId=1))))
    assert rendered(caught.value.defects[0]) == "Expected text: /runs/0/results/0/ruleId"
    assert rendered(Defect("", "No.")) == "No."


def test_members_nobody_uses_are_ignored(file: Any, run: Any, result: Any) -> None:
    plain = file(run(result()))
    odd = file(run(result(rank="x", codeFlows=5, guid=[]), language=5, conversion="x"), properties=5)
    assert read(odd) == read(plain)


def test_names_made_too_long_by_telling_them_apart(file: Any, run: Any, result: Any) -> None:
    tied = {"fingerprints": {"a": "f" * 998}}
    assert defects(file(run(result(line=1, **tied), result(line=2, **tied)))) == ["/runs/0/results/1"]


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [("results", True), ("driver", True), ("artifacts", True), ("externalizedProperties", True), ("taxonomies", False)],
)
def test_external_property_files(file: Any, run: Any, name: str, is_refused: object) -> None:
    content = file(run(externalPropertyFileReferences={name: [{"location": {"uri": "x.sarif-external-properties"}}]}))
    assert (
        (defects(content) == [f"/runs/0/externalPropertyFileReferences/{name}"])
        if is_refused
        else (len(read(content).series) == 1)
    )


def test_inline_external_properties(file: Any, run: Any) -> None:
    labels = {"guid": "g", "runGuid": "r", "version": "2.1.0"}
    assert len(read(file(run(), inlineExternalProperties=[labels])).series) == 1
    assert defects(file(run(), inlineExternalProperties=[labels, labels | {"results": []}])) == [
        "/inlineExternalProperties/1/results"
    ]


def limit(content: bytes) -> tuple[str, int, int]:
    with pytest.raises(TooLarge) as caught:
        read(content)
    assert isinstance(caught.value, IntegratesError)
    return caught.value.limit, caught.value.actual, caught.value.allowed


def test_number_of_runs(file: Any, run: Any) -> None:
    assert len(read(file(*(run(automationDetails={"id": f"{n}/"}) for n in range(20)))).series) == 20
    assert limit(file(*(run() for _ in range(21)))) == ("too_many_runs", 21, 20)


def test_number_of_results(file: Any, run: Any) -> None:
    some = [{"kind": "pass"}] * 12_500
    assert read(file(run(*some), run(*some))).skipped == 25_000
    assert limit(file(run(*some), run(*some), run({}))) == ("too_many_results", 25_001, 25_000)


def test_number_of_rules(file: Any, run: Any, result: Any) -> None:
    rules = [{"id": f"R{number}"} for number in range(2_000)]
    assert len(read(file(run(rules=rules), run(rules=rules))).series) == 1
    assert limit(file(run(rules=[*rules, {"id": "one more"}]))) == ("too_many_rules", 2_001, 2_000)
    assert limit(file(run(*(result(ruleId=f"R{number}") for number in range(2_001))))) == ("too_many_rules", 2_001, 2_000)
