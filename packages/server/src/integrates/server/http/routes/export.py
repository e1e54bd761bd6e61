"""Exports of groups and roots, for who may read them; what one may not see is 404 like what does not exist."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import IO, Final, assert_never

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrates.api.exports.document import ExportFormat
from integrates.api.exports.make import Missing, Wanted, exported
from integrates.db_model.errors import NotFound, Reason, Rejected
from integrates.server.http.exchange import actor_of, caller_of, deadline_of, request_id_of
from integrates.server.http.routes.download import Sending, headers_of, unsent
from integrates.server.http.routes.slot import Slot, refusing
from integrates.server.service import Service, new_call
from integrates.server.settings import public_url_of

PATH: Final = "/export"
NOTHING: Final = "There is nothing to tell: no vulnerability in a package that has an advisory."
_CHUNK: Final = 64 * 1024
UNREAD: Final = "The query takes `root`, and of JSON `anonymous=true`, each once."
_KNOWN: Final = {"root", "anonymous"}
_ANONYMOUS: Final = {"true": True, "false": False}


def export_routes(service: Service) -> list[Route]:
    """Return the route of exports. As many are made at once as uploads are held, to each caller a share."""
    slot = refusing(service.settings.uploads)

    async def answer(request: Request) -> Response:
        return await _answered(request, service, slot)

    return [Route(f"{PATH}/{{name}}", answer, methods=["GET"])]


def wanted_of(name: str, query: Sequence[tuple[str, str]], server: str, author: str | None) -> Wanted | None:
    """Return what is asked for by the last part of a path, ``<group>.<format>``, and a query; ``None`` when that is nothing.

    Raise ``HTTPException`` (400) for a query that is not understood as a whole: else a misspelt root would give a whole group
    away, and a misspelt wish for no names the names of people.
    """
    group, _, ending = name.partition(".")
    found = next((each for each in ExportFormat if each.value == ending), None)
    if found is None:
        return None
    given = dict(query)
    is_anonymous = _ANONYMOUS.get(given.get("anonymous", "false"))
    is_known = len(given) == len(query) and given.keys() <= _KNOWN
    if not is_known or is_anonymous is None or (is_anonymous and found is not ExportFormat.JSON):
        raise HTTPException(400, UNREAD)
    return Wanted(
        format=found,
        group_name=group,
        root=given.get("root"),
        is_anonymous=is_anonymous,
        server=server,
        author=author,
    )


async def _answered(request: Request, service: Service, slot: Slot) -> Response:
    scope, settings = request.scope, service.settings
    query = request.query_params.multi_items()
    wanted = wanted_of(request.path_params["name"], query, public_url_of(settings), settings.vex_author)
    actor = actor_of(scope)
    if wanted is None or actor is None:
        raise HTTPException(404)
    call = new_call(service, actor, request_id_of(scope), ends_at=deadline_of(scope))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(slot(caller_of(scope)))
        try:
            found = await stack.enter_async_context(exported(call, wanted))
        except NotFound as error:  # it was removed meanwhile
            raise HTTPException(404) from error
        except Rejected as error:
            if error.reason is not Reason.TOO_LARGE:
                raise
            raise HTTPException(413, error.detail) from error
        if isinstance(found, Missing):
            return _missing(found)
        headers = headers_of(found.file_name, found.size, found.sha256)
        if answer := unsent(request, headers, found.media_type):
            return answer
        return Sending(_pieces(found.file), stack.pop_all(), headers, found.media_type)


def _missing(why: Missing) -> Response:
    match why:
        case Missing.NOT_FOUND:
            raise HTTPException(404)
        case Missing.FORBIDDEN:
            raise HTTPException(403)
        case Missing.NOTHING:
            raise HTTPException(409, NOTHING)
    assert_never(why)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await run_in_threadpool(file.read, _CHUNK):
        yield piece
