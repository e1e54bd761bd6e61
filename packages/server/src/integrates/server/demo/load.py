"""Puts the demo entities of the exported design into an empty store, through the model."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import msgspec

from integrates.db_model.access.change import added_group, added_organization
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.entity import transaction
from integrates.db_model.entity.facet import E, Facet, entity_key
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Entity, Stamp
from integrates.db_model.errors import ModelError, Rejections
from integrates.db_model.findings.change import reported as finding_reported
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.change import added as group_added
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.change import added as organization_added
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.roots.change import added as root_added
from integrates.db_model.roots.facet import GIT_ROOT, root_key
from integrates.db_model.roots.types import Root
from integrates.db_model.stakeholders.change import added as stakeholder_added
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.design import Design
from integrates.db_model.store.port import Key, Query, Store
from integrates.db_model.vulnerabilities.change import reported as vulnerability_reported
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import Vulnerability
from integrates.server.demo.item import DemoRefused, read_entities
from integrates.server.demo.rule import check

OPERATION = "load_demo"
SHARDS = 16

Parent: TypeAlias = Callable[[Key], Any]
"""A stored entity by key. Raises ``KeyError`` when the demo has none."""


class NotEmpty(Exception):
    """The store holds entities already, which the demo would mix with."""


class Step(msgspec.Struct, frozen=True):
    """How the entities of one facet are first stored, given those stored before them."""

    facet: Facet[Any]
    plan: Callable[[Any, Stamp, Parent], Plan[Any]]


def _organization_access(access: OrganizationAccess, stamp: Stamp, parent: Parent) -> Plan[OrganizationAccess]:
    parent(stakeholder_key(access.email))
    parent(organization_key(access.organization_id))
    return added_organization(access, stamp)


def _group(group: Group, stamp: Stamp, parent: Parent) -> Plan[Group]:
    return group_added(group, parent(organization_key(group.organization_id)), stamp)


def _group_access(access: GroupAccess, stamp: Stamp, parent: Parent) -> Plan[GroupAccess]:
    parent(stakeholder_key(access.email))
    parent(group_key(access.group_name))
    return added_group(access, stamp)


def _root(root: Root, stamp: Stamp, parent: Parent) -> Plan[Root]:
    return root_added(root, parent(group_key(root.group_name)), stamp)


def _finding(finding: Finding, stamp: Stamp, parent: Parent) -> Plan[Finding]:
    parent(group_key(finding.group_name))
    return finding_reported(finding, stamp)


def _vulnerability(vulnerability: Vulnerability, stamp: Stamp, parent: Parent) -> Plan[Vulnerability]:
    parent(root_key(vulnerability.root_id))
    return vulnerability_reported(vulnerability, parent(finding_key(vulnerability.finding_id)), stamp)


STEPS = (
    Step(ORGANIZATION, lambda organization, stamp, _: organization_added(organization, stamp)),
    Step(STAKEHOLDER, lambda person, stamp, _: stakeholder_added(person, stamp)),
    Step(ORGANIZATION_ACCESS, _organization_access),
    Step(GROUP, _group),
    Step(GROUP_ACCESS, _group_access),
    Step(GIT_ROOT, _root),
    Step(FINDING, _finding),
    Step(VULNERABILITY, _vulnerability),
)
"""Parents first."""


async def load_demo(store: Store, design: Design, now: datetime, new_id: Callable[[], str]) -> int:
    """Store the demo entities with their dates moved to end at ``now``; returns their number.

    Raises :class:`NotEmpty`, and :class:`DemoRefused` before anything is written when an item is malformed or against a rule.
    """
    if not await is_empty(store):
        raise NotEmpty
    by = now - datetime.fromisoformat(design.anchor)
    read = [(step, _checked(step.facet, design, by)) for step in STEPS]
    stored: dict[Key, Entity] = {}
    for step, entities in read:
        change_id = new_id()
        plans = [_plan(step, entity, change_id, stored) for entity in entities]
        for chunk in transaction.chunks(plans):
            await transaction.write(store, chunk)
        stored |= {entity_key(step.facet, plan.entity): plan.entity for plan in plans}
    return len(stored)


async def is_empty(store: Store) -> bool:
    """Whether the store holds neither organizations nor people."""
    lists = (("organizations_of_platform", "ORGS"), ("stakeholders_of_platform", "USERS"))
    queries = [
        Query(pattern=pattern, index=1, pk=f"{prefix}#{shard}", limit=1) for pattern, prefix in lists for shard in range(SHARDS)
    ]
    return not any(page.items for page in await store.query(queries))


def _checked(facet: Facet[E], design: Design, by: timedelta) -> Sequence[E]:
    entities = read_entities(facet, design.facets[facet.name], by)
    for entity in entities:
        try:
            check(entity)
        except (ModelError, Rejections) as error:
            raise DemoRefused(facet.name, entity_key(facet, entity).pk, str(error)) from error
    return entities


def _plan(step: Step, entity: Any, change_id: str, stored: dict[Key, Entity]) -> Plan[Any]:
    stamp = Stamp(by=entity.created_by, at=entity.created_at, operation=OPERATION, change_id=change_id)
    try:
        return step.plan(entity, stamp, stored.__getitem__)
    except KeyError as error:
        raise DemoRefused(step.facet.name, entity_key(step.facet, entity).pk, f"there is no {error}") from error
