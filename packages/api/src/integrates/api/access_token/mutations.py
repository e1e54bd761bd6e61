"""Issuing access tokens."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from integrates.api.attribute import Fields
from integrates.api.change import new_stamp, refresh
from integrates.api.context import Means
from integrates.api.request import Info, Request
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.tokens.commands import issue, new_token
from integrates.db_model.tokens.rules import expiry
from integrates.db_model.tokens.types import AccessToken
from integrates.db_model.values.check import gather
from integrates.db_model.values.text import person_text


def _check_session(request: Request) -> None:
    """A token does not make other tokens."""
    if request.actor.means is not Means.SESSION:
        raise Rejected(Reason.SESSION_REQUIRED)


def _made(identity: str, name: str, expires_at: datetime, jti: str, stamp: Stamp) -> AccessToken:
    checked, end = gather(
        lambda: person_text(name, ("name",)),
        lambda: expiry(expires_at, stamp.at, ("expires_at",)),
    )
    return new_token(identity, checked, end, sha256(jti.encode()).hexdigest(), stamp)


async def add_access_token(_source: Any, info: Info, *, name: str, expires_at: datetime) -> Mapping[str, Any]:
    """Issue a token of the caller and show its secret."""
    request = info.context
    _check_session(request)
    identity = request.context.new_id()
    jti, stamp = request.context.new_jti(identity), new_stamp(request, "add_access_token")
    token = await issue(request.store, _made(identity, name, expires_at, jti, stamp), stamp)
    refresh(request)
    return {"token": token, "secret": request.context.sign_token(token, jti)}


MUTATIONS: Final[Fields] = {"Mutation": {"addAccessToken": add_access_token}}
