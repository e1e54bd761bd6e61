"""The page that greets people."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from integrates.server.http.exchange import actor_of
from integrates.server.pages.render import render
from integrates.server.service import Service
from integrates.server.version import version


def landing_routes(service: Service) -> list[Route]:
    """Return the route ``/``: name and version of the product, who is logged in, and where to go from there."""
    texts = {"version": version(), "local_login": service.settings.local_login}

    async def landing(request: Request) -> Response:
        actor = actor_of(request.scope)
        return HTMLResponse(render("landing.html", person=actor.email if actor else None, **texts))

    return [Route("/", landing)]
