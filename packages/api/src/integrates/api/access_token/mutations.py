"""Issuing access tokens."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from integrates.api.authorization.actor import Means
from integrates.api.context import Context, Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import new_stamp, refresh
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.tokens.commands import issue, new_token
from integrates.db_model.tokens.rules import expiry
from integrates.db_model.tokens.types import AccessToken
from integrates.db_model.values.check import gather
from integrates.db_model.values.text import person_text


def _check_session(context: Context) -> None:
    """A token does not make other tokens."""
    if context.actor.means is not Means.SESSION:
        raise Rejected(Reason.SESSION_REQUIRED)


def _made(identity: str, name: str, expires_at: datetime, jti: str, stamp: Stamp) -> AccessToken:
    checked, end = gather(
        lambda: person_text(name, ("name",)),
        lambda: expiry(expires_at, stamp.at, ("expires_at",)),
    )
    return new_token(identity, checked, end, sha256(jti.encode()).hexdigest(), stamp)


async def add_access_token(_source: Any, info: Info, *, name: str, expires_at: datetime) -> Mapping[str, Any]:
    """Issue a token of the caller and show its secret."""
    context = info.context
    _check_session(context)
    identity = context.call.new_id()
    jti, stamp = context.call.new_jti(identity), new_stamp(context, "add_access_token")
    token = await issue(context.store, _made(identity, name, expires_at, jti, stamp), stamp)
    refresh(context)
    return {"token": token, "secret": context.call.sign_token(token, jti)}


MUTATIONS: Final[Fields] = {"Mutation": {"addAccessToken": add_access_token}}
