"""Scenes for tests: people, organizations, groups, roots, findings and vulnerabilities, each stored in one line.

Everything is stored by the commands of the model, so that a scene is always in a state that the product allows. Ids derive
from names, and dates from a clock that ticks once for each stamp::

    stamp = ticking()
    group = await add_group(store, "webshop", stamp)  # with its organization, and the manager of that
    root, finding = await add_root(store, group, "backend", stamp), await add_finding(store, group, "sql-injection", stamp)
    found = await add_vulnerability(store, finding, root, "src/login.py", stamp)
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import Any, Final, Protocol
from uuid import NAMESPACE_DNS, UUID, uuid5

from msgspec.structs import replace

from integrates.db_model.access import commands as accesses
from integrates.db_model.access.types import GroupAccess, GroupGrant, GroupRole
from integrates.db_model.comments import commands as comments
from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.entity import read
from integrates.db_model.entity.types import Stamp
from integrates.db_model.environment_urls import commands as environments
from integrates.db_model.environment_urls.types import EnvironmentUrl, EnvironmentUrlType
from integrates.db_model.errors import NotFound
from integrates.db_model.events import commands as events
from integrates.db_model.events.types import Event, EventInfo, EventType
from integrates.db_model.evidences.rules import file_name_of
from integrates.db_model.evidences.types import Evidence, EvidenceSlot, MediaType
from integrates.db_model.finding_policies import commands as policies
from integrates.db_model.finding_policies.rules import GivenPolicy
from integrates.db_model.finding_policies.types import FindingPolicy
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.types import Finding, FindingDescription, ToolRule
from integrates.db_model.groups import commands as groups
from integrates.db_model.groups.types import Group, GroupInfo
from integrates.db_model.organizations import commands as organizations
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.organizations.types import Organization, OrganizationInfo
from integrates.db_model.roots import commands as roots
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.roots.types import DeactivationReason, GitLocation, GitRoot, Location, Root, RootInfo
from integrates.db_model.severities.rules import severity
from integrates.db_model.severities.types import Severity
from integrates.db_model.stakeholders import commands as stakeholders
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import PlatformRole, Stakeholder, StakeholderInfo
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.rules import Sighting
from integrates.db_model.vulnerabilities.types import (
    Technique,
    Tool,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityType,
)

HOME: Final = "demo.example"
FIRST: Final = datetime(2024, 5, 1, tzinfo=UTC)
_NAMES: Final = uuid5(NAMESPACE_DNS, HOME)
TOOL: Final = "scanner"


class Stamping(Protocol):
    """Returns the stamp of the next change, which is later than the one before."""

    def __call__(self, by: str = ..., operation: str = ..., change_id: str | None = ...) -> Stamp:
        """Return the stamp."""


def uid(name: str | int) -> str:
    """Return the id of what has this name in scenes. It is always the same."""
    return str(uuid5(_NAMES, str(name)))


def address_of(name: str) -> str:
    """Return the e-mail of a person in scenes."""
    return f"{name}@{HOME}"


HANA: Final = address_of("hana")


def ticking(first: datetime = FIRST, *, step: timedelta = timedelta(seconds=1)) -> Stamping:
    """Return the function that makes stamps, with a clock that advances by a step each time."""
    ticks = count(1)

    def stamp(by: str = HANA, operation: str = "test", change_id: str | None = None) -> Stamp:
        tick = next(ticks)
        return Stamp(by=by, at=first + step * tick, operation=operation, change_id=change_id or str(UUID(int=tick, version=4)))

    return stamp


async def add_person(store: Store, address: str, stamp: Stamping, *, role: PlatformRole = PlatformRole.USER) -> Stakeholder:
    """Return the person with that e-mail, who is stored if that was not done yet."""
    known = await read.get(store, STAKEHOLDER, stakeholder_key(address))
    if known is not None:
        return known
    made = stamp()
    return await stakeholders.add(store, stakeholders.new_stakeholder(StakeholderInfo(email=address), role, made), made)


async def add_organization(store: Store, name: str, stamp: Stamping, *, manager: str = HANA) -> Organization:
    """Return the organization with that name, which is stored with its first manager if that was not done yet."""
    known = await read.get(store, ORGANIZATION, organization_key(uid(name)))
    if known is not None:
        return known
    await add_person(store, manager, stamp)
    made = stamp()
    new = organizations.new_organization(uid(name), OrganizationInfo(name=name), made)
    return await organizations.add(store, new, manager, made)


async def add_group(store: Store, name: str, stamp: Stamping, *, organization: str = "aurora") -> Group:
    """Store a group of an organization, and the organization when it is missing; return the group."""
    owner = await add_organization(store, organization, stamp)
    made = stamp()
    info = GroupInfo(name=name, organization_id=owner.id, description=f"The group {name}")
    return await groups.add(store, groups.new_group(info, made), made)


async def add_member(store: Store, group: Group, address: str, role: GroupRole, stamp: Stamping) -> GroupAccess:
    """Store a member of a group, and the person when they are missing; return the access."""
    await add_person(store, address, stamp)
    made = stamp()
    return await accesses.add_to_group(store, accesses.group_member(address, group.name, GroupGrant(role=role), made), made)


async def add_root(store: Store, group: Group, nickname: str, stamp: Stamping, **location: Any) -> GitRoot:
    """Store a GIT root, and return it. Its branch is its nickname unless ``location`` says otherwise."""
    branch = GitLocation(**{"url": "https://git.example/shop", "branch": nickname, **location})
    stored = await add_root_at(store, group, nickname, stamp, branch)
    if not isinstance(stored, GitRoot):
        raise TypeError(stored)
    return stored


async def add_root_at(store: Store, group: Group, nickname: str, stamp: Stamping, location: Location) -> Root:
    """Store a root of the kind that its location says, and return it."""
    made = stamp()
    new = roots.new_root(uid(f"{group.name}/{nickname}"), group, location, RootInfo(nickname=nickname), made)
    return await roots.add(store, new, made)


async def deactivate_root(store: Store, root_id: str, stamp: Stamp) -> Root:
    """Take a root out of scope, and return it."""
    known = await read.get(store, ROOT, root_key(root_id))
    if known is None:
        raise NotFound(ROOT.name, root_id)
    return await roots.deactivate(store, known, {"reason": DeactivationReason.OUT_OF_SCOPE}, stamp)


async def add_environment_url(
    store: Store, root: Root, url: str, stamp: Stamping, kind: EnvironmentUrlType = EnvironmentUrlType.URL, **members: Any
) -> EnvironmentUrl:
    """Store an environment url of a GIT root, whose id derives from the root and the url; return it."""
    made, given = stamp(), {"url": url, "url_type": kind, **members}
    return await environments.create(store, root, given, made, uid(f"{root.id}/{url}"))


def scored(text: str | None) -> Severity | None:
    """Return the severity of a tool's score, which is written as a decimal number; ``None`` without one."""
    return None if text is None else severity(tool_score=Decimal(text))


