"""Which service a command means, and with which token it calls."""

import os
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from integrates.server.client.address import EXAMPLE, check_transport, normal_address
from integrates.server.client.config import Config, Login, config_file, read_config
from integrates.server.client.fault import Fault

ADDRESS: Final = "INTEGRATES_URL"
TOKEN: Final = "INTEGRATES_TOKEN"  # noqa: S105 # nosec B105 -- the name of a variable
ALLOW_HTTP: Final = "INTEGRATES_ALLOW_HTTP"
PATIENCE: Final = 120.0
"""Seconds that a call may go on to be sent again, waits included."""
_TOKEN: Final = re.compile(r"[!-~]{1,4096}")


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """A service to call: its :func:`normal_address`, the token, and how long to try."""

    address: str
    token: str
    patience: float = PATIENCE


def remote_of(url: str | None, *, allow_http: bool = False, environ: Mapping[str, str] = os.environ) -> Remote:
    """Return the service that is meant, with the token for it.

    The address is ``url``, else ``INTEGRATES_URL``, else that of the last login. The token is ``INTEGRATES_TOKEN``, else the
    one that was kept for that very address. Raise :class:`Fault`, which says what to do, when either is missing or unfit.
    """
    own = environ.get(TOKEN)
    named = url or environ.get(ADDRESS)
    config = Config() if own and named else read_config(config_file(environ))
    address = _address(named, config)
    kept = config.logins.get(address)
    login = Login(token=checked_token(own), allow_http=kept is not None and kept.allow_http) if own else kept
    if login is None:
        raise Fault(f"there is no token for {address}: run integrates login {address}, or set {TOKEN}")
    check_transport(address, allow_http=allow_http or login.allow_http or is_http_allowed(environ))
    return Remote(address=address, token=login.token)


def _address(named: str | None, config: Config) -> str:
    if named:
        return normal_address(named)
    if config.address:
        return config.address
    raise Fault(f"which service? Run integrates login {EXAMPLE}, give --url, or set {ADDRESS}")


def is_http_allowed(environ: Mapping[str, str]) -> bool:
    """Return whether the environment says that a token may travel over http."""
    return environ.get(ALLOW_HTTP, "").lower() in {"1", "true", "yes"}


def checked_token(text: str) -> str:
    """Return a token without the blanks around it. Raise :class:`Fault`, which does not repeat it, when it is none."""
    token = text.strip()
    if not _TOKEN.fullmatch(token):
        raise Fault("the token is none: printable characters without blanks are expected")
    return token
