"""The list of vulnerabilities of a group as a file of CSV, which is sent while it is read."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrates.api.authorization.actor import Actor
from integrates.api.execute import execute
from integrates.server.http.exchange import caller_of, deadline_of, request_id_of
from integrates.server.http.routes.download import Sending
from integrates.server.http.routes.look import address_of_page, to_login, told_data
from integrates.server.http.routes.slot import Slot, refusing
from integrates.server.http.routes.visit import known_visitor
from integrates.server.pages.filter import AFTER
from integrates.server.pages.page import Address, BadAddress
from integrates.server.pages.sheet import QUERY, TOGETHER, lines_asked, written_lines
from integrates.server.service import Service, new_call

PATH: Final = "/groups/{name}/vulnerabilities.csv"
MEDIA_TYPE: Final = "text/csv; charset=utf-8"


class _Reader(msgspec.Struct, frozen=True):
    """What a list is read with: who reads it, for which request, and which part of the service's answer they want."""

    service: Service
    actor: Actor
    request_id: str
    address: Address
    together: int


def sheet_routes(service: Service, together: int = TOGETHER) -> list[Route]:
    """Return the route of the list as CSV, of which so many lines are read together.

    As many lists are sent at once as uploads are held, to each caller a share.
    """
    slot = refusing(service.settings.uploads)

    async def sheet(request: Request) -> Response:
        return await _answered(request, service, slot, together)

    return [Route(PATH, sheet, methods=["GET"])]


async def _answered(request: Request, service: Service, slot: Slot, together: int) -> Response:
    scope, actor = request.scope, known_visitor(request)
    if actor is None:
        return to_login(request)
    reader = _Reader(service, actor, request_id_of(scope), address_of_page(request, service), together)
    if AFTER in reader.address.given:
        raise HTTPException(400, "The file is the whole list: leave `after` out.")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(slot(caller_of(scope)))
        try:
            part = await _part(reader, None, deadline_of(scope))
        except BadAddress as error:
            raise HTTPException(400, str(error)) from error
        if part is None:
            raise HTTPException(404)
        headers = {"content-disposition": f'attachment; filename="{request.path_params["name"]}-vulnerabilities.csv"'}
        if request.method == "HEAD":
            return Response(headers=headers, media_type=MEDIA_TYPE)
        return Sending(_pieces(reader, part), stack.pop_all(), headers, MEDIA_TYPE)


async def _part(reader: _Reader, after: str | None, ends_at: float) -> Mapping[str, Any] | None:
    """Return the part of the list after a cursor; ``None`` when there is no such group that the visitor may see."""
    call = new_call(reader.service, reader.actor, reader.request_id, ends_at=ends_at, reads_only=True)
    asked = {"query": QUERY, "variables": lines_asked(reader.address, after, reader.together)}
    group = told_data((await execute(reader.service.api, asked, call)).body)["group"]
    found: Mapping[str, Any] | None = group and group["vulnerabilities"]
    return found


async def _pieces(reader: _Reader, part: Mapping[str, Any] | None) -> AsyncIterator[bytes]:
    """Yield the parts of the list, of which one at a time is held. Raise ``BadAddress`` when the group is seen no more.

    An answer that was begun is broken off by any error, so that nobody takes a part of the list for all of it.
    """
    is_first, loop = True, asyncio.get_running_loop()
    while part:
        yield written_lines(part["nodes"], is_first=is_first)
        is_first, page = False, part["pageInfo"]
        if not page["hasNextPage"]:
            return
        part = await _part(reader, page["endCursor"], loop.time() + reader.service.settings.request_seconds)
    raise BadAddress("the group cannot be seen any more")
