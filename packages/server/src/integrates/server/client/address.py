"""The address of a service."""

from typing import Final
from urllib.parse import urlsplit

from integrates.db_model.values.url import bracketed
from integrates.server.client.fault import Fault
from integrates.server.client.text import is_harmful
from integrates.server.settings import is_loopback

EXAMPLE: Final = "https://integrates.example"
_PORTS: Final = {"http": 80, "https": 443}


def normal_address(text: str) -> str:
    """Return the address of a service in its one form: lower case, without the port that goes without saying and a last ``/``.

    A path stays, for services below one; ``/api`` at its end does not. Raise :class:`Fault` for anything that is no address
    of a service, such as one with a user, a query or another scheme.
    """
    if any(is_harmful(each) or each.isspace() for each in text):
        raise Fault(f"an address like {EXAMPLE} is expected, without blanks")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Fault(f"{text} is no address; one like {EXAMPLE} is expected") from error
    if parts.scheme not in _PORTS or not host:
        raise Fault(f"{text} is no address of a service; one like {EXAMPLE} is expected")
    if parts.username is not None or parts.query or parts.fragment:
        raise Fault(f"an address like {EXAMPLE} is expected, without user, password and query")
    path = parts.path.rstrip("/").removesuffix("/api")
    shown_port = "" if port in {None, _PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{bracketed(host)}{shown_port}{path}"


def is_plain_and_here(address: str) -> bool:
    """Return whether an address is http on this machine, whose requests no proxy may see, because they are not encrypted."""
    parts = urlsplit(address)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def check_transport(address: str, *, allow_http: bool) -> None:
    """Raise :class:`Fault` when a token would travel unencrypted to another machine and nobody said that it may."""
    if urlsplit(address).scheme == "http" and not allow_http and not is_plain_and_here(address):
        raise Fault(
            f"{address} is not https, so everybody on the way could read the token; "
            "--allow-http, or INTEGRATES_ALLOW_HTTP=1, sends it nevertheless"
        )
