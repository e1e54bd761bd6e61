"""What a finding is (domain sections 2 and 3)."""

import unicodedata

from integrates.db_model.findings.types import Finding, FindingStateStatus, FindingStatus, RemovalJustification


def is_live(finding: Finding) -> bool:
    """Tell whether the finding was not removed."""
    return finding.state.status is FindingStateStatus.CREATED


def status(*, open_count: int, released_count: int) -> FindingStatus:
    """Derive the status of a finding from how many of its vulnerabilities are open, and how many were released."""
    if open_count > 0:
        return FindingStatus.VULNERABLE
    return FindingStatus.SAFE if released_count > 0 else FindingStatus.DRAFT


def title_key(title: str) -> str:
    """Return the text by which titles are compared ignoring case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", title).casefold())


def frees_claim(justification: RemovalJustification) -> bool:
    """Tell whether a removal frees the uniqueness claim; a claim that is kept makes imports ignore that rule or place."""
    return justification in {RemovalJustification.DUPLICATED, RemovalJustification.REPORTING_ERROR}
