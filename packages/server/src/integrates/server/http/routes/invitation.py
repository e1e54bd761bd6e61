"""The page of an invitation, which its link leads to: see, accept, decline (domain section 10.2)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrates.api.authorization.actor import Means
from integrates.db_model.access.answer import Link, Offer, accept, decline, offer
from integrates.db_model.access.rules import is_member
from integrates.db_model.access.types import GroupAccess, Invitation, OrganizationAccess
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound
from integrates.db_model.store.port import Store
from integrates.server.auth.invitation import PATH, link_of, read_invitation
from integrates.server.auth.origin import may_write
from integrates.server.http.exchange import actor_of, media_type
from integrates.server.http.refusal import refuse
from integrates.server.http.routes.link import login_page
from integrates.server.pages.render import render
from integrates.server.service import Service

FORM: Final = "application/x-www-form-urlencoded"
HEADING: Final = "Log in to see your invitation"
WITH_WHICH: Final = "Use the e-mail to which the invitation was sent. Then you are led back here, to accept or decline it."
UNUSABLE: Final = "This invitation cannot be used."
NEW_ONE: Final = (
    "It may have been answered, replaced or taken back, or be older than seven days, or it was sent to another e-mail than"
    " that with which you are logged in. Ask the person who invited you for a new link."
)


class _Answer(msgspec.Struct, frozen=True):
    """An answer to an invitation: the command that gives it, the name of the change, and what the page says then."""

    command: Callable[[Store, Link, Stamp], Awaitable[OrganizationAccess | GroupAccess]]
    operation: str
    is_accepted: bool


ANSWERS: Final[Mapping[str, _Answer]] = {
    "accept": _Answer(accept, "accept_invitation", is_accepted=True),
    "decline": _Answer(decline, "decline_invitation", is_accepted=False),
}
"""The answers by the value of the field ``answer`` of the form."""


def invitation_routes(service: Service) -> list[Route]:
    """Return the route: GET shows an invitation to the invited person, POST answers it.

    The link leads to one and the same 404 page when it is no link of ours, was used or cancelled, has expired, or is for
    somebody else than who is logged in. Who is not logged in is led to the login and back, and told nothing.
    """

    async def invitation(request: Request) -> Response:
        is_answer = request.method == "POST"
        if is_answer and not may_write(request.scope, service.settings.origin):
            raise HTTPException(403)
        claims = read_invitation(service.keys, request.path_params["token"], service.now())
        if claims is None:
            return _unusable(request)
        actor = actor_of(request.scope)
        if actor is None or actor.means is not Means.SESSION:
            return RedirectResponse(request.url.path, status_code=303) if is_answer else _login(request, service)
        link = link_of(claims)
        found = await offer(service.store, link, service.now()) if link.email == actor.email else None
        if found is None:
            return _unusable(request)
        return await _answered(request, service, link, found) if is_answer else HTMLResponse(_shown("invitation.html", found))

    return [Route(f"{PATH}/{{token}}", invitation, methods=["GET", "POST"])]


def _unusable(request: Request) -> Response:
    return refuse(request.scope, 404, detail=UNUSABLE, advice=NEW_ONE)


def _login(request: Request, service: Service) -> Response:
    return login_page(service, request.url.path, HEADING, WITH_WHICH)


async def _answered(request: Request, service: Service, link: Link, found: Offer) -> Response:
    answer = await _read_answer(request)
    stamp = Stamp(by=link.email, at=service.now(), operation=answer.operation, change_id=service.new_id())
    try:
        await answer.command(service.store, link, stamp)
    except NotFound:  # another request has answered it meanwhile
        return _unusable(request)
    return HTMLResponse(_shown("answered.html", found, is_accepted=answer.is_accepted))


async def _read_answer(request: Request) -> _Answer:
    if media_type(request.scope) != FORM:
        raise HTTPException(415, "Send the form of the page.")
    async with request.form(max_files=0, max_fields=len(ANSWERS)) as form:
        given = form.getlist("answer")
    if len(given) != 1 or given[0] not in ANSWERS:
        raise HTTPException(400)
    return ANSWERS[str(given[0])]


def _shown(template: str, found: Offer, **values: Any) -> str:
    """Return a page about an invitation. Who sent it is known as long as nobody else has changed the access since."""
    invitation: Invitation | None = found.access.invitation
    return render(
        template,
        organization=found.organization.info.name,
        group=found.group.name if found.group else None,
        invitation=invitation,
        inviter=None if is_member(found.access) else found.access.state.by,
        **values,
    )
