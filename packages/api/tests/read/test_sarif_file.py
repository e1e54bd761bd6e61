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


@pytest.mark.parametrize("number", ["9" * 5000, "1e999", "9" * 25, "-1", "10000001", "1.5", "true", '"1"', "[]", "{}"])
def test_a_line_that_is_none_is_that_of_the_whole_file(file: Any, run: Any, result: Any, number: str) -> None:
    content = file(run(result(), result(line=4711))).replace(b"4711", number.encode())
    assert [one.location.specific for one in read(content).observations] == ["1", "0"]


def test_scores_that_no_number_holds_are_not_given(file: Any, run: Any, result: Any) -> None:
    content = file(run(result(properties={"security-severity": 4711}))).replace(b"4711", b"9" * 5000)
    assert [one.own_score for one in read(content).observations] == [None]


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ({"version": "2.0.0", "runs": []}, ["/version"]),
        ({"version": "2.1", "runs": []}, ["/version"]),
        ({"version": 2.1, "runs": None}, ["/version", "/runs"]),
        ({"version": "2.1.0", "runs": {}}, ["/runs"]),
        ({"version": None, "runs": []}, ["/version"]),
        ({"version": "2.1.0", "runs": "runs"}, ["/runs"]),
        ({"version": "2.1.0", "runs": [{"results": {}}, {"results": "x"}]}, ["/runs/0/results", "/runs/1/results"]),
        ({"version": "2.1.0", "runs": [{}, {"results": [1]}]}, ["/runs/1/results/0", "/runs/1/tool/driver/name"]),
        ({"version": "2.1.0", "runs": [{"results": [{}]}]}, ["/runs/0/tool/driver/name"]),
        ({"version": "2.1.0", "runs": [{"results": [{}], "tool": {"driver": {"name": 5}}}]}, ["/runs/0/tool/driver/name"]),
        ({"version": "2.1.0", "runs": [{"results": [{}], "tool": {"driver": {"name": " "}}}]}, ["/runs/0/tool/driver/name"]),
        ({"version": "2.1.0", "runs": [{"results": [{}], "tool": {"driver": {"name": "\x00"}}}]}, ["/runs/0/tool/driver/name"]),
        (
            {"version": 1, "runs": [{"results": [{}]}, {"results": 1}]},
            ["/version", "/runs/1/results", "/runs/0/tool/driver/name"],
        ),
    ],
)
def test_documents_that_are_refused(document: object, pointers: list[str]) -> None:
    assert defects(json.dumps(document).encode()) == pointers


@pytest.mark.parametrize(("content", "pointers"), [(b"{}", ["/version", "/runs"]), (b"[]", ["/version", "/runs"])])
def test_what_is_said_to_be_sarif_and_is_not(content: bytes, pointers: list[str]) -> None:
    with pytest.raises(BadFile) as caught:
        sarif.read(content, Options())
    assert [defect.pointer for defect in caught.value.defects] == pointers


@pytest.mark.parametrize(
    "run", [1, None, [], "run", {}, {"tool": 5}, {"tool": {"driver": {}}}, {"results": None}, {"results": []}]
)
def test_a_run_that_says_nothing_is_no_defect(file: Any, run: Any) -> None:
    assert (read(file(run)).total, read(file(run)).series) == (0, ())


@pytest.mark.parametrize("text", [rb'"\ud800"', rb'"\udc00\ud800"'])
@pytest.mark.parametrize("member", ["value", "name"])
def test_half_a_surrogate_pair_costs_nothing(text: bytes, member: str) -> None:
    content = with_member(text) if member == "value" else GOOD.replace(b'"version"', text + b': 1, "version"')
    assert len(read(content).series) == 1


@pytest.mark.parametrize("result_like", [None, 1, "x", [], True])
def test_results_that_are_no_objects(file: Any, run: Any, result: Any, result_like: Any) -> None:
    assert defects(file(run(), run(result(), result_like, result(ruleId=5)))) == ["/runs/1/results/1"]


def test_the_first_ten_defects_are_told(file: Any, run: Any) -> None:
    assert defects(file(run(*range(12)))) == [f"/runs/0/results/{index}" for index in range(10)]


def test_the_message_ends_with_the_pointer(file: Any, run: Any) -> None:
    with pytest.raises(BadFile) as caught:
        read(file(run(1)))
    assert rendered(caught.value.defects[0]) == "Expected an object: /runs/0/results/0"
    assert rendered(Defect("", "No.")) == "No."


def test_members_nobody_uses_are_ignored(file: Any, run: Any, result: Any) -> None:
    plain = file(run(result()))
    odd = file(run(result(rank="x", codeFlows=5, guid=[]), language=5, conversion="x"), properties=5)
    assert read(odd) == read(plain)


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


@pytest.mark.parametrize("nothing", [None, [], {}, {"results": None}, 5])
def test_references_to_nothing_are_no_defect(file: Any, run: Any, nothing: Any) -> None:
    assert len(read(file(run(externalPropertyFileReferences=nothing), inlineExternalProperties=nothing)).series) == 1


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
    rules = [{"id": f"R{number}"} for number in range(12_500)]
    assert len(read(file(run(rules=rules), run(rules=rules))).series) == 1
    assert limit(file(run(rules=rules), run(rules=[*rules, {}]))) == ("too_many_rules", 25_001, 25_000)
    assert limit(file(run(*(result(ruleId=f"R{number}") for number in range(2_001))))) == ("too_many_rules", 2_001, 2_000)
    unplaced = [result(ruleId=f"R{number}", kind="pass") for number in range(2_001)]
    assert read(file(run(*unplaced))).skipped == 2_001


@pytest.mark.parametrize("count", [800_000])
def test_limits_come_before_anything_is_made_of_it(count: int) -> None:
    many = b"[" + b",".join([b"{}"] * count) + b"]"
    assert limit(b'{"version": "2.1.0", "runs": %s}' % many) == ("too_many_runs", count, 20)
    assert limit(b'{"version": "2.1.0", "runs": [{"results": %s}]}' % many) == ("too_many_results", count, 25_000)
