"""``integrates login`` and ``integrates logout``: keep a token for a service, and forget it."""

import os
import sys
from typing import Annotated, Final

import msgspec
import typer

from integrates.server.client.address import EXAMPLE, check_transport, normal_address
from integrates.server.client.call import connected, data_of
from integrates.server.client.config import Login, config_file, forget_login, keep_login, read_config
from integrates.server.client.fault import Fault, explaining
from integrates.server.client.input import read_input
from integrates.server.client.option import AllowHttpOption, JsonOption
from integrates.server.client.output import print_json, print_line
from integrates.server.client.page import reached
from integrates.server.client.remote import ADDRESS, Remote, checked_token, is_http_allowed

ME: Final = "{ me { email role } }"
_LONGEST: Final = 8192
AddressArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[URL]",
        help=f"Address of the service, as {EXAMPLE}. [env: {ADDRESS}; default: the last one]",
        show_default=False,
    ),
]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody is logged in or out."""

    address: str
    email: str | None
    file: str


def login(url: AddressArgument = None, *, allow_http: AllowHttpOption = False, as_json: JsonOption = False) -> None:
    """Keep a token for a service.

    The token is asked for without showing it, or read from standard input; it is never an argument, which others could see.
    It is tried before it is kept, in a file that only you can read, and is sent to this address only. Commands mean this
    service from then on when none is named. In a pipeline, set INTEGRATES_URL and INTEGRATES_TOKEN instead.

    \b
    integrates login https://integrates.example
    integrates token me@example.com | integrates login http://localhost:8001
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explaining():
        file = config_file(os.environ)
        known = read_config(file)
        address = _named(url, known.address)
        is_allowed = allow_http or is_http_allowed(os.environ)
        check_transport(address, allow_http=is_allowed)
        token = checked_token(_read_token(address))
        with connected(Remote(address=address, token=token)) as session:
            email = str(reached(data_of(session, ME), ("me", "email")))
        keep_login(file, address, Login(token=token, email=email, allow_http=is_allowed))
        told = Told(address=address, email=email, file=str(file))
        if as_json:
            print_json(told)
        else:
            print_line(f"You are {told.email} at {told.address}. The token is in {told.file}.")


def logout(url: AddressArgument = None, *, as_json: JsonOption = False) -> None:
    """Forget the token of a service.

    It stays good for whoever has it until it is revoked.

    \b
    integrates logout https://integrates.example
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explaining():
        file = config_file(os.environ)
        known = read_config(file)
        address = _named(url, known.address)
        login_there = known.logins.get(address)
        if not forget_login(file, address):
            raise Fault(f"no token is kept for {address}")
        told = Told(address=address, email=login_there.email if login_there else None, file=str(file))
        if as_json:
            print_json(told)
        else:
            print_line(f"The token for {told.address} is forgotten.")


def _named(url: str | None, last: str | None) -> str:
    named = url or os.environ.get(ADDRESS) or last
    if not named:
        raise Fault(f"which service? Give its address, as {EXAMPLE}")
    return normal_address(named)


def _read_token(address: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(f"Token for {address}", hide_input=True, err=True))
    return read_input(_LONGEST)
