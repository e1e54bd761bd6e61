"""A platform of two tenants on a memory store, made anew for each test, and a client that calls the API on it."""

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace
from packages.api.tests.told import untold

from integrates.api.authorization.actor import Actor, Means
from integrates.api.context import Call, Context, new_context
from integrates.api.execute import Api, execute, new_api
from integrates.api.request.answer import Answer
from integrates.db_model.access.commands import add_to_organization, organization_member
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.entity.types import Stamp
from integrates.db_model.environment_urls.types import EnvironmentUrl
from integrates.db_model.events.types import Event
from integrates.db_model.files.memory import memory_files
from integrates.db_model.files.port import Files
from integrates.db_model.finding_policies.types import FindingPolicy
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots.types import Root
from integrates.db_model.stakeholders import commands as stakeholders
from integrates.db_model.stakeholders.types import PlatformRole, StakeholderAccess, StakeholderInfo
from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Store
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.testing import scene
from integrates.db_model.testing.pattern import following_patterns
from integrates.db_model.testing.scene import Stamping, address_of
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Cycle,
    RejectionReason,
    Source,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

ANCHOR: Final = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
REPORTED: Final = ANCHOR - timedelta(days=10)
CLOSED: Final = REPORTED + timedelta(days=2)
ROLES: Final[Mapping[str, GroupRole]] = {
    "greta": GroupRole.GROUP_MANAGER,
    "vera": GroupRole.VULNERABILITY_MANAGER,
    "uri": GroupRole.USER,
    "hana": GroupRole.HACKER,
    "reto": GroupRole.REATTACKER,
    "remy": GroupRole.REVIEWER,
}
"""The people of the group ``webshop``; with a ``2`` behind the name, those of ``cargo``."""


def uid(number: int) -> str:
    """Make an id."""
    return str(UUID(int=number, version=4))


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one tenant, in one group."""

    organization: Organization
    group: Group
    root: Root
    finding: Finding
    draft_finding: Finding
    vulnerable: Vulnerability
    safe: Vulnerability
    submitted: Vulnerability
    hidden: Vulnerability
    environment: EnvironmentUrl
    event: Event
    policy: FindingPolicy


class World(msgspec.Struct, frozen=True, kw_only=True):
    """The platform and how to call it."""

    api: Api
    store: Store
    files: Files
    aurora: Tenant
    harbor: Tenant
    ids: Iterator[int]
    ticks: Iterator[int]
    tasks: list[asyncio.Task[None]]

    def now(self) -> datetime:
        """Each look at the clock is a millisecond later."""
        return ANCHOR + timedelta(milliseconds=next(self.ticks))

    def new_id(self) -> str:
        """Make a new id."""
        return uid(next(self.ids))

    def stamp(self, operation: str = "test") -> Stamp:
        """Return the stamp of a change behind the API's back."""
        return Stamp(by=address_of("ada"), at=self.now(), operation=operation, change_id=self.new_id())

    def started(self, name: str) -> Context:
        """Return what a resolver works with when a person calls."""
        return new_context(self.call(name), Actor(address_of(name), Means.SESSION), self.store)

    def call(
        self, name: str | None, means: Means = Means.SESSION, store: Store | None = None, seconds: float = math.inf
    ) -> Call:
        """Return a call of the API by a person, or by nobody, who will wait so many seconds for the answer."""

        def spawn(work: Coroutine[Any, Any, None]) -> None:
            self.tasks.append(asyncio.ensure_future(work))

        return Call(
            actor=Actor(address_of(name), means) if name else None,
            store=store or self.store,
            files=self.files,
            now=self.now,
            new_id=self.new_id,
            new_jti=lambda token_id: f"{token_id}.secret",
            sign_token=lambda token, jti: f"signed {token.name} {jti}",
            sign_invitation=lambda access, jti: f"/invitations/{access.email} {jti}",
            cursor_key=b"a key of thirty-two bytes or more",
            spawn=spawn,
            request_id="request-1",
            ends_at=math.inf if seconds == math.inf else asyncio.get_running_loop().time() + seconds,
        )

    async def report(
        self,
        tenant: Tenant,
        where: str,
        status: VulnerabilityStatus = VulnerabilityStatus.VULNERABLE,
        zero_risk: ZeroRiskStatus | None = None,
        *,
        span: tuple[datetime, datetime] = (REPORTED, CLOSED),
        **fields: Any,
    ) -> Vulnerability:
        """Store one more vulnerability of the tenant's finding, and lead it to a state; ``fields`` are set before its end."""
        owner, root = tenant.finding, tenant.root
        return await add_vulnerability(
            self.store, self.new_id(), owner, root, where, status, zero_risk=zero_risk, span=span, **fields
        )

    async def answer(
        self,
        name: str | None,
        query: str,
        /,
        *,
        means: Means = Means.SESSION,
        store: Store | None = None,
        api: Api | None = None,
        seconds: float = math.inf,
        **variables: Any,
    ) -> Answer:
        """Send a query as a person and return the whole answer."""
        body = {"query": query, "variables": variables}
        answer = await execute(api or self.api, body, self.call(name, means, store, seconds))
        assert list(untold(query, answer.body)) == [], "name the reason in OWN of integrates/api/reference/reason.py"
        return answer

    async def data(self, name: str, query: str, /, **variables: Any) -> Any:
        """Send a query that is answered without errors and return the data."""
        answer = await self.answer(name, query, **variables)
        assert "errors" not in answer.body, answer.body["errors"]
        return answer.body["data"]


def stamping(at: datetime = REPORTED) -> Stamping:
    """Return what makes stamps of one moment, so that nothing but ids tells the order of what is made then."""
    return scene.ticking(at, step=timedelta(0))


