"""Where IP and URL roots may be, and what is found on the same host (domain section 3). Validators as in ``values.text``."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from typing import Final

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.roots.types import URLLocation, URLProtocol
from integrates.db_model.values.text import one_line, shaped
from integrates.db_model.values.url import MAX_URL, address, bracketed, http_url, split_url

_MAX_IP: Final = 45
_PORTS: Final = {URLProtocol.HTTP: 80, URLProtocol.HTTPS: 443}


def ip(value: str, path: Sequence[str]) -> str:
    """Return an IPv4 or IPv6 address in its canonical spelling; an IPv4 address in the form of IPv6 as the former."""
    text = shaped(one_line(value, path, low=1, high=_MAX_IP), path, "[0-9A-Fa-f:.]", ".+")
    try:
        found = ip_address(text)
    except ValueError:
        raise Rejected(Reason.BAD_FORMAT, path) from None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def url_location(value: str, path: Sequence[str]) -> URLLocation:
    """Return what an http or https url says: without port that of its protocol, without path ``/``.

    Credentials and a fragment are ``bad_format``: they name nothing that a server has. A url that could not be written again,
    with what its location adds, is ``too_long``.
    """
    text = http_url(value, path)
    parts = split_url(text, path)
    if "#" in text or parts.port == 0:
        raise Rejected(Reason.BAD_FORMAT, path)
    protocol = URLProtocol(parts.scheme.upper())
    found = URLLocation(
        protocol=protocol,
        host=address(parts.hostname or "", path),
        port=parts.port or _PORTS[protocol],
        path=parts.path or "/",
        query=parts.query or None,
    )
    if len(url_of(found)) > MAX_URL:
        raise Rejected(Reason.TOO_LONG, path, f"at most {MAX_URL:,} characters")
    return found


def url_path(value: str, path: Sequence[str]) -> str:
    """Return the path of a url, which begins with a slash."""
    return shaped(one_line(value, path, low=1, high=MAX_URL), path, r"[^\s\\?#]", "/.*")


def url_query(value: str, path: Sequence[str]) -> str:
    """Return the query of a url, without its question mark."""
    return shaped(one_line(value, path, low=1, high=MAX_URL), path, r"[^\s\\#]", ".+")


def url_of(location: URLLocation) -> str:
    """Return the url of a location: what :func:`url_location` reads back. The port that its protocol has anyway is left out."""
    query = "" if location.query is None else f"?{location.query}"
    port = "" if location.port == _PORTS[location.protocol] else f":{location.port}"
    return f"{location.protocol.lower()}://{bracketed(location.host)}{port}{location.path}{query}"


def is_on_host(url: str, location: URLLocation) -> bool:
    """Return whether a url has the host and the port of a location, by whatever protocol."""
    try:
        found = url_location(url, ())
    except Rejected:
        return False
    return (found.host, found.port) == (location.host, location.port)


def is_address(host: str, expected: str) -> bool:
    """Return whether a host is the one with that canonical address. The name of a host is no address."""
    try:
        return ip(host, ()) == expected
    except Rejected:
        return False
