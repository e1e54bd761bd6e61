"""What one request works with: the context, bounded by a deadline, and the loaders."""

from typing import TypeAlias

import msgspec
from graphql import GraphQLResolveInfo

from integrates.api.authorization.scope import Scopes, new_scopes
from integrates.api.context import Actor, Context
from integrates.api.deadline import bounded
from integrates.db_model.entity.loader import Loaders, new_loaders
from integrates.db_model.store.port import Store


class Request(msgspec.Struct, frozen=True):
    """The value that every resolver finds as ``info.context``.

    ``store`` and everything that loads through it stop at the deadline; ``context.store`` does not and serves what goes on in
    the background. ``deadline`` is a time of the running event loop.
    """

    context: Context
    actor: Actor
    store: Store
    loaders: Loaders
    scopes: Scopes
    deadline: float


Info: TypeAlias = GraphQLResolveInfo[Request]


def new_request(context: Context, actor: Actor, deadline: float) -> Request:
    """Begin a request; ``deadline`` is a time of the running event loop."""
    store = bounded(context.store, deadline)
    loaders = new_loaders(store)
    return Request(context, actor, store, loaders, new_scopes(loaders, actor), deadline)
