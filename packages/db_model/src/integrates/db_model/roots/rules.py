"""What a root may be, and what may be found in it (domain sections 3 and 18)."""

from collections.abc import Iterator, Mapping
from typing import Final, assert_never

from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.roots.git import branch, gitignore, normalised_git_url
from integrates.db_model.roots.host import ip, is_address, is_on_host, url_path, url_query
from integrates.db_model.roots.image import image_reference, image_tag, reference_of, registry, repository
from integrates.db_model.roots.types import GitRoot, ImageRoot, IPRoot, Root, RootStatus, URLRoot
from integrates.db_model.values.check import Judge, Normaliser, choice, number, whole_of
from integrates.db_model.values.text import identifier, name, nickname, reasoning
from integrates.db_model.values.url import MAX_PORT, address
from integrates.db_model.vulnerabilities.types import VulnerabilityType

DEACTIVATION_REASONS: Final = frozenset({"OTHER", "OUT_OF_SCOPE", "REGISTERED_BY_MISTAKE"})
_IN_FILES: Final = frozenset({VulnerabilityType.LINES, VulnerabilityType.PACKAGES})
_IN_HOSTS: Final = frozenset({VulnerabilityType.PORTS})
_IN_PAGES: Final = frozenset({VulnerabilityType.INPUTS})
_TESTED: Final[Mapping[str, Normaliser]] = {
    **ENTITY,
    "id": identifier,
    "group_name": name,
    "organization_id": identifier,
    "info.nickname": nickname,
    "state.by": by,
    "state.reason": choice(DEACTIVATION_REASONS),
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
        case GitRoot() | ImageRoot():
            return _IN_FILES
        case IPRoot():
            return _IN_HOSTS
        case URLRoot():
            return _IN_PAGES
        case _:
            assert_never(root)


def may_hold(root: Root, kind: VulnerabilityType, where: str) -> bool:
    """Return whether the root can have a vulnerability of that type there.

    A repository and an image have LINES and PACKAGES, a url INPUTS with its host and port, an address PORTS of its own.
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
    if is_active(root) and state.reason is not None:
        yield Rejected(Reason.INCONSISTENT, ("state", "reason"))
    if not is_active(root) and state.reason is None:
        yield Rejected(Reason.REQUIRED, ("state", "reason"))
    if state.reason == "OTHER" and state.other is None:
        yield Rejected(Reason.REQUIRED, ("state", "other"))
    if is_active(root) and state.other is not None:
        yield Rejected(Reason.INCONSISTENT, ("state", "other"))