async def add_finding(
    store: Store, group: Group, rule: str, stamp: Stamping, *, score: str | None = None, title: str | None = None
) -> Finding:
    """Store a finding of a rule of the tool or, with a ``title``, one without rule; return it."""
    made = stamp()
    new = findings.new_finding(
        uid(f"{group.name}/{rule}"),
        FindingDescription(title=title or f"Title of {rule}", description="What it is"),
        made,
        group_name=group.name,
        organization_id=group.organization_id,
        rule=None if title else ToolRule(tool=TOOL, rule_id=rule),
        severity=scored(score),
    )
    return await findings.add(store, new, made)


def evidenced(finding: Finding) -> Finding:
    """Return the finding with a piece of evidence, without which people release nothing in it."""
    slot, kind, digest = EvidenceSlot.EVIDENCE1, MediaType.PNG, sha256(finding.id.encode()).hexdigest()
    shown = Evidence(
        slot=slot,
        file_name=file_name_of(finding.id, slot, digest, kind),
        media_type=kind,
        size=1,
        sha256=digest,
        at=finding.created_at,
        by=finding.created_by,
    )
    return replace(finding, evidences=(shown,))


async def add_finding_policy(
    store: Store, organization: Organization, title: str, stamp: Stamping, *tags: str
) -> FindingPolicy:
    """Store a policy of an organization for findings with a title, which is asked for; return it."""
    made, given = stamp(), GivenPolicy(title=title, tags=tags)
    new = policies.new_finding_policy(uid(f"{organization.info.name}/{title}"), organization, given, made)
    return await policies.add(store, new, made)


def sighted(finding: Finding, where: str, specific: str = "1", **members: Any) -> Sighting:
    """Return the result of a tool, about a line unless ``members`` name another ``type``.

    The other members are ``severity``, ``fingerprint`` and those of a location.
    """
    kind = members.pop("type", VulnerabilityType.LINES)
    own, fingerprint = members.pop("severity", None), members.pop("fingerprint", None)
    rule = finding.rule.rule_id if finding.rule else "-"
    return Sighting(
        type=kind,
        technique=Technique.SAST,
        location=VulnerabilityLocation(where=where, specific=specific, **members),
        tool=Tool(name=TOOL, categories=("",), rule_id=rule, fingerprint=fingerprint),
        severity=own,
    )


async def add_vulnerability(
    store: Store,
    finding: Finding,
    root: Root,
    where: str,
    stamp: Stamping,
    alter: Callable[[Vulnerability], Vulnerability] = lambda new: new,
    **members: Any,
) -> Vulnerability:
    """Store a vulnerability as an import reports it, changed by ``alter``; return it. ``members`` as in :func:`sighted`."""
    made = stamp()
    identity = members.pop("identity", None) or uid(f"{root.id}/{finding.id}/{where}")
    new = rules.reported(identity, finding, root.id, sighted(finding, where, **members), by=made.by, at=made.at)
    return await vulnerabilities.add(store, alter(new), made)


async def add_event(
    store: Store, group: Group, name: str, stamp: Stamping, *, root: Root | None = None, kind: EventType = EventType.OTHER
) -> Event:
    """Store an event of a group, whose id and description derive from a name and that happens when it is stored."""
    made = stamp()
    info = EventInfo(type=kind, description=f"The event {name}")
    new = events.new_event(uid(name), group, info, made.at, made, root_id=root.id if root else None)
    return await events.add(store, new, made)


async def add_comment(
    store: Store,
    about: Finding | Event | Group,
    name: str,
    stamp: Stamping,
    *,
    kind: CommentType | None = None,
    parent: str | None = None,
) -> Comment:
    """Store a comment whose id and content derive from a name, about a finding (CONSULT by default), an event or a group."""
    made = stamp()
    type_ = kind or (CommentType.CONSULT if isinstance(about, Finding) else None)
    new = comments.new_comment(uid(name), about, f"It says {name}", made, type=type_, parent_id=parent)
    return await comments.add(store, new, made)
