"""Whether the process lives and whether it can serve."""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from integrates.db_model.errors import StoreError
from integrates.db_model.store.port import Key
from integrates.server.service import Service

PATIENCE: Final = 2.0
"""Seconds within which a ready store answers."""
_PROBE: Final = Key("READYZ", "READYZ")


def health_routes(service: Service) -> list[Route]:
    """``/healthz``: 200 while the process lives. ``/readyz``: 200 when the store answers in time and no stop is under way."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        ready = service.is_ready() and await _answers(service)
        return PlainTextResponse("ready\n" if ready else "not ready\n", status_code=200 if ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


async def _answers(service: Service) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await service.store.get((_PROBE,))
    except (StoreError, TimeoutError):
        return False
    return True
