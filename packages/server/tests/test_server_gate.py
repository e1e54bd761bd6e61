"""The gate over HTTP: a pipeline has its share of what is done at once, and gets 503 where nothing can be decided."""

import asyncio
from typing import Any, Final

from packages.server.tests.conftest import new_world
from packages.server.tests.test_server_ci_token import ci_token

from integrates.db_model.errors import Unavailable
from integrates.server.http.routes.slot import share_of

GATE: Final = """mutation ($id: ID!) { addForcesExecution(groupName: "webshop", id: $id, strictness: STRICT) {
  execution { exitCode } errors { reason } } }"""


def asking(identity: str) -> dict[str, Any]:
    return {"query": GATE, "variables": {"id": identity}}


async def test_pipelines_of_a_group_hold_their_share_and_no_more() -> None:
    """The lists of their groups are long here: none of them gets to its end before the test says so."""
    world = await new_world(concurrency=8)
    share, deciding, go_on, now = share_of(8), asyncio.Event(), asyncio.Event(), 0

    async def query(queries: Any) -> Any:
        nonlocal now
        if queries[0].pattern == "vulnerabilities_of_group_by_state":
            now += 1
            if now == share:
                deciding.set()
            await go_on.wait()
        return await world.store.query(queries)

    world.serve_with(query=query)
    (_, _, text), uri = await ci_token(world), await world.token()
    held = [asyncio.create_task(world.ask(text, asking(f"build-000{number}"))) for number in range(share)]
    await deciding.wait()
    hog, other = await world.ask(text, asking("build-0009")), await world.ask(uri)
    go_on.set()
    assert (hog.status_code, hog.headers.get("retry-after"), other.status_code) == (429, "1", 200)
    answers = [answer.json()["data"]["addForcesExecution"] for answer in await asyncio.gather(*held)]
    assert answers == [{"execution": {"exitCode": 0}, "errors": []}] * share


async def test_where_nothing_can_be_decided_the_status_says_so() -> None:
    world = await new_world()

    async def query(queries: Any) -> Any:
        raise Unavailable(str(queries))

    world.serve_with(query=query)
    _, _, text = await ci_token(world)
    answer = await world.ask(text, asking("build-0001"), accept="application/graphql-response+json")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "1")
    assert error["extensions"]["code"] == "UNAVAILABLE"
