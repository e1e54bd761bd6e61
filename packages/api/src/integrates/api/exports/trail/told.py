"""What our own JSON tells of a vulnerability."""

from collections.abc import Mapping
from typing import Any

import msgspec

from integrates.api.exports.document import Entry
from integrates.api.exports.piece import date_text, without_none
from integrates.api.exports.root import location_parts, location_text
from integrates.api.past.veil import is_of_draft
from integrates.api.resolve.history import revision_shown
from integrates.db_model.entity.revision import Revision
from integrates.db_model.roots.types import Root
from integrates.db_model.severities.rules import level
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.rules import effective_severity
from integrates.db_model.vulnerabilities.types import Advisory, Treatment, Verification, Vulnerability, ZeroRisk


def vulnerability_told(entry: Entry, root: Root) -> Mapping[str, Any]:
    """Return a vulnerability, the decisions about it, and all revisions since it was released, oldest first."""
    found, finding = entry.vulnerability, entry.finding
    severity = effective_severity(found, finding.severity)
    return without_none(
        {
            "id": found.id,
            "word": entry.word.value,
            "decidedAt": date_text(entry.at),
            "title": finding.description.title,
            "rule": _rule(entry),
            "root": {
                "nickname": root.info.nickname,
                "kind": root.kind.value,
                "location": location_text(root),
                **location_parts(root),
            },
            "location": _location(found),
            "tool": _tool(found),
            "advisory": _advisory(found.advisory) if found.advisory else None,
            "severity": _severity(severity, is_own=found.severity is not None) if severity else None,
            "state": _state(found),
            "treatment": _treatment(found.treatment),
            "zeroRisk": _zero_risk(found.zero_risk) if found.zero_risk else None,
            "verification": _verification(found.verification) if found.verification else None,
            "tags": found.labels.tags or None,
            "revisions": [_revision(one) for one in entry.revisions if not is_of_draft(found, one)],
        }
    )


def _rule(entry: Entry) -> Mapping[str, Any]:
    rule, about = entry.finding.rule, entry.finding.description
    return without_none(
        {
            "findingId": entry.finding.id,
            "tool": rule.tool if rule else None,
            "ruleId": rule.rule_id if rule else None,
            "cweIds": about.cwe_ids or None,
        }
    )


def _location(found: Vulnerability) -> Mapping[str, Any]:
    at = found.location
    return without_none(
        {
            "type": found.type.value,
            "technique": found.technique.value,
            "source": found.source.value,
            "where": at.where,
            "specific": at.specific,
            "commit": at.commit,
        }
    )


def _tool(found: Vulnerability) -> Mapping[str, Any] | None:
    if found.tool is None:
        return None
    said = [without_none(msgspec.to_builtins(one)) for one in found.tool.suppressions]
    return without_none(
        {
            "name": found.tool.name,
            "ruleId": found.tool.rule_id,
            "categories": found.tool.categories,
            "fingerprint": found.tool.fingerprint,
            "suppressions": said or None,
        }
    )


def _advisory(told: Advisory) -> Mapping[str, Any]:
    return without_none(
        {
            "id": told.id,
            "cve": told.cve or None,
            "aliases": told.aliases or None,
            "package": told.package,
            "version": told.vulnerable_version,
            "purl": told.purl,
            "fixedVersion": told.fixed_version,
            "fix": told.fix.value,
            "relation": told.relation.value,
            "use": told.use.value,
        }
    )


def _severity(given: Severity, *, is_own: bool) -> Mapping[str, Any]:
    return without_none(
        {
            "score": float(given.score),
            "level": level(given.score).value,
            "cvssV4": given.cvss_v4,
            "cvssV3": given.cvss_v3,
            "toolScore": None if given.tool_score is None else float(given.tool_score),
            "toolVector": given.tool_vector,
            "isOwn": is_own,
        }
    )


def _state(found: Vulnerability) -> Mapping[str, Any]:
    state, cycle = found.state, found.cycle
    return without_none(
        {
            "status": state.status.value,
            "at": date_text(state.at),
            "by": state.by,
            "closingReason": state.closing_reason,
            "removalJustification": state.justification,
            "comments": state.comments,
            "reportedAt": date_text(cycle.reported_at) if cycle.reported_at else None,
            "openedAt": date_text(cycle.opened_at) if cycle.opened_at else None,
            "closedAt": date_text(cycle.closed_at) if cycle.closed_at else None,
            "cycles": cycle.cycles,
        }
    )


def _treatment(given: Treatment) -> Mapping[str, Any]:
    return without_none(
        {
            "status": given.status.value,
            "acceptanceStatus": given.acceptance_status,
            "acceptedUntil": date_text(given.accepted_until) if given.accepted_until else None,
            "justification": given.justification,
            "assigned": given.assigned,
            "requestedBy": given.requested_by,
            "policyId": given.policy_id,
            "at": date_text(given.at),
            "by": given.by,
        }
    )


def _zero_risk(given: ZeroRisk) -> Mapping[str, Any]:
    return without_none(
        {
            "status": given.status.value,
            "justification": given.justification,
            "vexJustification": given.vex_justification,
            "requestedBy": given.requested_by,
            "at": date_text(given.at),
            "by": given.by,
        }
    )


def _verification(given: Verification) -> Mapping[str, Any]:
    return without_none(
        {
            "status": given.status.value,
            "justification": given.justification,
            "at": date_text(given.at),
            "by": given.by,
        }
    )


def _revision(one: Revision) -> Mapping[str, Any]:
    """Return a revision as the API shows it: the aspects in the names of the model."""
    shown = revision_shown(one)
    return {
        "version": one.version,
        "at": date_text(one.at),
        "by": one.by,
        "operation": one.operation,
        "changeId": one.change_id,
        "aspects": shown.aspects,
    }
