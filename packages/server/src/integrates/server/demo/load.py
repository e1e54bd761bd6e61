"""Loading the demo entities of the exported design into an empty store, through the commands of the model."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from integrates.db_model.access import commands as accesses
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.rules import is_manager
from integrates.db_model.access.types import OrganizationAccess, OrganizationRole
from integrates.db_model.comments import commands as comments
from integrates.db_model.comments.facet import COMMENT
from integrates.db_model.entity.facet import Facet, entity_key
from integrates.db_model.entity.listing import everywhere
from integrates.db_model.entity.types import Entity, Stamp
from integrates.db_model.environment_urls import commands as environment_urls
from integrates.db_model.environment_urls.facet import ENVIRONMENT_URL
from integrates.db_model.errors import ModelError, NotFound, Reason, Rejected, Rejections
from integrates.db_model.events import commands as events
from integrates.db_model.events.facet import EVENT
from integrates.db_model.finding_policies import commands as finding_policies
from integrates.db_model.finding_policies.facet import FINDING_POLICY
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.groups import commands as groups
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.organizations import commands as organizations
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots import commands as roots
from integrates.db_model.roots.facet import ROOT
from integrates.db_model.stakeholders import commands as stakeholders
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.store.design import Design
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.server.demo.item import DemoRefused, read_entities
from integrates.server.demo.rule import not_first

OPERATION: Final = "load_demo"
_MANAGER: Final = OrganizationRole.ORGANIZATION_MANAGER


class NotEmpty(Exception):
    """The store already holds entities, which those of the demo would be mixed with."""


class Step(msgspec.Struct, frozen=True):
    """The command that first stores the entities of one facet."""

    facet: Facet[Any]
    add: Callable[[Store, Any, Stamp], Awaitable[Any]]


def _steps(founders: Mapping[str, OrganizationAccess]) -> tuple[Step, ...]:
    """Return the steps, parents first. ``founders`` are the first managers by organization, who are stored with it."""

    async def add(store: Store, new: Organization, stamp: Stamp) -> None:
        founder = founders.get(new.id)
        if founder is None or founder != accesses.organization_member(founder.email, new.id, _MANAGER, stamp):
            raise Rejected(Reason.LAST_MANAGER, (), "the first manager joins when the organization is added")
        await organizations.add(store, new, founder.email, stamp)

    async def join(store: Store, access: OrganizationAccess, stamp: Stamp) -> None:
        if access not in founders.values():
            await accesses.add_to_organization(store, access, stamp)

    return (
        Step(STAKEHOLDER, stakeholders.add),
        Step(ORGANIZATION, add),
        Step(ORGANIZATION_ACCESS, join),
        Step(GROUP, groups.add),
        Step(GROUP_ACCESS, accesses.add_to_group),
        Step(ROOT, roots.add),
        Step(ENVIRONMENT_URL, environment_urls.add),
        Step(FINDING, findings.add),
        Step(VULNERABILITY, vulnerabilities.add),
        Step(EVENT, events.add),
        Step(COMMENT, comments.add),
        Step(FINDING_POLICY, finding_policies.add),
    )


def _founders(members: Iterable[OrganizationAccess]) -> Mapping[str, OrganizationAccess]:
    """Return the first manager of each organization."""
    managers = sorted(filter(is_manager, members), key=lambda access: access.created_at, reverse=True)
    return {access.organization_id: access for access in managers}


async def load_demo(store: Store, design: Design, now: datetime, new_id: Callable[[], str]) -> int:
    """Store the demo entities with their dates moved to end at ``now``; return their number.

    Raise :class:`NotEmpty`, and :class:`DemoRefused`: before anything is written when an item is malformed or against a rule
    of its own, later when the model refuses it beside the others.
    """
    if not await is_empty(store):
        raise NotEmpty
    by = now - datetime.fromisoformat(design.anchor)
    steps = _steps(_founders(read_entities(ORGANIZATION_ACCESS, design, by)))
    read = [(step, entity) for step in steps for entity in read_entities(step.facet, design, by)]
    for step, entity in read:
        _check(step.facet, entity)
    change_id = new_id()
    for step, entity in read:
        stamp = Stamp(by=entity.created_by, at=entity.created_at, operation=OPERATION, change_id=change_id)
        try:
            await step.add(store, entity, stamp)
        except ModelError as error:
            raise _refused(step.facet, entity, error) from error
    return len(read)


async def is_empty(store: Store) -> bool:
    """Return whether the store holds neither organizations nor people."""
    organizations = everywhere("organization", "organizations_of_platform", limit=1)
    people = everywhere("stakeholder", "stakeholders_of_platform", limit=1)
    return not any(page.items for page in await store.query((*organizations, *people)))


def _check(facet: Facet[Any], entity: Entity) -> None:
    refusals = (*facet.check(facet.derived(None, entity)), *not_first(entity))
    if refusals:
        raise _refused(facet, entity, Rejections(refusals))


def _refused(facet: Facet[Any], entity: Entity, error: ModelError) -> DemoRefused:
    reason = f"there is no {error.facet} {error.identity}" if isinstance(error, NotFound) else str(error)
    return DemoRefused(facet.name, entity_key(facet, entity).pk, reason)
