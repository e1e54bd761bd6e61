"""The exports of a group or a root: who gets them, with which headers, and in which editions (domain section 33)."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

import httpx
import pytest
from msgspec.structs import replace
from packages.server.tests.conftest import ADA, ORIGIN, URI, World, new_world
from packages.server.tests.test_server_ci_token import ci_token

from integrates.api.exports import load
from integrates.api.exports.document import ExportFormat
from integrates.api.exports.registry import FORMATS
from integrates.db_model.entity import read
from integrates.db_model.store.port import Item, Key, Page, Query
from integrates.db_model.vex_documents.facet import VEX_DOCUMENT, vex_document_key
from integrates.db_model.vex_documents.types import VexFormat
from integrates.server.http.routes.export import NOTHING, wanted_of
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
NOBODY = "99999999-9999-4999-8999-999999999999"


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


async def git_root(world: World, group: str = "webshop") -> Mapping[str, str]:
    roots = (await asked(world, ROOTS, group=group))["group"]["roots"]
    found: Mapping[str, str] = next(root for root in roots if root.get("url"))
    return found


async def scanned(world: World, group: str = "webshop") -> Mapping[str, str]:
    """Import two vulnerable packages into a GIT root of a group, and return the root."""
    root = await git_root(world, group)
    operations = {"query": IMPORT, "variables": {"file": None, "group": group, "root": root["id"]}}
    form = {"operations": json.dumps(operations), "map": json.dumps({"0": ["variables.file"]})}
    headers = {**await bearer(world), "graphql-require-preflight": "1"}
    async with world.client() as client:
        answer = await client.post("/api", data=form, files={"0": ("trivy.json", SCAN)}, headers=headers)
    assert answer.json()["data"]["importVulnerabilities"] == {"import": {"state": "COMPLETED"}, "errors": []}
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


UNSEEN = [
    "/export/cargo.openvex.json",
    "/export/nowhere.openvex.json",
    "/export/webshop.openvex",
    "/export/webshop",
    "/export/.openvex.json",
    "/export/webshop.OPENVEX.JSON",
    "/export/webshop%00.openvex.json",
    f"/export/{'a' * 5_000}.openvex.json",
    f"/export/webshop.openvex.json?root={'a' * 5_000}",
    f"/export/webshop.openvex.json?root={NOBODY}",
    "/export/webshop.openvex.json?root=nothing",
    "/export/webshop.openvex.json?root=",
    "/export/webshop.openvex.json?root=%00",
]


async def test_what_one_may_not_see_is_like_what_does_not_exist(world: World) -> None:
    await scanned(world)
    foreign = await git_root(world, "payments")
    cargo = (await asked(world, ROOTS, group="cargo"))["group"]["roots"][0]
    paths = [*UNSEEN, *(f"/export/webshop.openvex.json?root={root['id']}" for root in (foreign, cargo))]
    answers = [await fetched(world, path, URI) for path in paths]
    assert {path: answer.status_code for path, answer in zip(paths, answers, strict=True)} == dict.fromkeys(paths, 404)
    ids = {answer.headers["x-request-id"] for answer in answers}
    bodies = {answer.text.replace(answer.headers["x-request-id"], "") for answer in answers}
    assert (len(bodies), len(ids)) == (1, len(answers))
    async with world.client() as client:
        assert (await client.get("/export/webshop.openvex.json")).status_code == 404
    assert (await fetched(world, "/export/webshop.openvex.json", URI)).status_code == 200


@pytest.mark.parametrize("kind", FORMATS)
async def test_the_identity_of_a_pipeline_gets_what_names_nobody(world: World, kind: ExportFormat) -> None:
    await scanned(world)
    _, _, text = await ci_token(world)
    async with world.client(headers={"authorization": f"Bearer {text}"}) as client:
        own = await client.get(f"/export/webshop.{kind.value}")
        others = await client.get(f"/export/payments.{kind.value}")
    assert (own.status_code, others.status_code) == (403 if FORMATS[kind].has_history else 200, 404)


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


async def test_thirty_a_minute(world: World) -> None:
    headers = await bearer(world)
    async with world.client() as client:
        codes = [(await client.get("/export/nowhere.csv", headers=headers)).status_code for _ in range(31)]
    assert codes == [*[404] * 30, 429]
    assert (await fetched(world, "/export/nowhere.csv", URI)).status_code == 404


async def test_one_caller_has_a_share_of_what_is_made_at_once(world: World) -> None:
    await scanned(world)
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        if any(each.pattern == "vulnerabilities_of_root" for each in queries):
            entered.set()
            await go_on.wait()
        return await world.store.query(queries)

    slow = World(replace(world.store, query=query), Settings(local_login=True))
    mine, others = await bearer(world), await bearer(world, URI)
    async with slow.client() as client:
        first = asyncio.create_task(client.get("/export/webshop.openvex.json", headers=mine))
        await entered.wait()
        refused = await client.get("/export/webshop.openvex.json", headers=mine)
        entered.clear()
        other = asyncio.create_task(client.get("/export/webshop.openvex.json", headers=others))
        await entered.wait()
        go_on.set()
        assert [(await each).status_code for each in (first, other)] == [200, 200]
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert (await client.get("/export/webshop.openvex.json", headers=mine)).status_code == 200


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
    found = wanted_of("webshop.cdx.json", {"root": "backend", "anonymous": "true"}, ORIGIN, "Example")
    assert found is not None
    assert (found.format, found.group_name, found.root, found.is_anonymous) == (
        ExportFormat.CYCLONEDX_VEX,
        "webshop",
        "backend",
        True,
    )
    other = wanted_of("webshop.cdx.json", {"anonymous": "1"}, ORIGIN, None)
    assert other is not None
    assert (other.root, other.is_anonymous) == (None, False)


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


async def test_what_is_foreign_takes_as_many_calls_as_what_does_not_exist(world: World) -> None:
    foreign = (await asked(world, ROOTS, group="cargo"))["group"]["roots"][0]
    calls: list[str] = []

    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        calls.append("get")
        return await world.store.get(keys)

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        calls.append("query")
        return await world.store.query(queries)

    counted = World(replace(world.store, get=get, query=query), Settings(local_login=True))
    headers = await bearer(world, URI)
    found: dict[str, int] = {}
    async with counted.client(headers=headers) as client:
        for path in (
            "cargo.openvex.json",
            "nowhere.openvex.json",
            f"webshop.openvex.json?root={foreign['id']}",
            f"webshop.openvex.json?root={NOBODY}",
        ):
            calls.clear()
            assert (await client.get(f"/export/{path}")).status_code == 404
            found[path] = len(calls)
    foreign_group, no_group, foreign_root, no_root = found.values()
    assert (foreign_group, foreign_root) == (no_group, no_root)
