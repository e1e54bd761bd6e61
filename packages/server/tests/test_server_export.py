"""The exports of a group or a root: who gets them, with which headers, and in which editions (domain section 33)."""

import json
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from typing import Any
from weakref import WeakKeyDictionary

import httpx
import pytest
from packages.server.tests.conftest import ADA, ORIGIN, World, new_world
from packages.server.tests.upload import form

from integrates.api.exports import load
from integrates.api.exports.document import ExportFormat
from integrates.api.exports.registry import FORMATS
from integrates.db_model.entity import read
from integrates.db_model.vex_documents.facet import VEX_DOCUMENT, vex_document_key
from integrates.db_model.vex_documents.types import VexFormat
from integrates.server.http.routes.export import NOTHING, UNREAD, wanted_of
from integrates.server.settings import Settings, public_url_of

IMPORT = """mutation ($file: Upload!, $group: ID!, $root: ID!) {
  importVulnerabilities(groupName: $group, rootId: $root, file: $file) { import { state } errors { code reason message } } }"""
ROOTS = "query ($group: ID!) { group(name: $group) { roots { id nickname ... on GitRoot { url } } } }"
LIST = "query ($group: ID!) { group(name: $group) { vulnerabilities(filter: {types: [PACKAGES]}) { nodes { id } } } }"
TREAT = """mutation ($id: ID!) {
  updateVulnerabilitiesTreatment(items: [{id: $id}], treatment: IN_PROGRESS, justification: "Somebody repairs it.") {
    errors { code reason } } }"""
REMOVE = """mutation ($id: ID!) {
  removeVulnerabilities(items: [{id: $id}], justification: DUPLICATED) { errors { code reason } } }"""
VEX = [each for each, form in FORMATS.items() if form.vex]


def package(number: int) -> dict[str, Any]:
    purl = f"pkg:npm/package-{number}@1.0.{number}"
    return {
        "VulnerabilityID": f"CVE-2024-100{number}",
        "PkgName": f"package-{number}",
        "PkgIdentifier": {"PURL": purl},
        "InstalledVersion": f"1.0.{number}",
        "FixedVersion": "2.0.0",
        "Status": "fixed",
        "Severity": "HIGH",
        "Title": "A weakness",
    }


SCAN = json.dumps(
    {
        "SchemaVersion": 2,
        "ArtifactName": ".",
        "Results": [{"Target": "package-lock.json", "Class": "lang-pkgs", "Vulnerabilities": [package(1), package(2)]}],
    }
).encode()


TOKENS: WeakKeyDictionary[World, dict[str, str]] = WeakKeyDictionary()
"""The tokens of people in each world, who may have five."""


async def bearer(world: World, email: str = ADA) -> dict[str, str]:
    known = TOKENS.setdefault(world, {})
    known[email] = known.get(email) or await world.token(email)
    return {"authorization": f"Bearer {known[email]}"}


async def asked(world: World, query: str, **variables: Any) -> Any:
    async with world.client() as client:
        answer = await client.post("/api", json={"query": query, "variables": variables}, headers=await bearer(world))
    return answer.json()["data"]


async def sent(world: World, query: str, name: str, content: bytes, **variables: Any) -> Any:
    """Ask with a file, which is the variable ``$file``, and return the data."""
    headers = {**await bearer(world), "graphql-require-preflight": "1"}
    async with world.client() as client:
        answer = await client.post("/api", **form(query, variables, content, name), headers=headers)
    return answer.json()["data"]


async def git_root(world: World, group: str = "webshop") -> Mapping[str, str]:
    roots = (await asked(world, ROOTS, group=group))["group"]["roots"]
    found: Mapping[str, str] = next(root for root in roots if root.get("url"))
    return found


async def scanned(world: World, group: str = "webshop") -> Mapping[str, str]:
    """Import two vulnerable packages into a GIT root of a group, and return the root."""
    root = await git_root(world, group)
    made = await sent(world, IMPORT, "trivy.json", SCAN, group=group, root=root["id"])
    assert made == {"importVulnerabilities": {"import": {"state": "COMPLETED"}, "errors": []}}
    return root


