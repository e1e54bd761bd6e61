"""The token of a group's CI identity: one lives at a time, and with it the identity's access to the group."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from integrates.db_model.access.commands import ci_member
from integrates.db_model.access.departure import withdrawal
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.invitation import enrolled
from integrates.db_model.access.rules import ci_identity
from integrates.db_model.access.types import GroupAccess
from integrates.db_model.entity import claim, read
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import Given
from integrates.db_model.entity.plan import Plan, altered, needs, plan
from integrates.db_model.entity.transaction import gathered, repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Raced, Reason, Rejected, Stale
from integrates.db_model.store.port import Item, Store
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key, ci_token_claim
from integrates.db_model.tokens.rules import MAX_LIFE, revoked
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenState, TokenStatus

_NAME: Final = "ci"
_RETRIED: Final = (Raced, Stale)


def new_ci_token(identity: str, group_name: str, jti_hash: str, stamp: Stamp) -> AccessToken:
    """Return a new token of a group's CI identity, which expires after exactly 180 days. It is not stored yet."""
    return AccessToken(
        id=identity,
        owner=ci_identity(group_name),
        name=_NAME,
        kind=TokenKind.FORCES,
        issued_at=stamp.at,
        expires_at=stamp.at + MAX_LIFE,
        jti_hash=jti_hash,
        slot=0,
        state=TokenState(status=TokenStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def _current(store: Store, group_name: str) -> tuple[Item | None, AccessToken | None, GroupAccess | None]:
    """Return the claim of a group's CI token, that token unless it was revoked, and the identity's access in any state."""
    claimed = ci_token_claim(group_name)
    item, access = await store.get((claimed, group_access_key(ci_identity(group_name), group_name)))
    holder = claim.holder_of(item)
    token = await read.get(store, ACCESS_TOKEN, access_token_key(holder)) if holder else None
    return item, token, None if access is None else decoded(GROUP_ACCESS, access)


async def issue_ci_token(store: Store, group_name: str, stamp: Stamp, identity: str, jti_hash: str) -> AccessToken:
    """Issue the token of a group's CI identity and revoke the former one, in one transaction; return it as stored.

    The identity has access to its group from then on. Raise ``NotFound`` when there is no such group.
    """
    new = new_ci_token(identity, group_name, jti_hash, stamp)
    claimed = ci_token_claim(group_name)

    async def attempt() -> AccessToken:
        item, former, known = await _current(store, group_name)
        access = enrolled(known, ci_member(group_name, stamp), stamp)
        wanted = (needs(ACCESS_TOKEN, None, new), needs(GROUP_ACCESS, known, access))
        given = await gathered(store, wanted, Given(items={claimed: item}))
        handed = replace(given, vacant=frozenset((claimed,)))  # from the former token, which does not free it itself
        made = plan(ACCESS_TOKEN, None, new, stamp, handed)
        plans: Sequence[Plan[Any]] = (
            made,
            plan(GROUP_ACCESS, known, access, stamp, given),
            *((_ended(former, stamp, handed),) if former else ()),
        )
        try:
            await write(store, plans)
        except Rejected as error:  # somebody issued the first token of the group meanwhile, which this one ends
            raise Raced(new.owner) from error
        return made.entity

    return await repeated(attempt, on=_RETRIED)


async def revoke_ci_token(store: Store, group_name: str, stamp: Stamp) -> AccessToken:
    """Revoke the token of a group's CI identity, which has no access to the group any more; return the token as stored.

    Raise ``Rejected`` (``no_token``) when there is none.
    """
    claimed = ci_token_claim(group_name)

    async def attempt() -> AccessToken:
        item, token, access = await _current(store, group_name)
        if token is None:
            raise Rejected(Reason.NO_TOKEN)
        ended = _ended(token, stamp, Given(items={claimed: item}))
        plans: list[Plan[Any]] = [ended]
        if access is not None:
            plans.append(withdrawal(GROUP_ACCESS, access, stamp))
        await write(store, plans)
        return ended.entity

    return await repeated(attempt, on=_RETRIED)


def _ended(token: AccessToken, stamp: Stamp, given: Given) -> Plan[AccessToken]:
    return altered(ACCESS_TOKEN, token, lambda old, at: revoked(old, at, by=stamp.by), stamp, given)
