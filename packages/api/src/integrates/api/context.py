"""What one request works with: the call as it came, its time, and what it has read."""

import math
from asyncio import Lock
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from graphql import GraphQLResolveInfo

from integrates.api.authorization.actor import Actor
from integrates.api.authorization.scope import Scopes, new_scopes
from integrates.api.live.feed import Follow, unheard
from integrates.api.request.turn import Computation, new_computations
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.entity.loader import Loader, Loaders, new_loaders
from integrates.db_model.files.port import Files
from integrates.db_model.store.port import Store
from integrates.db_model.tokens.types import AccessToken


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the API: who calls, and the effects that it may use.

    ``actor`` is ``None`` when nobody is authenticated. ``now`` returns an aware UTC date, ``new_id`` a lower-case UUID.
    ``new_jti`` maps the id of a token, or of what somebody is invited to, to a fresh ``jti`` claim; ``sign_token`` turns token
    and claim into the text that the owner sends, ``sign_invitation`` access and claim into the link by which an invitation is
    answered. ``cursor_key`` keys the signature of cursors. ``spawn`` runs a coroutine in the background, beyond the answer.
    ``reads_only`` has anything but a query refused. ``ends_at`` is the time of the running event loop at which the call is
    cancelled by whoever made it. ``follow`` is how one hears of changes; by default one hears of none.
    """

    actor: Actor | None
    store: Store
    files: Files
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    new_jti: Callable[[str], str]
    sign_token: Callable[[AccessToken, str], str]
    sign_invitation: Callable[[OrganizationAccess | GroupAccess, str], str]
    cursor_key: bytes
    spawn: Callable[[Coroutine[Any, Any, None]], None]
    request_id: str
    ends_at: float = math.inf
    reads_only: bool = False
    follow: Follow = unheard


class Context(msgspec.Struct, frozen=True):
    """The value that every resolver finds as ``info.context``.

    ``store`` and everything that loads through it end with the request; ``call.store`` does not and serves what goes on in the
    background. ``computed`` keeps what is computed once for all fields, and ``turns`` is held by the one field that is at work.
    """

    call: Call
    actor: Actor
    store: Store
    loaders: Loaders
    scopes: Scopes
    computed: Loader[Computation, Any]
    turns: Lock


Info: TypeAlias = GraphQLResolveInfo[Context]


def new_context(call: Call, actor: Actor, store: Store) -> Context:
    """Begin the work on a call, with the store for the time of it."""
    loaders = new_loaders(store)
    computed = new_computations(call.ends_at)
    return Context(call, actor, store, loaders, new_scopes(loaders, actor), computed, Lock())