async def fetched(world: World, path: str, email: str = ADA, method: str = "GET", **headers: str) -> httpx.Response:
    async with world.client() as client:
        return await client.request(method, path, headers={**await bearer(world, email), **headers})


@pytest.mark.parametrize("kind", FORMATS)
async def test_each_format_of_a_group_and_of_a_root(world: World, kind: ExportFormat) -> None:
    root = await scanned(world)
    whole = await fetched(world, f"/export/webshop.{kind.value}")
    assert (whole.status_code, whole.headers["content-type"].partition(";")[0]) == (
        200,
        FORMATS[kind].media_type.partition(";")[0],
    )
    assert whole.headers["content-disposition"] == f'attachment; filename="webshop.{kind.value}"'
    assert whole.headers["cache-control"] == "private, no-cache"
    assert whole.headers["cross-origin-resource-policy"] == "same-origin"
    assert int(whole.headers["content-length"]) == len(whole.content)
    by_id = await fetched(world, f"/export/webshop.{kind.value}?root={root['id']}")
    by_name = await fetched(world, f"/export/webshop.{kind.value}?root={root['nickname']}")
    assert by_id.content == by_name.content
    assert f"webshop-{root['nickname']}.{kind.value}" in by_id.headers["content-disposition"]
    assert b"package-1" in by_id.content


async def test_openvex_says_what_is_there(world: World) -> None:
    root = await scanned(world)
    made = (await fetched(world, f"/export/webshop.openvex.json?root={root['id']}")).json()
    assert (made["author"], made["version"], made["@id"].startswith(f"{ORIGIN}/vex/")) == ("aurora", 1, False)
    assert made["@id"].startswith("http://127.0.0.1:8001/vex/")
    assert [one["vulnerability"]["name"] for one in made["statements"]] == ["CVE-2024-1001", "CVE-2024-1002"]


@pytest.mark.parametrize("kind", VEX)
async def test_equal_content_is_equal_bytes_and_another_is_an_edition(world: World, kind: ExportFormat) -> None:
    await scanned(world)
    first = await fetched(world, f"/export/webshop.{kind.value}")
    world.now += timedelta(days=1)
    assert (await fetched(world, f"/export/webshop.{kind.value}")).content == first.content
    (one, _) = (await asked(world, LIST, group="webshop"))["group"]["vulnerabilities"]["nodes"]
    assert await asked(world, TREAT, id=one["id"]) == {"updateVulnerabilitiesTreatment": {"errors": []}}
    second = await fetched(world, f"/export/webshop.{kind.value}")
    assert second.content != first.content
    stored = await read.get(world.store, VEX_DOCUMENT, vex_document_key("webshop", None, VexFormat[kind.name]))
    assert stored is not None
    assert (stored.version, stored.edition.document_version, stored.created_by) == (2, 2, ADA)
    assert (await fetched(world, f"/export/webshop.{kind.value}")).content == second.content


async def test_what_has_not_changed_is_not_sent_again(world: World) -> None:
    await scanned(world)
    first = await fetched(world, "/export/webshop.openvex.json")
    tag = first.headers["etag"]
    again = await fetched(world, "/export/webshop.openvex.json", **{"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await fetched(world, "/export/webshop.openvex.json", **{"if-none-match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)
    head = await fetched(world, "/export/webshop.openvex.json", method="HEAD")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


async def test_who_is_meant_is_left_out_when_that_is_asked_for(world: World) -> None:
    await scanned(world)
    named, anonymous = [await fetched(world, f"/export/webshop.json{query}") for query in ("", "?anonymous=true")]
    assert (named.status_code, anonymous.status_code) == (200, 200)
    assert (ADA in named.text, ADA in anonymous.text, "person-1" in anonymous.text) == (True, False, True)


@pytest.mark.parametrize("kind", FORMATS)
async def test_a_group_without_packages(world: World, kind: ExportFormat) -> None:
    answer = await fetched(world, f"/export/archive.{kind.value}")
    if FORMATS[kind].may_be_empty:
        assert answer.status_code == 200
        return
    assert answer.status_code == 409
    assert NOTHING in answer.text


async def test_too_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await scanned(world)
    monkeypatch.setattr(load, "MAX_EXPORTED", 2)
    assert (await fetched(world, "/export/webshop.openvex.json")).status_code == 200
    monkeypatch.setattr(load, "MAX_EXPORTED", 1)
    answer = await fetched(world, "/export/webshop.openvex.json")
    assert answer.status_code == 413
    assert "at most 1 vulnerabilities" in answer.text


async def test_the_address_and_the_author_are_set() -> None:
    world = await new_world(public_url="https://vex.example/base/", vex_author="Example Corp")
    await scanned(world)
    made = (await fetched(world, "/export/webshop.csaf.json")).json()["document"]
    assert made["publisher"] == {"category": "vendor", "name": "Example Corp", "namespace": "https://vex.example/base"}
    before = (await fetched(await new_world(), "/export/webshop.cdx.json")).json()["serialNumber"]
    assert before != (await fetched(world, "/export/webshop.cdx.json")).json()["serialNumber"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), "http://127.0.0.1:8001"),
        (Settings(host="::1", port=80), "http://[::1]:80"),
        (Settings(origin="https://integrates.example"), "https://integrates.example"),
        (Settings(origin="https://integrates.example", public_url="https://vex.example/"), "https://vex.example"),
    ],
)
def test_the_public_address(settings: Settings, expected: str) -> None:
    assert public_url_of(settings) == expected


