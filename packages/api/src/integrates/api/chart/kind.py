"""The charts that there are: data."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class ChartName(StrEnum):
    """The name of a chart, as the schema and addresses write it."""

    OPEN_BY_LEVEL = "openByLevel"
    CVSSF_OVER_TIME = "cvssfOverTime"
    MEAN_TIME_TO_REMEDIATE = "meanTimeToRemediate"
    TREATMENT_MIX = "treatmentMix"
    OPENED_CLOSED = "openedClosed"
    AGE_DISTRIBUTION = "ageDistribution"
    TOP_FINDINGS = "topFindings"
    TOP_ROOTS = "topRoots"


class ChartKind(StrEnum):
    """How a chart is drawn."""

    BARS = "BARS"
    LINE = "LINE"
    STACKED_AREA = "STACKED_AREA"
    STACKED_BARS = "STACKED_BARS"


class ChartStep(StrEnum):
    """What one point of a curve stands for."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


class Outline(msgspec.Struct, frozen=True):
    """What a chart is called, what its numbers are, and how it is drawn."""

    title: str
    unit: str
    kind: ChartKind


CHARTS: Final[Mapping[ChartName, Outline]] = {
    ChartName.OPEN_BY_LEVEL: Outline("Open vulnerabilities by level", "vulnerabilities", ChartKind.STACKED_AREA),
    ChartName.CVSSF_OVER_TIME: Outline("Open exposure by level", "CVSSF", ChartKind.STACKED_AREA),
    ChartName.MEAN_TIME_TO_REMEDIATE: Outline("Mean time to remediate", "days", ChartKind.LINE),
    ChartName.TREATMENT_MIX: Outline("Open vulnerabilities by treatment", "vulnerabilities", ChartKind.STACKED_AREA),
    ChartName.OPENED_CLOSED: Outline("Opened and closed vulnerabilities", "vulnerabilities", ChartKind.BARS),
    ChartName.AGE_DISTRIBUTION: Outline("Open vulnerabilities by age", "vulnerabilities", ChartKind.STACKED_BARS),
    ChartName.TOP_FINDINGS: Outline("Findings with the largest open exposure", "CVSSF", ChartKind.BARS),
    ChartName.TOP_ROOTS: Outline("Roots with the largest open exposure", "CVSSF", ChartKind.BARS),
}
"""Every chart, in the order in which they are shown."""
