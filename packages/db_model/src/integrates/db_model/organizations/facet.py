"""How organizations are stored, and what changes with them."""

from functools import lru_cache
from typing import Final

from integrates.db_model.entity import counter
from integrates.db_model.entity.claim import claim_key
from integrates.db_model.entity.facet import Audit, Beside, Facet, Given, Unique, key_of, shard
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.organizations.rules import is_live, whole
from integrates.db_model.organizations.types import Organization
from integrates.db_model.store.port import Key

_NAME: Final = "organization_name"


@lru_cache(maxsize=4_096)
def organization_key(organization_id: str) -> Key:
    """Return the key of an organization."""
    return key_of("organization", {"id": organization_id})


@lru_cache(maxsize=4_096)
def organization_counters_key(organization_id: str) -> Key:
    """Return the key of an organization's counters."""
    return key_of("organization_counters", {"id": organization_id})


def organization_name_key(name: str) -> Key:
    """Return the key of the claim that an organization has on its name."""
    return claim_key(_NAME, name)


def _unique(organization: Organization) -> tuple[Unique, ...]:
    if not is_live(organization):
        return ()
    return (Unique(_NAME, (organization.info.name,), Reason.NAME_TAKEN, ("name",)),)


def _counted(old: Organization | None, new: Organization, _given: Given, _stamp: Stamp) -> tuple[Beside, ...]:
    """Require that a new organization has a manager, and that one that is removed has no groups."""
    if old is None:
        managed = counter.guarded(organization_counters_key(new.id), "managers", by=0, low=1)
        return (Beside(managed, Rejected(Reason.LAST_MANAGER)),)
    if not is_live(old) or is_live(new):
        return ()
    empty = counter.guarded(organization_counters_key(new.id), "groups", by=0, high=0)
    return (Beside(empty, Rejected(Reason.HAS_GROUPS)),)


ORGANIZATION: Final = Facet(
    name="organization",
    type=Organization,
    audit=lambda organization: Audit(organization=organization.id),
    is_live=is_live,
    variables={"shard": lambda organization: shard(organization.id)},
    fixed=("id", "info.name"),
    unique=_unique,
    counted=_counted,
    check=whole,
)
