"""How finding policies are stored, and what changes with them."""

from functools import lru_cache
from typing import Final

from integrates.db_model.entity.claim import claim_key
from integrates.db_model.entity.facet import Audit, Facet, Parent, Unique, key_of
from integrates.db_model.errors import Reason
from integrates.db_model.finding_policies.rules import whole
from integrates.db_model.finding_policies.types import FindingPolicy
from integrates.db_model.findings.rules import title_key
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.store.port import Key

_TITLE: Final = "finding_policy_title"


@lru_cache(maxsize=4_096)
def finding_policy_key(policy_id: str) -> Key:
    """Return the key of a finding policy."""
    return key_of("organization_finding_policy", {"id": policy_id})


@lru_cache(maxsize=4_096)
def policy_title_key(organization_id: str, title: str) -> Key:
    """Return the key of the claim that says which policy an organization has for findings with a title, ignoring case."""
    return claim_key(_TITLE, organization_id, title_key(title))


def _unique(policy: FindingPolicy) -> tuple[Unique, ...]:
    """Claim the title. A policy is never removed, so its claim is never freed."""
    return (Unique(_TITLE, (policy.organization_id, title_key(policy.title)), Reason.TITLE_TAKEN, ("title",)),)


def _within(_old: FindingPolicy | None, new: FindingPolicy) -> tuple[Parent, ...]:
    return (Parent(facet=ORGANIZATION, key=organization_key(new.organization_id), path=("organization_id",)),)


FINDING_POLICY: Final = Facet(
    name="organization_finding_policy",
    type=FindingPolicy,
    audit=lambda policy: Audit(organization=policy.organization_id),
    fixed=("id", "organization_id", "title", "tags"),
    unique=_unique,
    within=_within,
    check=whole,
)
