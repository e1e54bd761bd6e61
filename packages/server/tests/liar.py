"""A provider of OpenID Connect that lies as a test tells it to, in a process of its own or in a thread of the test's."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from hypercorn.asyncio import serve
from hypercorn.config import Config
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = "integrates"
ACCESS = "access"
EVA = "eva@demo.example"


class Liar:
    """What it says by default is true; ``lies`` replaces members of its answers, and the other attributes how it behaves."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig", "alg": "ES256"})
        self.published: list[dict[str, Any]] | None = None
        self.header: dict[str, Any] = {}
        self.claims: dict[str, Any] = {"email": EVA, "email_verified": True, "given_name": "Eva", "family_name": "Luna"}
        self.info: dict[str, Any] | None = None
        self.description: dict[str, Any] = {}
        self.token: str | None = None
        self.answers: dict[str, Response] = {}
        self.slow: set[str] = set()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent: list[dict[str, str]] = []
        self.now = time.time
        self.code = "code"
        self.released = threading.Event()

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self._wrapped("description", self._described)),
            Route("/authorize", self._authorize),
            Route("/token", self._wrapped("token", self._token), methods=["POST"]),
            Route("/keys", self._wrapped("keys", self._keys)),
            Route("/info", self._wrapped("info", self._info)),
        ]

    def _wrapped(self, name: str, answer: Any) -> Any:
        async def respond(request: Request) -> Response:
            body = dict(parse_qsl((await request.body()).decode()))
            self.asked.append((name, body))
            if name in self.slow:
                await asyncio.to_thread(self.released.wait, 60)
            return self.answers.get(name) or JSONResponse(answer(body))

        return respond

    def _described(self, _body: Mapping[str, str]) -> Any:
        true = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/info",
        }
        return {name: value for name, value in (true | self.description).items() if value is not None}

    async def _authorize(self, request: Request) -> Response:
        sent = dict(request.query_params)
        self.sent.append(sent)
        return RedirectResponse(f"{sent['redirect_uri']}?code={self.code}&state={sent['state']}", status_code=303)

    def _token(self, _body: Mapping[str, str]) -> Any:
        return {"access_token": ACCESS, "token_type": "Bearer", "id_token": self.signed() if self.token is None else self.token}

    def signed(self, **more: Any) -> str:
        now = int(self.now())
        true = {
            "iss": self.issuer,
            "sub": "1",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": self.sent[-1]["nonce"] if self.sent else "",
        }
        claims = {name: value for name, value in (true | self.claims | more).items() if value is not None}
        header = {"alg": "ES256", "kid": self.key.kid, **self.header}
        header = {name: value for name, value in header.items() if value is not None}
        return jwt.encode(header, claims, self.key, algorithms=[header["alg"]])

    def _keys(self, _body: Mapping[str, str]) -> Any:
        return {"keys": self.published if self.published is not None else [self.key.as_dict(private=False)]}

    def _info(self, _body: Mapping[str, str]) -> Any:
        return self.info if self.info is not None else {"sub": "1", **self.claims}


def huge() -> Response:
    return Response(json.dumps({"x": "y" * 1_000_000}), media_type="application/json")


@contextmanager
def lying() -> Iterator[Liar]:
    """Serve a liar on a free port of this machine, in a thread with an event loop of its own."""
    liar, loop, begun = Liar(), asyncio.new_event_loop(), threading.Event()
    stopping = asyncio.Event()
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.loglevel = "CRITICAL"
    config.graceful_timeout = 0.1
    sockets = config.create_sockets()
    sockets.insecure_sockets[0].listen()  # from now on whoever connects is served in the end
    liar.issuer = f"http://127.0.0.1:{sockets.insecure_sockets[0].getsockname()[1]}"
    config.create_sockets = lambda: sockets  # type: ignore[method-assign] # the port has to be known before it serves
    app = Starlette(routes=liar.routes())

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.call_soon(begun.set)
        loop.run_until_complete(serve(app, config, shutdown_trigger=stopping.wait))  # type: ignore[arg-type] # Hypercorn's own narrower type
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(60)
    try:
        yield liar
    finally:
        liar.released.set()
        loop.call_soon_threadsafe(stopping.set)
        thread.join(60)
