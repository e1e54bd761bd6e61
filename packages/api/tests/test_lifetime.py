"""Requests that end before their reads do."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from packages.api.tests.conftest import World

from integrates.api.request.lifetime import lasting
from integrates.api.upload import Upload
from integrates.db_model.errors import Unavailable
from integrates.db_model.store.port import Store

IMPORT = """mutation ($root: ID!, $file: Upload!) {
  importVulnerabilities(groupName: "webshop", rootId: $root, file: $file) { errors { code } } }"""


async def settle() -> None:
    """Let every task go on until it waits for something."""
    for _ in range(50):
        await asyncio.sleep(0)


class Hung:
    """What never comes, and how many wait for it."""

    def __init__(self) -> None:
        self.waiting = 0

    async def wait(self, _: object = None) -> Any:
        self.waiting += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.waiting -= 1


async def left_behind(answer: Coroutine[Any, Any, Any], hung: Hung, ended: Callable[[asyncio.Task[Any]], object]) -> int:
    """End a request that waits, and count the tasks and calls that are left."""
    before = asyncio.all_tasks()
    answering = asyncio.create_task(answer)
    await settle()
    assert hung.waiting
    ended(answering)
    await settle()
    assert answering.done()
    return hung.waiting + len(asyncio.all_tasks() - before)


@pytest.mark.parametrize(
    "query",
    [
        "{ me { email groups { name } } }",
        '{ group(name: "webshop") { name roots { id } findings { nodes { id } } } }',
        'mutation { addOrganization(name: "unheard-of") { errors { code } } }',
    ],
)
async def test_a_request_that_is_cancelled_leaves_no_call_of_the_store_behind(world: World, query: str) -> None:
    hung = Hung()
    store = Store(hung.wait, hung.wait, hung.wait, 100)
    assert await left_behind(world.answer("uri", query, store=store), hung, asyncio.Task.cancel) == 0


async def test_what_waits_for_something_else_than_the_store_is_left_as_well(world: World) -> None:
    hung = Hung()
    given: dict[str, Any] = {"root": world.aurora.root.id, "file": Upload("scan.sarif", hung.wait)}
    assert await left_behind(world.answer("vera", IMPORT, **given), hung, asyncio.Task.cancel) == 0


async def test_what_reads_on_beside_a_request_that_has_ended_is_told_so() -> None:
    hung, ending = Hung(), asyncio.Event()

    async def read() -> None:
        with lasting(Store(hung.wait, hung.wait, hung.wait, 100)) as store:
            beside = asyncio.ensure_future(store.get(()))
            await ending.wait()
        for reading in (beside, store.get(()), store.query(()), store.write(())):
            with pytest.raises(Unavailable, match="has ended"):
                await reading

    assert await left_behind(read(), hung, lambda _: ending.set()) == 0
