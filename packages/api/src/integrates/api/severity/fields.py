"""Fields of severities."""

from decimal import Decimal
from typing import Final

from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.db_model.severities.rules import cvssf, level
from integrates.db_model.severities.types import Level, Severity


def _level(source: Severity, _info: Info) -> Level:
    return level(source.score)


def _cvssf(source: Severity, _info: Info) -> Decimal:
    return cvssf(source.score)


FIELDS: Final[Fields] = {
    "Severity": {"cvssV4": "cvss_v4", "cvssV3": "cvss_v3", "level": _level, "cvssf": _cvssf},
}
