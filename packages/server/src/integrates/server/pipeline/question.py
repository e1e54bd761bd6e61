"""What the gate is asked, and what is asked beside it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from integrates.server.client.call import Attachment, Session, change
from integrates.server.client.fault import Fault, Refused
from integrates.server.client.page import nodes
from integrates.server.pipeline import verdict
from integrates.server.pipeline.fact import Facts
from integrates.server.pipeline.file import end_of
from integrates.server.pipeline.verdict import LAX, STRICT, Execution, Outlook, Vulnerability, is_accepted

MAX_LOG: Final = 5 * 1024 * 1024
"""Bytes of the longest log that the service keeps."""
_SOON: Final = timedelta(days=30)
_MISSING: Final = "MISSING_PERMISSION"
MOST: Final = 100
"""Most vulnerabilities that are looked at for what changes soon."""
_ASK: Final = f"""mutation ($groupName: ID!, $id: ID!, $strictness: ForcesStrictness!, $kind: ForcesKind, $rootNickname: String,
    $severityThreshold: Float, $gracePeriod: Int, $gitRepo: String, $gitBranch: String, $gitCommit: String, $gitOrigin: String,
    $log: Upload) {{
  addForcesExecution(groupName: $groupName, id: $id, strictness: $strictness, kind: $kind, rootNickname: $rootNickname,
    severityThreshold: $severityThreshold, gracePeriod: $gracePeriod, gitRepo: $gitRepo, gitBranch: $gitBranch,
    gitCommit: $gitCommit, gitOrigin: $gitOrigin, log: $log) {{
    execution {{ {verdict.SELECTION} }} errors {{ code reason message path }} }}
}}"""
_OF_KIND: Final[Mapping[str, Mapping[str, Any]]] = {
    "ALL": {},
    "STATIC": {"types": ["LINES", "PACKAGES"]},
    "DYNAMIC": {"types": ["INPUTS", "PORTS"]},
}
_LIST: Final = (
    """query ($group: ID!, $filter: VulnerabilityFilter, $first: Int, $after: String) { group(name: $group) {
  vulnerabilities(filter: $filter, first: $first, after: $after) { nodes { """
    + verdict.VULNERABILITY
    + " } pageInfo { hasNextPage endCursor } } } }"
)


class Question(msgspec.Struct, frozen=True):
    """What the gate is asked: see the arguments of ``addForcesExecution``. ``log`` is a text to keep."""

    id: str
    group: str
    root: str | None
    strict: bool
    kind: str
    threshold: float | None
    grace: int | None
    log: Path | None = None


def judged(session: Session, question: Question, facts: Facts) -> Execution:
    """Return the verdict; its id gets the same one again. Raise :class:`Fault` when nothing was decided."""
    given = {
        "groupName": question.group,
        "id": question.id,
        "strictness": STRICT if question.strict else LAX,
        "kind": question.kind,
        "rootNickname": question.root,
        "severityThreshold": question.threshold,
        "gracePeriod": question.grace,
        "gitRepo": facts.repo,
        "gitBranch": facts.branch,
        "gitCommit": facts.commit,
        "gitOrigin": facts.origin,
    }
    known = {name: value for name, value in given.items() if value is not None}
    log = {"log": Attachment(name=question.log.name, content=end_of(question.log, MAX_LOG))} if question.log else {}
    try:
        payload = change(session, _ASK, known, files=log, repeatable=True)
    except Refused as refused:
        raise _explained(refused, question.group) from refused
    if payload["execution"] is None:
        raise Fault("the service has decided nothing")
    return msgspec.convert(payload["execution"], Execution)


def _explained(refused: Refused, group: str) -> Fault:
    """Return the refusal, with what to do about a token of a person, which may do much, but not this."""
    if _MISSING not in refused.reasons:
        return refused
    return Fault(f"only the CI token of {group} may ask the gate: see issueForcesToken, or integrates group token {group}")


def outlook_of(session: Session, question: Question, execution: Execution) -> Outlook:
    """Return what changes by itself within 30 days, counted by the clock of the service."""
    now, grace = execution.execution_date, timedelta(days=execution.grace_period)
    ending = {"treatments": ["ACCEPTED"], "acceptedUntilBefore": _text(now + _SOON)}
    accepted = _listed(session, question, ending) if execution.counts.accepted else ()
    young = {"openedSince": _text(now - grace), "minScore": execution.severity_threshold}
    in_grace = _listed(session, question, young) if execution.counts.in_grace else ()
    dates = [one.opened_at + grace for one in in_grace if one.opened_at and not is_accepted(one, now)]
    in_force = [one for one in accepted if is_accepted(one, now)]
    return Outlook(
        ending=tuple(sorted(in_force, key=lambda one: one.treatment.accepted_until or now)),
        blocks_from=min(dates, default=None),
        are_more=len(accepted) == MOST,
    )


def _listed(session: Session, question: Question, given: Mapping[str, Any]) -> tuple[Vulnerability, ...]:
    root = {"rootNickname": question.root} if question.root else {}
    wanted = {"states": ["VULNERABLE"], **_OF_KIND[question.kind], **root, **given}
    found = nodes(session, _LIST, {"group": question.group, "filter": wanted}, "group", "vulnerabilities", most=MOST)
    return tuple(msgspec.convert(one, Vulnerability) for one in found)


def _text(moment: datetime) -> str:
    return moment.isoformat()
