"""The pages for who is logged in: each asks the API what to show, as the visitor, and shows nothing else."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrates.api.authorization.actor import Actor
from integrates.api.errors import Code
from integrates.db_model.errors import Unavailable
from integrates.server.auth.form import form_token
from integrates.server.http.routes.login import is_own
from integrates.server.http.routes.slot import Slot, refusing
from integrates.server.http.routes.visit import known_visitor, told_by_api
from integrates.server.pages.page import Address, BadAddress, Page, drawn
from integrates.server.pages.registry import PAGES
from integrates.server.service import Service

ODD: Final = "What was sent holds characters that no list or text here has."
OUTDATED: Final = "The list is another one now than that of which this was a part. Begin at its first page."
_OF_ADDRESS: Final[Mapping[Code, str | None]] = {
    Code.BAD_CURSOR: OUTDATED,
    Code.BAD_USER_INPUT: None,
    Code.GRAPHQL_VALIDATION_FAILED: ODD,
    Code.QUERY_TOO_COMPLEX: None,
}
"""The errors of the API that come of the address of a page, and what is said instead of the API's own sentence.

The queries of pages are valid, so it is a value of the address that is not.
"""


def look_routes(service: Service) -> list[Route]:
    """Return the routes of :data:`PAGES`.

    Who is not logged in is led to the login and back. Where there is nothing that the visitor may see, the answer is 404, and
    400 for an address that asks for what cannot be.
    """
    slot = refusing(service.settings.concurrency)
    return [Route(page.path, partial(_looked_at, service, slot, page), methods=["GET"]) for page in PAGES]


async def _looked_at(service: Service, slot: Slot, page: Page, request: Request) -> Response:
    actor = known_visitor(request)
    if actor is None:
        return to_login(request)
    address = address_of_page(request, service)
    try:
        asked = {"query": page.query, "variables": page.ask(address)}
        found = page.show(told_data(await told_by_api(request, service, slot, actor, asked)), address)
    except BadAddress as error:
        raise HTTPException(400, str(error)) from error
    if found is None:
        raise HTTPException(404)
    return HTMLResponse(drawn(found, address, token_of(service, actor)))


def token_of(service: Service, actor: Actor) -> str:
    """Return the token that forms on the pages of a visitor carry."""
    return form_token(service.keys, actor.session or "")


def address_of_page(request: Request, service: Service) -> Address:
    """Return what the visitor asks a page for."""
    query = request.query_params
    values = {name: tuple(value for value in query.getlist(name) if value) for name in query}
    return Address(
        path=quote(request.scope["path"]),
        names={name: str(value) for name, value in request.path_params.items()},
        given={name: found for name, found in values.items() if found},
        at=service.now(),
    )


def to_login(request: Request) -> Response:
    """Return the answer that leads to the login and back; without the query string where that is too long to be kept."""
    path, query = quote(request.scope["path"]), request.scope["query_string"].decode("latin-1")
    whole = f"{path}?{query}" if query else path
    return RedirectResponse(f"/login?{urlencode({'next': whole if is_own(whole) else path})}", status_code=303)


def told_data(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data of an answer of the API.

    Raise :class:`BadAddress` for an error that comes of the address of the page, and ``Unavailable`` when the API could not
    tell all of it for another reason, which it has logged.
    """
    for error in body.get("errors", ()):
        code = Code(error["extensions"]["code"])
        if code not in _OF_ADDRESS:
            raise Unavailable("the API cannot tell what a page shows")
        raise BadAddress(_OF_ADDRESS[code] or error["message"])
    data: Mapping[str, Any] = body["data"]
    return data
