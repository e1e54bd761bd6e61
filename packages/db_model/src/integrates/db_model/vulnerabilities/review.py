"""What a person makes of the state of a vulnerability: review, reopening and removal (domain section 4.2).

Each function is one row of the table of states. ``at`` is the effective date of the change. They raise ``Rejections`` with the
empty path, because the vulnerability itself is at fault.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.rules import has_evidence
from integrates.db_model.findings.types import Finding, RemovalJustification
from integrates.db_model.values.check import Arguments, checked, distinct, one_of, refuse
from integrates.db_model.values.text import reasoning
from integrates.db_model.vulnerabilities.justification import Justification
from integrates.db_model.vulnerabilities.rules import cycle_begun, is_hidden
from integrates.db_model.vulnerabilities.types import (
    RejectionReason,
    Vulnerability,
    VulnerabilityState,
    VulnerabilityStatus,
)

_OTHERWISE: Final[Mapping[VulnerabilityStatus, Reason]] = {
    VulnerabilityStatus.REJECTED: Reason.NOT_REJECTED,
    VulnerabilityStatus.SAFE: Reason.NOT_SAFE,
    VulnerabilityStatus.SUBMITTED: Reason.NOT_SUBMITTED,
    VulnerabilityStatus.VULNERABLE: Reason.NOT_VULNERABLE,
}
"""By state: the refusal of what is in another one."""


class Verdict(Struct, frozen=True, kw_only=True):
    """The checked arguments of a rejection: why review refuses drafts; ``other`` says what OTHER means."""

    reasons: tuple[RejectionReason, ...]
    other: str | None = None


def _reasons(values: Sequence[str], path: Sequence[str]) -> tuple[RejectionReason, ...]:
    if not values:
        raise Rejected(Reason.REQUIRED, path)
    return tuple(map(RejectionReason, distinct(values, path, one_of(RejectionReason), len(RejectionReason))))


class Removal(Struct, frozen=True, kw_only=True):
    """The checked argument of a removal."""

    justification: RemovalJustification


REMOVAL: Final = Arguments(Removal, {"justification": one_of(RemovalJustification)})
"""What a removal is given."""
VERDICT: Final = Arguments(Verdict, {"reasons": _reasons, "other": reasoning})
"""What a rejection is given."""


def verdict_of(given: Mapping[str, Any]) -> Verdict:
    """Return why review refuses drafts, in raw arguments: 1 to 7 reasons, and ``other`` when OTHER is among them.

    Raise ``Rejections`` for those at fault.
    """
    found = checked(VERDICT, given)
    if (RejectionReason.OTHER in found.reasons) != (found.other is not None):
        refuse((Rejected(Reason.REQUIRED if found.other is None else Reason.INCONSISTENT, ("other",)),))
    return found


def removal_of(given: Mapping[str, Any]) -> RemovalJustification:
    """Return why something is removed, in raw arguments. Raise ``Rejections`` for those at fault."""
    return checked(REMOVAL, given).justification


def _not_in(state: VulnerabilityStatus, vulnerability: Vulnerability) -> Iterator[Rejected]:
    """Yield the refusals of what is not in that state, or hidden."""
    if vulnerability.state.status is not state:
        yield Rejected(_OTHERWISE[state])
    if is_hidden(vulnerability):
        yield Rejected(Reason.HIDDEN)


def resubmitted(old: Vulnerability, *, by: str, at: datetime) -> Vulnerability:
    """Return a REJECTED draft SUBMITTED again. Raise ``Rejections`` (``not_rejected``, ``hidden``)."""
    refuse(_not_in(VulnerabilityStatus.REJECTED, old))
    return replace(old, state=VulnerabilityState(status=VulnerabilityStatus.SUBMITTED, at=at, by=by))


def cleared(old: Vulnerability, finding: Finding, *, by: str, at: datetime) -> Vulnerability:
    """Return a SUBMITTED draft released: VULNERABLE in its first cycle.

    Raise ``Rejections`` (``not_submitted``, ``hidden``; ``no_severity``, ``no_evidence``: the finding lacks one).
    """
    refuse((*_not_in(VulnerabilityStatus.SUBMITTED, old), *_unready(finding)))
    return cycle_begun(old, by=by, at=at)


def _unready(finding: Finding) -> Iterator[Rejected]:
    if finding.severity is None:
        yield Rejected(Reason.NO_SEVERITY)
    if not has_evidence(finding):
        yield Rejected(Reason.NO_EVIDENCE)


def sent_back(old: Vulnerability, verdict: Verdict, *, by: str, at: datetime) -> Vulnerability:
    """Return a SUBMITTED draft REJECTED. Raise ``Rejections`` (``not_submitted``, ``hidden``)."""
    refuse(_not_in(VulnerabilityStatus.SUBMITTED, old))
    state = VulnerabilityState(
        status=VulnerabilityStatus.REJECTED, at=at, by=by, rejection_reasons=verdict.reasons, other=verdict.other
    )
    return replace(old, state=state)


def reopened_by_person(old: Vulnerability, why: Justification, *, by: str, at: datetime) -> Vulnerability:
    """Return a SAFE vulnerability VULNERABLE in a new cycle. That its root is ACTIVE is a rule of the facet.

    Raise ``Rejections``: the flaws of the justification, else ``not_safe``, ``hidden``.
    """
    refuse(why.flaws)
    refuse(_not_in(VulnerabilityStatus.SAFE, old))
    return cycle_begun(old, by=by, at=at, comments=why.justification)


def removed(old: Vulnerability, why: RemovalJustification, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability removed, whatever its state; treatment, verification and cycle stay as they were last."""
    return replace(old, state=VulnerabilityState(status=VulnerabilityStatus.DELETED, at=at, by=by, justification=why))


def removed_alone(old: Vulnerability, why: RemovalJustification, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability removed without its finding; a hidden one may be, too. Raise ``Rejections`` (``is_safe``)."""
    refuse((Rejected(Reason.IS_SAFE),) if old.state.status is VulnerabilityStatus.SAFE else ())
    return removed(old, why, by=by, at=at)
