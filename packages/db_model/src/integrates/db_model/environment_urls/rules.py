"""Where a GIT root may run, and what is found there (domain section 3)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.environment_urls.types import CloudName, EnvironmentUrl, EnvironmentUrlStatus, EnvironmentUrlType
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.roots.host import url_location, url_of
from integrates.db_model.values.check import (
    Arguments,
    Check,
    as_given,
    checked,
    gather,
    one_of,
    refuse,
    remembered,
    value_of,
    whole_of,
)
from integrates.db_model.values.text import identifier, name, one_line
from integrates.db_model.values.url import MAX_URL

MAX_ENVIRONMENT_URLS: Final = 100
"""Most environment urls that a root has at a time."""
MAX_DEPTH: Final = 20
"""Most parts of the path of a url, so that few urls have to be looked up to know what lies below one."""
_DOTS: Final = frozenset({".", ".."})


def web_url(value: str, path: Sequence[str]) -> str:
    """Return an http or https url in the spelling in which it is stored, without credentials and fragment.

    One whose path has more than ``MAX_DEPTH`` parts is ``too_long``.
    """
    location = url_location(value, path)
    if len(location.path.strip("/").split("/")) > MAX_DEPTH:
        raise Rejected(Reason.TOO_LONG, path, f"at most {MAX_DEPTH} parts of the path")
    return url_of(location)


def _named(value: str, path: Sequence[str]) -> str:
    return one_line(value, path, low=1, high=MAX_URL)


_URLS: Final[Mapping[EnvironmentUrlType, Check]] = {
    EnvironmentUrlType.APK: _named,
    EnvironmentUrlType.CLOUD: _named,
    EnvironmentUrlType.DATABASE: _named,
    EnvironmentUrlType.URL: web_url,
}


class GivenEnvironmentUrl(Struct, frozen=True, kw_only=True):
    """The checked arguments of an environment url."""

    url: str
    url_type: EnvironmentUrlType
    cloud_name: CloudName | None = None
    include: bool = True


ARGUMENTS: Final[Mapping[EnvironmentUrlType, Arguments[GivenEnvironmentUrl]]] = {
    kind: Arguments(
        GivenEnvironmentUrl,
        {"url": url, "url_type": one_of(EnvironmentUrlType), "cloud_name": one_of(CloudName), "include": as_given},
    )
    for kind, url in _URLS.items()
}
"""What an environment url is given, by its type, which decides what the url may be."""


def given_environment_url(given: Mapping[str, Any]) -> GivenEnvironmentUrl:
    """Return what somebody says of an environment url in raw arguments. Raise ``Rejections`` for those at fault."""
    kind = EnvironmentUrlType(given["url_type"])
    details, _ = gather(
        lambda: checked(ARGUMENTS[kind], given), lambda: refuse(_misclouded(kind, given.get("cloud_name"), ("cloud_name",)))
    )
    return details


def _misclouded(kind: EnvironmentUrlType, cloud: object, path: tuple[str, ...]) -> Iterator[Rejected]:
    """Yield a refusal of the name of a cloud: CLOUD needs one, and no other type has any."""
    if (kind is EnvironmentUrlType.CLOUD) != (cloud is not None):
        yield Rejected(Reason.REQUIRED if cloud is None else Reason.INCONSISTENT, path)


_FIELDS: Final = whole_of(
    EnvironmentUrl,
    {
        **ENTITY,
        "id": identifier,
        "root_id": remembered(identifier),
        "group_name": remembered(name),
        "organization_id": remembered(identifier),
        "url": as_given,
        "state.by": by,
    },
)
_JUDGES: Final = {kind: value_of(str, url) for kind, url in _URLS.items()}


def whole(environment: EnvironmentUrl) -> Iterator[Rejected]:
    """Yield each refusal of an environment url in any state (E13)."""
    refused = _FIELDS(environment)
    yield from refused or _relations(environment)


def _relations(environment: EnvironmentUrl) -> Iterator[Rejected]:
    for refusal in _JUDGES[environment.url_type](environment.url):
        yield Rejected(refusal.reason, ("url",), refusal.detail)
    yield from _misclouded(environment.url_type, environment.cloud_name, ("cloud_name",))


def is_live(environment: EnvironmentUrl) -> bool:
    """Return whether the root still runs there."""
    return environment.state.status is EnvironmentUrlStatus.ACTIVE


def is_web(environment: EnvironmentUrl) -> bool:
    """Return whether pages can be found there, removed or not."""
    return environment.url_type is EnvironmentUrlType.URL


def abandoned(environment: EnvironmentUrl, *, by: str, at: datetime) -> EnvironmentUrl:
    """Return the environment url that is none any more."""
    return replace(environment, state=replace(environment.state, status=EnvironmentUrlStatus.DELETED, at=at, by=by))


def claimed_address(environment: EnvironmentUrl) -> str:
    """Return what only one environment url of a root may have: its url; of a web page without a slash at the end."""
    return environment.url.rstrip("/") if is_web(environment) else environment.url


@lru_cache(maxsize=4_096)
def addresses_above(where: str) -> tuple[str, ...]:
    """Return the addresses below which a page lies, the nearest first; none for what is no page of a host.

    A page lies below a url of the same protocol, host and port whose path is its own, or is continued by a slash: below
    ``https://shop.example/app`` lies ``https://shop.example/app/x``, but not ``https://shop.example/apple``. One with the
    segments ``.`` and ``..`` lies nowhere, because a browser asks for another page.
    """
    try:
        location = url_location(where, ())
    except Rejected:
        return ()
    segments = location.path.split("/")
    if location.query is not None or any(segment.lower().replace("%2e", ".") in _DOTS for segment in segments):
        return ()
    host = url_of(replace(location, path=""))
    above = ("/".join((host, *segments[1 : cut + 1])).rstrip("/") for cut in range(min(len(segments), MAX_DEPTH + 1)))
    return tuple(reversed(dict.fromkeys(above)))
