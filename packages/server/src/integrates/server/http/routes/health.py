"""Whether the process lives and whether it can serve."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


def health_routes(is_ready: Callable[[], bool], is_well: Callable[[], Awaitable[bool]]) -> list[Route]:
    """Return ``/healthz``, 200 while the process lives, and ``/readyz``, 200 while it is ready and its store is well."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        ready = is_ready() and await is_well()
        return PlainTextResponse("ready\n" if ready else "not ready\n", status_code=200 if ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
