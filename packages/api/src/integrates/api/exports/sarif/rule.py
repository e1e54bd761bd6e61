"""Rules: what SARIF says of a finding."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from integrates.api.exports.rule import OURS
from integrates.db_model.findings.types import Finding
from integrates.db_model.severities.types import Severity

_DEFAULT: Final = "warning"
_LEVELS: Final = ((Decimal("7.0"), "error"), (Decimal("4.0"), "warning"), (Decimal("0.1"), "note"), (Decimal("0.0"), "none"))


def present(**members: Any) -> dict[str, Any]:
    """Return the members that say something: neither ``None``, nor an empty text, list or object."""
    return {name: value for name, value in members.items() if value is not None and value not in ("", [], {}, ())}


def level_of(score: Decimal | None) -> str:
    """Return the level of SARIF that stands for a score, its own default for none."""
    return _DEFAULT if score is None else next(name for lowest, name in _LEVELS if score >= lowest)


def tool_vector_of(severity: Severity | None) -> str | None:
    """Return the vector that the tool gave, as long as its score is the one that counts."""
    is_scored_by_it = severity is not None and severity.tool_score == severity.score
    return severity.tool_vector if severity is not None and is_scored_by_it else None


def descriptor_of(rule_id: str, finding: Finding) -> Mapping[str, Any]:
    """Return the ``reportingDescriptor`` of a rule: the texts, the classes and the score of its finding."""
    about, severity = finding.description, finding.severity
    score = severity.score if severity else None
    return present(
        id=rule_id,
        shortDescription={"text": about.title},
        fullDescription=present(text=about.description),
        help=present(text=about.recommendation),
        defaultConfiguration={"level": level_of(score)},
        properties=present(
            **{
                "security-severity": None if score is None else str(score),
                "tags": ["security", *(f"external/cwe/cwe-{one.removeprefix('CWE-'):0>3}" for one in about.cwe_ids)],
                OURS: present(finding=finding.id, toolVector=tool_vector_of(severity)),
            }
        ),
    )
