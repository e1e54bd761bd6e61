"""Who is a member, in which role, and what an access record may hold (domain sections 1 and 2)."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, overload

from msgspec import Struct

from integrates.db_model.access.types import (
    AccessStatus,
    GroupAccess,
    GroupRole,
    Invitation,
    OrganizationAccess,
    OrganizationRole,
)
from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.check import Arguments, Normaliser, choice, one_of, remembered, whole_of
from integrates.db_model.values.text import actor, digest, email, identifier, name, person_text

FORCES: Final = "service:forces:"
"""The beginning of the CI identity of a group; the name of the group follows."""
GRANTABLE: Final = tuple(role for role in GroupRole if role is not GroupRole.SERVICE_FORCES)
"""The roles in a group that a person may have."""
_COMMON: Final[Mapping[str, Normaliser]] = {
    **ENTITY,
    "invitation.responsibility": person_text,
    "invitation.jti_hash": digest,
    "state.by": by,
}
_IN_ORGANIZATION: Final = whole_of(
    OrganizationAccess,
    {
        **_COMMON,
        "email": remembered(email),
        "organization_id": remembered(identifier),
        "invitation.role": choice(frozenset(role.value for role in OrganizationRole)),
    },
)
_IN_GROUP: Final = whole_of(
    GroupAccess,
    {
        **_COMMON,
        "email": remembered(actor),
        "group_name": remembered(name),
        "access.responsibility": person_text,
        "invitation.role": choice(frozenset(GRANTABLE)),
    },
)


def ci_identity(group_name: str) -> str:
    """Return the CI identity of a group: the actor, owner of its token, and holder of its access."""
    return f"{FORCES}{group_name}"


def group_of(identity: str) -> str:
    """Return the name of the group whose CI identity that is. Raise ``ValueError`` when it is none."""
    if not is_ci(identity):
        raise ValueError("this is not the CI identity of a group")
    return identity.removeprefix(FORCES)


def is_ci(identity: str) -> bool:
    """Return whether an actor is the CI identity of a group."""
    return identity.startswith(FORCES)


class GivenOrganizationMember(Struct, frozen=True, kw_only=True):
    """The checked arguments of a member of an organization."""

    email: str
    role: OrganizationRole


class GivenGroupMember(Struct, frozen=True, kw_only=True):
    """The checked arguments of a member of a group."""

    email: str
    role: GroupRole
    responsibility: str | None = None


ORGANIZATION_MEMBER: Final = Arguments(GivenOrganizationMember, {"email": email, "role": one_of(OrganizationRole)})
"""What a new member of an organization is given."""
GROUP_MEMBER: Final = Arguments(GivenGroupMember, {"email": email, "role": one_of(GroupRole), "responsibility": person_text})
"""What a new member of a group is given."""


def check_grantable(role: str | None, grantable: AbstractSet[str], path: tuple[str, ...] = ("role",)) -> None:
    """Raise ``Rejected`` (``role_not_grantable``) for a role that the granter may neither grant nor change nor take away."""
    if role is not None and role not in grantable:
        raise Rejected(Reason.ROLE_NOT_GRANTABLE, path)


def is_live(access: OrganizationAccess | GroupAccess) -> bool:
    """Return whether the access was not removed. An invitation is live too."""
    return access.state.status is not AccessStatus.REMOVED


def is_member(access: OrganizationAccess | GroupAccess) -> bool:
    """Return whether the person is a member, not merely invited."""
    return access.state.status is AccessStatus.ACTIVE


@overload
def role_of(access: OrganizationAccess) -> OrganizationRole | None: ...
@overload
def role_of(access: GroupAccess) -> GroupRole | None: ...
def role_of(access: OrganizationAccess | GroupAccess) -> OrganizationRole | GroupRole | None:
    """Return the role in the record; ``None`` unless the person is a member."""
    return access.access.role if is_member(access) else None


def is_manager(access: OrganizationAccess) -> bool:
    """Return whether the person manages the organization."""
    return role_of(access) is OrganizationRole.ORGANIZATION_MANAGER


def whole_in_organization(access: OrganizationAccess) -> Iterator[Rejected]:
    """Yield each refusal of an access to an organization in any state (E13)."""
    refused = _IN_ORGANIZATION(access)
    yield from refused or _relations(access)


def whole_in_group(access: GroupAccess) -> Iterator[Rejected]:
    """Yield each refusal of an access to a group in any state (E13)."""
    refused = _IN_GROUP(access)
    yield from refused or (*_relations(access), *_of_service(access))


def _relations(access: OrganizationAccess | GroupAccess) -> Iterator[Rejected]:
    role, invitation = access.access.role, access.invitation
    if access.state.status is AccessStatus.ACTIVE and role is None:
        yield Rejected(Reason.REQUIRED, ("access", "role"))
    if access.state.status is AccessStatus.INVITED and role is not None:
        yield Rejected(Reason.INCONSISTENT, ("access", "role"))
    if access.state.status is AccessStatus.INVITED and invitation is None:
        yield Rejected(Reason.REQUIRED, ("invitation",))
    if invitation is not None:
        yield from _invited(invitation, in_group=isinstance(access, GroupAccess))


def _invited(invitation: Invitation, *, in_group: bool) -> Iterator[Rejected]:
    if invitation.responsibility is not None and not in_group:
        yield Rejected(Reason.INCONSISTENT, ("invitation", "responsibility"))
    if invitation.expires_at <= invitation.sent_at:
        yield Rejected(Reason.OUT_OF_RANGE, ("invitation", "expires_at"))


def _of_service(access: GroupAccess) -> Iterator[Rejected]:
    """Yield a refusal unless the access is that of a person, or of the CI identity of this group in its own role."""
    is_person = "@" in access.email
    if is_person and access.access.role is GroupRole.SERVICE_FORCES:
        yield Rejected(Reason.SERVICE_ROLE, ("access", "role"))
    if not is_person and access.email != ci_identity(access.group_name):
        yield Rejected(Reason.BAD_FORMAT, ("email",))
    if not is_person and access.access.role not in {None, GroupRole.SERVICE_FORCES}:
        yield Rejected(Reason.INCONSISTENT, ("access", "role"))
