"""A store with one person, organization, group and root: where the measurements take place."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from integrates.db_model.entity import transaction
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.groups import change as group_change
from integrates.db_model.groups.types import Group, GroupInfo, GroupState, GroupStatus
from integrates.db_model.organizations import change as organization_change
from integrates.db_model.organizations.types import (
    Organization,
    OrganizationInfo,
    OrganizationState,
    OrganizationStatus,
)
from integrates.db_model.roots import change as root_change
from integrates.db_model.roots.types import GitLocation, Root, RootInfo, RootKind, RootState, RootStatus
from integrates.db_model.stakeholders import change as stakeholder_change
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderInfo, StakeholderState, StakeholderStatus
from integrates.db_model.store.port import Store

PERSON = "bench@example.com"
GROUP = "measured"


class Stage(msgspec.Struct, frozen=True):
    """The ids that requests name; the group is called ``GROUP`` and managed by ``PERSON``."""

    organization_id: str
    root_id: str


def _stamp(at: datetime) -> Stamp:
    return Stamp(by=PERSON, at=at, operation="benchmark", change_id=str(uuid4()))


def _organization(at: datetime) -> Organization:
    return Organization(
        id=str(uuid4()),
        info=OrganizationInfo(name="measured"),
        state=OrganizationState(status=OrganizationStatus.ACTIVE, at=at, by=PERSON),
        created_at=at,
        created_by=PERSON,
    )


def _group(organization: Organization, at: datetime) -> Group:
    return Group(
        info=GroupInfo(name=GROUP, organization_id=organization.id, description="What is measured"),
        state=GroupState(status=GroupStatus.ACTIVE, at=at, by=PERSON),
        created_at=at,
        created_by=PERSON,
    )


def _root(group: Group, at: datetime) -> Root:
    return Root(
        id=str(uuid4()),
        kind=RootKind.GIT,
        group_name=group.name,
        organization_id=group.organization_id,
        location=GitLocation(url="https://git.example.com/measured", branch="main"),
        info=RootInfo(nickname="measured"),
        state=RootState(status=RootStatus.ACTIVE, at=at, by=PERSON),
        created_at=at,
        created_by=PERSON,
    )


def _person(at: datetime) -> Plan[Stakeholder]:
    person = Stakeholder(
        info=StakeholderInfo(email=PERSON),
        state=StakeholderState(status=StakeholderStatus.ACTIVE, at=at, by=PERSON),
        created_at=at,
        created_by=PERSON,
    )
    return stakeholder_change.added(person, _stamp(at))


async def staged(store: Store) -> Stage:
    """Fill an empty store."""
    at = datetime.now(UTC)
    founded = organization_change.founded(_organization(at), _stamp(at))
    organization: Organization = founded[0].entity
    await transaction.write(store, (_person(at), *founded))
    group = group_change.added(_group(organization, at), organization, _stamp(at))
    await transaction.write(store, (group,))
    root = root_change.added(_root(group.entity, at), group.entity, _stamp(at))
    await transaction.write(store, (root,))
    return Stage(organization.id, root.entity.id)
