"""An organization with findings of one title in two groups, a policy for that title, and stores that misbehave on demand."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model import finding_policies, vulnerabilities
from integrates.db_model.entity import command, read
from integrates.db_model.entity.revision import Revision
from integrates.db_model.entity.types import Stamp
from integrates.db_model.finding_policies.commands import Followed
from integrates.db_model.finding_policies.facet import FINDING_POLICY, finding_policy_key
from integrates.db_model.finding_policies.types import Application, FindingPolicy
from integrates.db_model.finding_policies.work import Carried, Worker, carry_out
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots.types import GitRoot
from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Change, Store
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.testing.pattern import following_patterns
from integrates.db_model.testing.scene import (
    FIRST,
    add_finding,
    add_finding_policy,
    add_group,
    add_organization,
    add_person,
    add_root,
    add_vulnerability,
    address_of,
)
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    ZeroRisk,
    ZeroRiskStatus,
)

TITLE = "Error pages show stack traces"
OLGA, GUS = address_of("olga"), address_of("gus")
NARROW = 30


class Killed(Exception):
    """What ends a worker in the middle of its work."""


class Clock:
    """A clock that each look moves on, and that a test may move; and ids that are never the same."""

    def __init__(self) -> None:
        self.at, self.ids = FIRST, 0

    def now(self) -> datetime:
        """Return a later date at each call."""
        self.at += timedelta(milliseconds=1)
        return self.at

    def new_id(self) -> str:
        """Return another id at each call."""
        self.ids += 1
        return str(UUID(int=self.ids, version=4))

    def stamp(self, by: str = OLGA, operation: str = "test", change_id: str | None = None) -> Stamp:
        """Return a stamp of a change made now."""
        return Stamp(by=by, at=self.now(), operation=operation, change_id=change_id or self.new_id())


class Scene(Struct, frozen=True):
    """A store with an organization in it: ``shop`` and ``pay`` are its groups, each with a root and a finding of the title."""

    store: Store
    clock: Clock
    organization: Organization
    shop: Group
    pay: Group
    roots: dict[str, GitRoot]
    findings: dict[str, Finding]
    policy: FindingPolicy

    @property
    def stamp(self) -> Callable[..., Stamp]:
        """What makes stamps."""
        return self.clock.stamp

    async def add(self, finding: str, where: str, **members: Any) -> str:
        """Store a vulnerability of a finding, and return its id."""
        owner = self.findings[finding]
        made = await add_vulnerability(self.store, owner, self.roots[owner.group_name], where, self.clock.stamp, **members)
        return made.id

    async def change(self, identity: str, **members: Any) -> Vulnerability:
        """Set members of a vulnerability, whatever they are."""
        return await vulnerabilities.update(self.store, identity, lambda old, _: replace(old, **members), self.stamp())

    async def hide(self, identity: str) -> None:
        """Confirm that a vulnerability does no harm."""
        await self.change(identity, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=self.clock.now(), by=OLGA))

    async def treat(self, identity: str, status: TreatmentStatus, **members: Any) -> None:
        """Give a vulnerability a treatment, as a person does."""
        await self.change(identity, treatment=Treatment(status=status, at=self.clock.now(), by=GUS, **members))

    async def close(self, identity: str) -> None:
        """Make a vulnerability SAFE."""
        await vulnerabilities.close(self.store, identity, ClosingReason.VERIFIED, self.stamp())

    async def retitle(self, finding: str, title: str) -> None:
        """Give a finding another title."""
        key = finding_key(self.findings[finding].id)

        def alter(old: Finding, _at: datetime) -> Finding:
            return replace(old, description=replace(old.description, title=title))

        await command.update(self.store, FINDING, key, alter, self.stamp())

    async def now(self, identity: str) -> Vulnerability:
        """Return a vulnerability as it is now."""
        found = await read.get(self.store, VULNERABILITY, vulnerability_key(identity))
        assert found is not None
        return found

    async def latest(self) -> FindingPolicy:
        """Return the policy as it is now."""
        found = await read.get(self.store, FINDING_POLICY, finding_policy_key(self.policy.id))
        assert found is not None
        return found

    async def application(self) -> Application:
        """Return how far the policy has been applied."""
        found: Followed | None = await finding_policies.find(self.store, self.policy.id)
        assert found is not None
        assert found.application is not None
        return found.application

    async def approve(self, by: str = OLGA) -> FindingPolicy:
        """Approve the policy."""
        stamp = self.stamp(by, "handle_organization_finding_policy")
        return await finding_policies.handle(self.store, self.policy, stamp, approve=True)

    async def deactivate(self, by: str = GUS) -> FindingPolicy:
        """End the policy."""
        return await finding_policies.deactivate(
            self.store, self.policy, self.stamp(by, "deactivate_organization_finding_policy")
        )

    async def resubmit(self) -> FindingPolicy:
        """Ask once more for the policy."""
        return await finding_policies.resubmit(self.store, self.policy, self.stamp())

    async def carry_out(self, store: Store | None = None) -> Carried | None:
        """Do the work on the policy as another worker each time, which comes after any lease has lapsed."""
        self.clock.at += timedelta(seconds=121)
        return await self.carry_out_now(store)

    async def carry_out_now(self, store: Store | None = None) -> Carried | None:
        """Do the work on the policy as another worker each time."""
        return await carry_out(Worker(store or self.store, self.clock.now, self.clock.new_id()), self.policy.id)

    async def accepted(self) -> set[str]:
        """Return the places of what the policy accepts."""
        return {one.location.where for one in await self.all() if one.treatment.policy_id == self.policy.id}

    async def all(self) -> list[Vulnerability]:
        """Return all vulnerabilities of the organization."""
        found: list[Vulnerability] = []
        for finding in self.findings.values():
            query = vulnerabilities.lists.of_finding(finding.id)
            found += await read.everything(self.store, VULNERABILITY, query)
        return found

    async def picture(self) -> list[Any]:
        """Return what matters of all vulnerabilities, whoever did it and when, and how many revisions each has."""
        return sorted(
            (one.location.where, one.treatment.status, one.treatment.policy_id, one.treatment.by, one.labels.tags, one.version)
            for one in await self.all()
        )

    async def history(self, identity: str) -> tuple[Revision, ...]:
        """Return the revisions of a vulnerability."""
        return await read.history(self.store, vulnerability_key(identity))

    async def is_exact(self) -> bool:
        """Return whether the counters of both groups are those that their entities make."""
        for group in (self.shop.name, self.pay.name):
            counted = await recount(self.store, group)
            if counted != await stored_counters(self.store, counted, group):
                return False
        return True


async def begun(store: Store) -> Scene:
    """Return an organization in an empty store, with four findings: two with the title, one of another, one of a rival."""
    clock = Clock()
    for who in (OLGA, GUS):
        await add_person(store, who, clock.stamp)
    organization = await add_organization(store, "aurora", clock.stamp)
    shop, pay = await add_group(store, "webshop", clock.stamp), await add_group(store, "payments", clock.stamp)
    rival = await add_group(store, "rival", clock.stamp, organization="boreal")
    roots = {group.name: await add_root(store, group, group.name, clock.stamp) for group in (shop, pay, rival)}
    findings = {
        "shop": await add_finding(store, shop, "one", clock.stamp, score="5.0", title=TITLE),
        "pay": await add_finding(store, pay, "one", clock.stamp, score="5.0", title=TITLE.upper()),
        "other": await add_finding(store, shop, "two", clock.stamp, score="5.0", title="Something else"),
        "rival": await add_finding(store, rival, "one", clock.stamp, score="5.0", title=TITLE),
    }
    policy = await add_finding_policy(store, organization, TITLE.title(), clock.stamp, "by-policy", "accepted")
    return Scene(store, clock, organization, shop, pay, roots, findings, policy)


async def filled(store: Store, many: int = 3) -> Scene:
    """Return the organization with so many vulnerabilities in each finding, the last one of each SAFE."""
    scene = await begun(store)
    for name in scene.findings:
        ids = [await scene.add(name, f"{name}/{number}.py") for number in range(many)]
        await scene.close(ids[-1])
    return scene


def narrow(store: Store) -> Store:
    """Return the store with so few changes in a write that few vulnerabilities make several chunks."""
    return following_patterns(replace(store, max_changes=NARROW), design())


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store of each embedded kind, whose queries are held against the design."""
    if request.param == "memory":
        yield narrow(memory_store())
        return
    async with sqlite_store(tmp_path / "integrates.db", create=True) as opened:
        yield narrow(opened)


@pytest.fixture
async def scene(store: Store) -> Scene:
    """The organization in each embedded store."""
    return await filled(store)


Before = Callable[[int, Sequence[Change]], Awaitable[None]]


def intruded(store: Store, before: Before) -> Store:
    """Return a store before whose writes something happens, which is given their number, from 1, and their changes."""
    count = 0

    async def write(changes: Sequence[Change]) -> None:
        nonlocal count
        count += 1
        await before(count, changes)
        await store.write(changes)

    return replace(store, write=write)


def killed(store: Store, number: int, *, written: bool) -> Store:
    """Return a store that kills its worker at the numbered write, before it or after it was done, and writes no more."""
    count = 0

    async def write(changes: Sequence[Change]) -> None:
        nonlocal count
        count += 1
        if count < number or (count == number and written):
            await store.write(changes)
        if count >= number:
            raise Killed(number)

    return replace(store, write=write)
