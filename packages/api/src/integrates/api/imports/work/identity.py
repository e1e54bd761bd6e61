"""The identities that new vulnerabilities would take, and who holds them (domain section 4.1)."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from integrates.api.imports.read.observation import Observation
from integrates.db_model.entity import claim
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.store.port import Item, Key, Store
from integrates.db_model.vulnerabilities.identity import identity_claim, identity_hash, numbered_claims
from integrates.db_model.vulnerabilities.types import VulnerabilityType

Base: TypeAlias = tuple[ToolRule, VulnerabilityType, str, str, str | None]
"""What an identity is made of besides its number: rule, type, and place or fingerprint."""


def base_of(seen: Observation, fingerprint: str | None) -> Base:
    """Return the base of the identity that a vulnerability made of the result with that fingerprint, or none, would take."""
    where, specific = ("", "") if fingerprint else (seen.location.where, seen.location.specific)
    return seen.rule, seen.location.type, where, specific, fingerprint


def claim_of(root_id: str, finding_id: str, base: Base, number: int) -> Key:
    """Return the key of the claim of an identity."""
    _, kind, where, specific, fingerprint = base
    return identity_claim(identity_hash(root_id, finding_id, kind, where, specific, fingerprint, number))


async def claims_of(
    store: Store, root_id: str, finding_ids: Mapping[ToolRule, str], bases: Iterable[Base]
) -> Mapping[Base, Sequence[Item]]:
    """Read the claims of the numbers of each base, from 1 up to the first without one; of rules that have a finding."""
    wanted = [base for base in dict.fromkeys(bases) if base[0] in finding_ids]
    walks = [partial(claim_of, root_id, finding_ids[base[0]], base) for base in wanted]
    return dict(zip(wanted, await numbered_claims(store, walks), strict=True))


def holders_of(claims: Iterable[Item]) -> list[str]:
    """Return the ids of those that hold claims."""
    return [holder for item in claims if (holder := claim.holder_of(item))]
