"""Imports of decisions that are interrupted, overtaken or forbidden in the middle: nothing is decided twice, or by nobody."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.decided import IMPORT, bill, counts, decided, names, openvex, scanned, shop_root, vulnerabilities

from integrates.api.authorization.actor import Actor, Means
from integrates.api.decision_import.read.registry import read_decisions
from integrates.api.decision_import.work.job import Within, new_decision_job
from integrates.api.decision_import.work.resume import resume_decisions
from integrates.api.decision_import.work.survey import surveyed
from integrates.api.decision_import.work.work import run_decisions
from integrates.api.execute import execute
from integrates.api.upload import in_memory
from integrates.db_model import tokens
from integrates.db_model.decision_imports import commands
from integrates.db_model.decision_imports.types import DecisionFormat, DecisionImport, SuppressionsAs
from integrates.db_model.entity import read
from integrates.db_model.entity.revision import Revision
from integrates.db_model.entity.work import LEASE
from integrates.db_model.errors import Unavailable
from integrates.db_model.imports.types import ImportFile, ImportState, ImportStatus
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.vulnerabilities.facet import vulnerability_key

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path

    from packages.api.tests.conftest import World
    from packages.api.tests.decided import Said

    from integrates.api.context import Call
    from integrates.db_model.decision_imports.commands import Deciding
    from integrates.db_model.decision_imports.decision import Decider
    from integrates.db_model.store.port import Change, Store

URI = "uri@demo.example"
STATUSES = ("not_affected", "affected", "fixed", "under_investigation")
MANY: list[Said] = [(n, STATUSES[n % 4], {}) for n in range(1, 61)]
"""Decisions for several chunks."""
EXPECTED = {"requested": 30, "applied": 15, "unchanged": 15}


class Killed(Exception):
    """The process is gone."""


def narrow(store: Store) -> Store:
    """A store of which a write takes as few changes as DynamoDB's."""
    return replace(store, max_changes=100)


