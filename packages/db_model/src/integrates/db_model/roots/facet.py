"""How roots are stored, and what changes with them."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, assert_never

from integrates.db_model.entity import counter
from integrates.db_model.entity.claim import claim_key, holder_of
from integrates.db_model.entity.facet import Audit, Beside, Facet, Given, Judge, Parent, Unique, anything_goes, key_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.facet import MAX_ROOTS, group_guard, of_organization, within_group
from integrates.db_model.roots.rules import is_active, whole
from integrates.db_model.roots.types import GitRoot, ImageRoot, IPRoot, Root, URLRoot
from integrates.db_model.store.port import ABSENT, Check, Key, Query, Version
from integrates.db_model.values.check import refuse

RUNNING_IMPORT: Final = "running_import"
"""The kind of claim that the unfinished import of a root has."""
LOCATION: Final = "root_location"
"""The kind of claim that an ACTIVE root has of the location where it is."""
REPORTED: Final = "reported"
"""The number of vulnerabilities that a root ever had. It never falls."""
_NICKNAME: Final = "root_nickname"


@lru_cache(maxsize=4_096)
def root_key(root_id: str) -> Key:
    """Return the key of a root."""
    return key_of("group_root", {"id": root_id})


@lru_cache(maxsize=4_096)
def root_counters_key(root_id: str) -> Key:
    """Return the key of a root's counters."""
    return key_of("root_counters", {"id": root_id})


def roots_of_group(group_name: str) -> Query:
    """Return the query of the roots of a group by id, inactive ones too."""
    return listing("group_root", "roots_of_group", {"group_name": group_name})


def _places(root: Root) -> Mapping[str, tuple[str, ...]]:
    """Return the arguments that say where a root is, the one that is refused first, and the texts that each stands for."""
    match root:
        case GitRoot():
            return {"url": (root.location.url,), "branch": (root.location.branch,)}
        case ImageRoot():
            return {"reference": (root.location.registry, root.location.repository, root.location.tag or "")}
        case IPRoot():
            return {"address": (root.location.address,)}
        case URLRoot():
            at = root.location
            return {"url": (at.protocol.value, at.host, str(at.port), at.path, at.query or "")}
        case _:
            assert_never(root)


def _scope(root: Root) -> tuple[str, ...]:
    """Return within what a location is that of one root only: the organization, or the group.

    GIT roots were there first, so their claims do without the name of the kind.
    """
    match root:
        case GitRoot():
            return (root.organization_id,)
        case ImageRoot():
            return (root.kind.value, root.organization_id)
        case IPRoot() | URLRoot():
            return (root.kind.value, root.group_name)
        case _:
            assert_never(root)


def _unique(root: Root) -> tuple[Unique, ...]:
    """Return the claims of a root: its nickname and, while it is ACTIVE, its location."""
    places = _places(root)
    location = (*_scope(root), *(text for place in places.values() for text in place))
    return (
        *((Unique(LOCATION, location, Reason.LOCATION_TAKEN, (next(iter(places)),)),) if is_active(root) else ()),
        Unique(_NICKNAME, (root.group_name, root.info.nickname), Reason.NICKNAME_TAKEN, ("nickname",)),
    )


def _within(old: Root | None, new: Root) -> tuple[Parent, ...]:
    if old is not None and is_active(old) >= is_active(new):
        return ()
    return (within_group(new.group_name, of_organization(new.organization_id)),)


def _relocated(old: Root | None, new: Root) -> tuple[str, ...]:
    """Return the arguments that say that a root is elsewhere now. What it excludes is no part of where it is."""
    places = _places(new)
    return () if old is None else tuple(name for name, place in _places(old).items() if places.get(name) != place)


def root_nickname_key(group_name: str, nickname: str) -> Key:
    """Return the key of the claim that a root of a group has on its nickname."""
    return claim_key(_NICKNAME, group_name, nickname)


def running_import_key(root_id: str) -> Key:
    """Return the key of the claim of the unfinished import of a root."""
    return claim_key(RUNNING_IMPORT, root_id)


def _reads(old: Root | None, new: Root) -> tuple[Key, ...]:
    return (root_counters_key(new.id), running_import_key(new.id)) if _relocated(old, new) else ()


def _stays(old: Root, new: Root, given: Given) -> Iterator[Beside]:
    """Refuse another location of a root that ever had a vulnerability, gets its first one meanwhile, or is imported into.

    What an unfinished import has found is at the location that the root had.
    """
    relocated = _relocated(old, new)
    if not relocated:
        return
    key, running = root_counters_key(new.id), running_import_key(new.id)
    refusals = tuple(Rejected(Reason.HAS_VULNERABILITIES, (argument,)) for argument in relocated)
    if counter.summed((given.items[key],)).get(REPORTED):
        refuse(refusals)
    importing, claimed = Rejected(Reason.IMPORT_RUNNING, relocated[:1]), given.items[running]
    if holder_of(claimed) is not None:
        refuse((importing,))
    yield Beside(Check(running, ABSENT if claimed is None else Version(claimed.version)), importing)
    for refusal in refusals:
        yield Beside(counter.guarded(key, REPORTED, by=0, high=0), refusal)


def _counted(old: Root | None, new: Root, given: Given, _stamp: Stamp) -> tuple[Beside, ...]:
    """Count the group's roots; a root that ever had a vulnerability stays where it is."""
    if old is not None:
        return tuple(_stays(old, new, given))
    return (
        Beside(
            group_guard(new.group_name, "roots", by=1, high=MAX_ROOTS),
            Rejected(Reason.TOO_MANY, (), f"{MAX_ROOTS:,} roots of a group"),
        ),
    )


ROOT: Final[Facet[Root]] = Facet(
    name="group_root",
    type=Root,
    audit=lambda root: Audit(group=root.group_name),
    fixed=("id", "kind", "group_name", "organization_id"),
    unique=_unique,
    within=_within,
    reads=_reads,
    counted=_counted,
    check=whole,
)


def within_root(root_id: str, judge: Judge[Root] = anything_goes) -> Parent:
    """Return a root as a parent of what belongs to it, or is about it."""
    return Parent(facet=ROOT, key=root_key(root_id), path=("root_id",), judge=judge)


def of_group(group_name: str, organization_id: str) -> Judge[Root]:
    """Return the judge that refuses a root which does not belong to the group of the organization."""

    def judge(root: Root) -> Iterator[Rejected]:
        if (root.group_name, root.organization_id) != (group_name, organization_id):
            yield Rejected(Reason.WRONG_PARENT, ("root_id",))

    return judge
