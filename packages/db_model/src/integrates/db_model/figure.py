"""Figures that derive from counters (domain section 7)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from integrates.db_model.counters import DOT, INHERITED, NONE, OPENED_EPOCH_SUM, REMEDIATED_COUNT, REMEDIATED_SECONDS
from integrates.db_model.findings.rules import status
from integrates.db_model.findings.types import FindingStatus
from integrates.db_model.severities.rules import cvssf, level
from integrates.db_model.severities.types import Level, Severity
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus, ZeroRiskStatus

_DAY: Final = 86_400


class Cell(msgspec.Struct, frozen=True):
    """How many vulnerabilities agree in these six; ``score`` is the effective one, ``None`` where there is none."""

    state: str
    score: Decimal | None
    treatment: str
    acceptance: str
    verification: str
    zero_risk: str
    number: int

    @property
    def is_hidden(self) -> bool:
        """Whether these vulnerabilities are hidden."""
        return self.zero_risk == ZeroRiskStatus.CONFIRMED

    @property
    def is_open(self) -> bool:
        """Whether these vulnerabilities are open."""
        return self.state == VulnerabilityStatus.VULNERABLE and not self.is_hidden


class Share(msgspec.Struct, frozen=True):
    """A part of the open vulnerabilities: its name, how many they are, and their CVSSF (``None`` where scores are unknown)."""

    name: str
    count: int
    cvssf: Decimal | None


class LevelTime(msgspec.Struct, frozen=True):
    """Mean days to remediate at one level; ``None`` when nothing was remediated."""

    level: Level
    days: float | None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a finding, a root or a group. CVSSF sums and scores are ``None`` for roots, days are fractions."""

    open: int
    closed: int
    submitted: int
    rejected: int
    hidden: int
    max_open_score: Decimal | None
    open_cvssf: Decimal | None
    closed_cvssf: Decimal | None
    open_by_level: tuple[Share, ...]
    treatment: tuple[Share, ...]
    verification: tuple[Share, ...]
    zero_risk: tuple[Share, ...]
    mean_open_age_days: float | None
    mean_remediate_days: float | None
    mean_remediate_by_level: tuple[LevelTime, ...]


def _score(text: str, inherited: Severity | None) -> Decimal | None:
    if text == INHERITED:
        return inherited.score if inherited else None
    return None if text == NONE else Decimal(text)


def _cell(name: str, number: int, inherited: Severity | None) -> Cell | None:
    match name.split(DOT):
        case [state, treatment, acceptance, verification, zero_risk]:
            return Cell(state, None, treatment, acceptance, verification, zero_risk, number)
        case [state, score, treatment, acceptance, verification, zero_risk]:
            effective = _score(score, inherited)
            return Cell(state, effective, treatment, acceptance, verification, zero_risk, number)
        case _:
            return None


def cells(counters: Mapping[str, int], inherited: Severity | None = None) -> tuple[Cell, ...]:
    """Read the cells out of counters; ``inherited`` is the severity of the finding they belong to."""
    found = (_cell(name, number, inherited) for name, number in counters.items() if number)
    return tuple(cell for cell in found if cell is not None)


def number_of(found: Iterable[Cell], wanted: Callable[[Cell], bool]) -> int:
    """Count the vulnerabilities of the cells that are wanted."""
    return sum(cell.number for cell in found if wanted(cell))


def _cvssf(found: Iterable[Cell]) -> Decimal:
    return sum((cell.number * cvssf(cell.score) for cell in found if cell.score is not None), Decimal(0))


def _shares(found: Iterable[Cell], name_of: Callable[[Cell], str], *, scored: bool) -> tuple[Share, ...]:
    by_name: dict[str, list[Cell]] = {}
    for cell in found:
        by_name.setdefault(name_of(cell), []).append(cell)
    return tuple(
        Share(name, sum(cell.number for cell in part), _cvssf(part) if scored else None)
        for name, part in sorted(by_name.items())
    )


def _levels(found: Iterable[Cell]) -> tuple[Share, ...]:
    shares = {share.name: share for share in _shares(found, lambda cell: level(cell.score or Decimal(0)), scored=True)}
    return tuple(shares.get(name, Share(name, 0, Decimal(0))) for name in Level)


def _mean_days(counters: Mapping[str, int], levels: Iterable[Level]) -> float | None:
    count = sum(counters.get(f"{REMEDIATED_COUNT}{DOT}{name}", 0) for name in levels)
    seconds = sum(counters.get(f"{REMEDIATED_SECONDS}{DOT}{name}", 0) for name in levels)
    return seconds / count / _DAY if count else None


def figures(counters: Mapping[str, int], now: datetime, *, inherited: Severity | None = None, scored: bool = True) -> Figures:
    """Derive all figures from the counters of a finding, a root (``scored=False``) or a group."""
    every = cells(counters, inherited)
    visible = tuple(cell for cell in every if not cell.is_hidden)
    opened = tuple(cell for cell in every if cell.is_open)
    closed = tuple(cell for cell in visible if cell.state == VulnerabilityStatus.SAFE)
    count = number_of(opened, lambda _: True)
    scores = [cell.score for cell in opened if cell.score is not None]
    age = now.timestamp() - counters.get(OPENED_EPOCH_SUM, 0) / count if count else None
    return Figures(
        open=count,
        closed=number_of(closed, lambda _: True),
        submitted=number_of(visible, lambda cell: cell.state == VulnerabilityStatus.SUBMITTED),
        rejected=number_of(visible, lambda cell: cell.state == VulnerabilityStatus.REJECTED),
        hidden=number_of(every, lambda cell: cell.is_hidden),
        max_open_score=max(scores, default=None),
        open_cvssf=_cvssf(opened) if scored else None,
        closed_cvssf=_cvssf(closed) if scored else None,
        open_by_level=_levels(opened) if scored else (),
        treatment=_shares(opened, lambda cell: cell.treatment, scored=scored),
        verification=_shares(opened, lambda cell: cell.verification, scored=scored),
        zero_risk=_shares(opened, lambda cell: cell.zero_risk, scored=scored),
        mean_open_age_days=None if age is None else age / _DAY,
        mean_remediate_days=_mean_days(counters, Level),
        mean_remediate_by_level=tuple(LevelTime(name, _mean_days(counters, (name,))) for name in Level),
    )


def finding_status(counters: Mapping[str, int]) -> FindingStatus:
    """Derive the status of a finding from its counters."""
    found = cells(counters)
    released = {VulnerabilityStatus.VULNERABLE.value, VulnerabilityStatus.SAFE.value}
    return status(
        open_count=number_of(found, lambda cell: cell.is_open),
        released_count=number_of(found, lambda cell: cell.state in released),
    )
