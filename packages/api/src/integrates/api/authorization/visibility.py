"""What is visible to a caller (V1, V4): pure rules over the permissions in a group."""

from collections.abc import Set as AbstractSet
from typing import Final

from integrates.db_model.findings.types import FindingStatus
from integrates.db_model.vulnerabilities.rules import is_draft, is_hidden
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityStatus

DRAFTS: Final = frozenset({VulnerabilityStatus.SUBMITTED, VulnerabilityStatus.REJECTED})
"""The states of drafts."""
READ_DRAFTS: Final = "draft:read"
READ_HIDDEN: Final = "zero_risk:read"
READ_HISTORY: Final = "history:read"


def sees_vulnerability(permissions: AbstractSet[str], found: Vulnerability) -> bool:
    """Return whether the vulnerability is visible: drafts and hidden ones need a permission of their own."""
    return (
        "vulnerability:read" in permissions
        and (READ_DRAFTS in permissions or not is_draft(found))
        and (READ_HIDDEN in permissions or not is_hidden(found))
    )


def sees_finding(permissions: AbstractSet[str], status: FindingStatus) -> bool:
    """Return whether a finding of that status is visible."""
    return "finding:read" in permissions and (status is not FindingStatus.DRAFT or READ_DRAFTS in permissions)
