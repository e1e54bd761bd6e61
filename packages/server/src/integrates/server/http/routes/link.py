"""The ways to log in, as pages offer them."""

from urllib.parse import urlencode

import msgspec

from integrates.server.service import Service


class LoginLink(msgspec.Struct, frozen=True):
    """A way to log in: where it begins, and what it is called."""

    href: str
    label: str


def login_links(service: Service, next_path: str = "/") -> tuple[LoginLink, ...]:
    """Return the ways to log in, each of which leads on to a path of this server."""
    names = (("local", "Log in as the local user"),) if service.settings.local_login else ()
    wanted = {} if next_path == "/" else {"next": next_path}
    return tuple(LoginLink(f"/login?{urlencode({'provider': name} | wanted)}", label) for name, label in names)