def killed(store: Store, number: int, *, written: bool) -> Store:
    """A store whose process ends at the numbered write, before or after it is done."""
    left = number

    async def write(changes: Sequence[Change]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        if left == 0 and not written:
            raise Killed
        await store.write(changes)
        if left == 0:
            raise Killed

    return replace(narrow(store), write=write)


async def root_with(world: World, said: Sequence[Said] = MANY) -> str:
    root = await shop_root(world)
    await scanned(world, root, bill([number for number, _, _ in said]))
    return root


async def begun(world: World, said: Sequence[Said] = MANY, store: Store | None = None, **members: Any) -> tuple[Any, Deciding]:
    """Begin an import of decisions, without doing any of its work."""
    content = openvex(said)
    actor = members.pop("actor", Actor(URI, Means.SESSION))
    call = replace(world.call("uri", store=store), actor=actor)
    group = world.aurora.group
    within = Within(group_name=group.name, organization_id=group.organization_id, root_id=None)
    decisions = read_decisions(content, None, SuppressionsAs.ACCEPTANCE)
    job = new_decision_job(call, actor, decisions, within, world.new_id())
    stamp = job.stamp()
    record = DecisionImport(
        id=world.new_id(),
        group_name=group.name,
        organization_id=group.organization_id,
        format=DecisionFormat.OPENVEX,
        file=ImportFile(file_name="acme.json", sha256="0" * 64, size=len(content)),
        state=ImportState(status=ImportStatus.RUNNING, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )
    await world.files.put(f"decisions/{record.id}.openvex", content)
    running = await commands.begin(world.store, record, stamp, actor.token_id)
    return replace(job, **members), running


def calling(world: World, store: Store | None = None) -> Callable[[Actor], Call]:
    return lambda actor: replace(world.call("uri", store=store), actor=actor)


async def looked(world: World, later: timedelta = LEASE + timedelta(seconds=1), store: Store | None = None) -> timedelta:
    """Look once for what is unfinished, so much later, as a service does."""
    used = store or narrow(world.store)

    def call(actor: Actor) -> Call:
        return replace(calling(world, used)(actor), now=lambda: world.now() + later)

    return await resume_decisions(used, lambda: world.now() + later, call, lambda: False)


async def history(world: World, root: str) -> dict[str, tuple[Revision, ...]]:
    found = await vulnerabilities(world, root)
    return {name: await read.history(world.store, vulnerability_key(one.id)) for name, one in found.items()}


async def state_of(world: World, import_id: str) -> tuple[str, str | None, dict[str, int], int]:
    found = await commands.find(world.store, import_id)
    assert found is not None
    numbers = {name: getattr(found.progress.counts, name) for name in found.progress.counts.__struct_fields__}
    told = {name: number for name, number in numbers.items() if number}
    return found.record.state.status.value, found.record.state.reason, told, found.progress.attempts


async def is_counted(world: World) -> bool:
    counted = await recount(world.store, world.aurora.group.name)
    return await stored_counters(world.store, counted, world.aurora.group.name) == counted


WRITES = 4
"""Of the import of many decisions: its chunks and its end."""


async def test_so_many_writes_there_are_to_be_killed_at(world: World) -> None:
    await root_with(world)
    written = 0

    async def write(changes: Sequence[Change]) -> None:
        nonlocal written
        written += 1
        await world.store.write(changes)

    job, running = await begun(world, store=replace(narrow(world.store), write=write))
    await run_decisions(job, running)
    assert (await state_of(world, running.record.id))[:3] == ("COMPLETED", None, EXPECTED)
    assert written == WRITES


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("number", range(1, WRITES + 1))
async def test_who_is_killed_at_any_write_is_followed_without_a_second_decision(
    world: World, number: int, written: bool
) -> None:
    root = await root_with(world)
    job, running = await begun(world, store=killed(world.store, number, written=written))
    try:
        await run_decisions(job, running)
    except Killed:
        assert await looked(world) == LEASE
    await assert_decided_once(world, root, running.record.id)


@pytest.mark.parametrize(("number", "written"), [(1, False), (2, True), (WRITES, False), (WRITES, True)])
async def test_who_is_killed_leaves_a_file_with_which_another_process_goes_on(
    world_in_a_file: World, tmp_path: Path, number: int, written: bool
) -> None:
    world = world_in_a_file
    root = await root_with(world)
    async with sqlite_store(str(tmp_path / "integrates.db")) as mine:
        job, running = await begun(world, store=killed(mine, number, written=written))
        with pytest.raises(Killed):
            await run_decisions(job, running)
    is_over = number == WRITES and written
    assert (await state_of(world, running.record.id))[0] == ("COMPLETED" if is_over else "RUNNING")
    async with sqlite_store(str(tmp_path / "integrates.db")) as other:
        assert await looked(world, store=narrow(other)) == LEASE
    await assert_decided_once(world, root, running.record.id)


async def assert_decided_once(world: World, root: str, import_id: str) -> None:
    """Each decision was made once, is told once and is counted; nothing is left to do."""
    assert (await state_of(world, import_id))[:3] == ("COMPLETED", None, EXPECTED)
    versions = {name: len(each) for name, each in (await history(world, root)).items()}
    assert versions == {names(n)[0]: 1 if status == "under_investigation" else 2 for n, status, _ in MANY}
    assert await is_counted(world)
    assert await commands.unfinished_ids(world.store) == ()
    comments = "query ($id: ID!) { finding(id: $id) { comments { nodes { type } } } }"
    for n, status, _ in MANY:
        one = (await vulnerabilities(world, root))[names(n)[0]]
        shown = (await world.data("vera", comments, id=one.finding_id))["finding"]["comments"]["nodes"]
        assert [each["type"] for each in shown] == {"not_affected": ["ZERO_RISK"], "fixed": ["VERIFICATION"]}.get(status, [])


async def test_two_workers_on_one_import_decide_once(world: World) -> None:
    root = await root_with(world)
    job, running = await begun(world, store=narrow(world.store))
    ends = await asyncio.gather(*(run_decisions(job, running) for _ in range(3)))
    while (await state_of(world, running.record.id))[0] == "RUNNING":
        await looked(world)
    assert (await state_of(world, running.record.id))[:3] == ("COMPLETED", None, EXPECTED)
    assert {one.record.id for one in ends} == {running.record.id}
    assert {len(each) for each in (await history(world, root)).values()} == {1, 2}
    assert await is_counted(world)


async def test_two_files_at_once_one_is_told_to_wait(world: World) -> None:
    await root_with(world)
    sent = [decided(world, openvex(MANY), person, name=f"{person}.json") for person in ("uri", "vera")]
    first, second = await asyncio.gather(*sent)
    refused = [one for one in (first, second) if one["errors"]]
    done = [one for one in (first, second) if not one["errors"]]
    assert len(done) >= 1
    assert {(error["code"], error["reason"]) for one in refused for error in one["errors"]} <= {("CONFLICT", "ALREADY_RUNNING")}
    assert counts(done[0]) in (EXPECTED, {"unchanged": 60})


async def test_a_living_one_is_waited_for_and_a_dead_one_goes_on_or_ends(world: World) -> None:
    root = await root_with(world)
    store = killed(world.store, 4, written=False)
    given = {"group": "webshop", "file": in_memory("acme.json", openvex(MANY)), "as": "ACCEPTANCE"}
    cut = await world.answer("uri", IMPORT, store=store, **given)  # type: ignore[arg-type] # variables, not keywords
    assert cut.body.get("errors")
    (identity,) = await commands.unfinished_ids(world.store)
    refused = await decided(world, openvex(SAME), "uri")
    assert [(error["code"], error["reason"], error["path"]) for error in refused["errors"]] == [
        ("CONFLICT", "ALREADY_RUNNING", ["groupName"])
    ]
    later = replace(world.call("uri"), now=lambda: world.now() + 2 * LEASE)
    body = {"query": IMPORT, "variables": given}
    payload = (await execute(world.api, body, later)).body["data"]["importDecisions"]
    assert payload["decisionImport"]["id"] == identity
    assert counts(payload) == EXPECTED
    assert {len(each) for each in (await history(world, root)).values()} == {1, 2}


SAME: list[Said] = [(1, "fixed", {})]


async def test_another_file_ends_one_that_nobody_works_on(world: World) -> None:
    await root_with(world)
    _job, running = await begun(world)
    given = {"group": "webshop", "file": in_memory("other.json", openvex(SAME)), "as": "ACCEPTANCE"}
    later = replace(world.call("vera"), now=lambda: world.now() + 2 * LEASE)
    payload = (await execute(world.api, {"query": IMPORT, "variables": given}, later)).body["data"]["importDecisions"]
    assert counts(payload) == {"requested": 1}
    assert (await state_of(world, running.record.id))[:2] == ("FAILED", "abandoned")


async def test_what_is_begun_too_often_fails(world: World) -> None:
    await root_with(world)
    _job, running = await begun(world)
    for attempt in range(1, 7):
        await looked(replace(world, files=replace(world.files, get=_away)), attempt * (LEASE + timedelta(seconds=1)))
    assert await state_of(world, running.record.id) == ("FAILED", "abandoned", {}, 5)
    assert await commands.unfinished_ids(world.store) == ()


async def _away(_key: str) -> AsyncGenerator[bytes]:
    for chunk in (b"{", b"}"):
        if chunk == b"}":
            raise Unavailable("away")
        yield chunk


async def test_a_file_that_is_gone_ends_the_import(world: World) -> None:
    await root_with(world)
    _job, running = await begun(world)
    await world.files.delete(f"decisions/{running.record.id}.openvex")
    await looked_after(world)
    assert (await state_of(world, running.record.id))[:2] == ("FAILED", "abandoned")


async def looked_after(world: World) -> None:
    await looked(world)
    await looked(world)


def without(job: Any, *permissions: str, after: int = 0) -> Any:
    """The job of somebody who loses permissions after so many looks; without ``decision:import`` nothing may go on."""
    looks = 0

    async def decider() -> Decider | None:
        nonlocal looks
        looks += 1
        found: Decider | None = await job.decider()
        if found is None or looks <= after:
            return found
        if "decision:import" in permissions:
            return None
        left = found.permissions - set(permissions)
        requester = replace(found.requester, may_accept_forever="vulnerability:accept_forever" in left)
        return replace(found, permissions=left, requester=requester)

    return replace(job, decider=decider)


@pytest.mark.parametrize(
    ("permission", "refused"),
    [("zero_risk:request", 15), ("vulnerability:treat", 15), ("vulnerability:request_verification", 15)],
)
async def test_b30_what_the_importer_may_not_ask_for_is_refused_and_the_others_are_done(
    world: World, permission: str, refused: int
) -> None:
    await root_with(world)
    job, running = await begun(world)
    ended = await run_decisions(without(job, permission), running)
    found = ended.progress
    assert (found.counts.refused, found.counts.requested + found.counts.applied, found.counts.unchanged) == (refused, 30, 15)
    assert {one.reason for one in found.problems} == {"missing_permission"}
    assert all(one.vulnerability_id and one.pointer.startswith("/statements/") for one in found.problems)


async def test_who_loses_the_permission_in_the_middle_decides_no_more(world: World) -> None:
    root = await root_with(world)
    job, running = await begun(world, store=narrow(world.store))
    ended = await run_decisions(without(job, "decision:import", after=3), running)
    assert (ended.record.state.status.value, ended.record.state.reason) == ("FAILED", "not_allowed")
    done = ended.progress.counts
    assert 0 < done.requested + done.applied < 45
    assert sum(len(each) - 1 for each in (await history(world, root)).values()) == done.requested + done.applied
    assert await commands.unfinished_ids(world.store) == ()


async def test_a_role_that_is_lowered_counts_from_the_next_chunk_on(world: World) -> None:
    await root_with(world)
    job, running = await begun(world)
    lower = """mutation ($email: String!) { x: updateGroupMember(groupName: "webshop", email: $email, role: HACKER) {
      errors { reason } } }"""
    assert (await world.data("greta", lower, email=URI))["x"]["errors"] == []
    ended = await run_decisions(job, running)
    assert (ended.record.state.status.value, ended.record.state.reason) == ("FAILED", "not_allowed")


async def test_a_token_that_is_revoked_ends_what_was_begun_with_it(world: World) -> None:
    await root_with(world)
    made = world.stamp()
    new = tokens.new_token(world.new_id(), "vex", made.at + timedelta(days=1), "0" * 64, replace(made, by=URI))
    token = await tokens.issue(world.store, new, made)
    _job, running = await begun(world, actor=Actor(URI, Means.API_TOKEN, token.id))
    await tokens.revoke(world.store, token.id, world.stamp())
    await looked(world)
    assert (await state_of(world, running.record.id))[:3] == ("FAILED", "not_allowed", {})


@pytest.mark.parametrize("number", [1, 2])
async def test_a_statement_about_many_goes_on_behind_the_last_one_that_is_done(world: World, number: int) -> None:
    """Each is counted once, and what is said stands on the finding once, however often it is cut off."""
    root = await shop_root(world)
    await scanned(world, root, bill([1], [f"part{n}/package-lock.json" for n in range(120)]))
    job, running = await begun(world, MANY_OF_ONE, killed(world.store, number, written=True))
    with pytest.raises(Killed):
        await run_decisions(job, running)
    await looked(world)
    assert await state_of(world, running.record.id) == ("COMPLETED", None, {"requested": 120}, 0)
    one = (await vulnerabilities(world, root))[names(1)[0]]
    query = "query ($id: ID!) { finding(id: $id) { comments { nodes { type } } } }"
    shown = (await world.data("vera", query, id=one.finding_id))["finding"]["comments"]["nodes"]
    assert shown == [{"type": "ZERO_RISK"}]


MANY_OF_ONE: list[Said] = [(1, "not_affected", {})]


async def test_the_file_of_somebody_else_is_another_one(world: World) -> None:
    await root_with(world)
    given = {"group": "webshop", "file": in_memory("acme.json", openvex(MANY)), "as": "ACCEPTANCE"}
    await world.answer("uri", IMPORT, store=killed(world.store, 2, written=False), **given)  # type: ignore[arg-type] # variables
    (cut,) = await commands.unfinished_ids(world.store)
    later = replace(world.call("vera"), now=lambda: world.now() + 2 * LEASE)
    payload = (await execute(world.api, {"query": IMPORT, "variables": given}, later)).body["data"]["importDecisions"]
    assert payload["decisionImport"]["id"] != cut
    assert counts(payload)
    assert (await state_of(world, cut))[:2] == ("FAILED", "abandoned")


async def test_the_lease_is_looked_at_after_each_page_of_the_survey(world: World) -> None:
    await root_with(world)
    job, _running = await begun(world)
    decider = await job.decider()
    assert decider is not None
    looks = 0

    async def renew() -> None:
        nonlocal looks
        looks += 1

    match = await surveyed(job, decider, renew)
    assert looks >= 1
    assert sorted(match.met) == list(range(60))


async def test_what_is_hidden_meanwhile_is_as_if_it_was_never_there(world: World) -> None:
    root = await root_with(world, SAME)
    one = (await vulnerabilities(world, root))[names(1)[0]]
    claim = """mutation ($id: ID!) { x: requestVulnerabilitiesZeroRisk(items: [{id: $id}], justification: "It does no harm.") {
      errors { reason } } }"""
    assert (await world.data("uri", claim, id=one.id))["x"]["errors"] == []
    job, running = await begun(world, SAME)
    looks = 0

    async def decider() -> Decider | None:
        nonlocal looks
        looks += 1
        if looks == 2:  # the survey is over
            confirm = claim.replace("request", "confirm")
            assert (await world.data("remy", confirm, id=one.id))["x"]["errors"] == []
        found: Decider | None = await job.decider()
        return found

    ended = await run_decisions(replace(job, decider=decider), running)
    assert [problem.reason for problem in ended.progress.problems] == ["not_found"]
    assert ended.progress.counts.refused == 1
