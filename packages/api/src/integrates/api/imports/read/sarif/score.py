"""Scores of rules and results (domain section 8, row *severity*)."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from integrates.api.imports.read.sarif.document import Descriptor, Result, Score

_DEFAULT_LEVEL: Final = "warning"
_OF_LEVEL: Final[Mapping[str, Decimal]] = {
    "error": Decimal("7.0"),
    "warning": Decimal("5.0"),
    "note": Decimal("2.0"),
    "none": Decimal("0.0"),
}
_NUMBER: Final = re.compile(r"[0-9]{1,2}(\.[0-9]{1,30})?")
_MAX_NUMBER: Final = 64
_HIGHEST: Final = Decimal(10)


def rule_score(rule: Descriptor | None) -> Decimal:
    """Return the score of the rule's ``security-severity``, else of its level."""
    own = _score(rule.properties.security_severity) if rule and rule.properties else None
    return own if own is not None else _OF_LEVEL[_level(rule)]


def own_score(result: Result, rule: Descriptor | None, inherited: Decimal) -> Decimal | None:
    """Return the score that the result itself gives, when it is another than that of its rule.

    A level says less than a rule's ``security-severity``, and does not replace it.
    """
    own = _score(result.properties.security_severity) if result.properties else None
    is_scored = rule is not None and rule.properties is not None and _score(rule.properties.security_severity) is not None
    if own is None and not is_scored:
        own = _OF_LEVEL.get(result.level or "")
    return own if own != inherited else None


def _level(rule: Descriptor | None) -> str:
    configured = rule.default_configuration.level if rule and rule.default_configuration else None
    return configured if configured is not None and configured in _OF_LEVEL else _DEFAULT_LEVEL


def _score(given: Score | None) -> Decimal | None:
    """Return 0.0-10.0, rounded half up to one decimal; anything else a tool may write there counts as not given."""
    text = str(given)[:_MAX_NUMBER].strip()
    if given is None or not _NUMBER.fullmatch(text) or Decimal(text) > _HIGHEST:
        return None
    return Decimal(text).quantize(Decimal("0.1"), ROUND_HALF_UP)
