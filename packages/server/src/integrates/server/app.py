"""The ASGI application: the routes, and the layers around them."""

from typing import Any, cast

import msgspec
from hypercorn.middleware import ProxyFixMiddleware
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from integrates.server.http.middleware.stack import layers
from integrates.server.http.refusal import refuse_exception
from integrates.server.http.routes.api import api_routes
from integrates.server.http.routes.chart import chart_routes
from integrates.server.http.routes.evidence import evidence_routes
from integrates.server.http.routes.export import export_routes
from integrates.server.http.routes.health import health_routes
from integrates.server.http.routes.invitation import invitation_routes
from integrates.server.http.routes.landing import landing_routes
from integrates.server.http.routes.login import login_routes
from integrates.server.http.routes.look import look_routes
from integrates.server.http.routes.reference import reference_routes
from integrates.server.http.routes.sheet import sheet_routes
from integrates.server.http.routes.treatment import treatment_routes
from integrates.server.http.static import static_files
from integrates.server.process.condition import observed
from integrates.server.service import Service


def new_app(service: Service) -> Starlette:
    """Return the application over a composed service. It opens and closes nothing: who made the service ends it.

    What its calls of the store say decides whether it is ready.
    """
    condition = observed(service.store, service.seconds)
    service = msgspec.structs.replace(service, store=condition.store)
    routes: list[BaseRoute] = [
        *api_routes(service),
        *chart_routes(service),
        *evidence_routes(service),
        *export_routes(service),
        *health_routes(service.is_ready, condition.is_well),
        *invitation_routes(service),
        *landing_routes(service),
        *login_routes(service),
        *look_routes(service),
        *reference_routes(service),
        *sheet_routes(service),
        *treatment_routes(service),
        Mount("/static", static_files()),
    ]
    app = Starlette(routes=routes, middleware=layers(service, routes), exception_handlers={HTTPException: refuse_exception})
    app.router.redirect_slashes = False
    return app


def behind(app: ASGIApp, trusted_hops: int) -> ASGIApp:
    """Return the application behind so many proxies, of which ``X-Forwarded-For``, ``-Proto`` and ``-Host`` are believed."""
    fixed: Any = ProxyFixMiddleware(cast("Any", app), "legacy", trusted_hops)
    return cast("ASGIApp", fixed) if trusted_hops else app
