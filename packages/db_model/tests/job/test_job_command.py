"""Commands over all vulnerabilities of a group, as batch jobs use them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import pytest
from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity import read
from integrates.db_model.errors import Corrupt, NotFound, Reason, Rejected, Rejections
from integrates.db_model.findings.types import Finding
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.roots.types import Root
from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import ANYTHING, Item, Page, Put, Query, Store
from integrates.db_model.testing.pattern import following_patterns
from integrates.db_model.testing.scene import (
    Stamping,
    add_finding,
    add_group,
    add_person,
    add_root,
    add_vulnerability,
    address_of,
    ticking,
)
from integrates.db_model.vulnerabilities import commands, expiry
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.treatment import ENDED
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

GROUP = "webshop"
LEAVER, HEIR, OTHER = address_of("leaver"), address_of("heir"), address_of("other")
WHY = "because of reasons"


class Shop(Struct, frozen=True, kw_only=True):
    """A group with a root and a finding, and a clock."""

    store: Store
    stamp: Stamping
    root: Root
    finding: Finding

    async def reported(self, name: str) -> Vulnerability:
        return await add_vulnerability(self.store, self.finding, self.root, f"src/{name}.py", self.stamp)

    async def treated(self, name: str, *, assigned: str | None = None, until: datetime | None = None) -> Vulnerability:
        new = await self.reported(name)
        made = self.stamp()
        status = TreatmentStatus.ACCEPTED if until else TreatmentStatus.IN_PROGRESS
        treatment = Treatment(status=status, accepted_until=until, justification=WHY, assigned=assigned, at=made.at, by=made.by)
        return await commands.update(self.store, new.id, lambda old, _: replace(old, treatment=treatment), made)

    async def hide(self, vulnerability: Vulnerability) -> Vulnerability:
        made = self.stamp()
        risk = ZeroRisk(status=ZeroRiskStatus.CONFIRMED, justification=WHY, at=made.at, by=made.by)
        return await commands.update(self.store, vulnerability.id, lambda old, _: replace(old, zero_risk=risk), made)

    async def close(self, vulnerability: Vulnerability) -> Vulnerability:
        return await commands.close(self.store, vulnerability.id, ClosingReason.NOT_REPORTED, self.stamp())

    async def got(self, vulnerability: Vulnerability) -> Vulnerability:
        found = await read.get(self.store, VULNERABILITY, vulnerability_key(vulnerability.id))
        assert found is not None
        return found

    @staticmethod
    async def ids(found: AsyncIterator[Vulnerability]) -> list[str]:
        return [one.id async for one in found]


async def opened(store: Store, stamp: Stamping, name: str) -> Shop:
    group = await add_group(store, name, stamp)
    root, finding = await add_root(store, group, name, stamp), await add_finding(store, group, "rule", stamp, score="7.0")
    return Shop(store=store, stamp=stamp, root=root, finding=finding)


@pytest.fixture
async def shop() -> Shop:
    """A shop on a store that holds every query against the design."""
    store, stamp = following_patterns(memory_store(), design()), ticking()
    for person in (LEAVER, HEIR):
        await add_person(store, person, stamp)
    return await opened(store, stamp, GROUP)


async def test_each_walks_what_is_open_in_the_order_of_opening(shop: Shop) -> None:
    first, hidden, closed, last = [await shop.reported(name) for name in ("z", "hidden", "closed", "a")]
    await shop.hide(hidden)
    await shop.close(closed)
    each = partial(commands.each, shop.store, GROUP)
    assert await shop.ids(each()) == [first.id, last.id]
    assert await shop.ids(each(hidden=True)) == [hidden.id]
    assert await shop.ids(each(state=VulnerabilityStatus.SAFE)) == [closed.id]


async def test_each_walks_what_is_assigned_to_a_person_in_one_group(shop: Shop) -> None:
    own, closed = [await shop.treated(name, assigned=LEAVER) for name in ("own", "closed")]
    await shop.treated("other", assigned=OTHER)
    await shop.reported("free")
    await shop.close(closed)
    there = await opened(shop.store, shop.stamp, f"{GROUP}-2")
    await there.treated("elsewhere", assigned=LEAVER)
    each = partial(commands.each, shop.store, GROUP, assigned=LEAVER)
    assert await shop.ids(each()) == [own.id]
    assert await shop.ids(each(state=VulnerabilityStatus.SAFE)) == [closed.id]


async def test_a_walk_over_several_pages_goes_on_while_what_was_passed_leaves_the_list(shop: Shop) -> None:
    made = [await shop.treated(str(number), assigned=LEAVER) for number in range(7)]

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        return await shop.store.query([replace(one, limit=2) for one in queries])

    small = replace(shop.store, query=query)
    async for found in commands.each(small, GROUP, assigned=LEAVER):
        await commands.reassign(small, found, to=HEIR, stamp=shop.stamp())
    assert {(await shop.got(one)).treatment.assigned for one in made} == {HEIR}


async def test_a_walk_reads_no_page_before_the_one_before_is_used_up(shop: Shop) -> None:
    for number in range(5):
        await shop.reported(str(number))
    read_pages = 0

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        nonlocal read_pages
        read_pages += 1
        return await shop.store.query([replace(one, limit=2) for one in queries])

    each = commands.each(replace(shop.store, query=query), GROUP)
    counts = [read_pages async for _ in each]
    assert counts == [1, 1, 2, 2, 3]


async def test_walking_an_unknown_group_is_refused(shop: Shop) -> None:
    with pytest.raises(NotFound):
        await anext(commands.each(shop.store, "web-shop"))
    with pytest.raises(NotFound):
        await expiry.expire_acceptances(shop.store, "web-shop", shop.stamp().at, shop.stamp())


async def test_reassigning_changes_who_is_assigned_and_nothing_else(shop: Shop) -> None:
    found = await shop.treated("own", assigned=LEAVER)
    stamp = shop.stamp()
    made = await commands.reassign(shop.store, found, to=HEIR, stamp=stamp)
    assert made.treatment == replace(found.treatment, assigned=HEIR, at=stamp.at, by=stamp.by)
    assert (made.version, await shop.got(found)) == (found.version + 1, made)


async def test_reassigning_again_writes_nothing(shop: Shop) -> None:
    found = await shop.treated("own", assigned=LEAVER)
    made = await commands.reassign(shop.store, found, to=HEIR, stamp=shop.stamp())
    assert await commands.reassign(shop.store, found, to=HEIR, stamp=shop.stamp()) == made


async def test_what_somebody_else_was_given_meanwhile_stays_theirs(shop: Shop) -> None:
    found = await shop.treated("own", assigned=LEAVER)
    await commands.reassign(shop.store, found, to=HEIR, stamp=shop.stamp())
    assert (await commands.reassign(shop.store, found, to=LEAVER, stamp=shop.stamp())).treatment.assigned == HEIR


async def test_nothing_is_assigned_to_a_person_who_is_unknown(shop: Shop) -> None:
    found = await shop.treated("own", assigned=LEAVER)
    with pytest.raises(Rejected) as caught:
        await commands.reassign(shop.store, found, to=OTHER, stamp=shop.stamp())
    assert (caught.value.reason, caught.value.path) == (Reason.UNKNOWN_PERSON, ("to",))
    assert await shop.got(found) == found


async def test_what_was_closed_meanwhile_is_not_reassigned(shop: Shop) -> None:
    found = await shop.treated("own", assigned=LEAVER)
    await shop.close(found)
    with pytest.raises(Rejections, match="not_vulnerable"):
        await commands.reassign(shop.store, found, to=HEIR, stamp=shop.stamp())


async def test_acceptances_end_at_their_date_and_not_before(shop: Shop) -> None:
    now = shop.stamp().at + timedelta(days=30)
    second = timedelta(seconds=1)
    over, due, running = [
        await shop.treated(name, until=until) for name, until in (("over", now - second), ("due", now), ("on", now + second))
    ]
    stamp = shop.stamp("system", "expire_acceptances")
    assert await expiry.expire_acceptances(shop.store, GROUP, now, stamp) == expiry.Expired(done=2)
    ended = Treatment(status=TreatmentStatus.UNTREATED, justification=ENDED, at=stamp.at, by="system")
    assert [(await shop.got(one)).treatment for one in (over, due, running)] == [ended, ended, running.treatment]
    assert (await shop.got(over)).cycle.temporary_acceptances == over.cycle.temporary_acceptances
    counted = await recount(shop.store, GROUP)
    assert counted == await stored_counters(shop.store, counted, GROUP)
    assert await expiry.expire_acceptances(shop.store, GROUP, now, stamp) == expiry.Expired()


async def test_hidden_acceptances_end_and_closed_ones_stay(shop: Shop) -> None:
    now = shop.stamp().at + timedelta(days=30)
    hidden, closed = [await shop.treated(name, until=now) for name in ("hidden", "closed")]
    await shop.hide(hidden)
    await shop.close(closed)
    done = await expiry.expire_acceptances(shop.store, GROUP, now, shop.stamp("system"))
    assert done == expiry.Expired(done=1)
    assert (await shop.got(hidden)).treatment.status is TreatmentStatus.UNTREATED
    assert (await shop.got(closed)).treatment.status is TreatmentStatus.ACCEPTED


async def test_more_acceptances_than_fit_a_page_end_in_one_go(shop: Shop) -> None:
    now = shop.stamp().at + timedelta(days=30)
    made = [await shop.treated(str(number), until=now) for number in range(205)]
    done = await expiry.expire_acceptances(shop.store, GROUP, now, shop.stamp("system"))
    assert done == expiry.Expired(done=205)
    assert {(await shop.got(one)).treatment.status for one in made} == {TreatmentStatus.UNTREATED}


async def test_an_acceptance_that_cannot_be_read_keeps_no_other_from_ending(shop: Shop) -> None:
    now = shop.stamp().at + timedelta(days=30)
    odd, *fine = [await shop.treated(name, until=now) for name in ("odd", "one", "two")]
    (item,) = await shop.store.get((vulnerability_key(odd.id),))
    assert item is not None
    await shop.store.write((Put(Item(item.key, item.version + 1, {"odd": 1}, item.index_keys), ANYTHING),))
    ended = await expiry.expire_acceptances(shop.store, GROUP, now, shop.stamp("system"))
    assert ended.done == len(fine)
    assert [(at, type(error)) for at, error in ended.refused.items()] == [(odd.id, Corrupt)]
