"""Issuing and revoking access tokens: of the caller, and of the CI identity of a group."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from integrates.api.authorization.actor import Means
from integrates.api.authorization.sight import Sight
from integrates.api.context import Context, Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed, ended
from integrates.db_model import tokens
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.types import Group
from integrates.db_model.tokens.rules import hash_jti
from integrates.db_model.tokens.types import AccessToken


def _check_session(context: Context) -> None:
    """Raise ``Rejected`` (``session_required``) without a session: a token neither issues nor revokes tokens."""
    if context.actor.means is not Means.SESSION:
        raise Rejected(Reason.SESSION_REQUIRED)


async def _issued(info: Info, issue: Callable[..., Awaitable[AccessToken]]) -> Payload:
    """Issue a token by a command that still needs its id and the hash of its secret; show the secret, this once."""
    _check_session(info.context)
    call = info.context.call
    identity = call.new_id()
    jti = call.new_jti(identity)
    payload = await changed(info, "token", partial(issue, identity=identity, jti_hash=hash_jti(jti)))
    return {**payload, "secret": call.sign_token(payload["token"], jti)}


async def add_access_token(_seen: Sight[None], info: Info, **given: Any) -> Payload:
    """Issue a token of the caller and show its secret."""
    return await _issued(info, partial(tokens.create, given=given))


async def revoke_access_token(seen: Sight[AccessToken], info: Info) -> Payload:
    """Revoke a token of the caller: it is refused from the next request on."""
    _check_session(info.context)
    return await ended(info, partial(tokens.revoke, token_id=seen.found.id))


async def issue_forces_token(seen: Sight[Group], info: Info) -> Payload:
    """Issue the token of a group's CI identity and show its secret; the former one is revoked."""
    return await _issued(info, partial(tokens.issue_ci_token, group_name=seen.found.name))


async def revoke_forces_token(seen: Sight[Group], info: Info) -> Payload:
    """Revoke the token of a group's CI identity: it is refused from the next request on."""
    _check_session(info.context)
    return await ended(info, partial(tokens.revoke_ci_token, group_name=seen.found.name))


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addAccessToken": add_access_token,
        "revokeAccessToken": revoke_access_token,
        "issueForcesToken": issue_forces_token,
        "revokeForcesToken": revoke_forces_token,
    }
}
