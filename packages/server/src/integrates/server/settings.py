"""The settings of the service: from the flags of the command line, else from ``INTEGRATES_*`` variables, else defaults."""

import re
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from integrates.db_model.errors import Rejected
from integrates.db_model.values.text import email
from integrates.db_model.values.url import bracketed, http_url

PREFIX = "INTEGRATES_"
DEFAULT_STORE = "sqlite:///integrates.db"
"""A file in the current folder, which needs no service and no set-up."""

_ORIGIN = re.compile(r"(?P<scheme>https?)://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?")
_IMPLIED = {"http:80", "https:443"}

Seconds = Annotated[float, Meta(ge=0, le=3600)]
Hops = Annotated[int, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Bytes = Annotated[int, Meta(ge=1, le=1024**3)]


class BadSetting(Exception):
    """A setting cannot be used. ``name`` is the setting, ``reason`` says what is wrong with it, without its value."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


class Registration(StrEnum):
    """Who may log in through a provider: only people whom somebody has invited or appointed, or everybody."""

    INVITED = "INVITED"
    OPEN = "OPEN"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What may be set, each by a flag or by the variable ``INTEGRATES_<NAME>``. Holds no secret.

    ``files`` is the URL of the file store; an embedded store keeps files beside it otherwise. ``admins`` are e-mails,
    separated by commas, of people who become platform admins when the store does not know them yet. ``origin`` is the address
    that browsers see, such as ``https://integrates.example``, where it differs from what a request says of itself (behind a
    proxy that ends TLS). ``providers`` is the file of the providers by which people log in, without their secrets, and
    ``registration`` says whom they may bring. ``trusted_hops`` is the number of proxies in front of the service, each of which
    adds to ``X-Forwarded-For`` whom it serves. ``public_url`` is the address under which others know the service, by default
    ``origin``, and ``vex_author`` who publishes what is exported, by default the organization: both stand in documents.

    ``max_body`` and ``max_upload`` are bytes; ``body_seconds`` is the time for a body to arrive, ``body_rate`` the bytes a
    second that it has to have, and ``request_seconds`` the time for the whole request, after which an answer that has begun
    goes on while it is taken at ``answer_rate`` bytes a second. ``concurrency`` is the number of GraphQL requests executed at
    once; more are answered 503. ``uploads`` is the number of requests with files held in memory at once, each until the import
    that it began has ended; as many as ``concurrency`` may arrive or wait. One caller has a quarter of either, at least one,
    and gets 429 for more; as many exports are made at once. ``api_rate``, ``export_rate`` and ``login_rate`` are requests a
    minute, the last also of invitations. ``live_connections`` is the number of connections with subscriptions open at once, of
    which one person has five.

    After a stop signal ``/readyz`` answers 503 for ``drain_seconds`` while the service still answers, then running requests
    and imports get ``graceful_seconds`` to end.
    """

    store: str = DEFAULT_STORE
    files: str | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8001
    origin: str | None = None
    trusted_hops: Hops = 0
    admins: str | None = None
    providers: str | None = None
    registration: Registration = Registration.INVITED
    public_url: str | None = None
    vex_author: str | None = None
    local_login: bool = False
    introspection: bool = True
    explorer: bool = True
    max_body: Bytes = 1024 * 1024
    max_upload: Bytes = 21 * 1024 * 1024
    body_seconds: Seconds = 30.0
    body_rate: Bytes = 1024
    request_seconds: Seconds = 60.0
    answer_rate: Bytes = 8192
    concurrency: Count = 64
    uploads: Count = 4
    live_connections: Count = 1000
    api_rate: Count = 600
    export_rate: Count = 30
    login_rate: Count = 20
    drain_seconds: Seconds = 0.0
    graceful_seconds: Seconds = 60.0


def read_settings(environ: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """Return the settings from flags that are not ``None``, else from ``environ``. Raise :class:`BadSetting` for a bad one."""
    given = {name: environ[PREFIX + name.upper()] for name in Settings.__struct_fields__ if PREFIX + name.upper() in environ}
    chosen = given | {name: value for name, value in flags.items() if value is not None}
    for name, value in chosen.items():
        _check(name, value)
    settings = msgspec.convert(chosen, Settings, strict=False)
    url = urlsplit(settings.origin or "")
    is_here = is_loopback(url.hostname or "")
    if settings.local_login and settings.origin and not is_here:
        raise BadSetting("local_login", "it needs no password, so it cannot be on where `origin` is not this machine")
    if settings.providers and settings.origin is None and not is_loopback(settings.host):
        raise BadSetting("origin", "it is needed with `providers`, which send people back to an address that they know")
    if settings.providers and url.scheme == "http" and not is_here:
        raise BadSetting("origin", "it has to be https with `providers`: without, browsers do not keep that people logged in")
    return settings


def admins_of(text: str | None) -> tuple[str, ...]:
    """Return the e-mails of the setting ``admins``, in lower case. Raise :class:`BadSetting` when one is no e-mail."""
    try:
        return tuple(email(each, ("admins",)) for each in (text or "").split(",") if each.strip())
    except Rejected as error:
        raise BadSetting("admins", "Expected e-mails separated by commas, like me@example.com,you@example.com") from error


def is_loopback(host: str) -> bool:
    """Return whether a host name or address, without port, always means this machine.

    Names below ``localhost`` do in some resolvers only, so they do not.
    """
    bare = host.removeprefix("[").removesuffix("]").lower()
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost"


def _check(name: str, value: object) -> None:
    try:
        msgspec.convert({name: value}, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise BadSetting(name, str(error).partition(" - at ")[0]) from error
    if name == "origin":
        _check_origin(str(value))
    if name == "admins":
        admins_of(str(value))
    if name == "public_url":
        _check_public_url(str(value))
    if name == "vex_author" and not str(value).strip().isprintable():
        raise BadSetting("vex_author", "Expected one line, like Example Company")


def _check_origin(origin: str) -> None:
    if not _is_origin(origin):
        expected = "scheme and host only, as browsers send them: in lower case, and without the port that goes without saying"
        raise BadSetting("origin", f"Expected {expected}, like https://integrates.example")


def _check_public_url(url: str) -> None:
    try:
        http_url(url, ("public_url",))
    except Rejected as error:
        raise BadSetting("public_url", "Expected an address, like https://integrates.example") from error


def public_url_of(settings: Settings) -> str:
    """Return the address under which others know the service, without a slash at its end."""
    here = f"http://{bracketed(settings.host)}:{settings.port}"
    return (settings.public_url or settings.origin or here).rstrip("/")


def _is_origin(text: str) -> bool:
    found = _ORIGIN.fullmatch(text)
    try:
        _ = urlsplit(text).port  # which finds what is no address between brackets, and a port that is too large
    except ValueError:
        return False
    return found is not None and f"{found['scheme']}:{found['port']}" not in _IMPLIED
