"""The pages that greet people and say goodbye."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrates.api.authorization.actor import Actor, Means
from integrates.api.execute import execute
from integrates.db_model.errors import StoreError, Unavailable
from integrates.db_model.sessions.commands import find_session
from integrates.db_model.sessions.rules import ABSOLUTE, IDLE
from integrates.server.auth.recognition import cookie_of, read_credentials, recognise
from integrates.server.auth.session import hash_session_id
from integrates.server.http.exchange import caller_of, note, request_id_of
from integrates.server.http.routes.link import login_links
from integrates.server.http.routes.slot import Slot, refusing
from integrates.server.pages.person import MOST, QUERY, Person, person_of
from integrates.server.pages.render import render
from integrates.server.process.condition import PATIENCE
from integrates.server.service import Service, new_call
from integrates.server.version import version


class Greeted(msgspec.Struct, frozen=True):
    """Somebody who is logged in, and when their session ends at the latest; ``None`` for a bearer of a token."""

    person: Person
    ends_at: datetime | None


def landing_routes(service: Service, patience: float = PATIENCE) -> list[Route]:
    """Return the routes ``/`` and ``/logged-out``.

    The first greets with name and version of the product and the ways to log in, and shows whoever is logged in who they are
    here. Nobody is logged in when the store does not say who within ``patience`` seconds, and the page says that it does not.
    """
    slot = refusing(service.settings.concurrency)

    async def landing(request: Request) -> Response:
        try:
            async with asyncio.timeout(patience):
                greeted, is_store_silent = await _greeted(request, service, slot), False
        except (StoreError, TimeoutError):
            greeted, is_store_silent = None, True
        if greeted:
            return HTMLResponse(render("person.html", **_shown(greeted)))
        links = login_links(service)
        return HTMLResponse(render("landing.html", version=version(), links=links, is_store_silent=is_store_silent))

    async def logged_out(request: Request) -> Response:
        if cookie_of(request.scope, service.settings.origin):
            return RedirectResponse("/", status_code=303)  # the start page knows who that is
        return HTMLResponse(render("logged_out.html", links=login_links(service)))

    return [Route("/", landing), Route("/logged-out", logged_out)]


def _shown(greeted: Greeted) -> Mapping[str, Any]:
    return {
        "person": greeted.person,
        "ends_at": greeted.ends_at,
        "idle_minutes": int(IDLE.total_seconds() // 60),
        "most": MOST,
    }


async def _greeted(request: Request, service: Service, slot: Slot) -> Greeted | None:
    now = service.now()
    credentials = read_credentials(request.scope, service.keys, service.settings.origin, now)
    actor = await recognise(credentials, service.store, now)
    note(request.scope, "actor", actor)
    if actor is None:
        return None
    async with slot(caller_of(request.scope)):
        person = await _person(request, service, actor)
    return Greeted(person, await _end(request, service, actor))


async def _person(request: Request, service: Service, actor: Actor) -> Person:
    """Ask the API as that person. Raise ``Unavailable`` when it cannot tell: it has logged why."""
    call = new_call(service, actor, request_id_of(request.scope), reads_only=True)
    person = person_of((await execute(service.api, {"query": QUERY}, call)).body)
    if person is None:
        raise Unavailable("the API cannot tell who is logged in")
    return person


async def _end(request: Request, service: Service, actor: Actor) -> datetime | None:
    cookie = cookie_of(request.scope, service.settings.origin)
    if actor.means is not Means.SESSION or cookie is None:
        return None
    session = await find_session(service.store, hash_session_id(cookie), service.now())
    return session.created_at + ABSOLUTE if session else None
