"""The commands of pipelines against a service that answers by a script, through real sockets: what is told, and exit codes."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packages.server.tests.commandline import invoked
from packages.server.tests.counterpart import Counterpart, answer, data, scripted
from tests.serving import free_port

from integrates.server.client.retry import FIRST_PAUSE
from integrates.server.pipeline.fact import SYSTEMS
from integrates.server.pipeline.question import MOST

ROOT = {
    "__typename": "GitRoot",
    "id": "r-1",
    "nickname": "backend",
    "state": "ACTIVE",
    "branch": "main",
    "url": "https://g.example/s",
}
ROOTS = data(group={"name": "shop", "roots": [ROOT]})
COUNTS = dict.fromkeys(
    ("created", "reopened", "moved", "unchanged", "closed", "ignored", "suppressed", "duplicate", "reviewable", "skipped"), 0
)
TALLY = dict.fromkeys(("blocking", "technicalDebt", "inGrace", "belowThreshold", "accepted", "suppressed", "closed"), 0)
EXECUTION = {
    "id": "e-1",
    "executionDate": "2001-01-01T00:00:00+00:00",
    "kind": "ALL",
    "strictness": "STRICT",
    "exitCode": 0,
    "severityThreshold": 4.0,
    "gracePeriod": 3,
    "daysUntilItBreaks": None,
    "counts": TALLY,
    "blocking": [],
}
PROXY = answer(200, b"<html>Please log in</html>", "text/html")
DEAD = answer(401, {"errors": [{"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}]}, x_request_id="00000000-dead")
BUSY = answer(
    503, {"errors": [{"message": "The list lags", "extensions": {"code": "UNAVAILABLE"}}]}, x_request_id="00000000-busy"
)
GONE = b""
CUT = ROOTS[:-20]


def record(state: str = "COMPLETED", **given: Any) -> dict[str, Any]:
    told = {"id": "i-1", "state": state, "format": "SARIF", "counts": COUNTS, "position": 0, "reason": None}
    return {**told, "closing": [], "problemCounts": [], "problems": [], "root": {"nickname": "backend"}, **given}


def imported(state: str = "COMPLETED", **given: Any) -> bytes:
    return data(importVulnerabilities={"import": record(state, **given), "errors": []})


def refused(field: str, *reasons: str) -> bytes:
    errors = [{"code": "INVALID", "reason": reason, "message": f"It is {reason}.", "path": ["file"]} for reason in reasons]
    return data(**{field: {"import": None, "comparison": None, "execution": None, "errors": errors}})


def decided(**given: Any) -> bytes:
    return data(addForcesExecution={"execution": {**EXECUTION, **given}, "errors": []})


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A report in a folder that is in no repository, which is the current one."""
    file = tmp_path / "scan.sarif"
    file.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "bandit"}}, "results": []}]}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    signs = {system.sign[0] for system in SYSTEMS}
    for name in os.environ:
        if name in signs or name.startswith("INTEGRATES_"):
            monkeypatch.delenv(name)
    return file


