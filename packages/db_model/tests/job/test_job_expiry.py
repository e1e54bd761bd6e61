"""Acceptances end in all groups, once each, whoever looks and however often (domain section 4.3)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.entity.bulk import Reference
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Corrupt, Unavailable
from integrates.db_model.findings import removal
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.commands import names_of_platform
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import GroupRemovalReason, GroupState, GroupStatus
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.roots.types import Root
from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import ANYTHING, Change, Item, Key, Page, Put, Query, Store
from integrates.db_model.testing.pattern import following_patterns
from integrates.db_model.testing.scene import Stamping, add_finding, add_group, add_root, add_vulnerability, ticking, uid
from integrates.db_model.vulnerabilities import commands, expiry, life
from integrates.db_model.vulnerabilities.expiry import Expired, expire_everywhere
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Treatment, TreatmentStatus, Vulnerability, ZeroRisk, ZeroRiskStatus

GROUPS = {"webshop": "aurora", "payments": "aurora", "cargo": "harbor"}
WHY = "because of reasons"
NOW = datetime.fromisoformat("2024-06-01T12:00:00+00:00")
SYSTEM = Stamp(by="system", at=NOW, operation="expire_acceptances", change_id=uid("run"))


@pytest.fixture
def stamp() -> Stamping:
    return ticking()


@pytest.fixture
async def places(stamp: Stamping) -> tuple[Store, dict[str, tuple[Finding, Root]]]:
    """A store that holds every query against the design, with three groups of two organizations."""
    store = following_patterns(memory_store(), design())
    found: dict[str, tuple[Finding, Root]] = {}
    for name, organization in GROUPS.items():
        group = await add_group(store, name, stamp, organization=organization)
        found[name] = (await add_finding(store, group, "rule", stamp, score="7.0"), await add_root(store, group, name, stamp))
    return store, found


Places = tuple[Store, dict[str, tuple[Finding, Root]]]


async def accepted(
    places: Places, stamp: Stamping, group: str, name: str, until: datetime, *, hidden: bool = False
) -> Vulnerability:
    store, (finding, root) = places[0], places[1][group]
    one, made = await add_vulnerability(store, finding, root, f"{name}.py", stamp), stamp()
    treatment = Treatment(status=TreatmentStatus.ACCEPTED, accepted_until=until, justification=WHY, at=made.at, by=made.by)
    claim = ZeroRisk(status=ZeroRiskStatus.CONFIRMED, requested_by=made.by, at=made.at, by=made.by) if hidden else None
    return await commands.update(store, one.id, lambda old, _: replace(old, treatment=treatment, zero_risk=claim), made)


async def now_of(store: Store, one: Vulnerability) -> Vulnerability:
    found = await read.get(store, VULNERABILITY, vulnerability_key(one.id))
    assert found is not None
    return found


async def test_acceptances_of_all_groups_end_in_one_change_of_the_system(places: Places, stamp: Stamping) -> None:
    store = places[0]
    due = [await accepted(places, stamp, group, "due", NOW, hidden=group == "cargo") for group in GROUPS]
    later = [await accepted(places, stamp, group, "later", NOW + timedelta(microseconds=1)) for group in GROUPS]
    assert await expire_everywhere(store, NOW, SYSTEM) == Expired(done=3)
    for one in due:
        assert (await now_of(store, one)).treatment.status is TreatmentStatus.UNTREATED
        *_, last = await read.history(store, vulnerability_key(one.id))
        assert (last.version, last.by, last.operation, last.change_id, set(last.aspects)) == (
            3,
            "system",
            "expire_acceptances",
            SYSTEM.change_id,
            {"treatment"},
        )
    assert [await now_of(store, one) for one in later] == later
    for group in GROUPS:
        counted = await recount(store, group)
        assert counted == await stored_counters(store, counted, group)


async def test_a_second_run_changes_nothing(places: Places, stamp: Stamping) -> None:
    store = places[0]
    one = await accepted(places, stamp, "webshop", "due", NOW)
    assert [(await expire_everywhere(store, NOW, SYSTEM)).done for _ in range(3)] == [1, 0, 0]
    assert (await now_of(store, one)).version == 3


async def test_of_any_number_at_once_one_ends_each(places: Places, stamp: Stamping) -> None:
    store = places[0]
    due = [await accepted(places, stamp, group, str(number), NOW) for group in GROUPS for number in range(30)]

    def server(number: int) -> Store:
        """The store as another process sees it, which gives way at each call."""

        async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
            await asyncio.sleep(0)
            return await store.get(keys)

        async def write(changes: Sequence[Change]) -> None:
            for _ in range(number):
                await asyncio.sleep(0)
            await store.write(changes)

        return replace(store, get=get, write=write, max_changes=100)

    runs = [expire_everywhere(server(number), NOW, replace(SYSTEM, change_id=uid(number))) for number in range(4)]
    made = await asyncio.gather(*runs)
    assert (sum(one.done for one in made), [one.refused for one in made]) == (len(due), [{}] * 4)
    assert {(await now_of(store, one)).version for one in due} == {3}


async def test_what_somebody_decided_meanwhile_stays(places: Places, stamp: Stamping) -> None:
    store = places[0]
    one = await accepted(places, stamp, "webshop", "due", NOW)
    longer = replace(one.treatment, accepted_until=NOW + timedelta(days=1))
    seen: list[bool] = []

    async def write(changes: Sequence[Change]) -> None:
        if not seen:
            seen.append(True)
            await commands.update(store, one.id, lambda old, _: replace(old, treatment=longer), stamp())
        await store.write(changes)

    assert await expire_everywhere(replace(store, write=write), NOW, SYSTEM) == Expired()
    assert (await now_of(store, one)).treatment == longer


async def remove(what: str, places: Places, stamp: Stamping, one: Vulnerability) -> None:
    """Remove a vulnerability of the web shop, its finding with it, or its group."""
    store = places[0]
    if what == "vulnerability":
        await life.remove_all(store, [Reference(one.id)], {"justification": "DUPLICATED"}, stamp())
    elif what == "finding":
        await removal.remove(store, places[1]["webshop"][0], {"justification": "DUPLICATED"}, stamp())
    else:
        gone = GroupState(status=GroupStatus.DELETED, reason=GroupRemovalReason.NO_SYSTEM, at=NOW, by="ada@demo.example")
        await command.update(store, GROUP, group_key("webshop"), lambda old, _: replace(old, state=gone), stamp())


@pytest.mark.parametrize("what", ["vulnerability", "finding", "group"])
@pytest.mark.parametrize("late", ["listed", "read", "written"])
async def test_what_was_removed_meanwhile_is_not_counted_as_refused(
    places: Places, stamp: Stamping, what: str, late: str
) -> None:
    """It is removed after the list was read, after the vulnerability was, or just before the acceptance ends."""
    store = places[0]
    one, other = [await accepted(places, stamp, group, "due", NOW) for group in ("webshop", "cargo")]
    done: list[bool] = []

    async def removed() -> None:
        if done:
            return
        done.append(True)
        await remove(what, places, stamp, one)

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        pages = await store.query(queries)
        if any(item.key == vulnerability_key(one.id) for page in pages for item in page.items):
            await removed()
        return pages

    async def write(changes: Sequence[Change]) -> None:
        if any(change.key == vulnerability_key(one.id) for change in changes):
            await removed()
        await store.write(changes)

    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        items = await store.get(keys)
        if vulnerability_key(one.id) in keys:
            await removed()
        return items

    others = {
        "listed": replace(store, query=query),
        "read": replace(store, get=get),
        "written": replace(store, write=write),
    }[late]
    assert await expire_everywhere(others, NOW, SYSTEM) == Expired(done=1)
    assert done
    assert (await now_of(store, other)).treatment.status is TreatmentStatus.UNTREATED


async def test_a_clock_that_went_back_ends_nothing_early_and_leaves_the_history_in_order(
    places: Places, stamp: Stamping
) -> None:
    store = places[0]
    one = await accepted(places, stamp, "webshop", "due", NOW)
    back = replace(SYSTEM, at=NOW - timedelta(days=1))
    assert await expire_everywhere(store, back.at, back) == Expired()
    assert one.updated_at is not None
    ahead = replace(SYSTEM, at=one.updated_at - timedelta(days=1))
    assert await expire_everywhere(store, NOW, ahead) == Expired(done=1)
    history = await read.history(store, vulnerability_key(one.id))
    assert [each.at for each in history] == sorted({each.at for each in history})
    assert (await now_of(store, one)).treatment.at == one.updated_at + timedelta(microseconds=1)


async def test_what_is_below_a_removed_group_is_left_alone(places: Places, stamp: Stamping) -> None:
    store = places[0]
    one, other = [await accepted(places, stamp, group, "due", NOW) for group in ("webshop", "cargo")]
    gone = GroupState(status=GroupStatus.DELETED, reason=GroupRemovalReason.NO_SYSTEM, at=NOW, by="ada@demo.example")
    await command.update(store, GROUP, group_key("webshop"), lambda old, _: replace(old, state=gone), stamp())
    assert sorted([name async for name in names_of_platform(store)]) == sorted(GROUPS)
    assert await expire_everywhere(store, NOW, SYSTEM) == Expired(done=1)
    assert ((await now_of(store, one)).version, (await now_of(store, other)).version) == (2, 3)


async def test_a_group_that_cannot_be_read_keeps_no_other_from_being_looked_at(places: Places, stamp: Stamping) -> None:
    store = places[0]
    for group in GROUPS:
        await accepted(places, stamp, group, "due", NOW)
    (item,) = await store.get((group_key("webshop"),))
    assert item is not None
    await store.write((Put(Item(item.key, item.version + 1, {"odd": 1}, item.index_keys), ANYTHING),))
    made = await expire_everywhere(store, NOW, SYSTEM)
    assert (made.done, {name: type(error) for name, error in made.refused.items()}) == (2, {"webshop": Corrupt})


async def test_it_ends_between_two_groups_when_the_service_stops(places: Places, stamp: Stamping) -> None:
    store = places[0]
    for group in GROUPS:
        await accepted(places, stamp, group, "due", NOW)
    asked = iter([False, True, True, True])
    assert await expire_everywhere(store, NOW, SYSTEM, is_stopping=lambda: next(asked)) == Expired(done=1)
    assert await expire_everywhere(store, NOW, SYSTEM) == Expired(done=2)


@pytest.mark.parametrize("written", range(3))
async def test_a_kill_at_any_chunk_leaves_what_a_repeat_finishes(places: Places, stamp: Stamping, written: int) -> None:
    store = places[0]
    due = [await accepted(places, stamp, group, str(number), NOW) for group in GROUPS for number in range(3)]
    done: list[bool] = []

    async def write(changes: Sequence[Change]) -> None:
        if len(done) >= written:
            raise Unavailable("killed")
        done.append(True)
        await store.write(changes)

    first = await expire_everywhere(replace(store, write=write), NOW, SYSTEM)
    again = await expire_everywhere(store, NOW, SYSTEM)
    assert first.done == 3 * written
    assert (again.done, again.refused) == (len(due) - first.done, {})
    assert {(await now_of(store, one)).version for one in due} == {3}


async def test_when_the_store_does_not_answer_that_is_raised(places: Places) -> None:
    async def query(_queries: Sequence[Query]) -> tuple[Page, ...]:
        raise Unavailable("away")

    with pytest.raises(Unavailable):
        await expire_everywhere(replace(places[0], query=query), NOW, SYSTEM)
    assert expiry.Expired().done == 0
