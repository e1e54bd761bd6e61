"""Changing organizations."""

from msgspec.structs import replace

from integrates.db_model.access.commands import organization_member
from integrates.db_model.access.facet import ORGANIZATION_ACCESS
from integrates.db_model.access.types import OrganizationRole
from integrates.db_model.entity.plan import needs, plan
from integrates.db_model.entity.transaction import gathered, repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.organizations.types import Organization, OrganizationInfo, OrganizationState, OrganizationStatus
from integrates.db_model.store.port import Store


def new_organization(identity: str, info: OrganizationInfo, stamp: Stamp) -> Organization:
    """Return a new organization. It is not stored yet."""
    state = OrganizationState(status=OrganizationStatus.ACTIVE, at=stamp.at, by=stamp.by)
    return Organization(id=identity, info=info, state=state, created_at=stamp.at, created_by=stamp.by)


async def add(store: Store, new: Organization, manager: str, stamp: Stamp) -> Organization:
    """Store a new organization together with its first manager, a known person; return it as stored.

    Raise ``AlreadyExists`` when its name is taken, ``NotFound`` when nobody is known by that e-mail.
    """
    access = organization_member(manager, new.id, OrganizationRole.ORGANIZATION_MANAGER, stamp)

    async def attempt() -> Organization:
        wanted = (needs(ORGANIZATION, None, new), needs(ORGANIZATION_ACCESS, None, access))
        given = await gathered(store, wanted)
        made = plan(ORGANIZATION, None, new, stamp, given)
        founded = replace(given, known={**given.known, organization_key(new.id): made.entity})
        member = plan(ORGANIZATION_ACCESS, None, access, stamp, founded)
        await write(store, (made, member))
        return made.entity

    return await repeated(attempt)
