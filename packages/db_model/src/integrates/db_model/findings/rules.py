"""What a finding may hold, and its status (domain sections 2 and 3)."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from integrates.db_model.entity.rules import ENTITY, MAX_COUNT, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.types import Finding, FindingStateStatus, FindingStatus, RemovalJustification
from integrates.db_model.severities.rules import SEVERITY, misscored
from integrates.db_model.values.check import number, remembered, whole_of
from integrates.db_model.values.text import (
    cwe_ids,
    finding_description,
    finding_text,
    identifier,
    name,
    rule_id,
    title,
    tool_name,
)

MAX_MINUTES: Final = 60 * 24 * 365 * 10
"""Ten years: the longest time to remediate that is taken."""

_FIELDS: Final = whole_of(
    Finding,
    {
        **ENTITY,
        **SEVERITY,
        "id": identifier,
        "group_name": remembered(name),
        "organization_id": remembered(identifier),
        "rule.tool": remembered(tool_name),
        "rule.rule_id": rule_id,
        "description.title": title,
        "description.description": finding_description,
        "description.threat": finding_text,
        "description.attack_vector_description": finding_text,
        "description.recommendation": finding_text,
        "description.cwe_ids": cwe_ids,
        "description.min_time_to_remediate": number(1, MAX_MINUTES),
        "scored": number(0, MAX_COUNT),
        "state.by": by,
    },
)


def is_live(finding: Finding) -> bool:
    """Return whether the finding was not removed."""
    return finding.state.status is FindingStateStatus.CREATED


def status(*, open_count: int, released_count: int) -> FindingStatus:
    """Return the status of a finding of which so many vulnerabilities are open, and so many were released."""
    if open_count > 0:
        return FindingStatus.VULNERABLE
    return FindingStatus.SAFE if released_count > 0 else FindingStatus.DRAFT


def title_key(title: str) -> str:
    """Return the form of a title in which titles are compared, ignoring case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", title).casefold())


def frees_claim(justification: RemovalJustification) -> bool:
    """Return whether a removal frees the claim. Where it is kept, imports ignore that rule or location from then on."""
    return justification in {RemovalJustification.DUPLICATED, RemovalJustification.REPORTING_ERROR}


def whole(finding: Finding) -> Iterator[Rejected]:
    """Yield each refusal of a finding in any state (E13)."""
    refused = _FIELDS(finding)
    yield from refused or _relations(finding)


def _relations(finding: Finding) -> Iterator[Rejected]:
    yield from misscored(finding.severity, ("severity",))
    if is_live(finding) and finding.state.justification is not None:
        yield Rejected(Reason.INCONSISTENT, ("state", "justification"))
    if not is_live(finding) and finding.state.justification is None:
        yield Rejected(Reason.REQUIRED, ("state", "justification"))
