"""How access tokens are stored, and what changes with them."""

from functools import lru_cache
from typing import Final

from integrates.db_model.access.rules import group_of
from integrates.db_model.entity.claim import claim_key
from integrates.db_model.entity.facet import Audit, Facet, Parent, Unique, key_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.errors import Reason
from integrates.db_model.groups.facet import within_group
from integrates.db_model.stakeholders.facet import known_person
from integrates.db_model.store.port import Key, Query
from integrates.db_model.tokens.rules import SLOTS, is_live, whole
from integrates.db_model.tokens.types import AccessToken, TokenKind

_SLOT: Final = "token_slot"
_OF_GROUP: Final = "forces_token"


@lru_cache(maxsize=4_096)
def access_token_key(token_id: str) -> Key:
    """Return the key of an access token."""
    return key_of("access_token", {"id": token_id})


def tokens_of_owner(owner: str) -> Query:
    """Return the query of the tokens of a person or a CI identity by id, revoked ones too."""
    return listing("access_token", "tokens_of_owner", {"owner": owner})


def slot_claims(owner: str) -> tuple[Key, ...]:
    """Return the keys of the claims of a person's slots, in their order, from the first."""
    return tuple(claim_key(_SLOT, owner, str(slot)) for slot in range(1, SLOTS + 1))


def ci_token_claim(group_name: str) -> Key:
    """Return the key of the claim that names the live CI token of a group."""
    return claim_key(_OF_GROUP, group_name)


def _unique(token: AccessToken) -> tuple[Unique, ...]:
    """Return the claims of a token until it is revoked: its name and one of the person's slots, or its group's only one."""
    if not is_live(token):
        return ()
    if token.kind is TokenKind.FORCES:
        return (Unique(_OF_GROUP, (group_of(token.owner),), Reason.TOO_MANY_TOKENS),)
    return (
        Unique("token_name", (token.owner, token.name), Reason.NAME_TAKEN, ("name",)),
        Unique(_SLOT, (token.owner, str(token.slot)), Reason.TOO_MANY_TOKENS),
    )


def _within(old: AccessToken | None, new: AccessToken) -> tuple[Parent, ...]:
    if old is not None:
        return ()
    is_ci_token = new.kind is TokenKind.FORCES
    return (within_group(group_of(new.owner)) if is_ci_token else known_person(new.owner, ("owner",)),)


def _audit(token: AccessToken) -> Audit:
    return Audit(group=group_of(token.owner)) if token.kind is TokenKind.FORCES else Audit()


ACCESS_TOKEN: Final = Facet(
    name="access_token",
    type=AccessToken,
    audit=_audit,
    is_live=is_live,
    fixed=("id", "owner", "name", "kind", "issued_at", "expires_at", "jti_hash", "slot"),
    unique=_unique,
    within=_within,
    check=whole,
)
