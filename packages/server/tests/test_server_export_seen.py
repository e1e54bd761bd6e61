"""Who gets an export, how often, and what the others see (domain sections 12 and 33)."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest
from msgspec.structs import replace
from packages.server.tests.conftest import ORIGIN, URI, World
from packages.server.tests.test_server_ci_token import ci_token, remove_group
from packages.server.tests.test_server_export import ROOTS, asked, bearer, fetched, git_root, scanned
from starlette.types import Message, Receive, Scope, Send

from integrates.api.exports.document import ExportFormat
from integrates.api.exports.registry import FORMATS
from integrates.db_model.entity import read
from integrates.db_model.store.port import Item, Key, Page, Query
from integrates.db_model.vex_documents.facet import VEX_DOCUMENT, vex_document_key
from integrates.db_model.vex_documents.types import VexFormat
from integrates.server.settings import Settings

NOBODY = "99999999-9999-4999-8999-999999999999"


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


async def test_a_session_gets_an_export_like_a_token(world: World) -> None:
    await scanned(world)
    async with world.client() as client:
        await client.get("/login", params={"provider": "local", "email": URI})
        own = await client.get("/export/webshop.openvex.json")
        assert (own.status_code, own.headers["ratelimit-policy"]) == (200, '"export";q=30;w=60')
        assert (await client.get("/export/cargo.openvex.json")).status_code == 404
        await client.post("/logout", headers={"origin": ORIGIN})
        assert (await client.get("/export/webshop.openvex.json")).status_code == 404


async def test_a_group_that_is_removed_meanwhile_has_no_edition(world: World) -> None:
    await scanned(world)

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        found = await world.store.query(queries)
        if any(each.pattern == "vulnerabilities_of_root" for each in queries):
            await remove_group(world)
        return found

    late = World(replace(world.store, query=query), Settings(local_login=True))
    async with late.client(headers=await bearer(world)) as client:
        assert (await client.get("/export/webshop.openvex.json")).status_code == 404
    assert await read.get(world.store, VEX_DOCUMENT, vex_document_key("webshop", None, VexFormat.OPENVEX)) is None


async def test_who_asks_for_the_headers_is_sent_no_more(world: World) -> None:
    await scanned(world)
    sent: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            sent.append(message.get("body", b""))
            await send(message)

        await world.app(scope, receive, counted)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=await bearer(world)) as client:
        answer = await client.head("/export/webshop.csv")
    assert (answer.status_code, int(answer.headers["content-length"]) > 0, b"".join(sent)) == (200, True, b"")
