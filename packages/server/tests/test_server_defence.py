"""What an attacker tries against the service as it is by default."""

import asyncio
import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from packages.server.tests.conftest import ME, ORIGIN, World, new_world
from packages.server.tests.upload import form

from integrates.api.imports.work.wait import BEGINNING
from integrates.db_model.files.port import Files
from integrates.server.app import new_app
from integrates.server.http.routes.slot import share_of
from integrates.server.settings import Settings

ADD = "mutation ($name: String!) { addOrganization(name: $name) { organization { name } errors { code } } }"
FIND = "query ($name: String!) { organization(name: $name) { name } }"
IMPORT = """mutation ($file: Upload!, $group: ID!, $root: ID!) {
  importVulnerabilities(groupName: $group, rootId: $root, file: $file) { import { state } errors { code reason message } } }"""
SCAN = b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint"}}, "results": []}]}'
MIB = 1024 * 1024


async def bearer(world: World) -> dict[str, str]:
    return {"authorization": f"Bearer {await world.token()}"}


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("asked", [False, True])
async def test_what_is_no_post_changes_nothing(world: World, method: str, *, asked: bool) -> None:
    headers = await bearer(world)
    body = {"query": ADD, "variables": {"name": "by-another-method"}}
    query = {"query": ADD, "variables": json.dumps(body["variables"])} if asked else {}
    async with world.client() as client:
        answer = await client.request(method, "/api", json=body, params=query, headers=headers)
        found = await client.post("/api", json={"query": FIND, "variables": body["variables"]}, headers=headers)
    assert answer.status_code == (405 if asked else 404)
    assert found.json()["data"] == {"organization": None}


@pytest.mark.parametrize("host", ["[", "[::1", "localhost:8001:1", "", "\xe9", "a" * 5000])
async def test_a_host_that_is_none_is_nobodys_fault_but_the_callers(world: World, host: str) -> None:
    headers = [(b"host", host.encode("latin-1"))]
    async with world.client() as client:
        answers = [
            await client.get("/", headers=headers),
            await client.get("/login", params={"provider": "local"}, headers=headers),
            await client.post("/api", json=ME, headers=[*headers, (b"cookie", b"integrates_session=x")]),
        ]
    assert [answer.status_code for answer in answers][::2] == [200, 401]
    assert answers[1].status_code == 403


@pytest.mark.parametrize("email", ["x" * 5000 + "@demo.example", "a\0@b", "a@b#c", "@", "", "\ud7ff@b", "ada@demo.example|x"])
async def test_an_email_that_is_none_is_nobody(world: World, email: str) -> None:
    async with world.client() as client:
        assert (await client.get("/login", params={"provider": "local", "email": email})).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ORIGIN])
async def test_no_other_site_is_let_in_by_a_header(world: World, origin: str) -> None:
    asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    async with world.client() as client:
        answers = [await client.options("/api", headers=asked), await client.post("/api", json=ME, headers=asked)]
    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control")]


async def test_nobody_gets_to_send_a_file(world: World) -> None:
    read: list[int] = []

    async def content() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"x"

    async with world.client() as client:
        answer = await client.post("/api", content=content(), headers={"content-type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, read) == (401, [])
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_so_many_files_of_one_person_are_in_memory_at_once() -> None:
    world = await new_world(uploads=8)
    most, now, two = 0, 0, asyncio.Event()

    async def put(_key: str, _content: object) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        if now == share_of(world.service.settings.uploads):
            two.set()
        await two.wait()
        for _ in range(20):  # others would get as far as here meanwhile, if anything let them
            await asyncio.to_thread(int)
        now -= 1

    files: Files = msgspec.structs.replace(world.service.files, put=put)
    world.app = new_app(msgspec.structs.replace(world.service, files=files))
    headers = await bearer(world)
    query = {"query": "{ me { groups { name roots(state: ACTIVE) { id } } } }"}
    async with world.client(headers=headers) as client:
        groups = (await client.post("/api", json=query)).json()["data"]["me"]["groups"]
        roots = [{"group": group["name"], "root": root["id"]} for group in groups for root in group["roots"]]
        answers = await asyncio.gather(*(client.post("/api", **form(IMPORT, root, SCAN)) for root in roots))
    payloads = [answer.json()["data"]["importVulnerabilities"] for answer in answers]
    assert [payload["errors"] for payload in payloads] == [[]] * len(roots)
    assert len(roots) > most == 2


@pytest.mark.usefixtures("elapse")  # no time passes
async def test_no_import_begins_that_the_deadline_of_its_request_would_leave_unanswered() -> None:
    world = await new_world(request_seconds=BEGINNING * 0.9)
    query = {"query": '{ group(name: "webshop") { roots(state: ACTIVE) { id } imports { nodes { id } } } }'}
    headers = await bearer(world)
    async with world.client(headers=headers) as client:
        before = (await client.post("/api", json=query)).json()["data"]["group"]
        root = {"group": "webshop", "root": before["roots"][0]["id"]}
        answer = await client.post("/api", **form(IMPORT, root, SCAN))
        after = (await client.post("/api", json=query)).json()["data"]["group"]
    assert (answer.status_code, after) == (503, before)


@pytest.mark.parametrize(("beyond", "status"), [(0, 200), (1, 413)])
async def test_the_default_size_of_a_body(world: World, beyond: int, status: int) -> None:
    text = json.dumps({"query": "{ __typename }"}).encode()
    headers = {"content-type": "application/json"}
    async with world.client() as client:
        answer = await client.post("/api", content=text.ljust(MIB + beyond), headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(("beyond", "status"), [(0, 200), (1, 413)])
async def test_the_default_size_of_an_upload(world: World, beyond: int, status: int) -> None:
    headers = await bearer(world)
    async with world.client() as client:
        around = len(await client.build_request("POST", "/api", **form("{ me { email } }", {}, b"")).aread())
        content = b"x" * (21 * MIB - around + beyond)
        answer = await client.post("/api", **form("{ me { email } }", {}, content), headers=headers)
    assert answer.status_code == status


async def test_the_default_rates() -> None:
    world = await new_world()
    assert (world.service.settings.api_rate, world.service.settings.login_rate) == (600, 20)
    async with world.client() as client:
        logins = [(await client.get("/login", params={"provider": "local"})).status_code for _ in range(21)]
        client.cookies.clear()
        calls = [(await client.post("/api", json={"query": "{ __typename }"})).status_code for _ in range(601)]
    assert (set(logins[:-1]), logins[-1]) == ({303}, 429)
    assert (set(calls[:-1]), calls[-1]) == ({200}, 429)


def test_the_service_listens_to_this_machine_and_nobody_logs_in_without_password_by_default() -> None:
    settings = Settings()
    assert (settings.host, settings.local_login, settings.concurrency, settings.uploads) == ("127.0.0.1", False, 64, 4)
