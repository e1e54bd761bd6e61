"""How findings are stored."""

from hashlib import sha256
from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, key_of
from integrates.db_model.findings.rules import is_live, title_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import Key


def title_hash(title: str) -> str:
    """Return the SHA-256 in hex under which findings of one title, ignoring case, are listed."""
    return sha256(title_key(title).encode()).hexdigest()


FINDING: Final = Facet(
    name="finding",
    type=Finding,
    parts=lambda finding: {
        "id": finding.id,
        "group_name": finding.group_name,
        "organization_id": finding.organization_id,
        "title_hash": title_hash(finding.description.title),
    },
    listed=lambda finding: (1, 2) if is_live(finding) else (1,),
    is_live=is_live,
    audit=lambda finding: Audit(group=finding.group_name),
)


def finding_key(finding_id: str) -> Key:
    """Build the key of a finding."""
    return key_of("finding", {"id": finding_id})
