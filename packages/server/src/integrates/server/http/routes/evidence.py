"""Files of evidence, for who may read them; what one may not see is 404 like what does not exist."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrates.api.evidence.fields import PATH
from integrates.api.evidence.find import find_evidence
from integrates.db_model.errors import NotFound
from integrates.db_model.files.port import Files
from integrates.server.http.exchange import Caller, actor_of, caller_of, deadline_of, request_id_of
from integrates.server.http.routes.download import Sending, headers_of, unsent
from integrates.server.http.routes.slot import Slot, refusing
from integrates.server.service import Service, new_call

_LOG: Final = logging.getLogger(__name__)
_SHOWN: Final = ("image/", "video/")
"""The kinds of files that a browser may show by itself; all others are saved."""


def evidence_routes(service: Service) -> list[Route]:
    """Return the route of the files of evidence. As many are sent at once as requests are executed, to each caller a share."""
    slot = refusing(service.settings.concurrency)

    async def answer(request: Request) -> Response:
        return await _answered(request, service, slot)

    return [Route(f"{PATH}/{{owner}}/{{file}}", answer, methods=["GET"])]


async def _answered(request: Request, service: Service, slot: Slot) -> Response:
    scope, wanted = request.scope, request.path_params
    call = new_call(service, actor_of(scope), request_id_of(scope), ends_at=deadline_of(scope), reads_only=True)
    found = await find_evidence(call, wanted["owner"], wanted["file"])
    if found is None:
        raise HTTPException(404)
    evidence = found.evidence
    is_shown = evidence.media_type.startswith(_SHOWN)
    headers = headers_of(evidence.file_name, evidence.size, evidence.sha256, is_shown=is_shown)
    if answer := unsent(request, headers, evidence.media_type):
        return answer
    chunks = _read(service.files, found.key, slot, caller_of(scope))
    try:
        first = await anext(chunks, None)
    except NotFound:
        first = None
    if first is None:
        _LOG.error("a file of evidence is missing or empty: %s", found.key, extra={"request_id": request_id_of(scope)})
        raise HTTPException(404)
    return Sending(_from(first, chunks), aclosing(chunks), headers, evidence.media_type)


async def _read(files: Files, key: str, slot: Slot, caller: Caller) -> AsyncGenerator[bytes]:
    async with slot(caller), aclosing(files.get(key)) as content:
        async for chunk in content:
            yield chunk


async def _from(first: bytes, chunks: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in chunks:
        yield chunk
