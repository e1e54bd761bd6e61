"""The cells of counters: numbers of vulnerabilities that agree in all that is counted (domain section 7)."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from integrates.db_model.findings.rules import status
from integrates.db_model.findings.types import FindingStatus
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.tally import DOT, INHERITED, NONE, is_cell
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    TreatmentStatus,
    VerificationStatus,
    VulnerabilityStatus,
    ZeroRiskStatus,
)


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` vulnerabilities that agree in all else. ``score`` is effective, ``None`` in roots and without severity."""

    state: VulnerabilityStatus
    score: Decimal | None
    treatment: TreatmentStatus
    acceptance: AcceptanceStatus | None = None
    verification: VerificationStatus | None
    zero_risk: ZeroRiskStatus | None
    count: int


def _score(text: str, inherited: Severity | None) -> Decimal | None:
    if text == INHERITED:
        return inherited.score if inherited else None
    return None if text == NONE else Decimal(text)


def _cell(dimensions: list[str], count: int, inherited: Severity | None) -> Cell:
    state, *score, treatment, acceptance, verification, zero_risk = dimensions
    return Cell(
        state=VulnerabilityStatus(state),
        score=_score(score[0], inherited) if score else None,
        treatment=TreatmentStatus(treatment),
        acceptance=None if acceptance == NONE else AcceptanceStatus(acceptance),
        verification=None if verification == NONE else VerificationStatus(verification),
        zero_risk=None if zero_risk == NONE else ZeroRiskStatus(zero_risk),
        count=count,
    )


def cells(counts: Mapping[str, int], inherited: Severity | None = None) -> tuple[Cell, ...]:
    """Return the cells of counters; for those of a finding, ``inherited`` is its severity."""
    return tuple(_cell(name.split(DOT), count, inherited) for name, count in counts.items() if count and is_cell(name))


def is_hidden(cell: Cell) -> bool:
    """Return whether the vulnerabilities of the cell are hidden."""
    return cell.zero_risk is ZeroRiskStatus.CONFIRMED


def is_open(cell: Cell) -> bool:
    """Return whether the vulnerabilities of the cell are open."""
    return cell.state is VulnerabilityStatus.VULNERABLE and not is_hidden(cell)


def is_closed(cell: Cell) -> bool:
    """Return whether the vulnerabilities of the cell are closed, and not hidden."""
    return cell.state is VulnerabilityStatus.SAFE and not is_hidden(cell)


def finding_status(counts: Mapping[str, int]) -> FindingStatus:
    """Return the status of a finding that has these counters."""
    found = cells(counts)
    released = {VulnerabilityStatus.VULNERABLE, VulnerabilityStatus.SAFE}
    return status(
        open_count=sum(cell.count for cell in found if is_open(cell)),
        released_count=sum(cell.count for cell in found if cell.state in released),
    )
