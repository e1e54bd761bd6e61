"""Figures of a group, root or finding from its counters (domain section 7). Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from integrates.db_model.indicators.cell import Cell, cells, is_closed, is_hidden, is_open
from integrates.db_model.severities.rules import cvssf, level
from integrates.db_model.severities.types import Level, Severity
from integrates.db_model.vulnerabilities.tally import DOT, OPENED_EPOCH_SUM, REMEDIATED_COUNT, REMEDIATED_SECONDS
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    TreatmentStatus,
    VerificationStatus,
    VulnerabilityStatus,
    ZeroRiskStatus,
)

_DAY: Final = 86_400
_ZERO: Final = Decimal(0)


class Share(msgspec.Struct, frozen=True):
    """The number of vulnerabilities under one name, and their exposure, which roots do not have."""

    name: str
    count: int
    cvssf: Decimal | None


class RemediationTime(msgspec.Struct, frozen=True):
    """The mean number of days that closing took, for one level."""

    level: Level
    days: float | None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a group, root or finding. Days are fractions; scores and CVSSF are ``None`` in roots.

    ``submitted``, ``rejected`` and ``hidden`` are ``None`` when the reader may not see them.
    """

    open: int
    closed: int
    submitted: int | None
    rejected: int | None
    hidden: int | None
    max_open_score: Decimal | None
    open_cvssf: Decimal | None
    closed_cvssf: Decimal | None
    open_by_level: tuple[Share, ...]
    treatment: tuple[Share, ...]
    acceptance: tuple[Share, ...]
    verification: tuple[Share, ...]
    zero_risk: tuple[Share, ...]
    mean_open_age_days: float | None
    mean_remediate_days: float | None
    mean_remediate_by_level: tuple[RemediationTime, ...]


def _count(found: Iterable[Cell]) -> int:
    return sum(cell.count for cell in found)


def _exposure(found: Iterable[Cell]) -> Decimal:
    return sum((cvssf(cell.score) * cell.count for cell in found if cell.score is not None), _ZERO)


def _shares(
    names: Iterable[StrEnum], found: Sequence[Cell], name_of: Callable[[Cell], StrEnum | None], *, scored: bool
) -> tuple[Share, ...]:
    by_name = {name: [cell for cell in found if name_of(cell) is name] for name in names}
    return tuple(Share(name.value, _count(own), _exposure(own) if scored else None) for name, own in by_name.items())


def _level_of(cell: Cell) -> Level | None:
    return None if cell.score is None else level(cell.score)


def _mean_open_age(counts: Mapping[str, int], number: int, now: datetime) -> float | None:
    return (now.timestamp() - counts.get(OPENED_EPOCH_SUM, 0) / number) / _DAY if number else None


def _mean_days(counts: Mapping[str, int], levels: Iterable[Level]) -> float | None:
    names = [name.value for name in levels]
    number = sum(counts.get(f"{REMEDIATED_COUNT}{DOT}{name}", 0) for name in names)
    seconds = sum(counts.get(f"{REMEDIATED_SECONDS}{DOT}{name}", 0) for name in names)
    return seconds / number / _DAY if number else None


def _in_state(found: Iterable[Cell], state: VulnerabilityStatus) -> int:
    return _count(cell for cell in found if cell.state is state)


def figures(counts: Mapping[str, int], now: datetime, *, inherited: Severity | None = None, scored: bool = True) -> Figures:
    """Return all figures that follow from counters.

    ``inherited`` is the severity of the finding whose counters these are. The counters of a root are not ``scored``.
    """
    found = cells(counts, inherited)
    opened, closed = tuple(filter(is_open, found)), tuple(filter(is_closed, found))
    vulnerable = tuple(cell for cell in found if cell.state is VulnerabilityStatus.VULNERABLE)
    scores = [cell.score for cell in opened if cell.score is not None]
    return Figures(
        open=_count(opened),
        closed=_count(closed),
        submitted=_in_state(found, VulnerabilityStatus.SUBMITTED),
        rejected=_in_state(found, VulnerabilityStatus.REJECTED),
        hidden=_count(filter(is_hidden, found)),
        max_open_score=max(scores, default=None),
        open_cvssf=_exposure(opened) if scored else None,
        closed_cvssf=_exposure(closed) if scored else None,
        open_by_level=_shares(Level, opened, _level_of, scored=True) if scored else (),
        treatment=_shares(TreatmentStatus, opened, lambda cell: cell.treatment, scored=scored),
        acceptance=_shares(AcceptanceStatus, opened, lambda cell: cell.acceptance, scored=scored),
        verification=_shares(VerificationStatus, opened, lambda cell: cell.verification, scored=scored),
        zero_risk=_shares(ZeroRiskStatus, vulnerable, lambda cell: cell.zero_risk, scored=scored),
        mean_open_age_days=_mean_open_age(counts, _count(opened), now),
        mean_remediate_days=_mean_days(counts, Level),
        mean_remediate_by_level=tuple(RemediationTime(name, _mean_days(counts, (name,))) for name in Level),
    )
