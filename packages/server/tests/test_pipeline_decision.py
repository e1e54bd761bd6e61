"""``integrates decisions import`` against a service that answers by a script, through real sockets, and its exit codes."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from packages.server.tests.counterpart import answer, data, scripted
from packages.server.tests.test_pipeline_command import DEAD, GONE, PROXY, ROOTS, run, sent

from integrates.db_model.decision_imports.types import DecisionFormat, SuppressionsAs
from integrates.server.pipeline.decision import FORMATS, DecisionForm, Wanted

CONTENT = b'{"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}'
ZERO = dict.fromkeys(("requested", "applied", "unchanged", "unmatched", "refused"), 0)
COMMAND = ("decisions", "import", "acme.json")


def made(state: str = "COMPLETED", **given: Any) -> dict[str, Any]:
    """An import as the API tells it; ``given`` are counts and other members."""
    counts = {**ZERO, **{name: given.pop(name) for name in tuple(given) if name in ZERO}}
    told = {"id": "d-1", "state": state, "reason": None, "format": "OPENVEX", "fileName": "acme.json", "dryRun": False}
    return {**told, "sha256": sha256(CONTENT).hexdigest(), "counts": counts, "problems": [], **given}


def done(**given: Any) -> bytes:
    return data(importDecisions={"decisionImport": made(**given), "errors": []})


def refused(reason: str) -> bytes:
    error = {"code": "INVALID", "reason": reason, "message": f"It is {reason}.", "path": ["file"]}
    return data(importDecisions={"decisionImport": None, "errors": [error]})


def last(**given: Any) -> bytes:
    told = {"root": None, "suppressionsAs": "ACCEPTANCE", "createdBy": "uri@demo.example", **made(**given)}
    return data(me={"email": "uri@demo.example"}, group={"decisionImports": {"nodes": [told]}})


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document in the current folder."""
    found = tmp_path / "acme.json"
    found.write_bytes(CONTENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INTEGRATES_ROOT", raising=False)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return found


def test_the_words_are_those_of_the_api() -> None:
    assert list(FORMATS) == list(DecisionForm)
    assert set(FORMATS.values()) == {one.value for one in DecisionFormat}
    assert {one.name for one in Wanted} == {one.value for one in SuppressionsAs}


def test_what_came_of_it_is_told() -> None:
    problems = [{"pointer": "/statements/7", "reason": "unmatched", "name": "CVE-2024-1\x1b[2J", "vulnerability": None}]
    with scripted(done(requested=1, applied=11, unchanged=1_000, unmatched=1, problems=problems)) as service:
        code, out, err = run(service.address, *COMMAND)
        assert sent(service, 0) == {
            "groupName": "shop",
            "rootId": None,
            "format": None,
            "suppressionsAs": "ACCEPTANCE",
            "dryRun": False,
            "file": None,
        }
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "acme.json  OPENVEX",
        "     1  requested, for somebody else to answer",
        "    11  given another treatment",
        " 1,000  unchanged: known, waiting for an answer, or nothing to decide",
        "     1  about nothing in the group",
        "",
        r"  unmatched  CVE-2024-1\x1b[2J /statements/7",
    ]


def test_what_is_said_is_sent() -> None:
    with scripted(ROOTS, done(dryRun=True, requested=2, format="SARIF")) as service:
        options = ("--root", "backend", "--format", "sarif", "--suppressions-as", "zero-risk", "--dry-run", "--json")
        code, out, _ = run(service.address, *COMMAND, *options)
        given = sent(service, 1)
    assert (code, given["rootId"], given["format"]) == (0, "r-1", "SARIF")
    assert (given["suppressionsAs"], given["dryRun"]) == ("ZERO_RISK", True)
    told = json.loads(out)["decisionImport"]
    assert (told["id"], told["dryRun"], told["counts"]["requested"]) == ("d-1", True, 2)


def test_a_dry_run_says_that_it_is_one() -> None:
    with scripted(done(dryRun=True, requested=2)) as service:
        assert "     2  would be requested, for somebody else to answer" in run(service.address, *COMMAND, "--dry-run")[1]


