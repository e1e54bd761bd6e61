"""How environment urls are stored, and what changes with them.

The counter ``environment_urls`` of a root is the number of those that it has now, which has a limit.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from integrates.db_model.entity import counter
from integrates.db_model.entity.claim import claim_key
from integrates.db_model.entity.facet import Audit, Beside, Facet, Given, Parent, Unique, key_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.types import Stamp
from integrates.db_model.environment_urls.rules import (
    MAX_ENVIRONMENT_URLS,
    addresses_above,
    claimed_address,
    is_live,
    whole,
)
from integrates.db_model.environment_urls.types import EnvironmentUrl
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.facet import of_organization, within_group
from integrates.db_model.roots.facet import of_group, root_counters_key, within_root
from integrates.db_model.roots.rules import is_active
from integrates.db_model.roots.types import GitRoot, Root
from integrates.db_model.store.port import Key, Query

ENVIRONMENT_URLS: Final = "environment_urls"
"""The number of environment urls of a root, among its counters."""
_CLAIM: Final = "environment_url"


@lru_cache(maxsize=4_096)
def environment_url_key(environment_url_id: str) -> Key:
    """Return the key of an environment url."""
    return key_of("root_environment_url", {"id": environment_url_id})


def environment_urls_of_root(root_id: str) -> Query:
    """Return the query of the environment urls of a root by id, removed ones too."""
    return listing("root_environment_url", "environment_urls_of_root", {"root_id": root_id})


def environment_claims_above(root_id: str, where: str) -> tuple[Key, ...]:
    """Return the keys of the claims of the environment urls of a root below which a page would lie, the nearest first."""
    return tuple(claim_key(_CLAIM, root_id, address) for address in addresses_above(where))


def _unique(environment: EnvironmentUrl) -> tuple[Unique, ...]:
    if not is_live(environment):
        return ()
    return (Unique(_CLAIM, (environment.root_id, claimed_address(environment)), Reason.URL_TAKEN, ("url",)),)


def _within(old: EnvironmentUrl | None, new: EnvironmentUrl) -> tuple[Parent, ...]:
    def usable(root: Root) -> Iterator[Rejected]:
        yield from of_group(new.group_name, new.organization_id)(root)
        if not isinstance(root, GitRoot):
            yield Rejected(Reason.WRONG_ROOT_KIND, ("root_id",))
        if not is_active(root):
            yield Rejected(Reason.INACTIVE_ROOT, ("root_id",))

    if old is not None and is_live(old) >= is_live(new):
        return ()
    return (within_group(new.group_name, of_organization(new.organization_id)), within_root(new.root_id, usable))


def _counted(old: EnvironmentUrl | None, new: EnvironmentUrl, _given: Given, _stamp: Stamp) -> tuple[Beside, ...]:
    by = int(is_live(new)) - int(old is not None and is_live(old))
    if not by:
        return ()
    change = counter.guarded(root_counters_key(new.root_id), ENVIRONMENT_URLS, by=by, high=MAX_ENVIRONMENT_URLS)
    full = Rejected(Reason.TOO_MANY, (), f"{MAX_ENVIRONMENT_URLS} environment urls of a root")
    return (Beside(change, full if by > 0 else None),)


ENVIRONMENT_URL: Final = Facet(
    name="root_environment_url",
    type=EnvironmentUrl,
    audit=lambda environment: Audit(group=environment.group_name),
    is_live=is_live,
    fixed=("id", "root_id", "group_name", "organization_id", "url", "url_type", "cloud_name", "include"),
    unique=_unique,
    within=_within,
    counted=_counted,
    check=whole,
)
