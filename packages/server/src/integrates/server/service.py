"""What the routes and layers of a service work with, composed once when the service starts."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import msgspec

from integrates.api.authorization.actor import Actor
from integrates.api.context import Call
from integrates.api.execute import Api, new_api
from integrates.api.live.hub import Hub
from integrates.db_model.files.port import Files
from integrates.db_model.store.port import Store
from integrates.server.auth.invitation import invitation_url
from integrates.server.auth.keyring import Keyring
from integrates.server.auth.provider import Providers
from integrates.server.auth.secret import Keys
from integrates.server.auth.token import new_jti, sign_token
from integrates.server.process.background import Spawn
from integrates.server.settings import Settings


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What the routes and layers of a running service work with.

    ``keyring`` returns the keys as they are now. ``providers`` are those by which people log in. ``now`` returns aware UTC,
    ``seconds`` is a monotonic clock, ``new_id`` returns a UUID in lower case. ``live`` tells subscribers what is written to its
    store, which ``store`` is built on. ``spawn`` starts work that outlives its request.
    ``is_ready`` returns false once the service is about to stop. ``write_log`` takes one line of the access log.
    """

    settings: Settings
    store: Store
    files: Files
    api: Api
    keyring: Keyring
    providers: Providers = {}
    now: Callable[[], datetime]
    seconds: Callable[[], float]
    new_id: Callable[[], str]
    live: Hub
    spawn: Spawn
    is_ready: Callable[[], bool]
    write_log: Callable[[Mapping[str, object]], None]

    @property
    def keys(self) -> Keys:
        """The keys as they are now."""
        return self.keyring()


def api_of(settings: Settings) -> Api:
    """Return the API as it is set."""
    return new_api(introspection=settings.introspection)


def new_call(
    service: Service,
    actor: Actor | None,
    request_id: str,
    *,
    ends_at: float = math.inf,
    reads_only: bool = False,
    origin: str = "",
) -> Call:
    """Return what the API works with for one request, or for work that no request waits for and that has no deadline.

    ``origin`` is that of this server in links that are shown; without it they are paths.
    """
    keys = service.keys
    return Call(
        actor=actor,
        store=service.store,
        files=service.files,
        now=service.now,
        new_id=service.new_id,
        sign_token=partial(sign_token, keys),
        sign_invitation=partial(invitation_url, keys, origin),
        new_jti=new_jti,
        cursor_key=keys.cursor,
        spawn=service.spawn,
        request_id=request_id,
        ends_at=ends_at,
        reads_only=reads_only,
        follow=service.live.follow,
    )
