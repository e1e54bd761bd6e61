"""Which layers stand around the routes, in which order and with which bounds."""

from collections.abc import Sequence
from typing import Final

from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import Scope

from integrates.api.authorization.actor import Actor
from integrates.server.auth.recognition import claimed, recognise
from integrates.server.http.exchange import API_PATH
from integrates.server.http.middleware.access_log import logged
from integrates.server.http.middleware.body_limit import BodyLimit, bounded
from integrates.server.http.middleware.deadline import timed
from integrates.server.http.middleware.failure import contained
from integrates.server.http.middleware.rate_limit import Rate, by_address, limited
from integrates.server.http.middleware.request_id import identified
from integrates.server.http.middleware.security_headers import guarded
from integrates.server.process.log import bind_request_id
from integrates.server.service import Service

GRACE: Final = 1.0
"""Seconds by which the API, which knows its own deadline, may answer after it."""


def layers(service: Service, routes: Sequence[BaseRoute]) -> list[Middleware]:
    """Return the layers, outermost first."""
    settings = service.settings

    def claimed_by(scope: Scope) -> str | None:
        return claimed(scope, service.keys, service.now())

    async def recognised_by(scope: Scope) -> Actor | None:
        return await recognise(scope, service.store, service.keys, settings.origin, service.now())

    return [
        Middleware(identified, service.new_id, bind_request_id),
        Middleware(logged, service.write_log, routes, service.seconds),
        Middleware(guarded),
        Middleware(timed, settings.body_seconds + settings.request_seconds + GRACE),
        Middleware(contained),
        Middleware(bounded, BodyLimit(settings.max_body, settings.max_upload, settings.body_seconds)),
        Middleware(
            limited,
            [Rate(API_PATH, settings.api_rate, claimed_by, recognised_by), by_address("/login", settings.login_rate)],
            service.seconds,
        ),
    ]
