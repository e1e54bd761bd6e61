"""Who looks at pages, and what the API tells them: so a page shows nothing that the API would not tell."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from integrates.api.authorization.actor import Actor
from integrates.api.execute import execute
from integrates.server.auth.recognition import read_credentials, recognise
from integrates.server.http.exchange import actor_of, caller_of, deadline_of, note, request_id_of
from integrates.server.http.routes.slot import Slot
from integrates.server.service import Service, new_call


async def visitor(request: Request, service: Service) -> Actor | None:
    """Recognise and return who has logged in with this browser. See :func:`known_visitor` for pages that have a rate."""
    now = service.now()
    actor = await recognise(read_credentials(request.scope, service.keys, service.settings.origin, now), service.store, now)
    note(request.scope, "actor", actor)
    return known_visitor(request)


def known_visitor(request: Request) -> Actor | None:
    """Return who has logged in with this browser, as recognised already. Who sends a token is no visitor of pages."""
    actor = actor_of(request.scope)
    return actor if actor and actor.session else None


async def told_by_api(
    request: Request, service: Service, slot: Slot, actor: Actor, asked: Mapping[str, Any], *, reads_only: bool = True
) -> Mapping[str, Any]:
    """Return the body of the API's answer to a visitor who asks for a page, or sends a form. A slot is held meanwhile."""
    ends_at = deadline_of(request.scope)
    call = new_call(service, actor, request_id_of(request.scope), ends_at=ends_at, reads_only=reads_only)
    async with slot(caller_of(request.scope)):
        return (await execute(service.api, asked, call)).body
