"""Invitations: when one may be sent and accepted, and what becomes of an access then (domain section 10.2). Pure."""

from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final, TypeVar

from msgspec.structs import replace

from integrates.db_model.access.rank import outranks
from integrates.db_model.access.rules import is_live, is_member
from integrates.db_model.access.types import (
    AccessState,
    AccessStatus,
    GroupAccess,
    GroupGrant,
    GroupRole,
    Invitation,
    OrganizationAccess,
    OrganizationGrant,
    OrganizationRole,
)
from integrates.db_model.entity.plan import effective_at
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Reason, Rejected
from integrates.db_model.values.instant import is_ahead

LIFE: Final = timedelta(days=7)
"""How long an invitation can be accepted."""
PAUSE: Final = timedelta(seconds=60)
"""How long after an invitation the next one for the same access is refused."""

A = TypeVar("A", OrganizationAccess, GroupAccess)


def new_invitation(role: str, jti_hash: str, stamp: Stamp, responsibility: str | None = None) -> Invitation:
    """Return an invitation that is sent now; ``jti_hash`` is the SHA-256 of the secret in its link."""
    return Invitation(
        role=role,
        responsibility=responsibility,
        jti_hash=jti_hash,
        sent_at=stamp.at,
        expires_at=stamp.at + LIFE,
    )


def is_open(access: OrganizationAccess | GroupAccess, now: datetime) -> bool:
    """Return whether the person can still accept an invitation.

    One that ends later than one sent now would, was sent by a clock that went wrong, and has expired (E15).
    """
    offered = access.invitation
    return is_live(access) and offered is not None and is_ahead(offered.expires_at, now, LIFE)


def opens(access: OrganizationAccess | GroupAccess, jti_hash: str, now: datetime) -> bool:
    """Return whether the link with that secret leads to the open invitation of the access."""
    offered = access.invitation
    return offered is not None and compare_digest(offered.jti_hash, jti_hash) and is_open(access, now)


def invited(old: A, invitation: Invitation, stamp: Stamp) -> A:
    """Return an access, removed or not, with a new invitation, which cancels the one before.

    Raise ``AlreadyExists`` (``already_member``) for a member, ``Rejected`` (``invited_too_soon``) less than ``PAUSE`` after the
    invitation before.
    """
    if is_member(old):
        raise AlreadyExists(Reason.ALREADY_MEMBER, ("email",), old.email)
    if is_live(old) and old.invitation and is_ahead(old.invitation.sent_at + PAUSE, stamp.at, PAUSE):
        raise Rejected(Reason.INVITED_TOO_SOON, ("email",), f"at most one in {PAUSE.seconds} seconds")
    return replace(
        old,
        access=type(old.access)(),  # what a removed access let the person do, it does not let them any more
        invitation=invitation,
        state=AccessState(status=AccessStatus.INVITED, at=effective_at(stamp, old), by=stamp.by),
    )


def accepted(old: A, at: datetime, by: str) -> A:
    """Return the access with the role, and the responsibility, that its invitation offers. The invitation is used up."""
    offered = old.invitation
    if offered is None:
        raise ValueError("there is no invitation to accept")
    return replace(
        old,
        access=_granted(old, offered),
        invitation=None,
        state=AccessState(status=AccessStatus.ACTIVE, at=at, by=by),
    )


def _granted(access: OrganizationAccess | GroupAccess, offered: Invitation) -> OrganizationGrant | GroupGrant:
    if isinstance(access, OrganizationAccess):
        return OrganizationGrant(role=OrganizationRole(offered.role))
    return GroupGrant(role=GroupRole(offered.role), responsibility=offered.responsibility)


def declined(old: A, at: datetime, by: str) -> A:
    """Return the access without its invitation: removed, unless the person is a member already."""
    return replace(old, invitation=None) if is_member(old) else withdrawn(old, at, by)


def withdrawn(old: A, at: datetime, by: str) -> A:
    """Return the access after it was taken away: the role that it had gives nothing any more, and no link opens it."""
    return replace(old, invitation=None, state=AccessState(status=AccessStatus.REMOVED, at=at, by=by))


def enrolled(old: A | None, fresh: A, stamp: Stamp) -> A:
    """Return the access of a member as ``fresh`` has it, in place of the one that was stored; an invitation is used up."""
    if old is None:
        return fresh
    state = old.state if is_member(old) else replace(fresh.state, at=effective_at(stamp, old))
    return replace(old, access=fresh.access, invitation=None, state=state)


def raised(old: A | None, fresh: A, stamp: Stamp) -> A:
    """Return the access like :func:`enrolled`; an invitation that offers more can still be accepted."""
    new = enrolled(old, fresh, stamp)
    return replace(new, invitation=old.invitation) if old is not None and _offers_more(old, fresh.access.role) else new


def _offers_more(access: OrganizationAccess | GroupAccess, role: OrganizationRole | GroupRole | None) -> bool:
    offered = access.invitation
    return role is not None and offered is not None and is_live(access) and outranks(type(role)(offered.role), role)
