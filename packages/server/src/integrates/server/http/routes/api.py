"""The one GraphQL endpoint."""

from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrates.api.authorization.actor import Means
from integrates.api.errors import RequestError
from integrates.api.execute import execute
from integrates.api.request.answer import Answer, error_shown, refused
from integrates.api.request.body import members_of
from integrates.server.auth.origin import may_write
from integrates.server.auth.recognition import bearer_of
from integrates.server.http.exchange import API_PATH, MULTIPART, actor_of, caller_of, media_type, request_id_of
from integrates.server.http.refusal import refuse
from integrates.server.http.routes.multipart import form_of, read_multipart
from integrates.server.http.routes.slot import Slot, TaskSlot, refusing, waiting
from integrates.server.service import Service, new_call

GRAPHQL: Final = "application/graphql-response+json"
JSON: Final = "application/json"
CHALLENGES: Final = {401: {"www-authenticate": 'Bearer realm="integrates"'}, 503: {"retry-after": "1"}}


class _Bounds(msgspec.Struct, frozen=True):
    """The slots of what is done at once: requests executed, uploads arriving or waiting, and uploads held in memory."""

    executed: Slot
    arriving: Slot
    held: TaskSlot


def api_routes(service: Service) -> list[Route]:
    """Return the route: POST executes; GET, which is for an explorer page, is 404, or 405 when it brings a query."""
    settings = service.settings
    bounds = _Bounds(refusing(settings.concurrency), refusing(settings.concurrency), waiting(settings.uploads))

    async def answer(request: Request) -> Response:
        if request.method != "POST":  # Starlette answers HEAD by the route for GET
            raise HTTPException(405 if "query" in request.query_params else 404, headers={"allow": "POST"})
        return await _post(request, service, bounds)

    return [Route(API_PATH, answer, methods=["GET", "POST"])]


async def read_json(request: Request) -> object:
    """Return the members of the body, of which variables are not decoded; 400 when it is not JSON or nested too deeply."""
    try:
        return members_of(await request.body())
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not valid JSON.") from error


async def _post(request: Request, service: Service, bounds: _Bounds) -> Response:
    scope, actor = request.scope, actor_of(request.scope)
    if actor is None and (bearer_of(scope) is not None or media_type(scope) == MULTIPART):
        return refuse(scope, 401, headers=CHALLENGES[401])  # what may be asked without credentials needs no file
    if actor and actor.means is Means.SESSION and not may_write(scope, service.settings.origin, from_script=True):
        raise HTTPException(403, "The request does not come from a page of this server.")
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
            return _response(refused((error_shown(error),)), request.headers.get("accept", ""))
        return await _executed(request, msgspec.structs.replace(service, spawn=spawn), bounds, demand)


async def _executed(request: Request, service: Service, bounds: _Bounds, demand: object) -> Response:
    call = new_call(service, actor_of(request.scope), request_id_of(request.scope))
    async with bounds.executed(caller_of(request.scope)):
        answer = await execute(service.api, demand, call)
    return _response(answer, request.headers.get("accept", ""))


def _response(answer: Answer, accept: str) -> Response:
    return Response(
        msgspec.json.encode(answer.body),
        status_code=answer.status,
        media_type=GRAPHQL if GRAPHQL in accept.lower() else JSON,
        headers=CHALLENGES.get(answer.status),
    )
