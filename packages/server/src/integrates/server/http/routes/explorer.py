"""The explorer of the API: the page that browsers get at the path where programs ask."""

import secrets
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from integrates.server.http.exchange import API_PATH, accepted_types
from integrates.server.http.routes.visit import known_visitor
from integrates.server.pages.explorer import explorer_page
from integrates.server.settings import Settings

HTML: Final = "text/html"
POLICY: Final = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'nonce-{nonce}';"
    " style-src 'self' 'nonce-{nonce}'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)
"""What the browser may do there: run the one script of the page, and ask this server. GraphiQL's marks of errors are pictures
in its stylesheet; its dialogs and menus add style elements, which have the nonce too."""


def wants_explorer(request: Request) -> bool:
    """Return whether a browser asks for a page, and not a program for an answer: it names ``text/html``, and no query."""
    return HTML in accepted_types(request.scope) and "query" not in request.query_params


def explorer(request: Request, settings: Settings) -> Response:
    """Return the page, which asks by itself what its visitor may know. 404 where the setting ``explorer`` is off."""
    if not settings.explorer:
        raise HTTPException(404)
    actor, nonce = known_visitor(request), secrets.token_urlsafe(16)
    page = explorer_page(
        visitor=actor.email if actor else None, nonce=nonce, path=API_PATH, introspection=settings.introspection
    )
    return HTMLResponse(page, headers={"content-security-policy": POLICY.format(nonce=nonce), "vary": "accept"})
