"""Hosts and urls (domain section 3, *Field limits*). Validators as in ``values.text``."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.text import one_line, shaped

MAX_URL: Final = 2048
MAX_PORT: Final = 65_535
HOST: Final = r"(?!(.*\.)?[0-9]+\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
"""The form of a host's name, no number at its end."""
_LONE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IN_PATH: Final = "/:@!$&'()*+,;=%"
_IN_AUTHORITY: Final = f"{_IN_PATH}[]"


def bracketed(host: str) -> str:
    """Return a host as it stands in a url: an IPv6 address is in brackets."""
    return f"[{host}]" if ":" in host else host


def uri_of(url: str) -> str:
    """Return a url without query and fragment as a uri (RFC 3986): what may not stand in one is written in percents."""
    scheme, _, rest = _LONE_PERCENT.sub("%25", url).partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{quote(authority, _IN_AUTHORITY)}{slash}{quote(path, _IN_PATH)}"


def address(value: str, path: Sequence[str]) -> str:
    """Return an IP address, in its canonical spelling, or the name of a host, in lower case. Existence is not checked."""
    text = one_line(value, path, low=1, high=253).lower()
    try:
        return str(ip_address(shaped(text, path, "[a-z0-9_.:-]", ".+")))
    except ValueError:
        return shaped(text, path, ".", HOST)


def http_url(value: str, path: Sequence[str], *, high: int = MAX_URL) -> str:
    """Return an absolute http or https url of at most ``high`` characters without credentials, otherwise as given."""
    text = url_text(value, path, high=high)
    parts = split_url(text, path)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise Rejected(Reason.BAD_FORMAT, path)
    return text


def url_text(value: str, path: Sequence[str], *, high: int = MAX_URL) -> str:
    """Return one line without blanks and backslashes, which different programs read differently in urls."""
    return shaped(one_line(value, path, low=1, high=high), path, r"[^\s\\]", ".+")


def split_url(text: str, path: Sequence[str]) -> SplitResult:
    """Return the parts of a url. Raise ``Rejected`` (``bad_format``) when its host or port cannot be read."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise Rejected(Reason.BAD_FORMAT, path) from None
    return parts
