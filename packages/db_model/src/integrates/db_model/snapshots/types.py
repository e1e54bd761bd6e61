"""What a snapshot tells."""

from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from integrates.db_model.severities.types import Level
from integrates.db_model.vulnerabilities.types import TreatmentStatus

AGES: Final = (7, 30, 90, 180, 365)
"""The last whole day of each age but the oldest, which has none: 0-7, 8-30, 31-90, 91-180, 181-365 days, over 365."""
NO_AGES: Final = (0,) * (len(AGES) + 1)
TOP: Final = 10
"""How many findings and roots of a group a snapshot names."""


class SnapshotLevel(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one level of the score; ``level`` is ``None`` for what has no severity.

    ``ages`` are the open ones by :data:`AGES`. The remediated numbers are of all closings until then, at the level of the score
    at the closing.
    """

    level: Level | None
    open: int = 0
    cvssf: Decimal = Decimal(0)
    ages: tuple[int, ...] = NO_AGES
    remediated_count: int = 0
    remediated_seconds: int = 0


class SnapshotTreatment(msgspec.Struct, frozen=True, kw_only=True):
    """How many open vulnerabilities have a treatment."""

    status: TreatmentStatus
    open: int = 0


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """The open CVSSF below a finding or a root, by its id."""

    id: str
    cvssf: Decimal


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a group as of the end of a day: at 00:00 UTC of the next one, changes of that moment included.

    ``open``, ``safe`` and ``hidden`` count vulnerabilities, a hidden one as nothing else; ``cvssf`` is the sum over the open
    ones. ``levels`` has a row for each level, the worst first, and one for no level where that has any. ``opened`` and
    ``closed`` count how often vulnerabilities became VULNERABLE and SAFE in the course of the day. ``top_findings`` and
    ``top_roots`` are those with the largest open CVSSF, at most :data:`TOP`, the largest first.
    """

    open: int
    hidden: int
    safe: int
    cvssf: Decimal
    levels: tuple[SnapshotLevel, ...]
    treatments: tuple[SnapshotTreatment, ...]
    opened: int = 0
    closed: int = 0
    top_findings: tuple[Exposure, ...] = ()
    top_roots: tuple[Exposure, ...] = ()


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a group at the end of a day. ``version`` is that of the item, 0 before it is stored."""

    group_name: str
    day: date
    figures: DayFigures
    version: int = 0
