"""Runs the examples of the handbook.

Each page is one story, whose blocks share what they name, from top to bottom. Python blocks run as they stand. The shell
blocks of the pages in `STORIES` run against a service with demo data; a block of JSON, or of `output`, after one is what it
should print.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from integrates.server.pipeline.fact import SYSTEMS

ANY = "…"
"""In an expected answer: whatever stands there."""
ADDRESS = "localhost:8001"
STORIES = [
    "tutorial.md",
    "call-the-api-with-curl.md",
    "import-from-ci.md",
    "accept-a-vulnerability-for-good.md",
    "check-what-was-repaired.md",
    "work-at-the-command-line.md",
]
"""Pages that talk to a service."""
PROGRAMS = ["add-a-store-adapter.md", "use-the-model-in-a-batch-job.md", "write-a-client-in-python.md"]
"""Pages whose blocks are files, which `tests/test_document_example.py` saves and runs, and the tests of clients."""
BEFORE = "set -aeuo pipefail; [ ! -f {names} ] || . ./{names}; trap 'declare -f > {names}; export -p >> {names}' EXIT\n"
"""Takes over the functions and variables of the blocks before on the page, and leaves them to those after."""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Return the folder and the address of a service that was started as the tutorial expects."""
    folder = tmp_path_factory.mktemp("tutorial")
    program = folder / ".nox/serve/bin/integrates"
    program.parent.mkdir(parents=True)
    program.symlink_to(Path(sys.executable).with_name("integrates"))
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [program, "serve", "--demo", "--port", "0"], cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            yield folder, address(process)
        finally:
            process.terminate()


def address(process: subprocess.Popen[str]) -> str:
    """Return the host and port that a starting service announces."""
    for line in process.stdout or ():
        if found := re.search(r"http://(localhost:\d+)", line):
            return found[1]
    raise AssertionError("the service did not start; its log is in the folder of the test")


def run_shell(example: Example) -> None:
    """Run a block in the folder of the service, and keep what it prints for the JSON block that follows."""
    folder, host = example.namespace["service"]
    script = BEFORE.format(names=f".names-{Path(example.path).stem}") + example.parsed.replace(ADDRESS, host)
    signs = {system.sign[0] for system in SYSTEMS}  # in which the commands would find the branch of what runs these tests
    own = {name: value for name, value in os.environ.items() if name not in signs}
    environ = own | {"INTEGRATES_CONFIG": str(folder / "logins" / "config.json")}
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    example.namespace["printed"] = done.stdout


def compare(example: Example) -> None:
    """Compare a JSON block with what the shell block before it printed, less the cost that every answer tells."""
    found = {name: value for name, value in json.loads(example.namespace["printed"]).items() if name != "extensions"}
    expected = json.loads(example.parsed)
    assert blanked(found, expected) == expected


def compare_text(example: Example) -> None:
    """Compare a block of output with what the shell block before it printed."""
    assert example.namespace["printed"].rstrip() == example.parsed.rstrip()


def blanked(found: Any, expected: Any) -> Any:
    """Return what was found, with the sign for "whatever" where it is expected."""
    match found, expected:
        case _, "…":
            return ANY
        case dict(), dict():
            return {name: blanked(value, expected.get(name)) for name, value in found.items()}
        case list(), list() if len(found) == len(expected):
            return [blanked(*pair) for pair in zip(found, expected, strict=True)]
        case _:
            return found


TOLD = Sybil(
    parsers=[
        CodeBlockParser(language="sh", evaluator=run_shell),
        CodeBlockParser(language="json", evaluator=compare),
        CodeBlockParser(language="output", evaluator=compare_text),
    ],
    patterns=STORIES,
    fixtures=["service"],
)
OTHERS = Sybil(parsers=[PythonCodeBlockParser()], patterns=["*.md"], excludes=[*STORIES, *PROGRAMS])
pytest_collect_file = (TOLD + OTHERS).pytest()
