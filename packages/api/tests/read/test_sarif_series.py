"""Series: tool, category, options, and whether what a file does not report is gone (domain section 8)."""

from hashlib import sha256
from typing import Any

import pytest

from integrates.api.imports.read.observation import Series
from integrates.api.imports.read.reader import Options
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.imports.types import ClosingOutcome

DONE, OFF, FAILED = ClosingOutcome.DONE, ClosingOutcome.OFF, ClosingOutcome.NOT_SUCCESSFUL


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("CodeQL", "codeql"),
        ("  Shell Script Analysis ", "shell script analysis"),
        ("A\u0300B", "\u00e0b"),
        ("a\nb\tc", "a b c"),
        ("a\x00b\u202ec", "abc"),
        ("T" * 200, "t" * 200),
        ("T" * 201, digest("t" * 201)),
        ("T" * 100_000, digest("t" * 100_000)),
    ],
)
def test_tool(observe: Any, name: str, tool: str) -> None:
    assert observe(run={"driver": {"name": name}}).rule.tool == tool


@pytest.mark.parametrize(
    ("identity", "category"),
    [
        ("nightly/2018-10-08", "nightly/"),
        ("a/b/c", "a/b/"),
        ("a/b/", "a/b/"),
        ("/", "/"),
        ("plain", ""),
        ("", ""),
        (None, ""),
        (5, ""),
        ("a\nb/c", "a b/"),
        ("a" * 199 + "/b", "a" * 199 + "/"),
        ("a" * 200 + "/b", digest("a" * 200 + "/")),
    ],
)
def test_category(observe: Any, identity: object, category: str) -> None:
    assert observe(run={"automationDetails": {"id": identity}}).category == category


def test_options_stand_for_what_the_file_says(file: Any, run: Any, result: Any, scan_of: Any) -> None:
    content = file(run(result(), automationDetails={"id": "a/b"}), run(result(line=2)))
    found = scan_of(content, Options(category="mine/", tool="mine"))
    assert {(one.rule.tool, one.category) for one in found.observations} == {("mine", "mine/")}
    assert found.series == (Series("mine", "mine/", DONE),)
    assert [one.category for one in scan_of(content, Options(category="")).observations] == ["", ""]


@pytest.mark.parametrize(
    ("names", "is_refused"),
    [(["A", " a "], False), (["A", "B"], True), (["A", None], False), (["A\nb", "a b"], False), (["A" * 300, "A" * 301], True)],
)
def test_one_name_for_several_tools_is_refused(
    file: Any, run: Any, result: Any, scan_of: Any, names: Any, is_refused: object
) -> None:
    content = file(*(run(result(line=line), driver={"name": name}) for line, name in enumerate(names)))
    if not is_refused:
        assert {one.rule.tool for one in scan_of(content, Options(tool="one")).observations} == {"one"}
        return
    with pytest.raises(Rejected) as refused:
        scan_of(content, Options(tool="one"))
    assert (refused.value.reason, refused.value.path) == (Reason.SEVERAL_TOOLS, ("tool",))


def at(*uris: Any) -> Any:
    locations = [{"physicalLocation": {"artifactLocation": {"uri": uri}}} if uri else {} for uri in uris]
    return {"level": "error", "locations": locations}


def told(*notifications: Any, kind: str = "Execution", **members: Any) -> Any:
    return {"invocations": [{f"tool{kind}Notifications": list(notifications)} | members]}


@pytest.mark.parametrize(
    ("members", "outcome", "spared"),
    [
        ({}, DONE, []),
        ({"results": []}, DONE, []),
        ({"results": None}, OFF, []),
        ({"invocations": []}, DONE, []),
        ({"invocations": [{}, 5, None]}, DONE, []),
        ({"invocations": [{"executionSuccessful": True}, {"executionSuccessful": None}]}, DONE, []),
        ({"invocations": [{"executionSuccessful": "no"}]}, DONE, []),
        ({"invocations": [{"executionSuccessful": True}, {"executionSuccessful": False}]}, FAILED, []),
        ({"invocations": [{"exitSignalName": "SIGKILL"}]}, FAILED, []),
        ({"invocations": [{"processStartFailureMessage": "No such file"}]}, FAILED, []),
        ({"invocations": [{"exitSignalName": None, "processStartFailureMessage": ""}]}, DONE, []),
        (told({"level": "warning"}, {"level": "note"}, {}), DONE, []),
        (told({"level": "error"}), FAILED, []),
        (told({"level": "error"}, kind="Configuration"), FAILED, []),
        (told(at("a.py"), at("./b.py", "c.py"), {"level": "warning"}), FAILED, ["a.py", "b.py", "c.py"]),
        (told(at("a.py"), kind="Configuration"), FAILED, ["a.py"]),
        (told(at("a.py"), {"level": "error"}), FAILED, []),
        (told(at("a.py", None)), FAILED, []),
        (told(at("a.py", "/etc/b.py")), FAILED, []),
        (told(at("a.py", "https://example.com/")), FAILED, []),
        (told(at("a.py"), executionSuccessful=False), FAILED, []),
        (told(at("/w/a.py"), workingDirectory={"uri": "/w"}), FAILED, ["a.py"]),
        ({"results": None} | told(at("a.py")), OFF, []),
    ],
)
def test_what_is_gone(scan: Any, result: Any, members: dict[str, Any], outcome: ClosingOutcome, spared: list[str]) -> None:
    assert scan(result(), **members).series == (Series("scanner", "", outcome, frozenset(spared)),)


def test_runs_of_one_series_are_united(file: Any, run: Any, scan_of: Any) -> None:
    def of(identity: str, **members: Any) -> Any:
        return run(automationDetails={"id": identity}, **members)

    failed = {"invocations": [{"executionSuccessful": False}]}
    found = scan_of(
        file(
            *(of("b/1"), of("a/1"), of("b/2", **failed), of("a/2"), of("", driver={"name": "Other"})),
            *(of("c/1", **told(at("a.py"))), of("c/2", **told(at("b.py"))), of("c/3")),
            *(of("d/1", **told(at("a.py"))), of("d/2", **failed)),
            *(of("e/1", results=None), of("e/2", **failed)),
        )
    )
    assert found.series == (
        Series("scanner", "b/", FAILED),
        Series("scanner", "a/", DONE),
        Series("other", "", DONE),
        Series("scanner", "c/", FAILED, frozenset({"a.py", "b.py"})),
        Series("scanner", "d/", FAILED),
        Series("scanner", "e/", OFF),
    )


@pytest.mark.parametrize("run_without", [{}, {"tool": {"driver": {"name": 5}}}, {"tool": 5, "results": []}, 5, None])
def test_a_run_without_tool_and_results_says_nothing(file: Any, run: Any, result: Any, scan_of: Any, run_without: Any) -> None:
    found = scan_of(file(run_without, run(result())))
    assert (found.total, found.series) == (1, (Series("scanner", "", DONE),))


def test_without_results_nothing_is_said_to_be_gone(file: Any, scan_of: Any) -> None:
    assert scan_of(file({"tool": {"driver": {"name": "T"}}})).series == (Series("t", "", OFF),)
