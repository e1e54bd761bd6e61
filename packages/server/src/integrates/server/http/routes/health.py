"""Whether the process lives and whether it can serve."""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from integrates.db_model.errors import StoreError
from integrates.db_model.store.port import Key, Store
from integrates.server.service import Service

PATIENCE: Final = 2.0
_PROBE: Final = Key("READYZ", "READYZ")


def health_routes(service: Service, patience: float = PATIENCE) -> list[Route]:
    """Return ``/healthz``, 200 while the process lives, and ``/readyz``, 200 when the store answers and no stop is under way.

    ``patience`` is the number of seconds within which a ready store answers.
    """

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        ready = service.is_ready() and await _answers(service.store, patience)
        return PlainTextResponse("ready\n" if ready else "not ready\n", status_code=200 if ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


async def _answers(store: Store, patience: float) -> bool:
    try:
        async with asyncio.timeout(patience):
            await store.get((_PROBE,))
    except (StoreError, TimeoutError):
        return False
    return True
