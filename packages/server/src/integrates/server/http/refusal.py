"""Answers that refuse a request: fixed texts and the id of the request, nothing internal."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from integrates.server.http.exchange import is_api, request_id_of
from integrates.server.pages.render import render

CODES: Final = {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 429: "RATE_LIMITED", 500: "INTERNAL", 503: "UNAVAILABLE"}
TEXTS: Final = {
    400: "The request cannot be read.",
    401: "Authenticate first.",
    403: "This is not allowed.",
    404: "There is nothing here.",
    405: "This method is not allowed here.",
    408: "The request took too long to arrive.",
    413: "The request is too large.",
    415: "Send application/json or multipart/form-data.",
    429: "Too many requests. Try again later.",
    500: "Something went wrong on our side.",
    503: "The service is busy or cannot reach its store. Try again.",
}
ASK: Final = "If it happens again, tell the people who run this service the request below: they find it in their log."
ADVICE: Final = {
    400: "Correct the address, or go back to where you came from and choose again.",
    401: "Log in, and open the page again.",
    403: "If a page of another site sent you here, begin at the start page. Else ask who manages your organization or group.",
    404: "Look for a typing error in the address. What you may not see looks like this too: perhaps log in first.",
    429: "Wait a minute. Nothing that you sent was carried out.",
}
"""What to do, on pages, where it is more than to ask the operator."""


def refuse(
    scope: Scope, status: int, *, detail: str | None = None, advice: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer for a status: on ``/api`` GraphQL errors, elsewhere a page.

    ``detail`` says instead of the text of the status what happened, and ``advice`` on a page what to do.
    """
    text = detail or TEXTS.get(status, HTTPStatus(status).phrase)
    if is_api(scope):
        return _api_refusal(scope, status, text, headers)
    return _page(
        scope, status, HTTPStatus(status).phrase.capitalize(), text, advice or ADVICE.get(status, ASK), headers=headers
    )


def refuse_login(scope: Scope, status: int, text: str, advice: str = ASK, *, retry: str | None = None) -> Response:
    """Return the page that says why somebody could not log in and what to do; ``retry`` is the path at which to begin again.

    Text and advice are sentences of ours: nothing that an identity provider or a browser sent belongs there.
    """
    return _page(scope, status, "You are not logged in", text, advice, retry=retry)


async def refuse_exception(request: Request, error: Exception) -> Response:
    """Return the answer for an :class:`HTTPException`; without a ``detail`` of its own it has the text of its status."""
    if not isinstance(error, HTTPException):
        raise error
    own = error.detail if error.detail != HTTPStatus(error.status_code).phrase else None
    return refuse(request.scope, error.status_code, detail=own, headers=error.headers)


def _page(
    scope: Scope,
    status: int,
    title: str,
    text: str,
    advice: str,
    *,
    retry: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    values = {"status": str(status), "title": title, "text": text, "advice": advice, "retry": retry}
    page = render("error.html", request_id=request_id_of(scope), **values)
    return HTMLResponse(page, status_code=status, headers=dict(headers or {}))


def _api_refusal(scope: Scope, status: int, text: str, headers: Mapping[str, str] | None) -> Response:
    extensions = {"code": CODES.get(status, "BAD_USER_INPUT"), "requestId": request_id_of(scope)}
    body = msgspec.json.encode({"errors": [{"message": text, "extensions": extensions}]})
    return Response(body, status_code=status, media_type="application/json", headers=dict(headers or {}))
