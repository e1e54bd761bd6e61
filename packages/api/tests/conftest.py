"""A platform of two tenants on a memory store, made anew for each test, and a client that calls the API on it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest

from integrates.api.answer import Answer
from integrates.api.context import Actor, Context, Means
from integrates.api.execution import Api, execute, new_api
from integrates.db_model.access.change import granted_group, granted_organization
from integrates.db_model.access.types import GroupGrant, GroupRole, OrganizationRole
from integrates.db_model.entity import transaction
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.files.memory import memory_files
from integrates.db_model.files.port import Files
from integrates.db_model.findings import change as findings
from integrates.db_model.findings.types import Finding, FindingDescription, FindingState, FindingStateStatus, ToolRule
from integrates.db_model.groups import change as groups
from integrates.db_model.groups.types import Group, GroupInfo, GroupState, GroupStatus
from integrates.db_model.organizations import change as organizations
from integrates.db_model.organizations.types import (
    Organization,
    OrganizationInfo,
    OrganizationState,
    OrganizationStatus,
)
from integrates.db_model.roots import change as roots
from integrates.db_model.roots.types import GitLocation, Root, RootInfo, RootKind, RootState, RootStatus
from integrates.db_model.severities.rules import severity
from integrates.db_model.stakeholders import change as stakeholders
from integrates.db_model.stakeholders.types import (
    PlatformRole,
    Stakeholder,
    StakeholderAccess,
    StakeholderInfo,
    StakeholderState,
    StakeholderStatus,
)
from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Store
from integrates.db_model.testing.pattern import checked
from integrates.db_model.vulnerabilities import change as vulnerabilities
from integrates.db_model.vulnerabilities.types import (
    Cycle,
    Source,
    Technique,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityState,
    VulnerabilityStatus,
    VulnerabilityType,
    ZeroRisk,
    ZeroRiskStatus,
)

ANCHOR: Final = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HOME: Final = "demo.example"
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


def email(name: str) -> str:
    """Return the e-mail of a person."""
    return f"{name}@{HOME}"


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
        return Stamp(by=email("ada"), at=self.now(), operation=operation, change_id=self.new_id())

    def context(self, name: str | None, means: Means = Means.SESSION, store: Store | None = None) -> Context:
        """Return the context of a request."""

        def spawn(work: Coroutine[Any, Any, None]) -> None:
            self.tasks.append(asyncio.ensure_future(work))

        return Context(
            actor=Actor(email(name), means) if name else None,
            store=store or self.store,
            files=self.files,
            now=self.now,
            new_id=self.new_id,
            new_jti=lambda token_id: f"{token_id}.secret",
            sign_token=lambda token, jti: f"signed {token.name} {jti}",
            cursor_key=b"a key of thirty-two bytes or more",
            spawn=spawn,
            request_id="request-1",
        )

    async def report(
        self,
        tenant: Tenant,
        where: str,
        status: VulnerabilityStatus = VulnerabilityStatus.VULNERABLE,
        zero_risk: ZeroRiskStatus | None = None,
        **fields: Any,
    ) -> Vulnerability:
        """Store one more vulnerability of the tenant's finding."""
        made = new_vulnerability(self.new_id(), tenant.finding, tenant.root, where, status, zero_risk)
        return await store_vulnerability(self.store, msgspec.structs.replace(made, **fields), tenant.finding)

    async def answer(
        self,
        name: str | None,
        query: str,
        /,
        *,
        means: Means = Means.SESSION,
        store: Store | None = None,
        api: Api | None = None,
        **variables: Any,
    ) -> Answer:
        """Send a query as a person and return the whole answer."""
        body = {"query": query, "variables": variables}
        return await execute(api or self.api, body, self.context(name, means, store))

    async def data(self, name: str, query: str, /, **variables: Any) -> Any:
        """Send a query that is answered without errors and return the data."""
        answer = await self.answer(name, query, **variables)
        assert "errors" not in answer.body, answer.body["errors"]
        return answer.body["data"]


def _stamp(at: datetime = ANCHOR - timedelta(days=10)) -> Stamp:
    return Stamp(by=email("ada"), at=at, operation="made", change_id=uid(1))


def _organization(number: int, name: str) -> Organization:
    stamp = _stamp()
    state = OrganizationState(status=OrganizationStatus.ACTIVE, at=stamp.at, by=stamp.by)
    return Organization(id=uid(number), info=OrganizationInfo(name=name), state=state, created_at=stamp.at, created_by=stamp.by)


