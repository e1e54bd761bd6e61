"""Comments through the API: who writes and who reads which, and what the answer to an invisible one shows (V1, V2, V4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import uid
from packages.api.tests.test_walker import token_of

from integrates.api.authorization.actor import Actor, Means
from integrates.api.execute import execute
from integrates.db_model import comments
from integrates.db_model.comments.types import CommentType

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

ERRORS = "errors { code reason path }"
ADD = f"""mutation ($finding: ID!, $type: CommentType!, $content: String!, $parent: ID) {{
  addFindingComment(findingId: $finding, type: $type, content: $content, parentId: $parent) {{
    comment {{ id type content at by parent {{ id }} }} {ERRORS} }} }}"""
ADD_TO_GROUP = f"""mutation ($group: ID!, $content: String!, $parent: ID) {{
  addGroupComment(groupName: $group, content: $content, parentId: $parent) {{
    comment {{ id type parent {{ id }} }} {ERRORS} }} }}"""
READ = """query ($finding: ID!, $types: [CommentType!], $at: DateTime, $first: Int, $after: String) {
  finding(id: $finding, asOf: $at) {
    comments(types: $types, first: $first, after: $after) {
      nodes { id type parent { id content } } totalCount pageInfo { hasNextPage endCursor } } } }"""
OF_GROUP = "query ($group: ID!) { group(name: $group) { comments { nodes { content parent { id } } totalCount } } }"
ALL = ("CONSULT", "OBSERVATION", "VERIFICATION", "ZERO_RISK")
READERS = {
    "greta": ALL,
    "vera": ("CONSULT", "VERIFICATION", "ZERO_RISK"),
    "uri": ("CONSULT", "VERIFICATION"),
    "hana": ("CONSULT", "OBSERVATION", "VERIFICATION"),
    "reto": ("CONSULT", "OBSERVATION", "VERIFICATION"),
    "remy": ALL,
    "olga": ALL,
    "ada": ALL,
}
OBSERVERS = {"greta", "hana", "reto", "remy", "olga", "ada"}


async def filled(world: World) -> None:
    """Store a comment of each type on the finding, each an answer to the one before."""
    parent = None
    for number, kind in enumerate(ALL):
        stamp = world.stamp()
        new = comments.new_comment(
            uid(number + 1), world.aurora.finding, f"Secret {kind}", stamp, type=CommentType(kind), parent_id=parent
        )
        parent = (await comments.add(world.store, new, stamp)).id


async def read(world: World, name: str, **variables: Any) -> Any:
    found = await world.data(name, READ, **{"finding": world.aurora.finding.id, "first": 50, **variables})
    return found["finding"]["comments"]


async def add(world: World, name: str, **variables: Any) -> Any:
    given = {"finding": world.aurora.finding.id, "type": "CONSULT", "content": "Hello", **variables}
    return (await world.data(name, ADD, **given))["addFindingComment"]


@pytest.mark.parametrize("name", READERS)
async def test_people_read_the_types_that_they_may(world: World, name: str) -> None:
    await filled(world)
    answer = await world.answer(name, READ, finding=world.aurora.finding.id, first=50)
    page = answer.body["data"]["finding"]["comments"]
    assert tuple(one["type"] for one in page["nodes"]) == READERS[name]
    assert page["totalCount"] in {None, len(READERS[name])}
    for kind in set(ALL) - set(READERS[name]):
        assert f"Secret {kind}" not in str(answer.body)
        assert uid(ALL.index(kind) + 1) not in str(answer.body)


async def test_the_answer_to_an_invisible_comment_has_no_parent(world: World) -> None:
    await filled(world)
    everything = await read(world, "greta")
    assert [one["parent"] and one["parent"]["id"] for one in everything["nodes"]] == [None, uid(1), uid(2), uid(3)]
    some = await read(world, "uri")
    assert [one["parent"] for one in some["nodes"]] == [None, None]
    assert (everything["totalCount"], some["totalCount"]) == (4, None)


async def test_types_narrow_the_list_to_what_is_visible(world: World) -> None:
    await filled(world)
    assert [one["type"] for one in (await read(world, "uri", types=["OBSERVATION", "CONSULT"]))["nodes"]] == ["CONSULT"]
    assert (await read(world, "uri", types=["ZERO_RISK"]))["nodes"] == []
    assert [one["type"] for one in (await read(world, "remy", types=["ZERO_RISK"]))["nodes"]] == ["ZERO_RISK"]
    assert (await read(world, "greta", types=[]))["nodes"] == []


async def test_pages_and_the_past(world: World) -> None:
    first = (await add(world, "ada", content="First"))["comment"]
    await filled(world)
    page = await read(world, "greta", first=2)
    assert page["pageInfo"]["hasNextPage"]
    rest = await read(world, "greta", first=2, after=page["pageInfo"]["endCursor"])
    assert [one["id"] for one in (*page["nodes"], *rest["nodes"])] == [first["id"], uid(1), uid(2), uid(3)]
    past = await read(world, "greta", at=first["at"])
    assert [one["id"] for one in past["nodes"]] == [first["id"]]
    assert past["totalCount"] is None


@pytest.mark.parametrize("name", READERS)
async def test_people_write_what_they_may(world: World, name: str) -> None:
    done = await add(world, name)
    assert done["errors"] == []
    assert (done["comment"]["type"], done["comment"]["content"]) == ("CONSULT", "Hello")
    assert done["comment"]["by"].startswith(name)
    observed = await add(world, name, type="OBSERVATION")
    if name in OBSERVERS:
        assert observed["errors"] == []
    else:
        assert observed["comment"] is None
        assert observed["errors"] == [{"code": "FORBIDDEN", "reason": "MISSING_PERMISSION", "path": ["type"]}]
    for kind in ("VERIFICATION", "ZERO_RISK"):
        refused = await add(world, name, type=kind)
        assert refused["errors"] == [{"code": "INVALID", "reason": "WRONG_TYPE", "path": ["type"]}]


async def test_an_answer_to_an_invisible_comment_is_like_one_to_nothing(world: World) -> None:
    await filled(world)
    nothing = await add(world, "uri", parent="99999999-9999-4999-8999-999999999999")
    assert nothing["errors"] == [{"code": "NOT_FOUND", "reason": "NO_PARENT", "path": ["parentId"]}]
    assert await add(world, "uri", parent=uid(2)) == nothing
    assert (await add(world, "uri", parent=uid(3)))["comment"]["parent"] == {"id": uid(3)}


async def test_a_draft_takes_observations_only(world: World) -> None:
    draft = world.aurora.draft_finding.id
    refused = await add(world, "hana", finding=draft)
    assert refused["errors"] == [{"code": "INVALID", "reason": "DRAFT_FINDING", "path": ["type"]}]
    assert (await add(world, "hana", finding=draft, type="OBSERVATION"))["errors"] == []
    hidden = await add(world, "uri", finding=draft, type="OBSERVATION")
    assert hidden["errors"] == [{"code": "NOT_FOUND", "reason": "NOT_FOUND", "path": ["findingId"]}]


async def test_comments_of_a_group(world: World) -> None:
    first = (await world.data("uri", ADD_TO_GROUP, group="webshop", content="First"))["addGroupComment"]
    assert first["errors"] == []
    assert first["comment"]["type"] is None
    parent = first["comment"]["id"]
    second = (await world.data("vera", ADD_TO_GROUP, group="webshop", content="Second", parent=parent))["addGroupComment"]
    assert second["comment"]["parent"] == {"id": parent}
    found = (await world.data("hana", OF_GROUP, group="webshop"))["group"]["comments"]
    assert found == {
        "nodes": [{"content": "First", "parent": None}, {"content": "Second", "parent": {"id": parent}}],
        "totalCount": 2,
    }
    foreign = (await world.data("uri2", ADD_TO_GROUP, group="cargo", content="Third", parent=parent))["addGroupComment"]
    assert foreign["errors"] == [{"code": "NOT_FOUND", "reason": "NO_PARENT", "path": ["parentId"]}]


async def test_the_identity_of_ci_reads_and_writes_no_comments(world: World) -> None:
    await filled(world)
    await token_of(world, "webshop")
    ci = replace(world.call("hana"), actor=Actor("service:forces:webshop", Means.CI_TOKEN))
    given = {"finding": world.aurora.finding.id, "type": "CONSULT", "content": "Hello", "first": 5}
    read_by = await execute(world.api, {"query": READ, "variables": given}, ci)
    assert read_by.body["data"] == {"finding": {"comments": None}}
    written = await execute(world.api, {"query": ADD, "variables": given}, ci)
    assert [one["reason"] for one in written.body["data"]["addFindingComment"]["errors"]] == ["MISSING_PERMISSION"]
