"""How each format says what others are told about a vulnerability: the table of domain section 21, as data.

The names of the values are those of CycloneDX 1.6 (``impactAnalysisState``, ``impactAnalysisJustification`` and the responses),
OpenVEX 0.2.0, CSAF 2.0 and SARIF 2.1.0.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from integrates.db_model.vulnerabilities.types import Fix, VexJustification, Vulnerability
from integrates.db_model.vulnerabilities.word import Word, reason_of


class Expression(Struct, frozen=True, kw_only=True):
    """One row of the table: what the formats call it.

    ``cyclonedx`` is ``analysis.state``, ``response`` an ``analysis.response``, ``openvex`` the status, ``csaf`` the list of
    ``product_status``, ``remediation`` the category of the remediation in CSAF. ``fixing`` stand in place of ``response`` and
    ``remediation`` when a fix of the package is available. ``sarif`` is the status of the suppression, ``None`` where the
    result is not suppressed; ``is_result`` tells whether SARIF has a result at all.
    """

    cyclonedx: str
    response: str | None = None
    openvex: str
    csaf: str
    remediation: str | None = None
    fixing: tuple[str, str] | None = None
    sarif: str | None = None
    is_result: bool = True


_FALSE_POSITIVE: Final = Expression(
    cyclonedx="false_positive", openvex="not_affected", csaf="known_not_affected", sarif="accepted"
)
_ZERO_RISK: Final = Expression(cyclonedx="not_affected", openvex="not_affected", csaf="known_not_affected", sarif="accepted")
_FIXED: Final = Expression(cyclonedx="resolved", openvex="fixed", csaf="fixed", is_result=False)
_REQUESTED: Final = Expression(
    cyclonedx="in_triage", openvex="under_investigation", csaf="under_investigation", sarif="underReview"
)
_ACCEPTED_FOREVER: Final = Expression(
    cyclonedx="exploitable",
    response="will_not_fix",
    openvex="affected",
    csaf="known_affected",
    remediation="no_fix_planned",
    sarif="accepted",
)
_ACCEPTED: Final = Expression(
    cyclonedx="exploitable",
    response="will_not_fix",
    openvex="affected",
    csaf="known_affected",
    remediation="none_available",
    sarif="accepted",
)
_IN_PROGRESS: Final = Expression(
    cyclonedx="exploitable",
    openvex="affected",
    csaf="known_affected",
    remediation="none_available",
    fixing=("update", "vendor_fix"),
)
_UNDECIDED: Final = Expression(cyclonedx="in_triage", openvex="under_investigation", csaf="under_investigation")

EXPRESSIONS: Final[Mapping[Word, Expression]] = {
    Word.FALSE_POSITIVE: _FALSE_POSITIVE,
    Word.ZERO_RISK: _ZERO_RISK,
    Word.FIXED: _FIXED,
    Word.ZERO_RISK_REQUESTED: _REQUESTED,
    Word.ACCEPTED_FOREVER: _ACCEPTED_FOREVER,
    Word.ACCEPTED: _ACCEPTED,
    Word.ACCEPTANCE_REQUESTED: _REQUESTED,
    Word.IN_PROGRESS: _IN_PROGRESS,
    Word.UNDECIDED: _UNDECIDED,
}
"""Each word as the formats say it."""

WRITTEN_JUSTIFICATIONS: Final[Mapping[VexJustification, str]] = {
    VexJustification.COMPONENT_NOT_PRESENT: "requires_dependency",
    VexJustification.VULNERABLE_CODE_NOT_PRESENT: "code_not_present",
    VexJustification.VULNERABLE_CODE_NOT_IN_EXECUTE_PATH: "code_not_reachable",
    VexJustification.VULNERABLE_CODE_CANNOT_BE_CONTROLLED_BY_ADVERSARY: "requires_environment",
    VexJustification.INLINE_MITIGATIONS_ALREADY_EXIST: "protected_by_mitigating_control",
}
"""Each justification as CycloneDX says it. OpenVEX and the flags of CSAF have the same word in lower case."""

READ_JUSTIFICATIONS: Final[Mapping[str, VexJustification]] = {
    **{text: one for one, text in WRITTEN_JUSTIFICATIONS.items()},
    "requires_configuration": VexJustification.VULNERABLE_CODE_CANNOT_BE_CONTROLLED_BY_ADVERSARY,
    "protected_by_compiler": VexJustification.INLINE_MITIGATIONS_ALREADY_EXIST,
    "protected_at_runtime": VexJustification.INLINE_MITIGATIONS_ALREADY_EXIST,
    "protected_at_perimeter": VexJustification.INLINE_MITIGATIONS_ALREADY_EXIST,
}
"""What each justification of CycloneDX means here: those that are written, and others."""

FALSE_POSITIVE: Final = "It was reported by mistake: a false positive."
"""What is said of what was removed as that."""
UNEXPLAINED: Final = "No reason is given."
"""What is said where a format needs a reason, and there is none."""

_STRENGTH: Final[Mapping[str, int]] = {
    "exploitable": 3,
    "in_triage": 2,
    "not_affected": 1,
    "false_positive": 1,
    "resolved": 0,
}
"""By the state in CycloneDX: what is said of a package of which several vulnerabilities have different words."""


def strongest(words: Iterable[Word]) -> Word:
    """Return the word that stands for several: the worst one, of equally bad ones the upper one of the table."""
    order = tuple(Word)
    return min(words, key=lambda word: (-_STRENGTH[EXPRESSIONS[word].cyclonedx], order.index(word)))


def response_of(word: Word, fix: Fix) -> str | None:
    """Return the ``response`` of CycloneDX."""
    row = EXPRESSIONS[word]
    return row.fixing[0] if row.fixing and fix is Fix.AVAILABLE else row.response


def remediation_of(word: Word, fix: Fix) -> str | None:
    """Return the category of the remediation in CSAF."""
    row = EXPRESSIONS[word]
    return row.fixing[1] if row.fixing and fix is Fix.AVAILABLE else row.remediation


def justification_of(vulnerability: Vulnerability, word: Word) -> VexJustification | None:
    """Return why a hidden vulnerability does no harm, in the words of the formats, where a person chose one of them."""
    claim = vulnerability.zero_risk
    return claim.vex_justification if word is Word.ZERO_RISK and claim is not None else None


def impact_of(vulnerability: Vulnerability, word: Word) -> str | None:
    """Return the ``impact_statement`` of what is not affected and has no justification; ``None`` for all else.

    It is what the person wrote who confirmed the zero risk.
    """
    if word is Word.FALSE_POSITIVE:
        return FALSE_POSITIVE
    if word is not Word.ZERO_RISK or justification_of(vulnerability, word) is not None:
        return None
    return reason_of(vulnerability, word) or UNEXPLAINED


def action_of(vulnerability: Vulnerability, word: Word) -> str | None:
    """Return the ``action_statement`` of OpenVEX, which what is affected always has; ``None`` for all other words."""
    reason = reason_of(vulnerability, word) or UNEXPLAINED
    match word:
        case Word.ACCEPTED_FOREVER:
            return f"Accepted permanently: {reason}"
        case Word.ACCEPTED:
            return f"Accepted until {_until(vulnerability.treatment.accepted_until)}: {reason}"
        case Word.IN_PROGRESS:
            return "Being fixed."
        case _:
            return None


def _until(date: datetime | None) -> str:
    return f"{date:%Y-%m-%dT%H:%M:%SZ}" if date else "further notice"