def test_refused_decisions_are_exit_code_1() -> None:
    problems = [{"pointer": f"/statements/{n}", "reason": "hidden", "name": None, "vulnerability": None} for n in range(12)]
    with scripted(done(refused=12, problems=problems)) as service:
        code, out, _ = run(service.address, *COMMAND)
    assert (code, out.splitlines()[1], out.splitlines()[-1]) == (1, "    12  refused", "  and 2 more")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (PROXY, "does a proxy or a login page stand in between?"),
        (DEAD, "does not accept the token"),
        (answer(307, b"", "text/html", location="https://elsewhere.example"), "where the token was not sent"),
        (refused("BAD_FILE"), "It is BAD_FILE."),
        (answer(200, b'{"data": '), "damaged or cut off"),
    ],
)
def test_what_is_no_answer_is_told_in_a_line(bad: bytes, told: str) -> None:
    with scripted(bad) as service:
        code, out, err = run(service.address, *COMMAND)
    assert (code, out, err.splitlines()[-1].startswith("integrates: "), told in err) == (2, "", True, True)


def test_an_import_that_failed_is_exit_code_2() -> None:
    with scripted(done(state="FAILED", reason="not_allowed", requested=1)) as service:
        code, out, _ = run(service.address, *COMMAND)
    assert (code, "FAILED  not_allowed" in out) == (2, True)


def test_one_that_goes_on_is_followed_and_given_up_in_time() -> None:
    latest = data(decisionImport=made(requested=3))
    with scripted(done(state="RUNNING"), data(decisionImport=made(state="RUNNING")), latest) as service:
        code, out, _ = run(service.address, *COMMAND)
    assert (code, "     3  requested" in out) == (0, True)
    with scripted(done(state="RUNNING"), data(decisionImport=made(state="RUNNING"))) as service:
        code, out, err = run(service.address, *COMMAND, "--patience", "0")
    assert (code, out, "decision import d-1 is still RUNNING; it goes on without this command" in err) == (2, "", True)


def test_a_lost_answer_is_made_up_for_by_following_the_own_import() -> None:
    script = (GONE, refused("ALREADY_RUNNING"), last(state="RUNNING"), data(decisionImport=made(requested=5)))
    with scripted(*script) as service:
        code, out, err = run(service.address, *COMMAND)
    assert (code, "     5  requested" in out, err.count("trying again")) == (0, True, 1)


def test_another_one_is_waited_for_and_the_file_sent_then() -> None:
    other = {"sha256": "0" * 64}
    script = (refused("ALREADY_RUNNING"), last(state="RUNNING", **other), last(**other), done(applied=1))
    with scripted(*script) as service:
        code, out, _ = run(service.address, *COMMAND)
        assert len(service.requests) == 4
    assert (code, "     1  given another treatment" in out) == (0, True)
    with scripted(refused("ALREADY_RUNNING"), last(state="RUNNING", **other)) as service:
        code, out, err = run(service.address, *COMMAND, "--patience", "0")
    assert (code, out, "It is ALREADY_RUNNING." in err) == (2, "", True)


@pytest.mark.parametrize(
    "other",
    [
        {"createdBy": "vera@demo.example"},
        {"createdBy": None},
        {"root": {"id": "r-1"}},
        {"suppressionsAs": "ZERO_RISK"},
        {"dryRun": True},
    ],
)
def test_the_same_file_in_another_name_or_asked_otherwise_is_not_the_own_import(other: dict[str, Any]) -> None:
    script = (refused("ALREADY_RUNNING"), last(state="RUNNING", **other), last(**other), done(applied=1))
    with scripted(*script) as service:
        code, out, _ = run(service.address, *COMMAND)
        assert len(service.requests) == 4
    assert (code, "     1  given another treatment" in out) == (0, True)


@pytest.mark.parametrize("name", ["backend", "r-1"])
def test_the_own_import_for_a_root_is_followed(name: str) -> None:
    script = (ROOTS, refused("ALREADY_RUNNING"), last(root={"id": "r-1"}), done(applied=1))
    with scripted(*script) as service:
        assert run(service.address, *COMMAND, "--root", name)[0] == 0
        assert len(service.requests) == 3


def test_a_file_that_is_none_is_not_sent(file: Path) -> None:
    file.unlink()
    with scripted(done()) as service:
        code, out, err = run(service.address, *COMMAND)
        assert service.requests == []
    assert (code, out, err.count("\n")) == (2, "", 1)
