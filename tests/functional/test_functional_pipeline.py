"""Pipelines against a running service: two at once, a service that stops in the middle, and what a terminal shows."""

import json
import os
import pty
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from junitparser import JUnitXml
from tests.serving import (
    CLEAN,
    COMMAND,
    PATIENCE,
    Caller,
    Place,
    Running,
    Serve,
    command,
    eventually,
    free_port,
    new_place,
    result,
    sarif,
)

from integrates.server.pipeline.fact import SYSTEMS

pytestmark = pytest.mark.functional

ADA, OLGA, STORE = "ada@demo.example", "olga@demo.example", "sqlite:///kept.db"
SCHEMA = Draft4Validator(json.loads((Path(__file__).parents[1] / "published/sarif-schema-2.1.0.json").read_text()))
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LINK = "/vulnerabilities/"
OPEN = "query ($group: ID!) { group(name: $group) { summary { open } } }"
EXECUTIONS = "query ($group: ID!) { group(name: $group) { forcesExecutions { nodes { id exitCode } } } }"


def results_of(tool: str, count: int) -> bytes:
    return sarif([result(f"rule-{number % 7}", f"src/{tool}_{number % 40}.py", number) for number in range(count)], tool)


class Pipeline:
    """A folder of its own, in which commands are run for one group and root."""

    def __init__(self, folder: Path, url: str, token: str, place: Place) -> None:
        self.folder = folder
        self.variables = {
            "INTEGRATES_URL": url,
            "INTEGRATES_TOKEN": token,
            "INTEGRATES_GROUP": place.group,
            "INTEGRATES_ROOT": place.root,
            **{system.sign[0]: "" for system in SYSTEMS},
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
        }

    def run(self, *arguments: str) -> Any:
        """What a command prints as JSON; it has to succeed."""
        done = command(*arguments, "--json", folder=self.folder, **self.variables)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=CLEAN | self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def opened(who: Caller, group: str) -> int:
    """How many vulnerabilities of the group are open."""
    return int(who.ask(OPEN, group=group)["group"]["summary"]["open"])


@pytest.fixture
def place(caller: Callable[[str], Caller], request: pytest.FixtureRequest) -> Place:
    return new_place(caller(OLGA), f"pipe-{sha256(request.node.name.encode()).hexdigest()[:8]}")


@pytest.fixture
def pipeline(demo: Running, place: Place, tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path, demo.url, demo.ci_token(place.group), place)


def test_two_pipelines_with_different_reports_both_get_through(
    pipeline: Pipeline, caller: Callable[[str], Caller], place: Place
) -> None:
    for tool in ("bandit", "semgrep"):
        (pipeline.folder / f"{tool}.sarif").write_bytes(results_of(tool, 1_500))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda tool: pipeline.run("import", f"{tool}.sarif"), ("bandit", "semgrep")))
    assert [one["imports"][0]["import"]["counts"]["created"] for one in found] == [1_500, 1_500]
    assert opened(caller(OLGA), place.group) == 3_000


def test_two_pipelines_with_the_same_report_leave_what_one_would(
    pipeline: Pipeline, caller: Callable[[str], Caller], place: Place
) -> None:
    (pipeline.folder / "scan.sarif").write_bytes(results_of("bandit", 1_500))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: pipeline.run("import", "scan.sarif"), range(2)))
    counts = [one["imports"][0]["import"]["counts"] for one in found]
    assert [count["created"] + count["unchanged"] for count in counts] == [1_500, 1_500]
    assert (opened(caller(OLGA), place.group), max(count["created"] for count in counts)) == (1_500, 1_500)


def test_two_gates_with_one_id_get_one_verdict(pipeline: Pipeline, caller: Callable[[str], Caller], place: Place) -> None:
    (pipeline.folder / "scan.sarif").write_bytes(results_of("bandit", 20))
    pipeline.run("import", "scan.sarif")
    pipeline.variables.pop("INTEGRATES_ROOT")
    asked = ("gate", "--id", "job-4711-1", "--json")
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: command(*asked, folder=pipeline.folder, **pipeline.variables), range(2))
    assert (one.returncode, one.stderr, one.stdout) == (1, "", other.stdout)
    assert json.loads(one.stdout)["execution"]["counts"]["blocking"] == 20
    assert caller(OLGA).ask(EXECUTIONS, group=place.group)["group"]["forcesExecutions"]["nodes"] == [
        {"id": "job-4711-1", "exitCode": 1}
    ]
    again = command("gate", "--id", "job-4711-1", "--lax", folder=pipeline.folder, **pipeline.variables)
    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (2, "", 1)


