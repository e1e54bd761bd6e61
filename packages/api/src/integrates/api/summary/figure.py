"""Figures as a caller may see them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

import msgspec

from integrates.api.authorization.visibility import READ_DRAFTS, READ_HIDDEN
from integrates.db_model.indicators.figure import Figures, figures
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.types import ZeroRiskStatus


class Summary(Figures, frozen=True, kw_only=True):
    """What is shown of a group, root or finding; ``None`` is what the caller may not read, or what is not known there.

    ``group_name`` is set where open findings and the last closing are figures as well.
    """

    group_name: str | None = None


def _shown(found: Figures, permissions: AbstractSet[str]) -> Figures:
    """Withhold the numbers of drafts and of hidden vulnerabilities from those who may not read these."""
    drafts = {} if READ_DRAFTS in permissions else {"submitted": None, "rejected": None}
    shares = tuple(share for share in found.zero_risk if share.name != ZeroRiskStatus.CONFIRMED)
    hidden = {} if READ_HIDDEN in permissions else {"hidden": None, "zero_risk": shares}
    return msgspec.structs.replace(found, **drafts, **hidden)


def summary(
    counts: Mapping[str, int],
    permissions: AbstractSet[str],
    now: datetime,
    *,
    inherited: Severity | None = None,
    scored: bool = True,
    group_name: str | None = None,
) -> Summary:
    """Derive the figures that a caller with those permissions may see."""
    found = _shown(figures(counts, now, inherited=inherited, scored=scored), permissions)
    return Summary(**msgspec.structs.asdict(found), group_name=group_name)
