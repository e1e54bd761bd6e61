"""One change at a time: versions, lost races, and commands that decide again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import claim, command, read, transaction
from integrates.db_model.entity.facet import Beside
from integrates.db_model.entity.plan import Plan, together
from integrates.db_model.errors import AlreadyExists, Raced, Reason, Rejected, Stale, Unavailable
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.groups import commands as groups
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group, GroupInfo
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.store.port import Change, Check, Key, Put, Store, Version
from integrates.db_model.testing.scene import (
    Stamping,
    add_finding,
    add_group,
    add_organization,
    add_root,
    add_vulnerability,
    ticking,
    uid,
)
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Labels, Vulnerability

Before = Callable[[int, Sequence[Change]], Awaitable[None]]
Intrude = Callable[[Store, Before], Store]
WEBSHOP = group_key("webshop")
ONE = uid("one")


def described(text: str) -> Callable[[Group, datetime], Group]:
    return lambda old, _: replace(old, info=replace(old.info, description=text))


async def stale(store: Store, stamp: Stamping) -> Plan[Group]:
    """Return a plan that was overtaken by another."""
    group = await add_group(store, "webshop", stamp)
    made = stamp()
    plan = await command.planned(store, GROUP, group, described("Two")(group, made.at), made)
    await command.update(store, GROUP, WEBSHOP, described("One"), stamp())
    return plan


async def test_a_stale_change_is_stale_and_names_the_version(store: Store) -> None:
    plan = await stale(store, ticking())
    with pytest.raises(Stale) as caught:
        await transaction.write(store, (plan,))
    assert (caught.value.facet, caught.value.identity, caught.value.current) == ("group", "webshop", 2)
    group = await read.get(store, GROUP, WEBSHOP)
    assert group is not None
    assert group.info.description == "One"
    assert len(await read.history(store, WEBSHOP)) == 2


async def test_stale_goes_before_other_refusals(store: Store) -> None:
    plan = await stale(store, ticking())
    missing = Beside(Check(Key("NONE", "NONE"), Version(1)), Rejected(Reason.NOT_FOUND))
    with pytest.raises(Stale):
        await transaction.write(store, (together(plan, missing),))
    with pytest.raises(Stale):
        await transaction.write(store, (plan,), (missing,))
    with pytest.raises(Rejected, match="not_found"):
        await transaction.write(store, (), (missing,))


async def test_an_expected_version_that_is_gone_is_stale(store: Store) -> None:
    await stale(store, stamp := ticking())
    with pytest.raises(Stale) as caught:
        await command.update(store, GROUP, WEBSHOP, described("Three"), stamp(), expected_version=1)
    assert caught.value.current == 2
    made = await command.update(store, GROUP, WEBSHOP, described("Three"), stamp(), expected_version=2)
    assert made.version == 3


@pytest.mark.parametrize("expected", [None, 1])
async def test_who_names_a_version_loses_a_race_and_who_names_none_decides_again(
    store: Store, intrude: Intrude, expected: int | None
) -> None:
    stamp = ticking()
    await add_group(store, "webshop", stamp)
    seen: list[str] = []

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await command.update(store, GROUP, WEBSHOP, described("Else"), stamp())

    def alter(old: Group, at: datetime) -> Group:
        seen.append(old.info.description)
        return described(f"{old.info.description}, more")(old, at)

    work = command.update(intrude(store, before), GROUP, WEBSHOP, alter, stamp(), expected_version=expected)
    if expected is None:
        made = await work
        assert (made.info.description, made.version) == ("Else, more", 3)
        assert seen == ["The group webshop", "Else"]
    else:
        with pytest.raises(Stale):
            await work
        assert seen == ["The group webshop"]


async def test_what_the_newer_state_refuses_is_refused_with_that_error(store: Store, intrude: Intrude) -> None:
    stamp = ticking()
    await add_group(store, "webshop", stamp)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await command.update(store, GROUP, WEBSHOP, described("Else"), stamp())

    def alter(old: Group, at: datetime) -> Group:
        if old.info.description == "Else":
            raise Rejected(Reason.HIDDEN)
        return described("More")(old, at)

    with pytest.raises(Rejected, match="hidden"):
        await command.update(intrude(store, before), GROUP, WEBSHOP, alter, stamp())


async def test_a_taken_claim_already_exists_and_names_its_owner(store: Store) -> None:
    stamp = ticking()
    group = await add_group(store, "webshop", stamp)
    first = await add_finding(store, group, "R1", stamp)
    made = stamp()
    with pytest.raises(AlreadyExists) as caught:
        await command.add(store, FINDING, replace(first, id=uid("R2"), version=0, schema=0), made)
    assert (caught.value.reason, caught.value.owner, caught.value.path) == ("title_taken", first.id, ("title",))
    assert await read.get_any(store, FINDING, finding_key(uid("R2"))) is None


async def test_a_claim_that_is_taken_while_writing_already_exists(store: Store, intrude: Intrude) -> None:
    stamp = ticking()
    group = await add_group(store, "webshop", stamp)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await add_finding(store, group, "R1", stamp)

    made = stamp()
    other = await add_finding(store, group, "R0", stamp)
    new = replace(other, id=uid("R2"), rule=other.rule and replace(other.rule, rule_id="R1"), version=0, schema=0)
    with pytest.raises(AlreadyExists, match="title_taken"):
        await command.add(intrude(store, before), FINDING, new, made)
    assert await read.get_any(store, FINDING, finding_key(uid("R2"))) is None


async def test_a_parent_that_changed_is_a_race(store: Store) -> None:
    stamp = ticking()
    organization = await add_organization(store, "aurora", stamp)
    made = stamp()
    info = GroupInfo(name="other", organization_id=organization.id, description="Other")
    plan = await command.planned(store, GROUP, None, groups.new_group(info, made), made)
    country = replace(organization.info, country="CO")
    await command.update(
        store, ORGANIZATION, organization_key(organization.id), lambda old, _: replace(old, info=country), stamp()
    )
    with pytest.raises(Raced):
        await transaction.write(store, (plan,))
    assert await read.get(store, GROUP, group_key("other")) is None
    assert (await groups.add(store, groups.new_group(info, made), made)).version == 1


async def test_an_identity_is_taken_over_only_from_who_was_seen(store: Store) -> None:
    key = claim.claim_key("group_name", "x")
    await store.write((claim.taken(key, "group_name", "one", None),))
    first = claim.held_of((await store.get((key,)))[0])
    assert first == claim.Held("one", 1)
    await store.write((claim.taken(key, "group_name", "two", first),))
    for change in (claim.taken(key, "group_name", "three", first), claim.freed(key, "group_name", first)):
        with pytest.raises(Raced):
            await transaction.write(store, (), (Beside(change, Raced("x")),))
    await store.write((claim.freed(key, "group_name", claim.Held("two", 2)),))
    (item,) = await store.get((key,))
    assert (claim.holder_of(item), claim.held_of(item)) == (None, claim.Held("two", 3, freed=True))
    assert claim.holder_of(None) is None
    with pytest.raises(Raced):
        await transaction.write(store, (), (Beside(claim.taken(key, "group_name", "four", None), Raced("x")),))


def tagged(tag: str) -> Callable[[Vulnerability, datetime], Vulnerability]:
    return lambda old, _: replace(old, labels=Labels(tags=(tag,)))


async def reported(store: Store, stamp: Stamping) -> Vulnerability:
    group = await add_group(store, "webshop", stamp)
    root, finding = await add_root(store, group, "backend", stamp), await add_finding(store, group, "R1", stamp)
    return await add_vulnerability(store, finding, root, "a.py", stamp, identity=ONE)


async def four(store: Store) -> list[Plan[Vulnerability]]:
    stamp = ticking()
    current = await reported(store, stamp)
    stamps = [stamp() for _ in range(4)]
    return [
        await command.planned(store, VULNERABILITY, current, tagged(f"t{number}")(current, made.at), made)
        for number, made in enumerate(stamps)
    ]


async def test_a3_of_changes_at_once_all_but_one_are_stale(store: Store) -> None:
    plans = await four(store)
    found = await asyncio.gather(*(transaction.write(store, (plan,)) for plan in plans), return_exceptions=True)
    lost = [each for each in found if isinstance(each, Stale)]
    assert (found.count(None), [each.current for each in lost]) == (1, [2, 2, 2])
    assert len(await read.history(store, vulnerability_key(ONE))) == 2


async def test_a3_in_threads(store: Store) -> None:
    plans = await four(store)

    def write(plan: Plan[Vulnerability]) -> int | None:
        try:
            asyncio.run(transaction.write(store, (plan,)))
        except Stale as error:
            return error.current
        return None

    found = await asyncio.gather(*(asyncio.to_thread(write, plan) for plan in plans))
    assert sorted(found, key=str) == [2, 2, 2, None]
    assert len(await read.history(store, vulnerability_key(ONE))) == 2


async def test_commands_at_once_are_all_done_one_after_the_other(store: Store) -> None:
    """Nobody named a version: each is decided upon what the one before has left."""
    stamp = ticking()
    await reported(store, stamp)

    def more(tag: str) -> Callable[[Vulnerability, datetime], Vulnerability]:
        return lambda old, _: replace(old, labels=Labels(tags=(*old.labels.tags, tag)))

    tags, stamps = [f"t{number}" for number in range(4)], [stamp() for _ in range(4)]
    await asyncio.gather(
        *(
            command.update(store, VULNERABILITY, vulnerability_key(ONE), more(tag), made)
            for tag, made in zip(tags, stamps, strict=True)
        )
    )
    found = await read.get(store, VULNERABILITY, vulnerability_key(ONE))
    assert found is not None
    assert (sorted(found.labels.tags), found.version) == (tags, 5)


async def test_an_outage_is_told_and_not_taken_for_a_race(store: Store, intrude: Intrude) -> None:
    stamp = ticking()
    group = await add_group(store, "webshop", stamp)
    tries: list[Sequence[Change]] = []

    async def before(_: int, changes: Sequence[Change]) -> None:
        tries.append(changes)
        raise Unavailable("away")

    with pytest.raises(Unavailable):
        await command.update(intrude(store, before), GROUP, WEBSHOP, described("New"), stamp())
    assert len(tries) == 1
    assert {type(change) for change in tries[0]} == {Put}
    assert await read.get(store, GROUP, WEBSHOP) == group
