"""Issuing and revoking access tokens."""

from functools import partial
from hashlib import sha256
from typing import Any, Final

from integrates.api.authorization.actor import Means
from integrates.api.context import Context, Info
from integrates.api.guard.sight import Sight
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed
from integrates.db_model import tokens
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.tokens.types import AccessToken


def _check_session(context: Context) -> None:
    """A token neither makes other tokens nor ends them."""
    if context.actor.means is not Means.SESSION:
        raise Rejected(Reason.SESSION_REQUIRED)


async def add_access_token(_seen: Sight[None], info: Info, **given: Any) -> Payload:
    """Issue a token of the caller and show its secret."""
    _check_session(info.context)
    call = info.context.call
    identity = call.new_id()
    jti = call.new_jti(identity)
    hashed = sha256(jti.encode()).hexdigest()
    payload = await changed(info, "token", partial(tokens.create, given=given, identity=identity, jti_hash=hashed))
    return {**payload, "secret": call.sign_token(payload["token"], jti)}


async def revoke_access_token(seen: Sight[AccessToken], info: Info) -> Payload:
    """Revoke a token of the caller: it is refused from the next request on."""
    _check_session(info.context)
    payload = await changed(info, "token", partial(tokens.revoke, token_id=seen.found.id))
    return {"id": payload["token"].id}


MUTATIONS: Final[Fields] = {"Mutation": {"addAccessToken": add_access_token, "revokeAccessToken": revoke_access_token}}
