"""The ways to log in, as pages offer them."""

from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.responses import HTMLResponse, Response

from integrates.server.auth.provider import LOCAL
from integrates.server.pages.render import render
from integrates.server.service import Service

HOME: Final = "/home"
"""Where whoever has logged in goes on, unless they were on the way to another page."""


class LoginLink(msgspec.Struct, frozen=True):
    """A way to log in: where it begins, and what it is called."""

    href: str
    label: str


def login_links(service: Service, next_path: str = HOME) -> tuple[LoginLink, ...]:
    """Return the ways to log in, each of which leads on to a path of this server: the providers as set, then the local one."""
    providers = tuple((one.name, f"Log in with {one.title}") for one in service.providers.values())
    names = (*providers, *(((LOCAL, "Log in as the local user"),) if service.settings.local_login else ()))
    wanted = {} if next_path == HOME else {"next": next_path}
    return tuple(LoginLink(f"/login?{urlencode({'provider': name} | wanted)}", label) for name, label in names)


def login_page(service: Service, next_path: str, heading: str, text: str) -> Response:
    """Return the page that asks a person to log in, with a heading and a sentence of ours; each way leads on to the path."""
    return HTMLResponse(render("login.html", links=login_links(service, next_path), heading=heading, text=text))
