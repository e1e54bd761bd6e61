"""The one GraphQL endpoint."""

from http import HTTPStatus
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from integrates.api.authorization.actor import Means
from integrates.api.errors import RequestError
from integrates.api.execute import execute
from integrates.api.request.answer import Answer, error_shown, refused
from integrates.api.request.body import members_of
from integrates.server.auth.origin import may_write, origin_of
from integrates.server.auth.recognition import bearer_of
from integrates.server.http.exchange import (
    API_PATH,
    MULTIPART,
    accepted_types,
    actor_of,
    caller_of,
    deadline_of,
    media_type,
    request_id_of,
)
from integrates.server.http.live.ending import Seat, new_seats
from integrates.server.http.live.events import streaming, wants_events
from integrates.server.http.live.socket import serve_socket
from integrates.server.http.refusal import refuse
from integrates.server.http.routes.explorer import explorer, wants_explorer
from integrates.server.http.routes.multipart import form_of, read_multipart
from integrates.server.http.routes.slot import Slot, TaskSlot, refusing, waiting
from integrates.server.service import Service, new_call

GRAPHQL: Final = "application/graphql-response+json"
JSON: Final = "application/json"
HEADERS: Final = {401: {"www-authenticate": 'Bearer realm="integrates"'}, 405: {"allow": "POST"}, 503: {"retry-after": "1"}}
"""What goes with an answer of some statuses."""
PATIENCE: Final = 0.25
"""The part of a request's time for which an upload waits until earlier ones of its caller have ended."""


class _Bounds(msgspec.Struct, frozen=True):
    """The slots of what is done at once: requests executed, uploads arriving or waiting, and uploads held in memory.

    Beside them the connections with streams.
    """

    executed: Slot
    arriving: Slot
    held: TaskSlot
    seat: Seat


def api_routes(service: Service) -> list[BaseRoute]:
    """Return the routes: a WebSocket, and one for HTTP where POST executes, and GET when it brings a query.

    Any other GET is the explorer for browsers, and 404 for others.
    """
    settings = service.settings
    held = waiting(settings.uploads, settings.request_seconds * PATIENCE)
    bounds = _Bounds(refusing(settings.concurrency), refusing(settings.concurrency), held, new_seats(settings.live_connections))

    async def answer(request: Request) -> Response:
        if request.method == "POST":
            return await _post(request, service, bounds)
        if wants_explorer(request):
            return explorer(request, settings)
        if "query" not in request.query_params:
            raise HTTPException(404)
        if request.method != "GET":  # Starlette answers HEAD by the route for GET
            raise HTTPException(405, headers=HEADERS[405])
        return await _get(request, service, bounds)

    async def connect(socket: WebSocket) -> None:
        await serve_socket(socket, service, bounds.seat)

    return [Route(API_PATH, answer, methods=["GET", "POST"]), WebSocketRoute(API_PATH, connect)]


async def read_json(request: Request) -> object:
    """Return the members of the body, of which variables are not decoded; 400 when it is not JSON or nested too deeply."""
    try:
        return members_of(await request.body())
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not valid JSON.") from error


def read_parameters(request: Request) -> object:
    """Return the GraphQL request in the address; 400 when ``variables`` or ``extensions`` are not JSON."""
    given = request.query_params
    try:
        decoded = {name: msgspec.json.decode(given[name]) for name in ("variables", "extensions") if name in given}
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "`variables` and `extensions` are JSON.") from error
    return {"query": given["query"], "operationName": given.get("operationName"), **decoded}


async def _get(request: Request, service: Service, bounds: _Bounds) -> Response:
    scope, actor = request.scope, actor_of(request.scope)
    if actor is None and bearer_of(scope) is not None:
        return refuse(scope, 401, headers=HEADERS[401])
    if actor and actor.means is Means.SESSION:  # a link on a page of another site sends the cookie along
        raise HTTPException(405, "With a session, only POST executes.", headers=HEADERS[405])
    return await _executed(request, service, bounds, read_parameters(request))


async def _post(request: Request, service: Service, bounds: _Bounds) -> Response:
    scope, actor = request.scope, actor_of(request.scope)
    if actor is None and (bearer_of(scope) is not None or media_type(scope) == MULTIPART):
        return refuse(scope, 401, headers=HEADERS[401])  # what may be asked without credentials needs no file
    if actor and actor.means is Means.SESSION and not may_write(scope, service.settings.origin, from_script=True):
        raise HTTPException(403, "The request does not come from a page of this server.")
    if media_type(scope) == JSON and wants_events(request):
        found = await streaming(request, service, bounds.seat, await read_json(request))
        return found if isinstance(found, Response) else _response(found, frozenset({JSON}))
    if media_type(scope) == JSON:
        return await _executed(request, service, bounds, await read_json(request))
    if media_type(scope) == MULTIPART:
        return await _uploaded(request, service, bounds)
    raise HTTPException(415)


async def _uploaded(request: Request, service: Service, bounds: _Bounds) -> Response:
    """Let the files arrive on disk, then wait for a slot to hold them in memory until the work that they began has ended."""
    caller = caller_of(request.scope)
    async with bounds.arriving(caller), form_of(request) as form, bounds.held(caller, service.spawn) as spawn:
        try:
            demand = read_multipart(form, service.api.limits.values)
        except RequestError as error:
            return _response(refused((error_shown(error),)), accepted_types(request.scope))
        return await _executed(request, msgspec.structs.replace(service, spawn=spawn), bounds, demand)


async def _executed(request: Request, service: Service, bounds: _Bounds, demand: object) -> Response:
    scope, reads_only = request.scope, request.method != "POST"
    call = new_call(
        service,
        actor_of(scope),
        request_id_of(scope),
        ends_at=deadline_of(scope),
        reads_only=reads_only,
        origin=origin_of(scope, service.settings.origin),
    )
    async with bounds.executed(caller_of(scope)):
        answer = await execute(service.api, demand, call)
    return _response(answer, accepted_types(request.scope))


def _response(answer: Answer, named: frozenset[str]) -> Response:
    """Return the answer in the media type that the caller accepts.

    Who names ``application/json`` and not GraphQL's own type gets 200 for each well-formed request, whatever its query is.
    """
    is_refusal = answer.status == HTTPStatus.BAD_REQUEST and answer.is_well_formed
    return Response(
        msgspec.json.encode(answer.body),
        status_code=HTTPStatus.OK if is_refusal and JSON in named and GRAPHQL not in named else answer.status,
        media_type=GRAPHQL if GRAPHQL in named else JSON,
        headers=None if answer.is_final else HEADERS.get(answer.status),
    )
