"""What a root may be, and what may be found in it (domain sections 3 and 18)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.roots.git import branch, gitignore, normalised_git_url
from integrates.db_model.roots.host import ip, is_address, is_on_host, url_path, url_query
from integrates.db_model.roots.image import image_reference, image_tag, reference_of, registry, repository
from integrates.db_model.roots.types import (
    DeactivationReason,
    GitRoot,
    ImageRoot,
    IPRoot,
    Root,
    RootState,
    RootStatus,
    URLRoot,
)
from integrates.db_model.values.check import Arguments, Judge, Normaliser, checked, number, one_of, refuse, whole_of
from integrates.db_model.values.text import identifier, name, nickname, reasoning
from integrates.db_model.values.url import MAX_PORT, address
from integrates.db_model.vulnerabilities.types import VulnerabilityType


class GivenDeactivation(Struct, frozen=True, kw_only=True):
    """The arguments of taking a root out of the tests."""

    reason: DeactivationReason
    other: str | None = None


DEACTIVATION: Final = Arguments(GivenDeactivation, {"reason": one_of(DeactivationReason), "other": reasoning})
"""What taking a root out of the tests is given."""

_IN_FILES: Final = frozenset({VulnerabilityType.LINES, VulnerabilityType.PACKAGES})
_IN_HOSTS: Final = frozenset({VulnerabilityType.PORTS})
_IN_PAGES: Final = frozenset({VulnerabilityType.INPUTS})
_IN_REPOSITORIES: Final = _IN_FILES | _IN_PAGES
_TESTED: Final[Mapping[str, Normaliser]] = {
    **ENTITY,
    "id": identifier,
    "group_name": name,
    "organization_id": identifier,
    "info.nickname": nickname,
    "state.by": by,
    "state.other": reasoning,
}
_LOCATIONS: Final[Mapping[type[Root], Mapping[str, Normaliser]]] = {
    GitRoot: {"url": normalised_git_url, "branch": branch, "gitignore": gitignore},
    ImageRoot: {"registry": registry, "repository": repository, "tag": image_tag},
    IPRoot: {"address": ip},
    URLRoot: {"host": address, "port": number(1, MAX_PORT), "path": url_path, "query": url_query},
}
_JUDGES: Final[Mapping[type[Root], Judge]] = {
    kind: whole_of(kind, {**_TESTED, **{f"location.{member}": rule for member, rule in location.items()}})
    for kind, location in _LOCATIONS.items()
}


def is_active(root: Root) -> bool:
    """Return whether new vulnerabilities and imports may name the root."""
    return root.state.status is RootStatus.ACTIVE


def types_of(root: Root) -> frozenset[VulnerabilityType]:
    """Return the types of vulnerabilities that the root can have anywhere."""
    match root:
        case GitRoot():
            return _IN_REPOSITORIES
        case ImageRoot():
            return _IN_FILES
        case IPRoot():
            return _IN_HOSTS
        case URLRoot():
            return _IN_PAGES
        case _:
            assert_never(root)


def may_hold(root: Root, kind: VulnerabilityType, where: str) -> bool:
    """Return whether the root can have a vulnerability of that type there.

    A repository and an image have LINES and PACKAGES, a url INPUTS with its host and port, an address PORTS of its own. A
    repository also has INPUTS, of which not the root decides but its environment urls (``vulnerabilities.environment``).
    """
    if kind not in types_of(root):
        return False
    match root:
        case IPRoot():
            return is_address(where, root.location.address)
        case URLRoot():
            return is_on_host(where, root.location)
        case _:
            return True


def outside_root(root: Root, kind: VulnerabilityType, where: str) -> Iterator[Rejected]:
    """Yield the refusal (``outside_root``) of a vulnerability that the root cannot have: of its type, else of its place."""
    if kind not in types_of(root):
        yield Rejected(Reason.OUTSIDE_ROOT, ("type",))
    elif not may_hold(root, kind, where):
        yield Rejected(Reason.OUTSIDE_ROOT, ("where",))


def whole(root: Root) -> Iterator[Rejected]:
    """Yield each refusal of a root in any state (E13)."""
    refused = _JUDGES[type(root)](root)
    yield from refused or _relations(root)


def _relations(root: Root) -> Iterator[Rejected]:
    if isinstance(root, ImageRoot) and image_reference(reference_of(root.location), ()) != root.location:
        yield Rejected(Reason.NOT_CANONICAL, ("location", "repository"))
    state = root.state
    if not is_active(root):
        yield from _misworded(state.reason, state.other, ("state",))
        return
    for member, value in (("reason", state.reason), ("other", state.other)):
        if value is not None:
            yield Rejected(Reason.INCONSISTENT, ("state", member))


def _misworded(reason: DeactivationReason | None, other: str | None, path: tuple[str, ...] = ()) -> Iterator[Rejected]:
    """Yield a refusal of a missing reason, or of the words beside it: OTHER needs them, and no other reason takes any."""
    if reason is None:
        yield Rejected(Reason.REQUIRED, (*path, "reason"))
    elif (reason is DeactivationReason.OTHER) != (other is not None):
        yield Rejected(Reason.REQUIRED if other is None else Reason.INCONSISTENT, (*path, "other"))


def deactivated(root: Root, given: Mapping[str, Any], *, by: str, at: datetime) -> Root:
    """Return the root that is not tested any more; one that is so for the same reason already stays as it is.

    Raise ``Rejections`` for arguments at fault: the reason OTHER needs words, and no other reason takes any.
    """
    details = checked(DEACTIVATION, given)
    refuse(_misworded(details.reason, details.other))
    if not is_active(root) and (root.state.reason, root.state.other) == (details.reason, details.other):
        return root
    state = RootState(status=RootStatus.INACTIVE, at=at, by=by, reason=details.reason, other=details.other)
    return replace(root, state=state)


def activated(root: Root, *, by: str, at: datetime) -> Root:
    """Return the root that is tested again; one that is tested stays as it is."""
    return root if is_active(root) else replace(root, state=RootState(status=RootStatus.ACTIVE, at=at, by=by))
