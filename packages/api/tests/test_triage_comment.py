"""What is said with a request or an answer is a comment on each finding concerned, in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import add_vulnerability, stamping
from packages.api.tests.test_store_calls import counting
from packages.api.tests.test_triage import MUTATIONS, WHY, pending, run, stored

from integrates.db_model.comments.facet import COMMENT, comment_key, comments_of_finding
from integrates.db_model.entity import read
from integrates.db_model.errors import Unavailable
from integrates.db_model.store.port import Put
from integrates.db_model.testing.scene import add_finding
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.facet import vulnerability_key
from integrates.db_model.vulnerabilities.types import ClosingReason, VulnerabilityStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.api.tests.conftest import World

    from integrates.db_model.comments.types import Comment
    from integrates.db_model.findings.types import Finding
    from integrates.db_model.store.port import Change, Store

ROWS = [
    ("uri", "request", "VERIFICATION"),
    ("reto", "open", "VERIFICATION"),
    ("reto", "closed", "VERIFICATION"),
    ("uri", "claim", "ZERO_RISK"),
    ("remy", "confirm", "ZERO_RISK"),
    ("remy", "reject", "ZERO_RISK"),
]


async def comments(world: World, finding: Finding) -> tuple[Comment, ...]:
    return await read.everything(world.store, COMMENT, comments_of_finding(finding.id))


async def ready(world: World, name: str, where: str) -> str:
    """A vulnerability that the mutation takes."""
    return await pending(world, where) if name not in {"request", "claim"} else (await world.report(world.aurora, where)).id


@pytest.mark.parametrize(("person", "name", "kind"), ROWS)
async def test_one_comment_for_each_finding_and_call(world: World, person: str, name: str, kind: str) -> None:
    tenant = world.aurora
    second = await add_finding(world.store, tenant.group, "second", stamping())
    ids = [await ready(world, name, f"src/{number}.py") for number in range(3)]
    other = await add_vulnerability(
        world.store, world.new_id(), second, tenant.root, "src/other.py", VulnerabilityStatus.VULNERABLE
    )
    if name in {"request", "claim"}:
        ids.append(other.id)
    payload = await run(world, person, name, *ids)
    assert payload["errors"] == []
    (made,) = await comments(world, tenant.finding)
    assert (made.type, made.content, made.created_by, made.parent_id) == (kind, WHY, f"{person}@demo.example", None)
    assert len(await comments(world, second)) == (name in {"request", "claim"})
    keys = [comment_key(made.id), *(vulnerability_key(each) for each in ids)]
    histories = [await read.history(world.store, key) for key in keys]
    assert len({history[-1].change_id for history in histories}) == 1, "one change"


@pytest.mark.parametrize(("person", "name", "kind"), ROWS)
async def test_nothing_is_said_where_nothing_changes(world: World, person: str, name: str, kind: str) -> None:
    one = await ready(world, name, "src/one.py")
    refused = await run(world, person, name, one, world.aurora.safe.id)
    assert (refused["vulnerabilities"], await comments(world, world.aurora.finding)) == (None, ())
    assert (await run(world, person, name, one, why="short"))["errors"][0]["reason"] == "TOO_SHORT"
    assert await comments(world, world.aurora.finding) == (), kind


@pytest.mark.parametrize(("person", "name", "kind"), ROWS)
async def test_comment_and_change_are_one_transaction(world: World, person: str, name: str, kind: str) -> None:
    one = await ready(world, name, "src/one.py")
    before = await stored(world, one)
    written: list[Sequence[Change]] = []

    async def write(changes: Sequence[Change]) -> None:
        written.append(changes)
        raise Unavailable("no answer")

    await _ask(world, replace(world.store, write=write), person, name, [one])
    (changes,) = written
    facets = {change.key.pk.split("#")[0] for change in changes if isinstance(change, Put)}
    assert {"VULN", "COMMENT"} <= facets
    assert (await stored(world, one), await comments(world, world.aurora.finding)) == (before, ()), kind


async def _ask(world: World, store: Store, person: str, name: str, ids: Sequence[str]) -> Any:
    items = [{"id": each} for each in ids]
    return (await world.answer(person, MUTATIONS[name], store=store, items=items, why=WHY)).body


async def test_in_several_transactions_it_is_one_comment_with_the_first(world: World) -> None:
    ids = [(await world.report(world.aurora, f"many/{number}.py")).id for number in range(80)]
    puts: list[list[str]] = []

    async def write(changes: Sequence[Change]) -> None:
        puts.append([change.key.pk.split("#")[0] for change in changes if isinstance(change, Put)])
        await world.store.write(changes)

    body = await _ask(world, replace(world.store, write=write, max_changes=100), "uri", "request", ids)
    assert len(body["data"]["requestVulnerabilitiesVerification"]["vulnerabilities"]) == 80
    assert (len(puts) > 1, ["COMMENT" in one for one in puts]) == (True, [True] + [False] * (len(puts) - 1))
    assert len(await comments(world, world.aurora.finding)) == 1


async def test_when_the_first_loses_its_race_the_comment_comes_with_the_next(world: World) -> None:
    ids = [await pending(world, f"src/{number}.py") for number in range(3)]
    raced: list[bool] = []

    async def write(changes: Sequence[Change]) -> None:
        if not raced:
            raced.append(True)
            await vulnerabilities.close(world.store, ids[0], ClosingReason.NOT_REPORTED, world.stamp("race"))
        await world.store.write(changes)

    body = await _ask(world, replace(world.store, write=write), "reto", "closed", ids)
    payload = body["data"]["verifyVulnerabilities"]
    assert [one["id"] for one in payload["vulnerabilities"]] == ids[1:]
    (told,) = payload["errors"]
    assert (told["reason"], told["path"]) == ("NOT_REQUESTED", ["closed", "0", "id"])
    assert len(await comments(world, world.aurora.finding)) == 1


async def test_what_is_said_about_a_zero_risk_is_read_by_those_who_may(world: World) -> None:
    one = world.aurora.vulnerable.id
    for person, name in (("uri", "claim"), ("remy", "confirm"), ("greta", "reject"), ("uri", "request")):
        assert (await run(world, person, name, one))["errors"] == []
    query = """query ($id: ID!, $types: [CommentType!]) { finding(id: $id) {
      comments(types: $types) { totalCount nodes { type by parent { id } } } } }"""
    finding = world.aurora.finding.id
    expected = {"uri": 1, "hana": 1, "reto": 1, "vera": 4, "remy": 4, "greta": 4}
    for person, number in expected.items():
        nodes = (await world.data(person, query, id=finding))["finding"]["comments"]["nodes"]
        assert ([node["type"] for node in nodes].count("ZERO_RISK"), len(nodes)) == (number - 1, number)
        shown = (await world.data(person, query, id=finding, types=["ZERO_RISK"]))["finding"]["comments"]
        assert (len(shown["nodes"]), shown["totalCount"]) == (number - 1, None)


@pytest.mark.parametrize(("person", "name", "kind"), [*ROWS, ("vera", "approve", ""), ("vera", "refuse", "")])
async def test_a_call_for_many_takes_as_few_calls_of_the_store_as_one_for_few(
    world: World, person: str, name: str, kind: str
) -> None:
    numbers = []
    for breadth in (3, 25):
        ids = [await ready(world, name, f"{breadth}/{number}.py") for number in range(breadth)]
        calls: list[str] = []
        body = await _ask(world, counting(world.store, calls), person, name, ids)
        ((_, payload),) = body["data"].items()
        assert len(payload["vulnerabilities"]) == breadth
        numbers.append(len(calls))
    assert (numbers[0], numbers[1] <= 5) == (numbers[1], True), kind


@pytest.mark.parametrize("viewer", ["uri", "hana", "reto", "vera"])
async def test_why_a_claim_was_rejected_is_told_with_what_is_visible_and_the_comment_is_not(world: World, viewer: str) -> None:
    """The field has no permission of its own, since whoever claimed has to learn the answer; V1 restricts the comments."""
    query = """query ($id: ID!, $finding: ID!) {
      vulnerability(id: $id) { zeroRisk { status justification } zeroRiskHistory { nodes { aspects } } }
      finding(id: $finding) { comments(types: [ZERO_RISK]) { nodes { content } } } }"""
    one, given = world.aurora.vulnerable.id, {"id": world.aurora.vulnerable.id, "finding": world.aurora.finding.id}
    await run(world, "uri", "claim", one, why="nobody reaches it")
    assert (await world.data(viewer, query, **given))["vulnerability"]["zeroRisk"]["justification"] == "nobody reaches it"
    await run(world, "remy", "reject", one, why="everybody reaches it")
    shown = await world.data(viewer, query, **given)
    assert shown["vulnerability"]["zeroRisk"] == {"status": "REJECTED", "justification": "everybody reaches it"}
    history = [node["aspects"]["zero_risk"] for node in shown["vulnerability"]["zeroRiskHistory"]["nodes"]]
    assert [aspect["justification"] for aspect in history] == ["nobody reaches it", "everybody reaches it"]
    comments = [node["content"] for node in shown["finding"]["comments"]["nodes"]]
    assert comments == (["nobody reaches it", "everybody reaches it"] if viewer == "vera" else [])
    await run(world, "uri", "claim", one)
    await run(world, "remy", "confirm", one, why="nobody reaches it, indeed")
    assert ((await world.data(viewer, query, **given))["vulnerability"] is None) == (viewer != "vera")
