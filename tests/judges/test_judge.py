"""What programs of strangers find that judge services of any make. `nox -s judges` installs them and says where they are."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.serving import Caller, Running, serving

pytestmark = pytest.mark.functional

HERE = Path(__file__).parent
AUDITS = 61
"""So many has the version of graphql-http in package.json."""
EXAMPLES = 25
"""Requests of each kind that Schemathesis makes up for each query and mutation."""
PATIENCE = 300
DEMO = """{ me {
  organizations { id }
  groups {
    name roots { id } imports { nodes { id } }
    findings { nodes { id } } vulnerabilities(first: 20) { nodes { id } }
  }
} }"""


def installed(variable: str) -> str:
    path = os.environ.get(variable)
    if path is None:
        pytest.skip(f"{variable} does not name a judge (nox -s judges does, where there is one)")
    return path


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with the demo for judges to change, which ask more often than a person may."""
    with serving(tmp_path_factory.mktemp("judged"), "--demo", INTEGRATES_API_RATE="1000000") as running:
        yield running


@pytest.fixture(scope="module")
def token(judged: Running) -> str:
    return judged.token("ada@demo.example")


def ended(*command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_graphql_over_http_is_spoken_as_its_audits_ask(judged: Running, token: str, tmp_path: Path) -> None:
    modules = installed("INTEGRATES_TEST_NODE_MODULES")
    node = shutil.which("node") or "node"
    done = ended(node, str(HERE / "audit.cjs"), f"{judged.url}/api", folder=tmp_path, TOKEN=token, NODE_PATH=modules)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one for one in found if one["status"] != "ok"] == []
    assert len(found) == AUDITS


def ids(nodes: list[Mapping[str, Any]]) -> list[str]:
    return [node["id"] for node in nodes]


def dictionaries(judged: Running, token: str) -> dict[str, list[Any]]:
    """What the demo has, for questions about it."""
    with judged.client(token) as client:
        me = Caller(client).ask(DEMO)["me"]
    groups = me["groups"]
    return {
        "first": [1, 2, 3],
        "organization": ids(me["organizations"]),
        "group": [group["name"] for group in groups],
        "root": ids([root for group in groups for root in group["roots"]]),
        "import": ids([node for group in groups for node in group["imports"]["nodes"]]),
        "finding": ids([node for group in groups for node in group["findings"]["nodes"]]),
        "vulnerability": ids([node for group in groups for node in group["vulnerabilities"]["nodes"]]),
    }


def test_no_made_up_request_makes_the_service_fail(judged: Running, token: str, tmp_path: Path) -> None:
    """Valid and invalid ones of the whole schema: the first are executed or refused, the second are refused."""
    program = installed("INTEGRATES_TEST_SCHEMATHESIS")
    known = dictionaries(judged, token)
    assert all(known.values()), known
    values = "".join(f"[dictionaries.{name}]\nvalues = {json.dumps(found)}\n" for name, found in known.items())
    (tmp_path / "schemathesis.toml").write_text((HERE / "schemathesis.toml").read_text() + values)
    done = ended(
        *(program, "run", f"{judged.url}/api", "--header", f"Authorization: Bearer {token}"),
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),  # GraphQL cannot say how large a page may be
        *("--max-examples", str(EXAMPLES), "--seed", "1", "--generation-database", "none", "--continue-on-failure"),
        folder=tmp_path,
        SCHEMATHESIS_HOOKS="hook",
        PYTHONPATH=str(HERE),
    )
    assert done.returncode == 0, done.stdout
    statuses = [line["status"] for line in judged.log() if line["route"] == "/api"]
    assert max(statuses) < 500
    assert statuses.count(200) > statuses.count(400)
