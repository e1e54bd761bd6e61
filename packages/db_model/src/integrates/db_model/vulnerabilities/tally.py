"""What vulnerabilities add to counters (domain section 7).

A *cell* counts the vulnerabilities that agree in state, score, treatment, acceptance, verification and zero risk. Its name
joins these six dimensions by ``·``; one that is not set is ``NONE``. The score is that of the vulnerability's own severity in
the cells of a finding (``INHERITED`` without one), the effective one in those of a group, and left out in those of a root.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec

from integrates.db_model.entity.counter import minus, plus
from integrates.db_model.roots.facet import REPORTED
from integrates.db_model.severities.rules import level
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.rules import effective_score, is_live, is_open
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityStatus

DOT: Final = "·"
NONE: Final = "NONE"
INHERITED: Final = "INHERITED"
OPENED_EPOCH_SUM: Final = "opened_epoch_sum"
REMEDIATED_COUNT: Final = "remediated_count"
REMEDIATED_SECONDS: Final = "remediated_seconds"
_DIMENSIONS: Final = 6


class Tally(msgspec.Struct, frozen=True):
    """Additions to the counters of one finding, one root and one group."""

    finding: Mapping[str, int] = {}
    root: Mapping[str, int] = {}
    group: Mapping[str, int] = {}


def is_cell(name: str) -> bool:
    """Return whether a number of a counter is a cell, by its name: it has five dimensions in roots and six elsewhere."""
    return name.count(DOT) in {_DIMENSIONS - 2, _DIMENSIONS - 1}


def _score_text(score: Decimal | None) -> str:
    """Return a score as a dimension of a cell."""
    return NONE if score is None else str(score)


def _dimensions(vulnerability: Vulnerability) -> tuple[str, str, str, str, str]:
    treatment, verification, zero_risk = vulnerability.treatment, vulnerability.verification, vulnerability.zero_risk
    return (
        vulnerability.state.status,
        treatment.status,
        treatment.acceptance_status or NONE,
        verification.status if verification else NONE,
        zero_risk.status if zero_risk else NONE,
    )


def is_counted_alike(old: Vulnerability | None, new: Vulnerability) -> bool:
    """Return whether a change leaves all counters as they are."""
    return (
        old is not None
        and _dimensions(old) == _dimensions(new)
        and old.severity == new.severity
        and old.cycle.opened_at == new.cycle.opened_at
    )


def _opened(vulnerability: Vulnerability) -> dict[str, int]:
    opened_at = vulnerability.cycle.opened_at
    if opened_at is None or not is_open(vulnerability):
        return {}
    return {OPENED_EPOCH_SUM: int(opened_at.timestamp())}


@lru_cache(maxsize=1_024)
def _cells(dimensions: tuple[str, ...], own: str, effective: str) -> tuple[str, str, str]:
    """Return the names of the cells of a finding, a root and a group, given all dimensions but the scores."""
    state, *rest = dimensions
    return DOT.join((state, own, *rest)), DOT.join(dimensions), DOT.join((state, effective, *rest))


def counted(vulnerability: Vulnerability | None, finding_severity: Severity | None) -> Tally:
    """Return what one vulnerability adds to the cells and to the sum of opening dates. A removed one adds nothing."""
    if vulnerability is None or not is_live(vulnerability):
        return Tally()
    own = vulnerability.severity
    score = _score_text(effective_score(vulnerability, finding_severity))
    finding, root, group = _cells(_dimensions(vulnerability), score if own else INHERITED, score)
    opened = _opened(vulnerability)
    return Tally({finding: 1, **opened}, {root: 1, **opened}, {group: 1, **opened})


def remediated(old: Vulnerability | None, new: Vulnerability, finding_severity: Severity | None) -> dict[str, int]:
    """Return what a closing adds to the numbers of remediations, by level at that moment. Other changes add nothing."""
    opened_at, closed_at = new.cycle.opened_at, new.cycle.closed_at
    was_open = old is not None and old.state.status is VulnerabilityStatus.VULNERABLE
    if not was_open or new.state.status is not VulnerabilityStatus.SAFE or opened_at is None or closed_at is None:
        return {}
    name = level(effective_score(new, finding_severity) or Decimal(0)).value
    seconds = int((closed_at - opened_at).total_seconds())
    return {f"{REMEDIATED_COUNT}{DOT}{name}": 1, f"{REMEDIATED_SECONDS}{DOT}{name}": seconds}


def difference(old: Vulnerability | None, new: Vulnerability, finding_severity: Severity | None) -> Tally:
    """Return what the change of one vulnerability adds to the counters of its finding, root and group."""
    after = counted(new, finding_severity)
    if old is None:
        return msgspec.structs.replace(after, root={**after.root, REPORTED: 1})
    before = counted(old, finding_severity)
    closed = remediated(old, new, finding_severity)
    return Tally(
        {**minus(after.finding, before.finding), **closed},
        {**minus(after.root, before.root), **closed},
        {**minus(after.group, before.group), **closed},
    )


def moved_scores(finding_cells: Mapping[str, int], old: Severity | None, new: Severity | None) -> dict[str, int]:
    """Return what a new severity of a finding adds to the cells of its group: inheriting vulnerabilities change their score."""
    before, after = (_score_text(severity.score if severity else None) for severity in (old, new))
    moved: dict[str, int] = {}
    for name, number in finding_cells.items() if before != after else ():
        state, _, rest = name.partition(DOT)
        score, _, tail = rest.partition(DOT)
        if score == INHERITED:
            moved = plus(moved, {DOT.join((state, before, tail)): -number, DOT.join((state, after, tail)): number})
    return moved
