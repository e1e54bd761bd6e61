"""Severity of a finding or of one vulnerability (domain section 5)."""

from decimal import Decimal
from enum import StrEnum

import msgspec


class Level(StrEnum):
    """The level of a score: LOW < 4.0 <= MEDIUM < 7.0 <= HIGH < 9.0 <= CRITICAL."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class CvssVersion(StrEnum):
    """The version of a CVSS vector."""

    V2 = "2.0"
    V3_0 = "3.0"
    V3_1 = "3.1"
    V4 = "4.0"


class Severity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Canonical CVSS 4.0 and 3.1 vectors, the score of a tool, and the score that counts (0.0-10.0, one decimal).

    ``tool_vector`` is the canonical vector of any version (2.0 to 4.0) that the tool gave with its score. It is only shown.
    """

    cvss_v4: str | None = None
    cvss_v3: str | None = None
    tool_score: Decimal | None = None
    tool_vector: str | None = None
    score: Decimal