def run(address: str, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a command."""
    environ = {"INTEGRATES_URL": address, "INTEGRATES_TOKEN": "itg_x", "INTEGRATES_GROUP": "shop", **variables}
    return invoked(arguments, environ)


def sent(service: Counterpart, number: int) -> Any:
    """The variables of a request, also of one with a file."""
    body = service.bodies[number]
    begin = body.find(b'{"query"')
    return json.JSONDecoder().raw_decode(body[begin:].decode(errors="replace"))[0]["variables"]


GATE, IMPORT, COMPARE = ("gate",), ("import", "scan.sarif", "--root", "backend"), ("compare", "scan.sarif", "--root", "backend")


@pytest.mark.parametrize("command", [GATE, IMPORT, COMPARE])
@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (PROXY, "does a proxy or a login page stand in between?"),
        (DEAD, "does not accept the token"),
        (BUSY, "The list lags"),
        (answer(307, b"", "text/html", location="https://elsewhere.example"), "where the token was not sent"),
        (answer(404, b"<p>", "text/html"), "there is no API of Integrates"),
        (answer(body={"unexpected": 1}), "refuses the request"),
        (answer(200, b'{"data": ', x_request_id="00000000-half"), "damaged or cut off"),
    ],
)
@pytest.mark.usefixtures("scan")
def test_what_is_no_answer_is_told_in_a_line_and_decides_nothing(command: tuple[str, ...], bad: bytes, told: str) -> None:
    with scripted(bad) as service:
        code, out, err = run(service.address, *command)
    assert (code, out, err.count("\n"), err.startswith("integrates: "), told in err) == (2, "", 1, True, True)


@pytest.mark.parametrize("command", [GATE, IMPORT, COMPARE])
@pytest.mark.usefixtures("scan")
def test_nobody_at_the_address_decides_nothing(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr("integrates.server.client.retry.MOST_ATTEMPTS", 2)
    code, out, err = run(f"http://127.0.0.1:{free_port()}", *command)
    assert (code, out, "cannot be reached" in err) == (2, "", True)


@pytest.mark.usefixtures("scan")
def test_a_verdict_is_asked_for_again_with_the_same_id_when_the_service_is_gone_in_the_middle() -> None:
    with scripted(GONE, decided()[:-30], decided()) as service:
        code, out, err = run(service.address, "gate")
        assert (code, out.splitlines()[-1], err.count("trying again")) == (0, "PASS  nothing breaks this build", 2)
        assert len({sent(service, number)["id"] for number in range(3)}) == 1


@pytest.mark.parametrize("arguments, asked", [((), "backend"), (("--root", "shop"), "shop"), (("--root", ""), None)])
@pytest.mark.usefixtures("scan")
def test_the_gate_looks_at_one_root_or_at_all(arguments: tuple[str, ...], asked: str | None) -> None:
    with scripted(decided()) as service:
        assert run(service.address, "gate", *arguments, INTEGRATES_ROOT="backend")[0] == 0
        assert sent(service, 0).get("rootNickname") == asked


@pytest.mark.parametrize("code, word", [(0, "PASS"), (1, "BREAK")])
@pytest.mark.usefixtures("scan")
def test_the_exit_code_is_that_of_the_verdict(code: int, word: str) -> None:
    with scripted(decided(exitCode=code, counts={**TALLY, "blocking": code})) as service:
        found, out, _ = run(service.address, "gate")
        assert (found, out.splitlines()[-1].split()[0]) == (code, word)
        found, out, _ = run(service.address, "gate", "--json")
        assert (found, json.loads(out)["verdict"]) == (code, word)


@pytest.mark.usefixtures("scan")
def test_an_import_is_sent_again_when_the_service_is_gone_in_the_middle() -> None:
    with scripted(ROOTS, GONE, imported(counts={**COUNTS, "created": 2})) as service:
        code, out, err = run(service.address, *IMPORT)
    assert (code, "scan.sarif        2" in out, "trying again" in err) == (0, True, True)


@pytest.mark.usefixtures("scan")
def test_an_import_that_goes_on_is_followed_to_its_end() -> None:
    later = data(**{"import": record("RUNNING", position=7)})
    done = data(**{"import": record(counts={**COUNTS, "created": 9})})
    with scripted(ROOTS, imported("RUNNING"), later, done) as service:
        code, out, err = run(service.address, *IMPORT)
        assert sent(service, 2) == {"id": "i-1"}
    assert (code, "scan.sarif        9" in out, err) == (0, True, "")


@pytest.mark.usefixtures("scan")
def test_an_import_is_not_waited_for_for_ever() -> None:
    with scripted(ROOTS, imported("RUNNING"), data(**{"import": record("RUNNING")})) as service:
        code, out, err = run(service.address, *IMPORT, "--patience", "0")
    assert (code, out) == (2, "")
    assert (
        err
        == "integrates: import i-1 is still RUNNING; it goes on without this command, and sending the file again is harmless\n"
    )


@pytest.mark.usefixtures("scan")
def test_another_import_in_the_root_is_waited_for() -> None:
    busy = data(group={"imports": {"nodes": [{"id": "i-0", "state": "RUNNING", "position": 1}]}})
    free = data(group={"imports": {"nodes": [{"id": "i-0", "state": "COMPLETED", "position": 9}]}})
    running = refused("importVulnerabilities", "IMPORT_RUNNING")
    with scripted(ROOTS, running, busy, free, imported()) as service:
        assert run(service.address, *IMPORT)[0] == 0
        assert sent(service, 2) == {"group": "shop", "root": "r-1"}
        assert sent(service, 4)["rootId"] == "r-1"
    with scripted(ROOTS, running, busy) as service:
        code, out, _ = run(service.address, *IMPORT, "--patience", "0")
    assert (code, out.splitlines()[-1].strip()) == (2, "It is IMPORT_RUNNING.")


@pytest.mark.usefixtures("scan")
def test_what_is_refused_is_told_and_the_next_file_goes_on(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{")
    with scripted(ROOTS, refused("importVulnerabilities", "BAD_FILE", "TOO_MANY"), imported()) as service:
        code, out, err = run(service.address, *IMPORT, "other.json")
    assert (code, err) == (2, "")
    assert out.splitlines()[1:] == [
        "other.json        0         0      0          0       0      0",
        "",
        "scan.sarif",
        "  It is BAD_FILE.",
        "  It is TOO_MANY.",
    ]


@pytest.mark.parametrize(
    ("reason", "hint"), [("UNKNOWN_FORMAT", "--format says what it is"), ("IS_DECISION", "integrates decisions import takes")]
)
@pytest.mark.usefixtures("scan")
def test_some_refusals_come_with_what_to_do(reason: str, hint: str) -> None:
    with scripted(ROOTS, refused("importVulnerabilities", reason)) as service:
        code, out, _ = run(service.address, *IMPORT)
    assert (code, hint in out) == (2, True)


@pytest.mark.usefixtures("scan")
def test_what_was_done_is_told_when_the_service_is_gone_before_the_next_file(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{")
    with scripted(ROOTS, imported(), PROXY) as service:
        code, out, err = run(service.address, *IMPORT, "other.json")
    assert (code, out.splitlines()[1].split()[0], err.count("\n")) == (2, "scan.sarif", 1)


def test_nothing_placed_has_an_exit_code_of_its_own_and_advice(scan: Path) -> None:
    uris = [f"/builds/acme/{name}/a.py" for name in ("x", "y")]
    results = [
        {"ruleId": "r", "message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}}}]}
        for uri in uris
    ]
    scan.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "bandit"}}, "results": results}]}))
    with scripted(ROOTS, refused("importVulnerabilities", "NOTHING_PLACED")) as service:
        code, out, _ = run(service.address, *IMPORT)
    assert (code, out.splitlines()) == (
        1,
        ["scan.sarif", "  It is NOTHING_PLACED.", "  --strip-prefix /builds/acme may place all of them"],
    )
    with scripted(ROOTS, refused("compareScan", "NOTHING_PLACED")) as service:
        code, out, err = run(service.address, *COMPARE, GITLAB_CI="1", CI_PROJECT_DIR="/builds/acme")
    assert (code, out) == (2, "")
    assert err.splitlines()[1] == "integrates: --strip-prefix /builds/acme would place all of them"


@pytest.mark.usefixtures("scan")
def test_a_gate_whose_report_is_refused_decides_nothing() -> None:
    with scripted(ROOTS, refused("importVulnerabilities", "BAD_FILE")) as service:
        code, out, err = run(service.address, "gate", "--root", "backend", "--import", "scan.sarif")
        assert len(service.requests) == 2
    assert (code, "It is BAD_FILE." in out) == (2, True)
    assert err == "integrates: nothing is decided, since not every report is imported\n"


@pytest.mark.parametrize(
    "variables, closes",
    [
        ({}, True),
        ({"GITLAB_CI": "1", "CI_COMMIT_BRANCH": "main"}, True),
        ({"GITLAB_CI": "1", "CI_COMMIT_BRANCH": "cart"}, False),
        ({"GITLAB_CI": "1", "CI_COMMIT_TAG": "v1", "CI_COMMIT_SHA": "a" * 40}, False),
        ({"GITHUB_ACTIONS": "true", "GITHUB_HEAD_REF": "main", "GITHUB_BASE_REF": "next", "GITHUB_SHA": "a" * 40}, True),
        ({"GITHUB_ACTIONS": "true", "GITHUB_HEAD_REF": "main", "GITHUB_BASE_REF": "main", "GITHUB_SHA": "a" * 40}, False),
    ],
)
@pytest.mark.usefixtures("scan")
def test_a_scan_of_another_branch_closes_nothing_unless_told(variables: dict[str, str], *, closes: bool) -> None:
    with scripted(ROOTS, imported()) as service:
        assert run(service.address, *IMPORT, **variables)[0] == 0
        assert sent(service, 1)["closeMissing"] is closes
    for option, wanted in (("--close-missing", True), ("--no-close-missing", False)):
        with scripted(ROOTS, imported()) as service:
            assert run(service.address, *IMPORT, option, **variables)[0] == 0
            assert sent(service, 1)["closeMissing"] is wanted


@pytest.mark.usefixtures("scan")
def test_a_checkout_that_git_does_not_read_closes_nothing_unless_told(tmp_path: Path) -> None:
    """As in containers, where it belongs to somebody else than who works in it."""
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], cwd=tmp_path, check=True)
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for variables, closes in ((own, True), ({**own, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}, False)):
        with scripted(ROOTS, imported()) as service:
            assert run(service.address, *IMPORT, **variables)[0] == 0
            assert sent(service, 1)["closeMissing"] is closes


@pytest.mark.usefixtures("scan")
def test_what_is_said_of_a_file_reaches_the_service() -> None:
    said = {
        "manifest": "a.json",
        "strip-prefix": "/b",
        "add-prefix": "web",
        "category": "c/",
        "tool": "t",
        "format": "npm-audit",
    }
    options = [part for name, value in said.items() for part in (f"--{name}", value)]
    with scripted(ROOTS, imported()) as service:
        assert run(service.address, *IMPORT, *options, "--technique", "sast")[0] == 0
        assert sent(service, 1) == {
            "groupName": "shop",
            "rootId": "r-1",
            "closeMissing": True,
            "format": "NPM_AUDIT",
            "technique": "SAST",
            "manifest": "a.json",
            "stripPrefix": "/b",
            "addPrefix": "web",
            "category": "c/",
            "tool": "t",
            "file": None,
        }


def test_files_that_would_close_each_other_are_not_sent(scan: Path, tmp_path: Path) -> None:
    (tmp_path / "other.sarif").write_bytes(scan.read_bytes())
    with scripted(ROOTS, imported()) as service:
        code, out, err = run(service.address, *IMPORT, "other.sarif")
        assert len(service.requests) == 1
        assert (code, out, "are of one series, bandit" in err) == (2, "", True)
    with scripted(ROOTS, imported()) as service:
        assert run(service.address, *IMPORT, "other.sarif", "--no-close-missing")[0] == 0


@pytest.mark.parametrize(
    "group, text",
    [
        (None, "there is no group shop, or the token does not let you see it"),
        ({"name": "shop", "roots": []}, "shop has no root yet"),
        ({"name": "shop", "roots": [{**ROOT, "nickname": "backen"}]}, "shop has no root backend; did you mean backen?"),
        ({"name": "shop", "roots": [{**ROOT, "nickname": "x"}]}, "shop has no root backend; there are x"),
    ],
)
@pytest.mark.usefixtures("scan")
def test_a_root_that_is_not_there_is_told_with_those_that_are(group: Any, text: str) -> None:
    with scripted(data(group=group)) as service:
        assert run(service.address, *IMPORT) == (2, "", f"integrates: {text}\n")


@pytest.mark.parametrize(
    "arguments, told",
    [
        (("import", "nope.sarif", "--root", "backend"), "nope.sarif: No such file or directory"),
        (("import", ".", "--root", "backend"), ". is a folder; the report of a scanner is expected"),
        (("gate", "--import", "scan.sarif"), "--root is missing"),
        (("gate", "--import", "scan.sarif", "--root", ""), "--root is missing"),
        (("gate", "--group", "b\udcff"), "what is not a text in UTF-8 cannot be sent, as the end of this: "),
        (("gate", "--log", "nope.log"), "nope.log: No such file or directory"),
    ],
)
@pytest.mark.usefixtures("scan")
def test_what_is_wrong_here_is_told_without_a_traceback(arguments: tuple[str, ...], told: str) -> None:
    with scripted(ROOTS) as service:
        code, out, err = run(service.address, *arguments)
    assert (code, out, told in err, "Traceback" in err) == (2, "", True, False)


def test_a_report_for_another_program_that_cannot_be_written_is_told(scan: Path) -> None:
    file = scan.parent / "no" / "gate.sarif"
    with scripted(decided(exitCode=1)) as service:
        code, _, err = run(service.address, "gate", "--sarif", str(file))
    assert (code, err) == (2, f"integrates: {file}: No such file or directory\n")


@pytest.mark.parametrize("verdict", [0, 1])
@pytest.mark.usefixtures("scan")
def test_a_verdict_stands_when_what_changes_soon_cannot_be_told(verdict: int) -> None:
    with scripted(decided(exitCode=verdict, counts={**TALLY, "accepted": 2, "inGrace": 1}), PROXY) as service:
        code, out, err = run(service.address, "gate")
    assert (code, out.splitlines()[-1][:4]) == (verdict, ("PASS", "BREA")[verdict])
    assert (err.count("\n"), "integrates: what changes soon is not told: " in err) == (1, True)


@pytest.mark.usefixtures("scan")
def test_what_changes_soon_is_asked_of_what_the_gate_looked_at() -> None:
    ended = {"status": "ACCEPTED", "acceptedUntil": "2001-01-01T00:00:00+00:00"}
    told = {"type": "LINES", "where": "a.py", "specific": "1", "root": {"nickname": "backend"}, "severity": None}
    one = {**told, "id": "v1", "openedAt": None, "finding": {"title": "XSS"}, "treatment": ended}
    listed = data(group={"vulnerabilities": {"nodes": [one], "pageInfo": {"hasNextPage": False, "endCursor": None}}})
    with scripted(decided(counts={**TALLY, "accepted": 1, "inGrace": 1}), listed) as service:
        _, out, _ = run(service.address, "gate", "--root", "backend", "--kind", "static")
        asked = {"states": ["VULNERABLE"], "types": ["LINES", "PACKAGES"], "rootNickname": "backend"}
        accepted = {"treatments": ["ACCEPTED"], "acceptedUntilBefore": "2001-01-31T00:00:00+00:00"}
        young = {"openedSince": "2000-12-29T00:00:00+00:00", "minScore": 4.0}
        assert [sent(service, number)["filter"] for number in (1, 2)] == [{**asked, **accepted}, {**asked, **young}]
    assert "Accepted until" not in out


@pytest.mark.usefixtures("scan")
def test_without_a_checkout_the_folder_of_the_command_is_the_prefix(tmp_path: Path) -> None:
    outside = {"pointer": "/runs/0/results/0", "reason": "bad_path", "uri": f"{tmp_path}/src/a.py"}
    with scripted(ROOTS, imported(problems=[outside])) as service:
        _, out, _ = run(service.address, *IMPORT, "--json")
    assert json.loads(out)["imports"][0]["advice"] == f"--strip-prefix {tmp_path} would place it"


@pytest.mark.usefixtures("scan")
def test_without_patience_nothing_is_sent_again_after_another_import() -> None:
    free = data(group={"imports": {"nodes": [{"id": "i-0", "state": "COMPLETED", "position": 0}]}})
    with scripted(ROOTS, refused("importVulnerabilities", "IMPORT_RUNNING"), free, imported()) as service:
        assert run(service.address, *IMPORT, "--patience", "0")[0] == 2
        assert len(service.requests) == 3


@pytest.mark.usefixtures("scan")
def test_that_more_acceptances_may_end_than_were_looked_at_is_told() -> None:
    accepted = {"status": "ACCEPTED", "acceptedUntil": "2001-01-20T00:00:00+00:00"}
    told = {"type": "LINES", "where": "a.py", "specific": "1", "root": {"nickname": "backend"}, "severity": None}
    one = {**told, "openedAt": None, "finding": {"title": "XSS"}, "treatment": accepted}
    page = {"nodes": [{**one, "id": f"v{n}"} for n in range(MOST)], "pageInfo": {"hasNextPage": True, "endCursor": "c"}}
    with scripted(decided(counts={**TALLY, "accepted": 500}), data(group={"vulnerabilities": page})) as service:
        _, out, _ = run(service.address, "gate")
        assert (sent(service, 1)["first"], len(service.requests)) == (MOST, 2)
    assert "and at least 80 more whose acceptance ends within 30 days" in out
    assert "at least 100 of them end within 30 days" in out


@pytest.mark.usefixtures("scan")
def test_a_service_of_another_version_is_told_without_a_traceback() -> None:
    with scripted(decided(exitCode="perhaps")) as service:
        code, out, err = run(service.address, "gate")
    assert (code, out, err.count("\n"), "are both of one version?" in err) == (2, "", 1, True)


@pytest.mark.usefixtures("scan")
def test_the_question_has_what_the_caller_said_and_what_is_built(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("all well")
    git = {"GITLAB_CI": "1", "CI_PROJECT_PATH": "acme/shop", "CI_COMMIT_BRANCH": "cart", "CI_COMMIT_SHA": "a" * 40}
    options = ("--root", "backend", "--lax", "--threshold", "7", "--grace", "0", "--kind", "static", "--id", "job-4711-1")
    with scripted(decided()) as service:
        assert run(service.address, "gate", *options, "--git-commit", "b" * 40, "--log", "log", **git)[0] == 0
        assert sent(service, 0) == {
            "groupName": "shop",
            "id": "job-4711-1",
            "strictness": "LAX",
            "kind": "STATIC",
            "rootNickname": "backend",
            "severityThreshold": 7.0,
            "gracePeriod": 0,
            "gitRepo": "acme/shop",
            "gitBranch": "cart",
            "gitCommit": "b" * 40,
            "log": None,
        }
        assert b"all well" in service.bodies[0]


@pytest.mark.usefixtures("scan")
def test_the_clock_of_this_machine_does_not_matter() -> None:
    """The service of this test lives in 2001; ages and outlooks are counted from the date of its verdict."""
    opened = {"openedAt": "2000-12-30T00:00:00+00:00", "severity": {"score": 5.0, "level": "MEDIUM"}, "zeroRisk": None}
    at = {"id": "v1", "type": "LINES", "where": "a.py", "specific": "1", "root": {"nickname": "backend"}}
    young = {**at, **opened, "finding": {"title": "XSS", "rule": None}, "treatment": {"status": "UNTREATED"}}
    accepted = {"status": "ACCEPTED", "acceptedUntil": "2001-01-20T00:00:00+00:00"}
    older = {**young, "id": "v2", "openedAt": "2000-12-29T12:00:00+00:00", "treatment": accepted}
    younger = {**young, "id": "v3", "openedAt": "2000-12-31T00:00:00+00:00"}
    page = {"nodes": [older, younger, young], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    listed = data(group={"vulnerabilities": page})
    with scripted(decided(counts={**TALLY, "inGrace": 1, "accepted": 1}), listed) as service:
        code, out, _ = run(service.address, "gate")
        assert sent(service, 1)["filter"]["acceptedUntilBefore"] == "2001-01-31T00:00:00+00:00"
        assert sent(service, 2)["filter"]["openedSince"] == "2000-12-29T00:00:00+00:00"
    assert (code, "younger than 3 days; the first blocks from 2001-01-02" in out) == (0, True)


@pytest.mark.parametrize(
    "reason, told",
    [
        ("MISSING_PERMISSION", "only the CI token of shop may ask the gate"),
        ("ID_USED", "It is ID_USED."),
    ],
)
def test_what_the_gate_refuses_is_told_with_what_to_do(reason: str, told: str) -> None:
    with scripted(refused("addForcesExecution", reason)) as service:
        code, out, err = run(service.address, "gate")
    assert (code, out, told in err) == (2, "", True)


@pytest.mark.parametrize("new, code", [(0, 0), (1, 1)])
@pytest.mark.usefixtures("scan")
def test_a_comparison_fails_on_what_is_new_when_it_shall(new: int, code: int) -> None:
    counts = {"new": new, "reopened": 0, "moved": 0, "fixed": 3, "unchanged": 1}
    payload = data(compareScan={"comparison": {**counts, "items": [], "problems": []}, "errors": []})
    with scripted(ROOTS, payload) as service:
        assert run(service.address, *COMPARE)[:2] == (0, f"{new} new  0 reopened  0 moved  3 fixed  1 unchanged\n")
    with scripted(ROOTS, payload) as service:
        assert run(service.address, *COMPARE, "--fail-on-new", "--json")[0] == code


def test_pauses_are_short_enough_for_tests() -> None:
    """The tests above sleep for real, a few times."""
    assert FIRST_PAUSE <= 1
