"""The reference of the API, as pages: all names with a search, and each name."""

from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from integrates.server.http.exchange import REFERENCE_PATH
from integrates.server.http.routes.look import address_of_page, to_login, token_of
from integrates.server.http.routes.visit import known_visitor
from integrates.server.pages.page import Shown, drawn
from integrates.server.pages.reference import contents_shown, name_shown, search_shown
from integrates.server.service import Service


def reference_routes(service: Service) -> list[Route]:
    """Return the routes of the reference: ``?q=`` searches it, and each name of the API has a page.

    They tell what introspection tells, to whom it does: to who is logged in, while the setting ``introspection`` is on; else
    there are no such pages.
    """

    async def contents(request: Request) -> Response:
        asked = request.query_params.get("q", "")
        return await _answered(request, service, partial(search_shown, asked) if asked.strip() else contents_shown)

    async def name(request: Request) -> Response:
        return await _answered(request, service, partial(name_shown, request.path_params["name"]))

    if not service.settings.introspection:
        return []
    return [
        Route(REFERENCE_PATH, contents, methods=["GET"]),
        Route(f"{REFERENCE_PATH}/{{name}}", name, methods=["GET"]),
    ]


async def _answered(request: Request, service: Service, find: Callable[[], Shown | None]) -> Response:
    """Answer with a page, or with 404 without one; who is not logged in is led to the login and back in either case.

    What is shown is found aside, because the whole reference is made for the first who asks, which takes half a second.
    """
    actor = known_visitor(request)
    if actor is None:
        return to_login(request)
    shown = await run_in_threadpool(find)
    if shown is None:
        raise HTTPException(404)
    return HTMLResponse(drawn(shown, address_of_page(request, service), token_of(service, actor)))