def _submitted(new: Vulnerability) -> Vulnerability:
    """Make a draft of a vulnerability that is to be stored."""
    state = replace(new.state, status=VulnerabilityStatus.SUBMITTED)
    return replace(new, source=Source.ANALYST, tool=None, state=state, cycle=Cycle())


async def add_vulnerability(
    store: Store,
    identity: str,
    finding: Finding,
    root: Root,
    where: str,
    status: VulnerabilityStatus,
    *,
    zero_risk: ZeroRiskStatus | None = None,
    span: tuple[datetime, datetime] = (REPORTED, CLOSED),
    **fields: Any,
) -> Vulnerability:
    """Store a vulnerability and lead it through its life to a state; ``span`` says when it is reported, and closed."""
    reported, closed = span
    stamp = stamping(reported)
    is_draft = status in {VulnerabilityStatus.SUBMITTED, VulnerabilityStatus.REJECTED}
    first = _submitted if is_draft else lambda new: new
    found = await scene.add_vulnerability(store, finding, root, where, stamp, first, identity=identity)
    if zero_risk:
        fields["zero_risk"] = ZeroRisk(status=zero_risk, requested_by=found.created_by, at=reported, by=found.created_by)
    if status is VulnerabilityStatus.REJECTED:
        fields["state"] = replace(found.state, status=status, rejection_reasons=(RejectionReason.NAMING,))
    if fields:
        found = await vulnerabilities.update(store, identity, lambda old, _: replace(old, **fields), stamp())
    if status is VulnerabilityStatus.SAFE:
        found = await vulnerabilities.close(store, identity, ClosingReason.VERIFIED, stamping(closed)())
    return found


async def _add_person(store: Store, name: str, stamp: Stamping, role: PlatformRole = PlatformRole.USER) -> None:
    """Store a person who has logged in."""
    made = stamp(operation="log_in")
    new = stakeholders.new_stakeholder(StakeholderInfo(email=address_of(name), first_name=name.title()), role, made)
    await stakeholders.add(store, replace(new, access=StakeholderAccess(role=role, is_registered=True)), made)


async def _add_members(store: Store, group: Group, suffix: str, stamp: Stamping) -> None:
    for name, role in ROLES.items():
        await _add_person(store, name + suffix, stamp)
        await scene.add_member(store, group, address_of(name + suffix), role, stamp)
        made = stamp()
        access = organization_member(address_of(name + suffix), group.organization_id, OrganizationRole.USER, made)
        await add_to_organization(store, access, made)


async def _tenant(store: Store, base: int, names: tuple[str, str], suffix: str) -> Tenant:
    stamp = stamping()
    await _add_person(store, "olga" + suffix, stamp)
    organization = await scene.add_organization(store, names[0], stamp, manager=address_of("olga" + suffix))
    group = await scene.add_group(store, names[1], stamp, organization=names[0])
    await _add_members(store, group, suffix, stamp)
    root = await scene.add_root(store, group, names[1], stamp, url=f"https://git.example/{names[1]}", branch="main")
    finding = await scene.add_finding(store, group, "injection", stamp, score="7.5", title=f"Injection {names[1]}")
    draft = await scene.add_finding(store, group, "draft", stamp, score="7.5", title=f"Draft {names[1]}")

    async def vulnerability(
        number: int, owner: Finding, status: VulnerabilityStatus, zero_risk: ZeroRiskStatus | None = None
    ) -> Vulnerability:
        return await add_vulnerability(store, uid(base + number), owner, root, f"src/{number}.py", status, zero_risk=zero_risk)

    return Tenant(
        organization=organization,
        group=group,
        root=root,
        finding=finding,
        draft_finding=draft,
        vulnerable=await vulnerability(10, finding, VulnerabilityStatus.VULNERABLE),
        safe=await vulnerability(11, finding, VulnerabilityStatus.SAFE),
        submitted=await vulnerability(12, draft, VulnerabilityStatus.SUBMITTED),
        hidden=await vulnerability(13, finding, VulnerabilityStatus.VULNERABLE, ZeroRiskStatus.CONFIRMED),
        environment=await scene.add_environment_url(store, root, f"https://{names[1]}.example/app", stamp),
        event=await scene.add_event(store, group, f"Event {names[1]}", stamp),
        policy=await scene.add_finding_policy(store, organization, "Accepted by policy", stamp),
    )


@pytest.fixture(scope="session")
def api() -> Api:
    """The API is the same for all tests: it holds nothing of a request."""
    return new_api()


@pytest.fixture
async def world(api: Api) -> AsyncIterator[World]:
    """The platform, with everything that the tests start from."""
    world = await _platform(api, memory_store())
    yield world
    for task in world.tasks:
        await task


@pytest.fixture
async def world_in_a_file(api: Api, tmp_path: Path) -> AsyncIterator[World]:
    """The same in the file ``integrates.db`` of SQLite, which another process may open."""
    async with sqlite_store(str(tmp_path / "integrates.db"), create=True) as store:
        world = await _platform(api, store)
        yield world
        for task in world.tasks:
            await task


async def _platform(api: Api, inner: Store) -> World:
    store = following_patterns(inner, design())
    await _add_person(store, "ada", stamping(), PlatformRole.ADMIN)
    await _add_person(store, "otto", stamping())
    return World(
        api=api,
        store=store,
        files=memory_files(),
        aurora=await _tenant(store, 1000, ("aurora", "webshop"), ""),
        harbor=await _tenant(store, 2000, ("harbor", "cargo"), "2"),
        ids=itertools.count(10_000),
        ticks=itertools.count(),
        tasks=[],
    )
