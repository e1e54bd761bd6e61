"""What a finding may hold, and its status (domain sections 2 and 3)."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec.structs import asdict, replace

from integrates.db_model.entity.rules import ENTITY, MAX_COUNT, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.evidences.rules import EVIDENCES, FINDING_SLOTS, misplaced
from integrates.db_model.findings.types import (
    Finding,
    FindingDescription,
    FindingStateStatus,
    FindingStatus,
    GivenFinding,
    RemovalJustification,
)
from integrates.db_model.severities.rules import SEVERITY, VECTORS, assessed, misscored
from integrates.db_model.values.check import Arguments, Normaliser, checked, number, remembered, whole_of
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

_DESCRIPTION: Final[Mapping[str, Normaliser]] = {
    "title": title,
    "description": finding_description,
    "threat": finding_text,
    "attack_vector_description": finding_text,
    "recommendation": finding_text,
    "cwe_ids": cwe_ids,
    "min_time_to_remediate": number(1, MAX_MINUTES),
}
DESCRIPTION: Final = Arguments(FindingDescription, _DESCRIPTION)
"""What a finding says of itself."""
ARGUMENTS: Final = Arguments(GivenFinding, {**_DESCRIPTION, **VECTORS})
"""What a new finding is given."""

_FIELDS: Final = whole_of(
    Finding,
    {
        **ENTITY,
        **EVIDENCES,
        **SEVERITY,
        "id": identifier,
        "group_name": remembered(name),
        "organization_id": remembered(identifier),
        "rule.tool": remembered(tool_name),
        "rule.rule_id": rule_id,
        **{f"description.{name}": rule for name, rule in _DESCRIPTION.items()},
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


def reworded(old: Finding, given: Mapping[str, Any]) -> Finding:
    """Return the finding with other texts: what is not ``given`` stays, ``None`` takes it away.

    Raise ``Rejections`` for arguments at fault.
    """
    return replace(old, description=checked(DESCRIPTION, {**asdict(old.description), **given}))


def scored_by_person(old: Finding, given: Mapping[str, str | None]) -> Finding:
    """Return the finding with the severity of the vectors that a person gives, of which there must be one (``required``).

    Raise ``Rejections`` (``bad_vector``) as :func:`integrates.db_model.severities.rules.assessed` does.
    """
    if all(given.get(name) is None for name in VECTORS):
        raise Rejected(Reason.REQUIRED, ("cvss_v4",), "give `cvssV4`, `cvssV3` or both")
    return replace(old, severity=assessed(old.severity, given))


def given_up(removed: Finding) -> Finding:
    """Return a removed finding whose title somebody reports again: it no longer keeps its claim."""
    return replace(removed, state=replace(removed.state, keeps_claim=False))


def has_evidence(finding: Finding) -> bool:
    """Return whether at least one slot of the finding has evidence, which its vulnerabilities need to be released by people."""
    return bool(finding.evidences)


def whole(finding: Finding) -> Iterator[Rejected]:
    """Yield each refusal of a finding in any state (E13)."""
    refused = _FIELDS(finding)
    yield from refused or _relations(finding)


def _relations(finding: Finding) -> Iterator[Rejected]:
    yield from misscored(finding.severity, ("severity",))
    yield from misplaced(finding.evidences, finding.id, FINDING_SLOTS.keys())
    justification = finding.state.justification
    if is_live(finding) and justification is not None:
        yield Rejected(Reason.INCONSISTENT, ("state", "justification"))
    if not is_live(finding) and justification is None:
        yield Rejected(Reason.REQUIRED, ("state", "justification"))
    if finding.state.keeps_claim and (justification is None or frees_claim(justification)):
        yield Rejected(Reason.INCONSISTENT, ("state", "keeps_claim"))
