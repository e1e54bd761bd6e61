"""How access tokens are stored."""

from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, key_of
from integrates.db_model.store.port import Key
from integrates.db_model.tokens.rules import is_live
from integrates.db_model.tokens.types import AccessToken

ACCESS_TOKEN: Final = Facet(
    name="access_token",
    type=AccessToken,
    parts=lambda token: {"id": token.id, "owner": token.owner},
    listed=lambda _: (1,),
    is_live=is_live,
    audit=lambda _: Audit(),
)


def access_token_key(token_id: str) -> Key:
    """Build the key of an access token."""
    return key_of("access_token", {"id": token_id})
