"""The page that greets people."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from integrates.server.pages.render import render
from integrates.server.version import version


def landing_routes() -> list[Route]:
    """Return the route ``/``: name and version of the product, and where to go from there."""
    page = render("landing.html", version=version())

    async def landing(_request: Request) -> Response:
        return HTMLResponse(page)

    return [Route("/", landing)]
