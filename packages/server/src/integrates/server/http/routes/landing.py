"""The page that greets people."""

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from integrates.api.authorization.actor import Actor
from integrates.db_model.errors import StoreError
from integrates.server.auth.recognition import read_credentials, recognise
from integrates.server.http.exchange import note
from integrates.server.pages.render import render
from integrates.server.process.condition import PATIENCE
from integrates.server.service import Service
from integrates.server.version import version


def landing_routes(service: Service, patience: float = PATIENCE) -> list[Route]:
    """Return the route ``/``: name and version of the product, who is logged in, and where to go from there.

    Nobody is logged in when the store does not say who within ``patience`` seconds.
    """
    texts = {"version": version(), "local_login": service.settings.local_login}

    async def landing(request: Request) -> Response:
        actor = await _actor(request, service, patience)
        note(request.scope, "actor", actor)
        return HTMLResponse(render("landing.html", person=actor.email if actor else None, **texts))

    return [Route("/", landing)]


async def _actor(request: Request, service: Service, patience: float) -> Actor | None:
    now = service.now()
    credentials = read_credentials(request.scope, service.keys, service.settings.origin, now)
    try:
        async with asyncio.timeout(patience):
            return await recognise(credentials, service.store, now)
    except (StoreError, TimeoutError):
        return None
