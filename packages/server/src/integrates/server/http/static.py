"""The files of the pages: style, script and pictures, which are no secret and the same for everybody."""

from importlib.resources import files as resources

from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT = (200, 304)
"""The statuses of answers that browsers may keep."""


def static_files() -> ASGIApp:
    """Return what serves them. Browsers keep a file, and ask each time whether it is still the same."""
    served = StaticFiles(directory=str(resources("integrates.server") / "static"))

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_kept(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in KEPT:
                message = {**message, "headers": [*message["headers"], (b"cache-control", b"no-cache")]}
            await send(message)

        await served(scope, receive, send_kept)

    return serve