def test_what_a_path_asks_for() -> None:
    found = wanted_of("webshop.cdx.json", [("root", "backend")], ORIGIN, "Example")
    assert found is not None
    assert (found.format, found.group_name, found.root, found.is_anonymous) == (
        ExportFormat.CYCLONEDX_VEX,
        "webshop",
        "backend",
        False,
    )
    answers = [wanted_of("webshop.json", [("anonymous", text)], ORIGIN, None) for text in ("true", "false")]
    assert [(one.root, one.is_anonymous) for one in answers if one] == [(None, True), (None, False)]


MISTAKEN = (
    "json?anonymous=1",
    "json?anonymous=True",
    "json?anonymous=",
    "json?anonymous=true&anonymous=false",
    "json?Anonymous=true",
    "csv?anonymous=true",
    "openvex.json?anonymous=true",
    "csv?rot=backend",
    "csv?root=backend&root=frontend",
)


async def test_a_query_with_a_mistake_gives_nothing_away(world: World) -> None:
    """Else a misspelt root would be the whole group, and a misspelt wish for no names a file full of them."""
    answers = {path: await fetched(world, f"/export/webshop.{path}") for path in MISTAKEN}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(MISTAKEN, 400)
    assert all(escape(UNREAD) in answer.text for answer in answers.values())


async def test_documents_of_the_past_stay_as_they_were(world: World) -> None:
    """The history of CSAF has all editions, with the dates of the decisions in them."""
    await scanned(world)
    await fetched(world, "/export/webshop.csaf.json")
    world.now += timedelta(days=1)
    (one, _) = (await asked(world, LIST, group="webshop"))["group"]["vulnerabilities"]["nodes"]
    await asked(world, TREAT, id=one["id"])
    world.now += timedelta(days=1)
    tracking = (await fetched(world, "/export/webshop.csaf.json")).json()["document"]["tracking"]
    assert [(each["number"], each["date"][:10]) for each in tracking["revision_history"]] == [
        ("1", "2026-06-30"),
        ("2", "2026-07-01"),
    ]
    assert (tracking["version"], tracking["current_release_date"][:10]) == ("2", "2026-07-01")


async def test_the_date_of_a_document_does_not_go_back_when_a_decision_is_gone(world: World) -> None:
    await scanned(world)
    world.now += timedelta(days=1)
    (one, _) = (await asked(world, LIST, group="webshop"))["group"]["vulnerabilities"]["nodes"]
    await asked(world, TREAT, id=one["id"])
    first = (await fetched(world, "/export/webshop.openvex.json")).json()
    assert await asked(world, REMOVE, id=one["id"]) == {"removeVulnerabilities": {"errors": []}}
    second = (await fetched(world, "/export/webshop.openvex.json")).json()
    assert [(each["version"], each["timestamp"][:10], len(each["statements"])) for each in (first, second)] == [
        (1, "2026-07-01", 2),
        (2, "2026-07-01", 1),
    ]
