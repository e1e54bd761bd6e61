"""The reader of what people suppressed, in SARIF."""

from integrates.api.decision_import.read.statement import WORDS, Decisions, OfPlace, Statement
from integrates.api.imports.read.observation import Observation
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.sarif import reader
from integrates.db_model.decision_imports.decision import Saying
from integrates.db_model.decision_imports.types import DecisionFormat, SuppressionsAs
from integrates.db_model.vulnerabilities.types import Suppression
from integrates.db_model.vulnerabilities.word import Word

_SAYINGS = {SuppressionsAs.ACCEPTANCE: Saying.ACCEPTED_FOREVER, SuppressionsAs.ZERO_RISK: Saying.NOT_AFFECTED}
_SUPPRESSED = frozenset({Word.ACCEPTED, Word.ACCEPTED_FOREVER, Word.FALSE_POSITIVE, Word.ZERO_RISK})
"""What results are suppressed for, whatever it is called."""


def read(content: bytes, suppressions_as: SuppressionsAs) -> Decisions:
    """Read the results that are suppressed for good. Raise ``TooLarge`` and ``BadFile``."""
    scan = reader.read(content, Options(with_roots=True))
    says = _SAYINGS[suppressions_as]
    statements = tuple(_statement(one, one.suppression, says) for one in scan.observations if one.suppression)
    tools = dict.fromkeys(one.rule.tool for one in scan.observations if one.suppression)
    return Decisions(
        format=DecisionFormat.SARIF,
        author=", ".join(tools),
        statements=statements,
        names_roots=bool(scan.observations) and all(one.root is not None for one in scan.observations),
    )


def _statement(one: Observation, why: Suppression, says: Saying) -> Statement:
    return Statement(
        pointer=one.pointer,
        name=one.rule.rule_id,
        at=None,
        says=says,
        words=WORDS[says] | _SUPPRESSED,
        text=why.justification or f"suppressed ({why.kind})",
        about=OfPlace(
            root=one.root,
            tool=one.rule.tool,
            rule_id=one.rule.rule_id,
            fingerprints=frozenset(each.text for each in one.fingerprints),
            type=one.location.type,
            where=one.location.where,
            specific=one.location.specific,
        ),
    )
