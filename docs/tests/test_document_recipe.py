"""Runs the shell of the recipes for CI systems as these would, against a service with demo data."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import JUnitXml
from tests.serving import COMMAND, Running, serving

PAGE = Path(__file__).parents[1] / "how-to/import-from-ci.md"
SCAN = """#!/bin/sh
# stands for a scanner: scan --sarif FILE
cp "$REPORT" "$2"
"""
SHA = "3f2c1a9d0e4b5a6978c1d2e3f40516273849a0b1"
GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": SHA}
GITLAB = {"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/shop", "CI_COMMIT_SHA": SHA}
JENKINS = {"JENKINS_URL": "https://ci.example/", "GIT_COMMIT": SHA, "GIT_URL": "https://git.example/acme/shop.git"}
EXECUTIONS = """{ group(name: "webshop") { forcesExecutions(first: 1) { nodes {
  exitCode gitRepo gitBranch gitCommit root { nickname } } } } }"""


def block(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def recipes() -> tuple[dict[Any, Any], dict[Any, Any], str]:
    github, gitlab = (yaml.safe_load(text) for text in block("yaml"))
    (jenkins,) = block("groovy")
    return github, gitlab, jenkins


class Pipeline:
    """A folder with a scanner and a report, in which the steps of a recipe run one after the other."""

    def __init__(self, folder: Path, service: Running, token: str) -> None:
        self.folder = folder
        programs = folder / "bin"
        programs.mkdir()
        (programs / "scan").write_text(SCAN)
        (programs / "integrates").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m integrates.server.cli "$@"\n')
        for program in programs.iterdir():
            program.chmod(0o755)
        self.report = folder / "report.json"
        self.environ = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "REPORT": str(self.report),
            "INTEGRATES_TOKEN": token,
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
        }
        self.service = service

    def scanned(self, *files: str) -> None:
        places = [{"physicalLocation": {"artifactLocation": {"uri": file}}} for file in files]
        results = [{"ruleId": "no-eval", "message": {"text": "eval"}, "locations": [place]} for place in places]
        tool = {"driver": {"name": f"Linter of {self.folder.name}"}}
        self.report.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": results}]}))

    def run(self, script: str, told: Mapping[str, str], system: Mapping[str, str]) -> tuple[int, str]:
        """The exit code and the output of a step, with what the recipe puts into its environment."""
        environ = {**self.environ, **told, **system, "INTEGRATES_TOKEN": self.environ["INTEGRATES_TOKEN"]}
        done = subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=self.folder,
            env={**environ, "INTEGRATES_URL": self.service.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("recipes"), "--demo") as running:
        yield running


@pytest.fixture(scope="module")
def token(service: Running) -> str:
    assert COMMAND[0] == sys.executable
    return service.ci_token("webshop")


@pytest.fixture
def pipeline(tmp_path: Path, service: Running, token: str) -> Pipeline:
    return Pipeline(tmp_path, service, token)


def last_execution(service: Running, token: str) -> Any:
    with service.client(token) as client:
        answer = client.post("/api", json={"query": EXECUTIONS}).json()
    (found,) = answer["data"]["group"]["forcesExecutions"]["nodes"]
    return found


def steps_of(github: dict[Any, Any], event: str) -> list[str]:
    """The scripts that GitHub runs for an event, as far as the conditions of the recipe go."""
    steps = github["jobs"]["scan"]["steps"]
    return [step["run"] for step in steps if "run" in step and ("if" not in step or f"== '{event}'" in step["if"])]


def test_the_recipe_for_github_tells_a_pull_request_what_it_brings_in(pipeline: Pipeline) -> None:
    github, _, _ = recipes()
    pipeline.scanned("src/new.js")
    scan, compare = steps_of(github, "pull_request")
    system = {**GITHUB, "GITHUB_HEAD_REF": "cart", "GITHUB_REF": "refs/pull/7/merge"}
    assert pipeline.run(scan, github["env"], system) == (0, "")
    code, out = pipeline.run(compare, github["env"], system)
    assert (code, out.splitlines()[0], out.splitlines()[-1]) == (
        1,
        "New (1)",
        "1 new  0 reopened  0 moved  0 fixed  0 unchanged",
    )
    uploads = [step["with"]["sarif_file"] for step in github["jobs"]["scan"]["steps"] if "with" in step]
    written = json.loads((pipeline.folder / uploads[0]).read_text())
    assert [result["baselineState"] for result in written["runs"][0]["results"]] == ["new"]


def test_the_recipe_for_github_lets_the_gate_decide_about_a_push(pipeline: Pipeline, service: Running, token: str) -> None:
    github, _, _ = recipes()
    assert sorted(github[True]) == ["pull_request", "push"], "`on` is a word for yes in YAML 1.1"
    pipeline.scanned("src/a.js", "src/b.js")
    system = {**GITHUB, "GITHUB_REF": "refs/heads/main"}
    scan, gate = steps_of(github, "push")
    for expected in ("2", "0"):
        assert pipeline.run(scan, github["env"], system) == (0, "")
        code, out = pipeline.run(gate, github["env"], system)
        assert (code, out.splitlines()[1].split()[1], out.splitlines()[-1]) == (0, expected, "PASS  nothing breaks this build")
    assert [case.name for suite in JUnitXml.fromfile(str(pipeline.folder / "gate.xml")) for case in suite] == ["gate"]
    told = {"exitCode": 0, "gitRepo": "acme/shop", "gitBranch": "main", "gitCommit": SHA, "root": {"nickname": "frontend"}}
    assert last_execution(service, token) == told


def test_the_recipe_for_gitlab_closes_nothing_on_another_branch(pipeline: Pipeline, service: Running, token: str) -> None:
    _, gitlab, _ = recipes()
    script = "\n".join(gitlab["gate"]["script"])
    pipeline.scanned("src/c.js", "src/d.js")
    code, out = pipeline.run(script, gitlab["variables"], {**GITLAB, "CI_COMMIT_BRANCH": "main"})
    assert (code, out.splitlines()[1].split()[1:]) == (0, ["2", "0", "0", "0", "0", "0"])
    pipeline.scanned("src/c.js")
    merge = {**GITLAB, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "cart"}
    code, out = pipeline.run(script, gitlab["variables"], merge)
    assert (code, "this is the branch cart, not main" in out, last_execution(service, token)["gitBranch"]) == (0, True, "cart")
    code, out = pipeline.run(script, gitlab["variables"], {**GITLAB, "CI_COMMIT_BRANCH": "main"})
    assert (code, "1 vulnerability closed that it no longer reports" in " ".join(out.split())) == (0, True)
    artifacts = gitlab["gate"]["artifacts"]
    assert all((pipeline.folder / name).is_file() for name in [*artifacts["paths"], artifacts["reports"]["junit"]])


def test_the_recipe_for_jenkins_breaks_a_build(pipeline: Pipeline, service: Running, token: str) -> None:
    _, _, jenkins = recipes()
    told = dict(re.findall(r"^ +(\w+) = '(.*)'$", jenkins, re.MULTILINE))
    pipeline.scanned("src/e.js")
    scan, gate = re.findall(r"\bsh '(.*)'", jenkins)
    system = {**JENKINS, "GIT_BRANCH": "origin/main"}
    assert pipeline.run(scan, told, system)[0] == 0
    assert pipeline.run(gate, told, system)[0] == 0
    code, out = pipeline.run(gate, {**told, "INTEGRATES_ROOT": "backend"}, system)
    assert (code, out.splitlines()[-1].startswith("BREAK  ")) == (1, True)
    (report,) = re.findall(r"\bjunit '(.*)'", jenkins)
    (suite,) = JUnitXml.fromfile(str(pipeline.folder / report))
    assert suite.failures == len(list(suite)) > 1
    found = last_execution(service, token)
    assert (found["exitCode"], found["gitRepo"], found["gitBranch"]) == (1, "acme/shop", "main")
    assert jenkins.count("{") == jenkins.count("}")


def test_a_dead_token_decides_nothing(pipeline: Pipeline) -> None:
    _, gitlab, _ = recipes()
    pipeline.scanned("src/f.js")
    pipeline.environ["INTEGRATES_TOKEN"] = "itg_dead"
    code, out = pipeline.run("\n".join(gitlab["gate"]["script"]), gitlab["variables"], GITLAB)
    assert (code, out.count("\n"), "does not accept the token" in out) == (2, 1, True)
