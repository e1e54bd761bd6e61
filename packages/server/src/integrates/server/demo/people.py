"""The people of the demo and what they are."""

from datetime import timedelta

import msgspec

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.types import OrganizationRole
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.stakeholders.types import PlatformRole
from integrates.db_model.store.design import Design
from integrates.server.demo.item import read_entities


class Person(msgspec.Struct, frozen=True):
    """Somebody to log in as, and their roles in words."""

    email: str
    roles: tuple[str, ...]


def people(design: Design) -> tuple[Person, ...]:
    """Return the people of the exported design in its order."""
    return tuple(Person(person.email, _roles(design, person.email, person.access.role)) for person in _all(STAKEHOLDER, design))


def _all(facet: Facet[E], design: Design) -> tuple[E, ...]:
    return read_entities(facet, design, timedelta(0))


def _roles(design: Design, email: str, role: PlatformRole) -> tuple[str, ...]:
    names = {organization.id: organization.info.name for organization in _all(ORGANIZATION, design)}
    managed = [
        f"{access.access.role} of {names.get(access.organization_id, access.organization_id)}"
        for access in _all(ORGANIZATION_ACCESS, design)
        if access.email == email and access.access.role is OrganizationRole.ORGANIZATION_MANAGER
    ]
    groups = [
        f"{access.access.role} of {access.group_name}" if access.access.role else f"invited to {access.group_name}"
        for access in _all(GROUP_ACCESS, design)
        if access.email == email
    ]
    platform = [str(role)] if role is PlatformRole.ADMIN else []
    return (*platform, *managed, *groups)
