"""What one field of a request reads, others share: a field that fails takes none of them with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.api.execute import execute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.api.tests.conftest import World

    from integrates.db_model.store.port import Page, Query

WHOLE = {
    'group(name: "webshop")': "roots { nickname group { name } } summary { open } imports { nodes { id } }",
    'organization(name: "aurora")': "groups { name } members { nodes { role } }",
    'finding(id: "$finding")': "group { name } summary { open } vulnerabilities { nodes { id root { id } } }",
    'root(id: "$root")': "nickname group { name } vulnerabilities { nodes { id finding { id } } }",
}
"""By object: fields of it that show something to those who may see it."""
LISTS = {
    'group(name: "webshop")': "findings",
    'organization(name: "aurora")': "members",
    'finding(id: "$finding")': "vulnerabilities",
    'root(id: "$root")': "vulnerabilities",
}


def _with_ids(world: World, query: str) -> str:
    return query.replace("$finding", world.aurora.finding.id).replace("$root", world.aurora.root.id)


@pytest.mark.parametrize("way", WHOLE)
@pytest.mark.parametrize("first", ["wrong", "right"])
async def test_one_wrong_argument_leaves_the_other_objects_whole(world: World, way: str, first: str) -> None:
    right = f"right: {way} {{ {WHOLE[way]} }}"
    wrong = f'wrong: {way} {{ list: {LISTS[way]}(after: "x") {{ totalCount }} {WHOLE[way]} }}'
    expected = (await world.data("olga", _with_ids(world, f"{{ {right} }}")))["right"]
    both = f"{wrong} {right}" if first == "wrong" else f"{right} {wrong}"
    answer = await world.answer("olga", _with_ids(world, f"{{ {both} }}"))
    assert answer.body["data"]["right"] == expected
    assert answer.body["data"]["wrong"] in (None, {"list": None, **expected})
    assert [(error["extensions"]["code"], error["path"]) for error in answer.body["errors"]] == [
        ("BAD_CURSOR", ["wrong", "list"])
    ]
    assert answer.status == 200


async def test_a_cursor_that_the_store_does_not_take_any_more_leaves_the_other_lists_whole(world: World) -> None:
    page = 'group(name: "webshop") { vulnerabilities(first: 1, after: $after) { nodes { id } pageInfo { endCursor } } }'
    query = f"query ($after: String) {{ old: {page} new: {page.replace(', after: $after', '')} }}"
    cursor = (await world.data("greta", query))["new"]["vulnerabilities"]["pageInfo"]["endCursor"]

    async def moved(queries: Sequence[Query]) -> tuple[Page, ...]:
        """Read as a store does that has never given a cursor out."""
        return await world.store.query([replace(one, after="of another store") if one.after else one for one in queries])

    answer = await world.answer("greta", query, store=replace(world.store, query=moved), after=cursor)
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["BAD_CURSOR"]
    assert answer.body["data"]["old"] is None
    assert answer.body["data"]["new"]["vulnerabilities"]["nodes"]


async def test_a_request_that_is_cancelled_stays_cancelled(world: World) -> None:
    begun = asyncio.Event()

    async def never(_: Any) -> Any:
        begun.set()
        await asyncio.Event().wait()

    call = world.call("greta", store=replace(world.store, get=never))
    request = asyncio.ensure_future(execute(world.api, {"query": '{ group(name: "webshop") { name } }'}, call))
    await begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
