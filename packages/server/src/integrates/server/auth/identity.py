"""Who has logged in, and in which roles, by the claims of the provider. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from integrates.db_model.access.provide import Given
from integrates.db_model.access.rank import R, highest, outranks
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.errors import Rejected
from integrates.db_model.stakeholders.registration import Named
from integrates.db_model.values.text import email
from integrates.server.auth.fetch import Faulty
from integrates.server.auth.provider import Provider

Claims = Mapping[str, Any]
_EMAIL: Final = ("email", "email_verified")


class NotVerifiedError(Exception):
    """The provider does not vouch for an e-mail of the person."""


class _Told(msgspec.Struct, frozen=True):
    email: str | None = None
    email_verified: bool | None = None
    given_name: str | None = None
    family_name: str | None = None


def is_enough(provider: Provider, claims: Claims) -> bool:
    """Return whether the claims of the ID token tell all that is needed, so that nothing more is asked."""
    needed = {*_EMAIL, *((provider.groups_claim,) if provider.roles else ())}
    return claims.keys() >= needed


def merged(claims: Claims, more: Claims) -> Claims:
    """Return the claims of the ID token with what the provider told besides.

    Raise :class:`Faulty` when that is about somebody else. E-mail and whether it is verified come from one source.
    """
    if not isinstance(more.get("sub"), str) or more.get("sub") != claims.get("sub"):
        raise Faulty("its user info is about somebody else")
    own = claims if claims.keys() >= set(_EMAIL) else {name: value for name, value in claims.items() if name not in _EMAIL}
    return {**more, **own}


def vouched_for(claims: Claims) -> Named:
    """Return who has logged in. Raise :class:`NotVerifiedError` without a verified e-mail, :class:`Faulty` for odd claims."""
    try:
        told = msgspec.convert(dict(claims), _Told)
    except msgspec.ValidationError as error:
        raise Faulty("its claims about the person have another form than they have to have") from error
    if told.email is None or told.email_verified is not True:
        raise NotVerifiedError
    try:
        address = email(told.email, ("email",))
    except Rejected as error:
        raise NotVerifiedError from error
    return Named(email=address, first_name=told.given_name, last_name=told.family_name)


def roles_of(provider: Provider, claims: Claims) -> Given:
    """Return the roles that the groups of a person give. Raise :class:`Faulty` when the claim is no list of texts, nor a text.

    Without the claim there are none. Of several roles in one place the highest counts, else the first in the settings.
    """
    told = claims.get(provider.groups_claim)
    values = [] if told is None else [told] if isinstance(told, str) else told
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Faulty("its claim of groups is no list of texts")
    held = frozenset(values)
    rules = [rule for rule in provider.roles if rule.value in held]
    platform = highest(rule.platform for rule in rules if rule.platform)
    in_organizations = [(rule.organization, OrganizationRole(rule.role)) for rule in rules if rule.organization and rule.role]
    in_groups = [(rule.group, GroupRole(rule.role)) for rule in rules if rule.group and rule.role]
    return Given(platform=platform, organizations=_by_name(in_organizations), groups=_by_name(in_groups))


def _by_name(pairs: Sequence[tuple[str, R]]) -> dict[str, R]:
    roles: dict[str, R] = {}
    for name, role in pairs:
        if name not in roles or outranks(role, roles[name]):
            roles[name] = role
    return roles
