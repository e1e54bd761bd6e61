"""Issuing and revoking access tokens: at most five live ones a person, each with a name of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from integrates.db_model.entity import claim, command, read
from integrates.db_model.entity.plan import needs, plan
from integrates.db_model.entity.transaction import gathered, repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Raced, Reason, Rejected, Rejections
from integrates.db_model.store.port import Item, Key, Store
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key, slot_claims, tokens_of_owner
from integrates.db_model.tokens.rules import arguments, is_usable, revoked
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenState, TokenStatus
from integrates.db_model.values.check import checked

_NO_SLOT: Final = 0
"""The slot of a token that is not issued yet."""


def new_token(identity: str, name: str, expires_at: datetime, jti_hash: str, stamp: Stamp) -> AccessToken:
    """Return a new token for the API, which belongs to the actor of the stamp. It is not stored yet."""
    return AccessToken(
        id=identity,
        owner=stamp.by,
        name=name,
        kind=TokenKind.API,
        issued_at=stamp.at,
        expires_at=expires_at,
        jti_hash=jti_hash,
        slot=_NO_SLOT,
        state=TokenState(status=TokenStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def _vacant(store: Store, items: Mapping[Key, Item | None], stamp: Stamp) -> frozenset[Key]:
    """Return the claims that nobody holds, or whose holder is a token that was revoked or has expired."""
    holders = {key: owner for key, item in items.items() if (owner := claim.holder_of(item))}
    tokens = await read.get_many(store, ACCESS_TOKEN, [access_token_key(owner) for owner in holders.values()])
    ended = {key for key, token in zip(holders, tokens, strict=True) if token is None or not is_usable(token, stamp.at)}
    return frozenset(ended | (items.keys() - holders.keys()))


def _slot(vacant: frozenset[Key], slots: Sequence[Key]) -> int:
    free = next((number for number, key in enumerate(slots, 1) if key in vacant), None)
    if free is None:
        raise Rejected(Reason.TOO_MANY_TOKENS)
    return free


async def issue(store: Store, new: AccessToken, stamp: Stamp) -> AccessToken:
    """Store a new token in a free slot; return it as stored. Expired and revoked tokens give up their slot and name.

    Raise ``AlreadyExists`` when a live token of the owner has the name, ``Rejected`` (``too_many_tokens``) without a free slot,
    ``NotFound`` when nobody is known by the owner's e-mail.
    """
    name = claim.claim_key("token_name", new.owner, new.name)
    slots = slot_claims(new.owner)

    async def attempt() -> AccessToken:
        keys = (name, *slots)
        items = dict(zip(keys, await store.get(keys), strict=True))
        vacant = await _vacant(store, items, stamp)
        if name not in vacant:
            raise AlreadyExists(Reason.NAME_TAKEN, ("name",), claim.holder_of(items[name]) or "")
        token = replace(new, slot=_slot(vacant, slots))
        given = await gathered(store, (needs(ACCESS_TOKEN, None, token),))
        free = replace(given, items={**given.items, **items}, vacant=vacant)
        made = plan(ACCESS_TOKEN, None, token, stamp, free)
        try:
            await write(store, (made,))
        except (Rejected, Rejections) as error:  # somebody took the name or the slot meanwhile
            raise Raced(token.owner) from error
        return made.entity

    return await repeated(attempt)


async def create(store: Store, given: Mapping[str, Any], stamp: Stamp, identity: str, jti_hash: str) -> AccessToken:
    """Issue a token of whoever makes the stamp, of the arguments ``given``; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`issue` raises.
    """
    details = checked(arguments(stamp.at), given)
    return await issue(store, new_token(identity, details.name, details.expires_at, jti_hash, stamp), stamp)


async def revoke(store: Store, token_id: str, stamp: Stamp) -> AccessToken:
    """Revoke a token, which frees its slot and its name; return it as stored. Raise ``NotFound`` when it is revoked already."""
    return await command.update(store, ACCESS_TOKEN, access_token_key(token_id), partial(revoked, by=stamp.by), stamp)


async def tokens_of(store: Store, owner: str) -> tuple[AccessToken, ...]:
    """Return the live tokens of a person, including expired ones."""
    return await read.everything(store, ACCESS_TOKEN, tokens_of_owner(owner))