def _group(organization: Organization, name: str) -> Group:
    stamp = _stamp()
    return Group(
        info=GroupInfo(name=name, organization_id=organization.id, description=f"The {name}"),
        state=GroupState(status=GroupStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


def _root(number: int, group: Group) -> Root:
    stamp = _stamp()
    return Root(
        id=uid(number),
        kind=RootKind.GIT,
        group_name=group.name,
        organization_id=group.organization_id,
        location=GitLocation(url=f"https://git.example/{group.name}", branch="main"),
        info=RootInfo(nickname=group.name),
        state=RootState(status=RootStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


def new_finding(identity: str, group: Group, title: str, score: str = "7.5") -> Finding:
    """Make a finding of a tool's rule, not yet stored."""
    stamp = _stamp()
    return Finding(
        id=identity,
        group_name=group.name,
        organization_id=group.organization_id,
        rule=ToolRule(tool="lint", rule_id=title),
        description=FindingDescription(title=title, description=f"About {title}"),
        severity=severity(tool_score=Decimal(score)),
        state=FindingState(status=FindingStateStatus.CREATED, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


def new_vulnerability(
    identity: str,
    finding: Finding,
    root: Root,
    where: str,
    status: VulnerabilityStatus,
    zero_risk: ZeroRiskStatus | None = None,
) -> Vulnerability:
    """Make a vulnerability in any state, not yet stored."""
    at, by = _stamp().at, email("ada")
    released = status in {VulnerabilityStatus.VULNERABLE, VulnerabilityStatus.SAFE}
    return Vulnerability(
        id=identity,
        finding_id=finding.id,
        group_name=finding.group_name,
        organization_id=finding.organization_id,
        root_id=root.id,
        type=VulnerabilityType.LINES,
        technique=Technique.SAST,
        source=Source.MACHINE,
        location=VulnerabilityLocation(where=where, specific="7"),
        state=VulnerabilityState(status=status, at=at, by=by),
        treatment=Treatment(status=TreatmentStatus.UNTREATED, at=at, by=by),
        zero_risk=ZeroRisk(status=zero_risk, at=at, by=by) if zero_risk else None,
        cycle=Cycle(
            reported_at=at if released else None,
            opened_at=at if released else None,
            closed_at=at + timedelta(days=2) if status is VulnerabilityStatus.SAFE else None,
            cycles=int(released),
        ),
        created_at=at,
        created_by=by,
    )


async def store_vulnerability(store: Store, vulnerability: Vulnerability, finding: Finding) -> Vulnerability:
    """Store a vulnerability through the model."""
    plan = vulnerabilities.reported(vulnerability, finding, _stamp())
    await transaction.write(store, (plan,))
    return plan.entity


async def _written(store: Store, plan: Plan[Any]) -> Any:
    await transaction.write(store, (plan,))
    return plan.entity


def _person(name: str, role: PlatformRole = PlatformRole.USER) -> Stakeholder:
    stamp = _stamp()
    return Stakeholder(
        info=StakeholderInfo(email=email(name), first_name=name.title()),
        access=StakeholderAccess(role=role, is_registered=True),
        state=StakeholderState(status=StakeholderStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def _tenant(store: Store, base: int, names: tuple[str, str], suffix: str) -> Tenant:
    organization = await _written(store, organizations.added(_organization(base, names[0]), _stamp()))
    group = await _written(store, groups.added(_group(organization, names[1]), organization, _stamp()))
    root = await _written(store, roots.added(_root(base + 1, group), group, _stamp()))
    finding = await _written(store, findings.reported(new_finding(uid(base + 2), group, f"Injection {names[1]}"), _stamp()))
    finding = await _written(store, findings.released(finding, _stamp()))
    draft = await _written(store, findings.reported(new_finding(uid(base + 3), group, f"Draft {names[1]}"), _stamp()))
    for name, role in ROLES.items():
        grant = GroupGrant(role=role)
        await _written(store, stakeholders.added(_person(name + suffix), _stamp()))
        await _written(store, granted_group(email(name + suffix), group.name, grant, _stamp()))
        await _written(store, granted_organization(email(name + suffix), organization.id, OrganizationRole.USER, _stamp()))
    await _written(store, stakeholders.added(_person("olga" + suffix), _stamp()))
    await _written(
        store,
        granted_organization(email("olga" + suffix), organization.id, OrganizationRole.ORGANIZATION_MANAGER, _stamp()),
    )

    async def vulnerability(
        number: int, owner: Finding, status: VulnerabilityStatus, zero_risk: ZeroRiskStatus | None = None
    ) -> Vulnerability:
        made = new_vulnerability(uid(base + number), owner, root, f"src/{number}.py", status, zero_risk)
        return await store_vulnerability(store, made, owner)

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
    )


@pytest.fixture(scope="session")
def api() -> Api:
    """The API is the same for all tests: it holds nothing of a request."""
    return new_api()


@pytest.fixture
async def world(api: Api) -> AsyncIterator[World]:
    """The platform, with everything that the tests start from."""
    store = checked(memory_store(), design())
    await _written(store, stakeholders.added(_person("ada", PlatformRole.ADMIN), _stamp()))
    await _written(store, stakeholders.added(_person("otto"), _stamp()))
    world = World(
        api=api,
        store=store,
        files=memory_files(),
        aurora=await _tenant(store, 1000, ("aurora", "webshop"), ""),
        harbor=await _tenant(store, 2000, ("harbor", "cargo"), "2"),
        ids=itertools.count(10_000),
        ticks=itertools.count(),
        tasks=[],
    )
    yield world
    for task in world.tasks:
        await task
