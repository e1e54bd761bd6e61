"""Each embedded store, empty or with a house in it, and a way to let something happen before its writes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity import claim, command, read
from integrates.db_model.entity.plan import Plan
from integrates.db_model.files.memory import memory_files
from integrates.db_model.files.port import Files
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding, FindingStateStatus, RemovalJustification
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group, GroupRemovalReason, GroupStatus
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.roots.types import GitRoot, Root
from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import ANYTHING, Change, Item, Key, Put, Store
from integrates.db_model.store.sqlite.store import sqlite_store
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
    uid,
)
from integrates.db_model.vulnerabilities.types import Cycle, RejectionReason, Source, Vulnerability, VulnerabilityStatus

Before = Callable[[int, Sequence[Change]], Awaitable[None]]
"""What happens before a write, which is given by its number, from 1, and its changes."""
Intrude = Callable[[Store, Before], Store]


class House(Struct, frozen=True, kw_only=True):
    """A group with a root, a finding and a vulnerability; a group of another tenant; somebody without a role; and a clock."""

    store: Store
    stamp: Stamping
    group: Group
    other: Group
    root: GitRoot
    finding: Finding
    one: Vulnerability

    async def is_exact(self, group: str = "webshop") -> bool:
        """Return whether the counters of a group are those that its entities make."""
        counted = await recount(self.store, group)
        return counted == await stored_counters(self.store, counted, group)

    async def holder(self, key: Key) -> str | None:
        """Return who holds a claim."""
        return claim.holder_of((await self.store.get((key,)))[0])

    async def known(self) -> Finding:
        """Return the finding as it is now."""
        known = await read.get(self.store, FINDING, finding_key(self.finding.id))
        assert known is not None
        return known

    async def spoil(self, key: Key) -> None:
        """Put something that is no entity in the place of one."""
        (item,) = await self.store.get((key,))
        assert item is not None
        await self.store.write((Put(Item(key, item.version + 1, {"odd": 1}, item.index_keys), ANYTHING),))

    async def remove_group(self) -> Group:
        """Remove the group by the generic verb."""
        return await command.update(self.store, GROUP, group_key(self.group.name), removed_group, self.stamp())

    async def remove_finding(self, finding_id: str, why: RemovalJustification = RemovalJustification.DUPLICATED) -> Finding:
        """Remove a finding by the generic verb."""
        return await command.update(self.store, FINDING, finding_key(finding_id), self.removed_finding(why), self.stamp())

    async def removal(self, finding: Finding) -> Plan[Finding]:
        """Plan to remove a finding."""
        made = self.stamp()
        new = self.removed_finding(RemovalJustification.DUPLICATED)(finding, made.at)
        return await command.planned(self.store, FINDING, finding, new, made)

    @staticmethod
    def removed_finding(why: RemovalJustification) -> Callable[[Finding, datetime], Finding]:
        """Remove a finding."""
        gone = FindingStateStatus.DELETED
        return lambda old, at: replace(old, state=replace(old.state, status=gone, at=at, justification=why))

    @staticmethod
    def rejected(old: Vulnerability, at: datetime) -> Vulnerability:
        """Reject a draft."""
        status, reasons = VulnerabilityStatus.REJECTED, (RejectionReason.NAMING,)
        return replace(old, state=replace(old.state, status=status, at=at, rejection_reasons=reasons))

    @staticmethod
    def removed(why: RemovalJustification) -> Callable[[Vulnerability, datetime], Vulnerability]:
        """Remove a vulnerability."""

        def alter(old: Vulnerability, at: datetime) -> Vulnerability:
            state = replace(old.state, status=VulnerabilityStatus.DELETED, at=at, closing_reason=None, rejection_reasons=())
            return replace(old, state=replace(state, justification=why))

        return alter

    @staticmethod
    def location(root: Root) -> Key:
        """Return the claim of the location of a GIT root."""
        assert isinstance(root, GitRoot)
        return claim.claim_key("root_location", root.organization_id, root.location.url, root.location.branch)

    @staticmethod
    def draft(new: Vulnerability) -> Vulnerability:
        """Make a new vulnerability one that nobody has released: the finding stays as it is."""
        state = replace(new.state, status=VulnerabilityStatus.SUBMITTED)
        return replace(new, source=Source.ANALYST, tool=None, state=state, cycle=Cycle())


def removed_group(old: Group, at: datetime) -> Group:
    return replace(old, state=replace(old.state, status=GroupStatus.DELETED, at=at, reason=GroupRemovalReason.NO_SYSTEM))


def intruded(store: Store, before: Before) -> Store:
    """Return a store before whose writes something happens."""
    count = 0

    async def write(changes: Sequence[Change]) -> None:
        nonlocal count
        count += 1
        await before(count, changes)
        await store.write(changes)

    return replace(store, write=write)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store of each embedded kind, whose queries are held against the design."""
    if request.param == "memory":
        yield following_patterns(memory_store(), design())
        return
    async with sqlite_store(tmp_path / "integrates.db", create=True) as opened:
        yield following_patterns(opened, design())


@pytest.fixture
def files() -> Files:
    """An empty file store."""
    return memory_files()


@pytest.fixture
def intrude() -> Intrude:
    """Let something happen before each write of a store."""
    return intruded


@pytest.fixture
async def house(store: Store) -> House:
    """A house in each embedded store."""
    stamp = ticking()
    group, other = await add_group(store, "webshop", stamp), await add_group(store, "rival", stamp, organization="boreal")
    root, finding = await add_root(store, group, "backend", stamp), await add_finding(store, group, "R1", stamp, score="5.0")
    await add_person(store, address_of("uri"), stamp)
    one = await add_vulnerability(store, finding, root, "one.py", stamp, identity=uid("one"))
    return House(store=store, stamp=stamp, group=group, other=other, root=root, finding=finding, one=one)
