"""The pages that greet people and say goodbye."""

import asyncio
from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrates.db_model.errors import NotFound, StoreError, Unavailable
from integrates.db_model.sessions.commands import acknowledge
from integrates.server.auth.origin import may_write
from integrates.server.http.routes.link import login_links
from integrates.server.http.routes.look import address_of_page, token_of
from integrates.server.http.routes.slot import Slot, refusing
from integrates.server.http.routes.visit import told_by_api, visitor
from integrates.server.pages.page import Shown, drawn
from integrates.server.pages.person import MOST, QUERY, person_of
from integrates.server.pages.render import render
from integrates.server.process.condition import PATIENCE
from integrates.server.service import Service
from integrates.server.version import version


def landing_routes(service: Service, patience: float = PATIENCE) -> list[Route]:
    """Return the routes ``/`` and ``/logged-out``.

    The first greets with name and version of the product and the ways to log in, and shows whoever is logged in who they are
    here. Nobody is when the store does not say who within ``patience`` seconds, and the page says that it does not. POST notes
    that the person knows that their login ended another session of theirs.
    """
    slot = refusing(service.settings.concurrency)

    async def start(request: Request) -> Response:
        if request.method == "POST":
            return await _acknowledged(request, service)
        try:
            async with asyncio.timeout(patience):
                found, is_store_silent = await _person(request, service, slot), False
        except (StoreError, TimeoutError):
            found, is_store_silent = None, True
        if found:
            return HTMLResponse(found)
        links = login_links(service)
        told = {"version": version(), "is_store_silent": is_store_silent, "has_reference": service.settings.introspection}
        return HTMLResponse(render("landing.html", links=links, **told))

    async def logged_out(request: Request) -> Response:
        if await visitor(request, service):
            return RedirectResponse("/", status_code=303)
        return HTMLResponse(render("logged_out.html", links=login_links(service)))

    return [Route("/", start, methods=["GET", "POST"]), Route("/logged-out", logged_out)]


async def _person(request: Request, service: Service, slot: Slot) -> str | None:
    """Return the page of the visitor, ``None`` for nobody. Raise ``Unavailable`` when the API cannot tell who that is."""
    actor = await visitor(request, service)
    if actor is None:
        return None
    person = person_of(await told_by_api(request, service, slot, actor, {"query": QUERY}))
    if person is None:
        raise Unavailable("the API cannot tell who is logged in")
    offered = {"has_reference": service.settings.introspection, "has_explorer": service.settings.explorer}
    shown = Shown(template="person.html", values={"person": person, "most": MOST, **offered})
    return drawn(shown, address_of_page(request, service), token_of(service, actor))


async def _acknowledged(request: Request, service: Service) -> Response:
    if not may_write(request.scope, service.settings.origin):
        raise HTTPException(403)
    actor = await visitor(request, service)
    if actor and actor.session:
        with suppress(NotFound):  # the session has just ended, which the page says
            await acknowledge(service.store, actor.email, actor.session)
    return RedirectResponse("/", status_code=303)
