"""Starting again after an edit, of the code or of the demo data."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import Caller, Running, Serve, eventually, free_port

pytestmark = pytest.mark.functional

ADA = "ada@demo.example"
REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("db_model", "api", "server")


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A copy of the packages to edit, for a service that imports it instead of the installed ones."""
    folder = tmp_path / "edited"
    for package in PACKAGES:
        shutil.copytree(str(files(f"integrates.{package}")), folder / "integrates" / package)
    return folder


def replace(file: Path, text: str) -> None:
    assert file.is_file(), f"{file} has moved: nobody would notice what is written there"
    file.write_text(text)


def page(running: Running) -> str:
    with running.client() as client:
        return client.get("/").text


def role(running: Running, token: str) -> str | None:
    """The role of a token's owner, ``None`` when the token is not known."""
    with running.client(token) as client:
        answer = client.post("/api", json={"query": "{ me { role } }"})
        return answer.json()["data"]["me"]["role"] if answer.status_code == 200 else None


def demote(design: Path) -> None:
    document: Any = json.loads(design.read_text())
    facets = (facet for table in document["DataModel"] for facet in table["TableFacets"])
    people = next(facet for facet in facets if facet["FacetName"] == "stakeholder")["TableData"]
    ada = next(person for person in people if person["pk"]["S"] == f"USER#{ADA}")
    ada["access"]["M"]["role"]["S"] = "user"
    design.write_text(json.dumps(document))


def test_an_edit_of_the_code_is_served_and_the_demo_kept(serve: Serve, edited: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(edited))
    running = serve("--demo", "--reload", "--port", str(free_port()), PYTHONPATH=str(edited))
    token = running.token(ADA)
    server = edited / "integrates" / "server"
    replace(server / "pages" / "templates" / "landing.html", "<p>edited page {{ version }}</p>")
    eventually(lambda: "edited page" in page(running))
    replace(server / "version.py", 'def version() -> str:\n    return "of the test"\n')
    eventually(lambda: "edited page of the test" in page(running))
    assert role(running, token) == "ADMIN"

    schema = edited / "integrates" / "api" / "schema.graphql"
    sound = schema.read_text()
    schema.write_text(f"{sound}\nthis is no schema\n")
    eventually(lambda: not answers(running))
    schema.write_text(sound)
    eventually(lambda: answers(running))
    assert role(running, token) == "ADMIN"

    demote(edited / "integrates" / "db_model" / "store" / "design.json")
    eventually(lambda: role(running, token) is None)
    eventually(lambda: answers(running))
    assert role(running, running.token(ADA)) == "USER"
    assert running.stop() == 0


def answers(running: Running) -> bool:
    try:
        page(running)
    except httpx.HTTPError:
        return False
    return True


WEBSHOP = '{ group(name: "webshop") { userRole permissions } }'


def test_the_role_in_the_exported_design_is_what_a_person_may_do(
    serve: Serve, edited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(edited))
    _assert_role_changes(serve, edited, tmp_path, lambda: demote(edited / "integrates" / "db_model" / "store" / "design.json"))


@pytest.mark.cue
@pytest.mark.skipif(shutil.which("cue") is None, reason="the program cue is not installed")
def test_the_role_in_cue_is_what_a_person_may_do(
    serve: Serve, edited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(edited))

    def edit_and_export() -> None:
        shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")
        source = tmp_path / "schemas/tables/integrates_vms/facets/stakeholder/demo.cue"
        text = source.read_text()
        assert text.count('"admin"') == 1
        source.write_text(text.replace('"admin"', '"user"'))
        carried = tmp_path / "packages/db_model/src/integrates/db_model/store/design.json"
        carried.parent.mkdir(parents=True)
        subprocess.run([sys.executable, "schemas/export.py"], cwd=tmp_path, check=True)
        shutil.copy(carried, edited / "integrates" / "db_model" / "store" / "design.json")

    _assert_role_changes(serve, edited, tmp_path, edit_and_export)


def _assert_role_changes(serve: Serve, edited: Path, folder: Path, edit: Callable[[], None]) -> None:
    before = _seen(serve("--demo", folder=folder, PYTHONPATH=str(edited)))
    edit()
    after = _seen(serve("--demo", folder=folder, PYTHONPATH=str(edited)))
    assert (before["role"], after["role"]) == ("ADMIN", "USER")
    assert before["webshop"]["userRole"] == "GROUP_MANAGER"
    assert "root:add" in before["webshop"]["permissions"]
    assert after["webshop"] is None


def _seen(running: Running) -> dict[str, Any]:
    """What ada is and sees; the service is stopped afterwards."""
    with running.client(running.token(ADA)) as client:
        ada = Caller(client)
        seen = {"role": ada.ask("{ me { role } }")["me"]["role"], "webshop": ada.ask(WEBSHOP)["group"]}
    assert running.stop() == 0
    return seen
