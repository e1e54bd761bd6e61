"""Fields of severities."""

from decimal import Decimal
from typing import Final

from integrates.api.resolve.attribute import Shown
from integrates.api.resolve.binding import Binding
from integrates.db_model.severities.rules import cvssf, level
from integrates.db_model.severities.types import Level, Severity


def _level(source: Severity) -> Level:
    return level(source.score)


def _cvssf(source: Severity) -> Decimal:
    return cvssf(source.score)


BINDING: Final = Binding(
    shows={"Severity": Severity},
    fields={"Severity": {"level": Shown(_level), "cvssf": Shown(_cvssf)}},
    enums={"Level": Level},
)