def test_the_ci_token_of_another_group_decides_nothing(pipeline: Pipeline, place: Place) -> None:
    done = command("gate", folder=pipeline.folder, **{**pipeline.variables, "INTEGRATES_GROUP": "webshop"})
    other = command("gate", folder=pipeline.folder, **{**pipeline.variables, "INTEGRATES_GROUP": f"{place.group}-none"})
    told = [(one.returncode, one.stdout, re.sub(r"\(request .*", "", one.stderr)) for one in (done, other)]
    assert told[0] == told[1]
    assert told[0][:2] == (2, "")


def test_a_service_that_stops_in_the_middle_and_comes_back_ends_the_import(serve: Serve, tmp_path: Path) -> None:
    port = str(free_port())
    running = serve("--store", STORE, "--port", port, INTEGRATES_ADMINS=ADA)
    token = running.token(ADA)
    with running.client(token) as client:
        place = new_place(Caller(client), "stopped")
        pipeline = Pipeline(tmp_path, running.url, token, place)
        (tmp_path / "scan.sarif").write_bytes(results_of("bandit", 6_000))
        process = pipeline.begin("import", "scan.sarif", "--json")
        eventually(lambda: opened(Caller(client), place.group) > 0)
    assert running.stop(signal.SIGTERM) == 0
    again = serve("--store", STORE, "--port", port, INTEGRATES_ADMINS=ADA)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    (row,) = json.loads(out)["imports"]
    assert (row["import"]["state"], row["import"]["counts"]["created"]) == ("COMPLETED", 6_000)
    with again.client(token) as client:
        assert opened(Caller(client), place.group) == 6_000


@pytest.fixture
def webshop(demo: Running, tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path, demo.url, demo.ci_token("webshop"), Place("aurora", "webshop", "backend"))


def on_terminal(pipeline: Pipeline, *arguments: str, **variables: str) -> tuple[int, str]:
    """The exit code and the output of a command on a terminal of 80 columns."""
    leader, follower = pty.openpty()
    read: list[bytes] = []

    def drain() -> None:
        try:
            while part := os.read(leader, 65_536):
                read.append(part)
        except OSError:  # the last process has closed its end
            return

    reader = threading.Thread(target=drain)
    reader.start()
    environ = CLEAN | pipeline.variables | {"COLUMNS": "80", "TERM": "xterm-256color"} | variables
    process = subprocess.Popen([*COMMAND, *arguments], cwd=pipeline.folder, env=environ, stdout=follower, stderr=follower)
    os.close(follower)
    code = process.wait(PATIENCE)
    reader.join()
    os.close(leader)
    return code, b"".join(read).decode().replace("\r\n", "\n")


def test_a_terminal_of_eighty_columns_shows_the_verdict_in_colour(webshop: Pipeline) -> None:
    code, shown = on_terminal(webshop, "gate")
    lines = ESCAPE.sub("", shown).splitlines()
    assert (code, lines[-1]) == (1, "BREAK  7 vulnerabilities break this build")
    assert [line for line in lines if len(line) > 80 and LINK not in line] == []
    assert "\x1b[1;7;31mBREAK" in shown or "\x1b[1;31;7mBREAK" in shown
    _, plain = on_terminal(webshop, "gate", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", plain)


def test_a_bar_of_a_terminal_leaves_nothing_behind(webshop: Pipeline) -> None:
    (webshop.folder / "scan.sarif").write_bytes(results_of("terminal", 3))
    webshop.variables["INTEGRATES_ROOT"] = "frontend"
    code, shown = on_terminal(webshop, "import", "scan.sarif")
    assert (code, ESCAPE.sub("", shown).splitlines()[-1].split()[:2]) == (0, ["scan.sarif", "3"])


def test_the_reports_of_a_verdict_are_what_their_formats_say(webshop: Pipeline) -> None:
    done = command("gate", "--sarif", "gate.sarif", "--junit", "gate.xml", folder=webshop.folder, **webshop.variables)
    assert (done.returncode, done.stderr) == (1, "")
    document = json.loads((webshop.folder / "gate.sarif").read_text())
    assert [error.message for error in SCHEMA.iter_errors(document)] == []
    links = [one["hostedViewerUri"] for one in document["runs"][0]["results"]]
    assert len(links) == 7
    assert all(link in done.stdout for link in links)
    (suite,) = JUnitXml.fromfile(str(webshop.folder / "gate.xml"))
    assert (suite.tests, suite.failures) == (8, 8)
