"""Nothing unknown is lost (E14): two versions of one program take turns on one store."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity import command, read, transaction
from integrates.db_model.entity.facet import Audit, Facet, key_of, shard
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.types import Entity
from integrates.db_model.errors import Corrupt, Outdated, Stale
from integrates.db_model.store.port import ANYTHING, Item, Put, Store
from integrates.db_model.testing.scene import HANA, Stamping, ticking, uid


class OldStatus(StrEnum):
    """The states that the first version knows."""

    ACTIVE = "ACTIVE"
    DELETED = "DELETED"


class NewStatus(StrEnum):
    """The second version knows one more."""

    ACTIVE = "ACTIVE"
    DELETED = "DELETED"
    FROZEN = "FROZEN"


class OldInfo(Struct, frozen=True, kw_only=True):
    """A name in one text."""

    name: str
    note: str | None = None


class NewInfo(Struct, frozen=True, kw_only=True):
    """A name in two texts, and something that the first version never heard of."""

    name: str
    first: str
    last: str
    colour: str | None = None


class Old(Entity, frozen=True, kw_only=True):
    """The entity as the first version has it."""

    id: str
    info: OldInfo
    status: OldStatus = OldStatus.ACTIVE
    remark: str | None = None


class New(Entity, frozen=True, kw_only=True):
    """The entity as the second version has it: ``remark`` is a list, ``weight`` is new."""

    id: str
    info: NewInfo
    status: NewStatus = NewStatus.ACTIVE
    remarks: tuple[str, ...] | None = None
    weight: int | None = None


def lift(found: dict[str, Any]) -> dict[str, Any]:
    """Lift some or all aspects from 1 to 2; a cleared one is ``None``."""
    lifted = dict(found)
    if "remark" in lifted:
        remark = lifted.pop("remark")
        lifted["remarks"] = None if remark is None else [remark]
    if "info" in lifted:
        first, _, last = lifted["info"]["name"].partition(" ")
        lifted["info"] = {"name": lifted["info"]["name"], "first": first, "last": last}
    return lifted


VARIABLES = {"shard": lambda one: shard(one.id)}
OLD: Facet[Old] = Facet(
    name="organization",
    type=Old,
    audit=lambda _: Audit(),
    is_live=lambda one: one.status is not OldStatus.DELETED,
    variables=VARIABLES,
)
NEW: Facet[New] = Facet(
    name="organization",
    type=New,
    audit=lambda _: Audit(),
    is_live=lambda one: one.status is not NewStatus.DELETED,
    variables=VARIABLES,
    schema=2,
    lifts={1: lift},
)
ONE = uid("one")
KEY = key_of("organization", {"id": ONE})


async def stored(store: Store, stamp: Stamping) -> list[Old]:
    """Store an entity by the first version, and change it twice; return its states."""
    made = stamp()
    new = Old(id=ONE, info=OldInfo(name="Ada Lovelace"), remark="early", created_at=made.at, created_by=HANA)
    first = await command.add(store, OLD, new, made)
    married = OldInfo(name="Ada King", note="married")
    second = await command.update(store, OLD, KEY, lambda old, _: replace(old, info=married), stamp())
    return [first, second, await command.update(store, OLD, KEY, lambda old, _: replace(old, remark=None), stamp())]


def weighed(old: New, _: datetime) -> New:
    return replace(old, weight=5, info=replace(old.info, colour="red"))


async def test_the_newer_lifts_what_the_older_wrote_and_its_whole_past(store: Store) -> None:
    stamp = ticking()
    states = await stored(store, stamp)
    found = await read.get(store, NEW, KEY)
    assert found is not None
    assert (found.info, found.remarks) == (NewInfo(name="Ada King", first="Ada", last="King"), None)
    assert (found.version, found.created_at, found.updated_at) == (3, states[0].created_at, states[2].updated_at)
    past = [await read.as_of(store, NEW, KEY, state.updated_at or state.created_at) for state in states]
    assert [each and (each.info.last, each.remarks, each.version) for each in past] == [
        ("Lovelace", ("early",), 1),
        ("King", ("early",), 2),
        ("King", None, 3),
    ]
    assert past[-1] == found
    listed = await read.everything(store, NEW, listing("organization", "organizations_of_platform", {"shard": shard(ONE)}))
    assert listed == (found,)


async def test_what_could_be_read_as_it_is_is_lifted_too(store: Store) -> None:
    """A member may mean something else in the next version, and look the same."""

    def louder(found: dict[str, Any]) -> dict[str, Any]:
        return {**found, **({"remark": found["remark"].upper()} if found.get("remark") else {})}

    loud: Facet[Old] = Facet(
        name="organization", type=Old, audit=lambda _: Audit(), variables=VARIABLES, schema=2, lifts={1: louder}
    )
    stamp = ticking()
    first = (await stored(store, stamp))[0]
    await command.update(store, OLD, KEY, lambda old, _: replace(old, remark="late"), stamp())
    found = await read.get(store, loud, KEY)
    assert found is not None
    assert (found.remark, found.schema) == ("LATE", 2)
    past = await read.as_of(store, loud, KEY, first.created_at)
    assert past is not None
    assert past.remark == "EARLY"


async def test_reading_lifts_nothing_in_the_store(store: Store) -> None:
    stamp = ticking()
    await stored(store, stamp)
    before = await store.get((KEY,))
    found = await read.get(store, NEW, KEY)
    assert await command.update(store, NEW, KEY, lambda old, _: replace(old), stamp()) == found
    assert await store.get((KEY,)) == before


async def test_what_the_newer_changed_leads_from_its_past(store: Store) -> None:
    stamp = ticking()
    states = await stored(store, stamp)
    changed = await command.update(store, NEW, KEY, weighed, stamp())
    assert (changed.schema, changed.version) == (2, 4)
    assert await read.get(store, NEW, KEY) == changed
    history = await read.history(store, KEY)
    assert [each.schema for each in history] == [1, 1, 1, 2]
    assert sorted(history[-1].aspects) == ["info", "weight"], "lifting is no change"
    for state, last in zip(states, ("Lovelace", "King", "King"), strict=True):
        past = await read.as_of(store, NEW, KEY, state.updated_at or state.created_at)
        assert past is not None
        assert (past.info.last, past.weight, past.version) == (last, None, state.version)
    assert await read.as_of(store, NEW, KEY, changed.updated_at or changed.created_at) == changed


async def test_the_older_reads_what_the_newer_wrote_and_refuses_to_change_it(store: Store) -> None:
    """Written back, the colour and the weight would be gone."""
    stamp = ticking()
    await stored(store, stamp)
    await command.update(store, NEW, KEY, weighed, stamp())
    before = await store.get((KEY,))
    seen = await read.get(store, OLD, KEY)
    assert seen is not None
    assert (seen.info.name, seen.schema) == ("Ada King", 2)
    with pytest.raises(Outdated) as caught:
        await command.update(store, OLD, KEY, lambda old, _: replace(old, remark="late"), stamp())
    assert (caught.value.facet, caught.value.identity, caught.value.schema) == ("organization", ONE, 2)
    written = await command.update_each(store, OLD, [KEY], lambda old, _: replace(old, remark="late"), stamp())
    assert {position: type(error) for position, error in written.refused.items()} == {0: Outdated}
    assert await store.get((KEY,)) == before
    assert await command.update(store, OLD, KEY, lambda old, _: old, stamp()) == seen, "nothing to change is no harm"
    past = await read.as_of(store, OLD, KEY, seen.updated_at or seen.created_at)
    assert past is not None
    assert (past.info.name, past.version) == ("Ada King", 4)


async def test_a_change_that_the_older_prepared_is_stale_after_the_newer_wrote(store: Store) -> None:
    stamp = ticking()
    await stored(store, stamp)
    known = await read.get(store, OLD, KEY)
    assert known is not None
    made = await command.planned(store, OLD, known, replace(known, remark="late"), stamp())
    changed = await command.update(store, NEW, KEY, weighed, stamp())
    with pytest.raises(Stale):
        await transaction.write(store, (made,))
    assert await read.get(store, NEW, KEY) == changed


async def test_what_the_older_cannot_even_read_is_outdated_and_not_corrupt(store: Store) -> None:
    stamp = ticking()
    await stored(store, stamp)
    frozen = await command.update(store, NEW, KEY, lambda old, _: replace(old, status=NewStatus.FROZEN), stamp())
    before = await store.get((KEY,))
    for work in (
        read.get(store, OLD, KEY),
        command.update(store, OLD, KEY, lambda old, _: replace(old, remark="late"), stamp()),
        read.as_of(store, OLD, KEY, frozen.updated_at or frozen.created_at),
    ):
        with pytest.raises(Outdated):
            await work
    assert await store.get((KEY,)) == before
    early = await read.as_of(store, OLD, KEY, frozen.created_at)
    assert early is not None
    assert (early.info.name, early.status) == ("Ada Lovelace", OldStatus.ACTIVE)


async def test_they_take_turns_and_nothing_is_lost(store: Store) -> None:
    stamp = ticking()
    await stored(store, stamp)
    await command.update(store, OLD, KEY, lambda old, _: replace(old, remark="again"), stamp())
    await command.update(store, NEW, KEY, weighed, stamp())
    with pytest.raises(Outdated):
        await command.update(store, OLD, KEY, lambda old, _: replace(old, info=OldInfo(name="Someone")), stamp())
    final = await command.update(store, NEW, KEY, lambda old, _: replace(old, status=NewStatus.FROZEN), stamp())
    assert (final.info.colour, final.weight, final.remarks, final.version) == ("red", 5, ("again",), 6)
    assert await read.as_of(store, NEW, KEY, final.updated_at or final.created_at) == final


@pytest.mark.parametrize("damage", [{"info": 5}, {"status": "ODD"}, {"schema": "2"}, {"created_at": "yesterday"}])
async def test_what_is_corrupt_is_never_written_over(store: Store, damage: dict[str, Any]) -> None:
    stamp = ticking()
    states = await stored(store, stamp)
    (item,) = await store.get((KEY,))
    assert item is not None
    damaged = Item(KEY, item.version, {**item.attributes, **damage}, item.index_keys)
    await store.write((Put(damaged, ANYTHING),))
    with pytest.raises(Corrupt):
        await command.update(store, OLD, KEY, lambda old, _: replace(old, remark="late"), stamp())
    with pytest.raises(Stale):
        await command.add(store, OLD, replace(states[0], version=0, schema=0), stamp())
    written = await command.update_each(store, OLD, [KEY], lambda old, _: replace(old, remark="late"), stamp())
    assert {position: type(error) for position, error in written.refused.items()} == {0: Corrupt}
    assert await store.get((KEY,)) == (damaged,)
    assert len(await read.history(store, KEY)) == 3


async def test_a_lift_that_fails_on_an_item_says_that_it_is_corrupt(store: Store) -> None:
    await stored(store, ticking())
    (item,) = await store.get((KEY,))
    assert item is not None
    await store.write((Put(Item(KEY, 3, {**item.attributes, "info": None}, item.index_keys), ANYTHING),))
    with pytest.raises(Corrupt):
        await read.get(store, NEW, KEY)


async def test_a_schema_number_is_never_taken_from_who_changes(store: Store) -> None:
    """A struct in hand says 0; the item and the revision say what the facet writes."""
    stamp = ticking()
    states = await stored(store, stamp)
    assert {state.schema for state in states} == {1}
    changed = await command.update(store, NEW, KEY, lambda old, _: replace(weighed(old, _), schema=0), stamp())
    assert changed.schema == 2
    (item,) = await store.get((KEY,))
    assert item is not None
    assert item.attributes["schema"] == 2
