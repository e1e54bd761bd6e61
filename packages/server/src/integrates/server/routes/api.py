"""The one GraphQL endpoint."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrates.api.answer import Answer
from integrates.api.context import Means
from integrates.api.execution import execute
from integrates.server.auth.origin import may_write
from integrates.server.auth.recognition import bearer_of
from integrates.server.exchange import actor_of, media_type, request_id_of
from integrates.server.refusal import refuse
from integrates.server.routes.multipart import read_multipart
from integrates.server.service import Service, new_context

PATH: Final = "/api"
GRAPHQL: Final = "application/graphql-response+json"
JSON: Final = "application/json"
CHALLENGES: Final = {401: {"www-authenticate": 'Bearer realm="integrates"'}, 503: {"retry-after": "1"}}


def api_routes(service: Service) -> list[Route]:
    """POST executes; GET is for the explorer page, which is switched off: 404, and 405 for one that brings a query."""
    slot = _slots(service.settings.concurrency)

    async def answer(request: Request) -> Response:
        if request.method == "GET":
            raise HTTPException(405 if "query" in request.query_params else 404, headers={"allow": "POST"})
        return await _post(request, service, slot)

    return [Route(PATH, answer, methods=["GET", "POST"])]


async def read_json(request: Request) -> object:
    """The decoded body; 400 when it is not JSON, nested too deeply, or holds a number or text out of range."""
    try:
        return msgspec.json.decode(await request.body())
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not valid JSON.") from error


async def _post(request: Request, service: Service, slot: Callable[[], AbstractAsyncContextManager[None]]) -> Response:
    scope, actor = request.scope, actor_of(request.scope)
    if actor is None and bearer_of(scope) is not None:
        return refuse(scope, 401, headers=CHALLENGES[401])
    if actor and actor.means is Means.SESSION and not may_write(scope, service.settings.origin):
        raise HTTPException(403, "The request does not come from a page of this server.")
    demand = await _read(request)
    async with slot():
        answer = await execute(service.api, demand, new_context(service, actor, request_id_of(scope)))
    return _response(answer, request.headers.get("accept", ""))


async def _read(request: Request) -> object:
    match media_type(request.scope):
        case "application/json":
            return await read_json(request)
        case "multipart/form-data":
            return await read_multipart(request)
        case _:
            raise HTTPException(415)


def _response(answer: Answer, accept: str) -> Response:
    return Response(
        msgspec.json.encode(answer.body),
        status_code=answer.status,
        media_type=GRAPHQL if GRAPHQL in accept.lower() else JSON,
        headers=CHALLENGES.get(answer.status),
    )


def _slots(limit: int) -> Callable[[], AbstractAsyncContextManager[None]]:
    free = asyncio.Semaphore(limit)

    @asynccontextmanager
    async def slot() -> AsyncIterator[None]:
        if free.locked():
            raise HTTPException(503, headers={"retry-after": "1"})
        async with free:
            yield

    return slot
