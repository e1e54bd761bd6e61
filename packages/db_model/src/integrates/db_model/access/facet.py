"""How access records are stored, and what changes with them."""

from typing import Any, Final

from integrates.db_model.access.rules import is_ci, is_live, is_manager, is_member, whole_in_group, whole_in_organization
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.entity import counter
from integrates.db_model.entity.facet import Audit, Beside, Facet, Given, Parent, key_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.facet import MAX_MEMBERS, group_guard, within_group
from integrates.db_model.organizations.facet import ORGANIZATION, organization_counters_key, organization_key
from integrates.db_model.stakeholders.facet import known_person
from integrates.db_model.store.port import Key, Query


def organization_access_key(email: str, organization_id: str) -> Key:
    """Return the key of a person's access to an organization."""
    return key_of("organization_access", {"email": email, "organization_id": organization_id})


def group_access_key(email: str, group_name: str) -> Key:
    """Return the key of a person's access to a group."""
    return key_of("group_access", {"email": email, "group_name": group_name})


def memberships_of(facet: Facet[Any], email: str) -> Query:
    """Return the query of the accesses of a person to organizations or to groups, open invitations and removed ones too."""
    return listing(facet.name, "memberships_of_stakeholder", {"email": email})


def _gains(old: OrganizationAccess | GroupAccess | None, new: OrganizationAccess | GroupAccess) -> bool:
    """Return whether somebody is invited who was not, or becomes a member: only for that, what is above has to exist."""
    return old is None or not is_live(old) or (is_member(new) and not is_member(old))


def _within_organization(old: OrganizationAccess | None, new: OrganizationAccess) -> tuple[Parent, ...]:
    if not _gains(old, new):
        return ()
    organization = Parent(facet=ORGANIZATION, key=organization_key(new.organization_id), path=("organization_id",))
    return (organization, known_person(new.email, ("email",)))


def _managers(old: OrganizationAccess | None, new: OrganizationAccess, _given: Given, _stamp: Stamp) -> tuple[Beside, ...]:
    """Count the managers of an organization, which always keeps at least one."""
    by = int(is_manager(new)) - int(old is not None and is_manager(old))
    if not by:
        return ()
    guard = counter.guarded(organization_counters_key(new.organization_id), "managers", by=by, low=1)
    return (Beside(guard, Rejected(Reason.LAST_MANAGER)),)


def _within_group(old: GroupAccess | None, new: GroupAccess) -> tuple[Parent, ...]:
    if not _gains(old, new):
        return ()
    group = within_group(new.group_name)
    return (group,) if is_ci(new.email) else (group, known_person(new.email, ("email",)))


def _members(old: GroupAccess | None, new: GroupAccess, _given: Given, _stamp: Stamp) -> tuple[Beside, ...]:
    """Count the members of a group, including those who are only invited; its CI identity is no member."""
    by = 0 if is_ci(new.email) else int(is_live(new)) - int(old is not None and is_live(old))
    if not by:
        return ()
    return (
        Beside(
            group_guard(new.group_name, "members", by=by, high=MAX_MEMBERS),
            Rejected(Reason.TOO_MANY, (), f"{MAX_MEMBERS:,} members of a group"),
        ),
    )


ORGANIZATION_ACCESS: Final = Facet(
    name="organization_access",
    type=OrganizationAccess,
    audit=lambda access: Audit(organization=access.organization_id),
    is_live=is_live,
    identity=lambda access: access.email,
    fixed=("email", "organization_id"),
    within=_within_organization,
    counted=_managers,
    check=whole_in_organization,
)
GROUP_ACCESS: Final = Facet(
    name="group_access",
    type=GroupAccess,
    audit=lambda access: Audit(group=access.group_name),
    is_live=is_live,
    identity=lambda access: access.email,
    fixed=("email", "group_name"),
    within=_within_group,
    counted=_members,
    check=whole_in_group,
)
