"""The root entity: what is tested."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeAlias

import msgspec

from integrates.db_model.entity.types import Entity


class RootKind(StrEnum):
    """The kind of a root."""

    GIT = "GIT"
    IMAGE = "IMAGE"
    IP = "IP"
    URL = "URL"


class Criticality(StrEnum):
    """How much the root matters to its owner."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class RootStatus(StrEnum):
    """Whether new vulnerabilities may be reported on the root."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class DeactivationReason(StrEnum):
    """Why a root is not tested any more."""

    OTHER = "OTHER"
    OUT_OF_SCOPE = "OUT_OF_SCOPE"
    REGISTERED_BY_MISTAKE = "REGISTERED_BY_MISTAKE"


class URLProtocol(StrEnum):
    """The protocol that the root of a url speaks."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"


class GitLocation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a GIT root is. ``url`` is normalised, ``gitignore`` holds at most 50 patterns."""

    url: str
    branch: str
    gitignore: tuple[str, ...] = ()


class ImageLocation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where an IMAGE root is: ``docker.io``, ``library/ubuntu`` and ``24.04``. Without ``tag`` it is the image of any tag."""

    registry: str
    repository: str
    tag: str | None = None


class IPLocation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where an IP root is: an IPv4 or IPv6 address in its canonical spelling."""

    address: str


class URLLocation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a URL root is. ``path`` begins with a slash; ``query`` is what follows the question mark."""

    protocol: URLProtocol
    host: str
    port: int
    path: str
    query: str | None = None


class RootInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How people call the root and how much it matters."""

    nickname: str
    criticality: Criticality = Criticality.MEDIUM


class RootState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the root; ``reason`` and, for OTHER, ``other`` belong to its deactivation."""

    status: RootStatus
    at: datetime
    by: str
    reason: DeactivationReason | None = None
    other: str | None = None


class _Tested(Entity, frozen=True, kw_only=True, tag_field="kind"):
    """What roots of all kinds have. The store keeps ``kind`` beside it, which says what location to expect."""

    id: str
    group_name: str
    organization_id: str
    info: RootInfo
    state: RootState


class GitRoot(_Tested, frozen=True, kw_only=True, tag=RootKind.GIT.value):
    """A branch of a git repository."""

    kind: ClassVar[RootKind] = RootKind.GIT
    location: GitLocation


class ImageRoot(_Tested, frozen=True, kw_only=True, tag=RootKind.IMAGE.value):
    """An image of a container."""

    kind: ClassVar[RootKind] = RootKind.IMAGE
    location: ImageLocation


class IPRoot(_Tested, frozen=True, kw_only=True, tag=RootKind.IP.value):
    """A host, by its address."""

    kind: ClassVar[RootKind] = RootKind.IP
    location: IPLocation


class URLRoot(_Tested, frozen=True, kw_only=True, tag=RootKind.URL.value):
    """A web application or a service, by its url."""

    kind: ClassVar[RootKind] = RootKind.URL
    location: URLLocation


Root: TypeAlias = GitRoot | ImageRoot | IPRoot | URLRoot
"""What is tested."""
Location: TypeAlias = GitLocation | ImageLocation | IPLocation | URLLocation
"""Where a root is."""
ROOTS: Final[Mapping[type[Location], type[Any]]] = {
    GitLocation: GitRoot,
    ImageLocation: ImageRoot,
    IPLocation: IPRoot,
    URLLocation: URLRoot,
}
"""The root that is at a location of each type."""
