"""The ASGI application: routes inside middlewares, outermost first."""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from importlib.resources import files as resources
from typing import Final, TypeAlias

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from integrates.api.authorization.actor import Actor
from integrates.server.auth.recognition import claimant, recognise
from integrates.server.http.middleware.access_log import logged
from integrates.server.http.middleware.actor import recognised
from integrates.server.http.middleware.body_limit import BodyLimit, bounded
from integrates.server.http.middleware.deadline import timed
from integrates.server.http.middleware.failure import contained
from integrates.server.http.middleware.rate_limit import Rate, limited, nobody
from integrates.server.http.middleware.request_id import identified
from integrates.server.http.middleware.security_headers import guarded
from integrates.server.http.refusal import refuse_exception
from integrates.server.http.routes.api import PATH, api_routes
from integrates.server.http.routes.health import health_routes
from integrates.server.http.routes.landing import landing_routes
from integrates.server.http.routes.login import login_routes
from integrates.server.service import Service


def new_app(service: Service) -> Starlette:
    """The application over a composed service. It opens and closes nothing: who made the parts ends them."""
    routes = _routes(service)
    app = Starlette(
        routes=routes,
        middleware=[Middleware(_within, _middleware(service, partial(_template, routes)))],
        exception_handlers={HTTPException: refuse_exception},
    )
    app.router.redirect_slashes = False
    return app


def _routes(service: Service) -> list[BaseRoute]:
    static = StaticFiles(directory=str(resources("integrates.server") / "static"))
    routes = (api_routes(service), health_routes(service), landing_routes(), login_routes(service))
    return [*(route for group in routes for route in group), Mount("/static", static)]


GRACE: Final = 1.0
"""Seconds by which the API, which knows its own deadline, may answer after it."""
Layer: TypeAlias = Callable[[ASGIApp], ASGIApp]


def _template(routes: Sequence[BaseRoute], scope: Scope) -> str | None:
    """The template of the route that answers a request, or would have."""
    named = (route for route in routes if isinstance(route, Route | Mount))
    return next((route.path for route in named if route.matches(scope)[0] is not Match.NONE), None)


def _middleware(service: Service, template: Callable[[Scope], str | None]) -> list[Layer]:
    """The layers around the routes, outermost first; the order is that of the domain's section 12."""
    settings = service.settings
    limit = BodyLimit(settings.max_body, settings.max_upload, settings.body_seconds)
    return [
        lambda app: identified(app, service.new_id, _bind),
        lambda app: logged(app, service.write_log, template, service.seconds),
        guarded,
        lambda app: timed(app, settings.body_seconds + settings.request_seconds + GRACE),
        contained,
        lambda app: bounded(app, limit),
        lambda app: limited(app, _rates(service), service.seconds),
        lambda app: recognised(app, partial(_recognise, service)),
    ]


def _within(app: ASGIApp, layers: Sequence[Layer]) -> ASGIApp:
    layered = reduce(lambda inner, layer: layer(inner), reversed(layers), app)

    async def enter(scope: Scope, receive: Receive, send: Send) -> None:
        await (layered if scope["type"] == "http" else app)(scope, receive, send)

    return enter


def _bind(request_id: str) -> None:
    structlog.contextvars.bind_contextvars(request_id=request_id)


def _rates(service: Service) -> list[Rate]:
    settings = service.settings
    return [
        Rate(PATH, settings.api_rate, lambda scope: claimant(scope, service.keys, settings.origin, service.now())),
        Rate("/login", settings.login_rate, nobody),
    ]


async def _recognise(service: Service, scope: Scope) -> Actor | None:
    return await recognise(scope, service.store, service.keys, service.settings.origin, service.now())
