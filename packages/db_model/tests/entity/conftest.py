"""An organization, a group, a root and findings on each embedded store, and a clock that the test moves."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import claim, read, transaction
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.counter import finding_counters_key
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings import change as finding_change
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding, FindingDescription, FindingState, FindingStateStatus, ToolRule
from integrates.db_model.groups import change as group_change
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group, GroupInfo, GroupState, GroupStatus
from integrates.db_model.indicators.recount import recount, stored
from integrates.db_model.organizations import change as organization_change
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.organizations.types import (
    Organization,
    OrganizationInfo,
    OrganizationState,
    OrganizationStatus,
)
from integrates.db_model.roots import change as root_change
from integrates.db_model.roots.types import GitLocation, Root, RootInfo, RootKind, RootState, RootStatus
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Change, Store
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.vulnerabilities import change, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.identity import identity_of
from integrates.db_model.vulnerabilities.rules import Sighting
from integrates.db_model.vulnerabilities.types import (
    Technique,
    ToolMark,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityType,
)

FIRST = datetime(2024, 5, 1, tzinfo=UTC)
HANA = "hana@demo.example"
GROUP_NAME = "webshop"
ORGANIZATION_ID = "organization"


def score(value: str) -> Severity:
    """Return the severity of a tool's score."""
    return Severity(tool_score=Decimal(value), score=Decimal(value))


class Scene:
    """A store with a group, and a clock."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.at = FIRST
        self.calls = 0

    def stamp(self, by: str = HANA, operation: str = "test", change_id: str | None = None) -> Stamp:
        """Return the stamp of a change one second after the one before."""
        self.at += timedelta(seconds=1)
        self.calls += 1
        return Stamp(by=by, at=self.at, operation=operation, change_id=change_id or f"change-{self.calls}")

    async def write(self, *plans: Any) -> Any:
        """Write plans in one transaction; return the entity of the first."""
        await transaction.write(self.store, plans)
        return plans[0].entity

    async def begin(self) -> None:
        """Store the organization and the group."""
        organization = Organization(
            id=ORGANIZATION_ID,
            info=OrganizationInfo(name="aurora"),
            state=OrganizationState(status=OrganizationStatus.ACTIVE, at=self.at, by=HANA),
            created_at=self.at,
            created_by=HANA,
        )
        await self.write(*organization_change.founded(organization, self.stamp()))
        organization = await self.got(ORGANIZATION, organization_key(ORGANIZATION_ID))
        await self.write(group_change.added(self.new_group(), organization, self.stamp()))

    def new_group(self, name: str = GROUP_NAME) -> Group:
        """Return a group that is not stored."""
        return Group(
            info=GroupInfo(name=name, organization_id=ORGANIZATION_ID, description="Shop"),
            state=GroupState(status=GroupStatus.ACTIVE, at=self.at, by=HANA),
            created_at=self.at,
            created_by=HANA,
        )

    async def root(self, identifier: str) -> Root:
        """Store a root."""
        root = Root(
            id=identifier,
            kind=RootKind.GIT,
            group_name=GROUP_NAME,
            organization_id=ORGANIZATION_ID,
            location=GitLocation(url="https://git.example/shop", branch=identifier),
            info=RootInfo(nickname=identifier),
            state=RootState(status=RootStatus.ACTIVE, at=self.at, by=HANA),
            created_at=self.at,
            created_by=HANA,
        )
        group = await self.got(GROUP, group_key(GROUP_NAME))
        stored_root: Root = await self.write(root_change.added(root, group, self.stamp()))
        return stored_root

    def new_finding(self, identifier: str, severity: Severity | None = None) -> Finding:
        """Return a finding that is not stored."""
        return Finding(
            id=identifier,
            group_name=GROUP_NAME,
            organization_id=ORGANIZATION_ID,
            rule=ToolRule(tool="scanner", rule_id=identifier),
            description=FindingDescription(title=f"Title of {identifier}", description="What it is"),
            severity=severity,
            state=FindingState(status=FindingStateStatus.CREATED, at=self.at, by=HANA),
            created_at=self.at,
            created_by=HANA,
        )

    async def finding(self, identifier: str, severity: Severity | None = None) -> Finding:
        """Store a finding."""
        made: Finding = await self.write(finding_change.reported(self.new_finding(identifier, severity), self.stamp()))
        return made

    async def rescore(self, finding_id: str, severity: Severity | None) -> None:
        """Give a finding another severity."""
        finding = await self.got(FINDING, finding_key(finding_id))
        counted = (await self.store.get((finding_counters_key(finding_id),)))[0]
        await self.write(finding_change.rescored(finding, severity, counted, self.stamp()))

    async def report(self, identifier: str, finding_id: str, root_id: str, **members: Any) -> Vulnerability:
        """Store a vulnerability as an import does, and what its first one does to the finding."""
        finding = await self.got(FINDING, finding_key(finding_id))
        stamp = self.stamp()
        sighting = Sighting(
            type=VulnerabilityType.LINES,
            technique=Technique.SAST,
            location=VulnerabilityLocation(where=f"src/{identifier}.py", specific="1"),
            tool=ToolMark(name="scanner", category="", rule_id=finding_id),
            severity=members.pop("severity", None),
        )
        new = replace(rules.reported(identifier, finding, root_id, sighting, by=HANA, at=stamp.at), **members)
        key = claim.claim_key("vulnerability_identity", identity_of(new))
        held = (await claim.holders(self.store, (key,)))[0]
        plan = change.reported(new, finding, stamp, held)
        released = finding_change.released(finding, stamp) if rules.is_released(new) else None
        made: Vulnerability = await self.write(planning.together(plan, *(released.changes if released else ())))
        return made

    async def alter(self, identifier: str, alter: Callable[[Vulnerability, datetime], Vulnerability]) -> Vulnerability:
        """Change a vulnerability."""
        current = await self.vulnerability(identifier)
        finding = await self.got(FINDING, finding_key(current.finding_id))
        made: Vulnerability = await self.write(change.changed(current, alter, finding, self.stamp()))
        return made

    async def vulnerability(self, identifier: str) -> Vulnerability:
        """Read a vulnerability."""
        found: Vulnerability = await self.got(VULNERABILITY, vulnerability_key(identifier))
        return found

    async def got(self, facet: Any, key: Any) -> Any:
        """Read what exists."""
        found = await read.get(self.store, facet, key)
        assert found is not None
        return found

    async def is_counted(self) -> bool:
        """Tell whether all counters are what they count."""
        counted = await recount(self.store, GROUP_NAME)
        return counted == await stored(self.store, counted, GROUP_NAME)


def intruded(store: Store, before: Callable[[int, Sequence[Change]], Awaitable[None]]) -> Store:
    """Let something happen before each write; it is given the number of the write, from 1, and its changes."""
    count = 0

    async def write(changes: Sequence[Change]) -> None:
        nonlocal count
        count += 1
        await before(count, changes)
        await store.write(changes)

    return replace(store, write=write)


@pytest.fixture(params=["memory", "sqlite"])
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    """A scene on each embedded store."""
    if request.param == "memory":
        made = Scene(memory_store())
        await made.begin()
        yield made
        return
    async with sqlite_store(tmp_path / "integrates.db") as store:
        made = Scene(store)
        await made.begin()
        yield made


@pytest.fixture
def new_scene() -> Callable[[], Awaitable[Scene]]:
    """Make any number of scenes in memory."""

    async def make() -> Scene:
        made = Scene(memory_store())
        await made.begin()
        return made

    return make


@pytest.fixture
def intrude() -> Any:
    """Let something happen before each write of a store."""
    return intruded
