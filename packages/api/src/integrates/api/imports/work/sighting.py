"""What a result says of a vulnerability, in the model's words."""

from integrates.api.imports.read.observation import Observation
from integrates.api.imports.work.plan import Decision
from integrates.db_model.severities.rules import severity
from integrates.db_model.vulnerabilities.rules import Sighting
from integrates.db_model.vulnerabilities.types import MatchBy, SeriesSuppression, Tool, VulnerabilityLocation

_BY_FINGERPRINT = frozenset({MatchBy.FINGERPRINT, MatchBy.FINGERPRINT_ELSEWHERE})


def _suppressions(seen: Observation) -> tuple[SeriesSuppression, ...]:
    why = seen.suppression
    own = SeriesSuppression(category=seen.category, kind=why.kind, justification=why.justification) if why else None
    return (own, *seen.hushed) if own else seen.hushed


def sighting_of(seen: Observation, decision: Decision) -> Sighting:
    """Return the result as the model's sighting."""
    return Sighting(
        type=seen.location.type,
        technique=seen.technique,
        location=VulnerabilityLocation(
            where=seen.location.where,
            specific=seen.location.specific,
            commit=seen.commit,
            snippet=seen.snippet,
            detail=seen.detail,
        ),
        tool=Tool(
            name=seen.rule.tool,
            categories=(seen.category, *seen.also),
            rule_id=seen.rule.rule_id,
            fingerprint=seen.fingerprint,
            mark=seen.mark,
            suppressions=_suppressions(seen),
        ),
        advisory=seen.advisory,
        severity=severity(tool_score=seen.own_score, tool_vector=seen.own_vector),
        is_crowded=decision.is_crowded,
        by_fingerprint=decision.by in _BY_FINGERPRINT,
    )
