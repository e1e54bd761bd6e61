"""Issuing access tokens: at most five live ones a person, each with a name of its own."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from integrates.db_model.entity import claim, read, transaction
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.claim import Held
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Raced, Rejected
from integrates.db_model.store.port import Store
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key
from integrates.db_model.tokens.rules import is_usable
from integrates.db_model.tokens.types import AccessToken

SLOTS: Final = 5
"""Most live tokens of one person."""


def _is_free(held: Held | None, holder: AccessToken | None, stamp: Stamp) -> bool:
    """A claim is free when nobody holds it, or a token that is revoked or has expired."""
    return held is None or holder is None or not is_usable(holder, stamp.at)


def _planned(
    token: AccessToken, held: Sequence[Held | None], holders: Sequence[AccessToken | None], stamp: Stamp
) -> Plan[AccessToken]:
    free = [_is_free(claimed, holder, stamp) for claimed, holder in zip(held, holders, strict=True)]
    if not free[0]:
        raise AlreadyExists("token_name", held[0].owner if held[0] else "")
    if not any(free[1:]):
        raise Rejected("too_many_tokens")
    slot = free.index(True, 1)
    return planning.together(
        planning.added(ACCESS_TOKEN, msgspec.structs.replace(token, slot=slot), stamp),
        claim.taken("token_name", token.owner, token.name, owner=token.id, held=held[0]),
        claim.taken("token_slot", token.owner, str(slot), owner=token.id, held=held[slot]),
    )


async def issue(store: Store, token: AccessToken, stamp: Stamp) -> AccessToken:
    """Store a new token in a free slot; expired and revoked tokens give up their slot and name.

    Raises ``AlreadyExists`` (kind ``token_name``) and ``Rejected`` (``too_many_tokens``).
    """
    names = claim.claim_key("token_name", token.owner, token.name)
    slots = [claim.claim_key("token_slot", token.owner, str(slot)) for slot in range(1, SLOTS + 1)]

    async def attempt() -> AccessToken:
        held = await claim.holders(store, (names, *slots))
        owners = [claimed.owner for claimed in held if claimed]
        found: dict[str, Any] = dict(
            zip(owners, await read.load(store, ACCESS_TOKEN, [access_token_key(o) for o in owners]), strict=True)
        )
        plan = _planned(token, held, [found[claimed.owner] if claimed else None for claimed in held], stamp)
        try:
            await transaction.write(store, (plan,))
        except AlreadyExists as error:
            raise Raced(token.owner) from error
        return plan.entity

    return await transaction.retried(attempt)
