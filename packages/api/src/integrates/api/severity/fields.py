"""Fields of severities."""

from decimal import Decimal
from typing import Final

from integrates.api.context import Info
from integrates.api.resolve.binding import Binding
from integrates.db_model.severities.rules import cvssf, level
from integrates.db_model.severities.types import Level, Severity


def _level(source: Severity, _info: Info) -> Level:
    return level(source.score)


def _cvssf(source: Severity, _info: Info) -> Decimal:
    return cvssf(source.score)


BINDING: Final = Binding(
    shows={"Severity": Severity},
    fields={"Severity": {"level": _level, "cvssf": _cvssf}},
    enums={"Level": Level},
)
