"""The work of an import in the store: one for a root, leases, and workers that overtake each other (domain section 8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.entity.command import planned
from integrates.db_model.entity.work import LEASE, Overtaken, is_leased
from integrates.db_model.errors import AlreadyExists, ModelError, NotFound, Raced, Rejections
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group, GroupRemovalReason, GroupStatus
from integrates.db_model.imports import commands, rules
from integrates.db_model.imports.commands import Destination
from integrates.db_model.imports.facet import IMPORT, import_key
from integrates.db_model.imports.types import (
    ClosingOutcome,
    Import,
    ImportCounts,
    ImportFile,
    ImportFormat,
    ImportOptions,
    ImportProgress,
    ImportState,
    ImportStatus,
    SeriesClosing,
)
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Store
from integrates.db_model.testing.scene import (
    FIRST,
    HANA,
    Stamping,
    add_group,
    add_root,
    deactivate_root,
    ticking,
    uid,
)
from integrates.db_model.values.instant import SKEW
from integrates.db_model.vulnerabilities import rules as vulnerability_rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import ClosingReason

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House

INSTANT = timedelta(microseconds=1)
NOTHING = ImportCounts()


async def begun(store: Store, stamp: Stamping) -> tuple[Group, Root]:
    group = await add_group(store, "webshop", stamp)
    return group, await add_root(store, group, "backend", stamp)


def new_import(root: Root, name: str = "first") -> Import:
    return Import(
        id=uid(name),
        group_name=root.group_name,
        organization_id=root.organization_id,
        root_id=root.id,
        format=ImportFormat.SARIF,
        file=ImportFile(file_name="results.sarif", sha256="0" * 64, size=9),
        options=ImportOptions(),
        state=ImportState(status=ImportStatus.RUNNING, at=FIRST, by=HANA),
        created_at=FIRST,
        created_by=HANA,
    )


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (-LEASE, False),
        (timedelta(0), False),
        (INSTANT, True),
        (LEASE, True),
        (LEASE + SKEW, True),
        (LEASE + SKEW + INSTANT, False),
        (timedelta(days=365), False),
    ],
)
def test_a_lease_from_the_future_has_lapsed(ahead: timedelta, expected: object) -> None:
    """It ends later than one that another clock gives now: the clock of who gave it was wrong (E15)."""
    assert is_leased(ImportProgress(lease_until=FIRST + ahead), FIRST) is expected


async def test_a_root_has_one_unfinished_import(store: Store) -> None:
    stamp = ticking()
    _, root = await begun(store, stamp)
    running = await commands.begin(store, new_import(root), NOTHING, (), stamp())
    assert await commands.find_unfinished(store, root.id) == running == await commands.find(store, uid("first"))
    with pytest.raises(AlreadyExists) as caught:
        await commands.begin(store, new_import(root, "second"), NOTHING, (), stamp())
    assert (caught.value.reason, caught.value.owner) == ("import_running", uid("first"))
    done = await commands.complete(store, running, 9, stamp())
    assert (done.record.state.status, done.progress.position) == (ImportStatus.COMPLETED, 9)
    assert await commands.find_unfinished(store, root.id) is None
    again = await commands.begin(store, new_import(root, "second"), NOTHING, (), stamp())
    await commands.fail(store, again, "bad_file", stamp())
    assert await commands.find_unfinished(store, root.id) is None
    assert len(await read.history(store, import_key(uid("first")))) == 2, "progress is no history"


async def test_an_import_needs_an_active_root_of_its_group(store: Store) -> None:
    stamp = ticking()
    group, root = await begun(store, stamp)
    rival = await add_group(store, "rival", stamp, organization="boreal")
    for odd, expected in (
        ({"group_name": rival.name}, "wrong_parent"),
        ({"organization_id": rival.organization_id}, "wrong_parent"),
    ):
        with pytest.raises(Rejections, match=expected):
            await commands.begin(store, replace(new_import(root), **odd), NOTHING, (), stamp())
    with pytest.raises(NotFound):
        await commands.begin(store, replace(new_import(root), root_id=uid("none")), NOTHING, (), stamp())
    await deactivate_root(store, root.id, stamp())
    with pytest.raises(Rejections, match="inactive_root"):
        await commands.begin(store, new_import(root), NOTHING, (), stamp())
    assert group.name == root.group_name
    assert await read.get_any(store, IMPORT, import_key(uid("first"))) is None


Ending = Callable[[Store, commands.Running, Stamping], Awaitable[object]]
WORK: Mapping[str, Ending] = {
    "take_up": lambda store, running, stamp: commands.take_up(store, running, stamp()),
    "complete": lambda store, running, stamp: commands.complete(store, running, 9, stamp()),
    "fail": lambda store, running, stamp: commands.fail(store, running, "bad_file", stamp()),
}


@pytest.mark.parametrize("first", WORK)
@pytest.mark.parametrize("second", WORK)
async def test_of_two_workers_one_is_told_that_it_was_overtaken(store: Store, first: str, second: str) -> None:
    stamp = ticking()
    _, root = await begun(store, stamp)
    running = await commands.begin(store, new_import(root), NOTHING, (), stamp())
    await WORK[first](store, running, stamp)
    before = await commands.find(store, uid("first"))
    with pytest.raises(Overtaken):
        await WORK[second](store, running, stamp)
    assert await commands.find(store, uid("first")) == before


async def test_what_is_running_is_listed(store: Store) -> None:
    stamp = ticking()
    _, root = await begun(store, stamp)
    assert await commands.unfinished_ids(store) == ()
    running = await commands.begin(store, new_import(root), NOTHING, (), stamp())
    assert await commands.unfinished_ids(store) == (uid("first"),)
    await commands.fail(store, running, "bad_file", stamp())
    assert await commands.unfinished_ids(store) == ()


async def test_a_lease_is_given_back_by_the_worker_that_holds_it(store: Store) -> None:
    stamp = ticking()
    _, root = await begun(store, stamp)
    first, second = replace(stamp(), change_id=uid("a worker")), replace(stamp(), change_id=uid("another"))
    running = await commands.begin(store, new_import(root), NOTHING, (), first)
    await commands.give_back(store, uid("first"), second)
    assert await commands.find(store, uid("first")) == running, "it is not theirs"
    await commands.give_back(store, uid("first"), first)
    left = await commands.find(store, uid("first"))
    assert left is not None
    assert (left.progress.version, is_leased(left.progress, first.at)) == (running.progress.version + 1, False)
    taken = await commands.take_up(store, left, second)
    assert is_leased(taken.progress, second.at)
    await commands.give_back(store, uid("first"), first)
    assert await commands.find(store, uid("first")) == taken
    done = await commands.complete(store, taken, 0, second)
    await commands.give_back(store, uid("first"), second)
    assert await commands.find(store, uid("first")) == done, "what has ended has no lease"


async def gone_group(store: Store, stamp: Stamping, _: Root) -> None:
    def alter(old: Group, at: datetime) -> Group:
        return replace(old, state=replace(old.state, status=GroupStatus.DELETED, at=at, reason=GroupRemovalReason.NO_SYSTEM))

    await command.update(store, GROUP, group_key("webshop"), alter, stamp())


async def gone_root(store: Store, stamp: Stamping, root: Root) -> None:
    await deactivate_root(store, root.id, stamp())


async def nothing(_: Store, __: Stamping, ___: Root) -> None:
    """Leave everything as it is."""


@pytest.mark.parametrize(
    ("meanwhile", "error"), [(nothing, None), (gone_group, Raced), (gone_root, Raced)], ids=["nothing", "group", "root"]
)
async def test_a_chunk_is_written_while_group_and_root_are_as_they_were(
    store: Store,
    house: House,
    meanwhile: Callable[[Store, Stamping, Root], Awaitable[None]],
    error: type[ModelError] | None,
) -> None:
    running = await commands.begin(store, new_import(house.root), NOTHING, (), house.stamp())
    made = house.stamp()
    closed = vulnerability_rules.closed(house.one, ClosingReason.NOT_REPORTED, by=HANA, at=made.at)
    plans = [await planned(store, VULNERABILITY, house.one, closed, made)]
    await meanwhile(store, house.stamp, house.root)
    counts, destination = ImportCounts(closed=1), Destination(house.group, house.root)
    step = rules.Step(position=1, counts=counts)
    work = commands.write_chunk(store, running, plans, made, step, destination)
    if error is None:
        done = await work
        assert (done.progress.counts, done.progress.position, done.progress.version) == (counts, 1, 2)
        assert await commands.find(store, uid("first")) == done
        with pytest.raises(Overtaken):  # although the vulnerability is stale, too
            await commands.write_chunk(store, running, plans, made, step, destination)
    else:
        with pytest.raises(error):
            await work
        assert await read.get(store, VULNERABILITY, vulnerability_key(house.one.id)) == house.one
    assert await house.is_exact()


async def test_a_chunk_without_plans_moves_on(store: Store) -> None:
    stamp = ticking()
    group, root = await begun(store, stamp)
    running = await commands.begin(store, new_import(root), ImportCounts(skipped=2), (), stamp())
    made = stamp()
    step = rules.Step(position=3, counts=ImportCounts(ignored=3))
    done = await commands.write_chunk(store, running, (), made, step, Destination(group, root))
    assert done.progress.counts == ImportCounts(ignored=3, skipped=2)
    assert (done.progress.attempts, done.progress.lease_until) == (0, made.at + LEASE)
    with pytest.raises(Overtaken):
        await commands.write_chunk(store, running, (), stamp(), step, Destination(group, root))
    taken = await commands.take_up(store, done, stamp())
    assert (taken.progress.attempts, taken.progress.position) == (1, 3)


async def test_of_two_plans_one_is_kept(store: Store) -> None:
    stamp = ticking()
    _, root = await begun(store, stamp)
    running = await commands.begin(store, new_import(root), NOTHING, (), stamp())
    kept = await commands.keep_plan(store, running, "1" * 64, stamp())
    with pytest.raises(Overtaken):
        await commands.keep_plan(store, running, "2" * 64, stamp())
    assert await commands.find(store, uid("first")) == kept
    assert kept.progress.plan == "1" * 64


async def test_what_each_series_closed_is_added_up(store: Store) -> None:
    stamp = ticking()
    group, root = await begun(store, stamp)
    series = tuple(SeriesClosing(tool="lint", category=each, outcome=ClosingOutcome.DONE) for each in ("a/", "b/"))
    running = await commands.begin(store, new_import(root), NOTHING, series, stamp())
    step = rules.Step(position=1, closed={("lint", "b/"): 2})
    for _ in range(2):
        running = await commands.write_chunk(store, running, (), stamp(), step, Destination(group, root))
    assert [(one.category, one.closed) for one in running.progress.closing] == [("a/", 0), ("b/", 4)]
