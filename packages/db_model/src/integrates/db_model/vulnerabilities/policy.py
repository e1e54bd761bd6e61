"""What the finding policies of an organization do to vulnerabilities (domain section 3).

The facet of vulnerabilities uses these functions, so that no writer can leave a policy out: whatever is released or reopened
gets the treatment of the policy for its finding in the same transaction, which requires that the policy is as it was read.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.structs import replace

from integrates.db_model.entity import claim
from integrates.db_model.entity.counter import expect_as_read
from integrates.db_model.entity.facet import Beside, Given, Needed, Parent, as_read
from integrates.db_model.entity.plan import Needs, stepwise
from integrates.db_model.errors import ModelError, NotFound
from integrates.db_model.finding_policies.facet import FINDING_POLICY, finding_policy_key, policy_title_key
from integrates.db_model.finding_policies.rules import is_approved
from integrates.db_model.finding_policies.types import FindingPolicy, Task
from integrates.db_model.findings.facet import finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import Check, Key
from integrates.db_model.values.text import MAX_TAGS
from integrates.db_model.vulnerabilities.rules import begins_cycle, is_hidden, is_released
from integrates.db_model.vulnerabilities.types import AcceptanceStatus, Treatment, TreatmentStatus, Vulnerability

ACCEPTED: Final = "A policy of the organization accepts all vulnerabilities of findings with this title."
"""The justification of a treatment that a policy gives."""
WITHDRAWN: Final = "The policy that accepted it was deactivated."
"""The justification of a treatment that ended with a policy."""


def accepted_by(vulnerability: Vulnerability, policy: FindingPolicy, at: datetime) -> Vulnerability:
    """Return a vulnerability as an APPROVED policy wants it: accepted for ever, with the tags of the policy.

    Whoever approved the policy is who accepts. The treatment is at least as late as the approval, so that one of an earlier
    approval can be told. The same object when it is accepted by the policy already, or was never released, or is hidden.
    """
    treatment = vulnerability.treatment
    if treatment.policy_id == policy.id or not is_released(vulnerability) or is_hidden(vulnerability):
        return vulnerability
    accepted = Treatment(
        status=TreatmentStatus.ACCEPTED_UNDEFINED,
        acceptance_status=AcceptanceStatus.APPROVED,
        justification=ACCEPTED,
        assigned=treatment.assigned,
        policy_id=policy.id,
        at=max(at, policy.state.at),
        by=policy.state.by,
    )
    tags = tuple(dict.fromkeys((*vulnerability.labels.tags, *policy.tags)))[:MAX_TAGS]
    return replace(vulnerability, treatment=accepted, labels=replace(vulnerability.labels, tags=tags))


def withdrawn_from(vulnerability: Vulnerability, policy: FindingPolicy, by: str, at: datetime) -> Vulnerability:
    """Return a vulnerability without what a policy gave it: UNTREATED, and without the tags of the policy.

    The same object when it is not accepted by the policy, or by an approval that is in force now.
    """
    treatment = vulnerability.treatment
    if treatment.policy_id != policy.id or (is_approved(policy) and treatment.at >= policy.state.at):
        return vulnerability
    untreated = Treatment(status=TreatmentStatus.UNTREATED, justification=WITHDRAWN, at=at, by=by)
    tags = tuple(each for each in vulnerability.labels.tags if each not in policy.tags)
    return replace(vulnerability, treatment=untreated, labels=replace(vulnerability.labels, tags=tags))


def brought_in_line(vulnerability: Vulnerability, policy: FindingPolicy, task: Task, by: str, at: datetime) -> Vulnerability:
    """Return what a task of applying a policy makes of a vulnerability."""
    match task:
        case Task.APPLY:
            return accepted_by(vulnerability, policy, at)
        case Task.WITHDRAW:
            return withdrawn_from(vulnerability, policy, by, at)


def _is_concerned(old: Vulnerability | None, new: Vulnerability) -> bool:
    return begins_cycle(old, new) and not is_hidden(new)


def _title_key(finding: Finding) -> Key:
    return policy_title_key(finding.organization_id, finding.description.title)


def _policy_needed(finding: Finding, given: Given) -> tuple[Needed, ...]:
    """Return what is still to be read of the policy for a finding: its claim of the title, then the policy."""
    key = _title_key(finding)
    if key not in given.items:
        return (key,)
    holder = claim.holder_of(given.items[key])
    if holder is None or finding_policy_key(holder) in given.known:
        return ()
    return (Parent(facet=FINDING_POLICY, key=finding_policy_key(holder)),)


def _policy_for(finding: Finding, given: Given) -> FindingPolicy | None:
    """Return the policy for a finding, in any state. Raise the error that keeps it from being read."""
    holder = claim.holder_of(given.items[_title_key(finding)])
    if holder is None:
        return None
    found = given.known[finding_policy_key(holder)]
    if isinstance(found, ModelError):
        raise found
    if not isinstance(found, FindingPolicy):
        raise NotFound(FINDING_POLICY.name, holder)
    return found


def policies_needed(findings: Iterable[Finding]) -> Iterator[Needs]:
    """Yield what is to be read of the policies for findings before vulnerabilities of them are released or reopened."""
    return (stepwise(partial(_policy_needed, finding)) for finding in findings)


def given_policy(finding: Finding, given: Given) -> Given:
    """Return what was read of the policy for one finding, out of what was read for many."""
    policy, key = _policy_for(finding, given), _title_key(finding)
    return Given(known={finding_policy_key(policy.id): policy} if policy else {}, items={key: given.items[key]})


def policy_follows(old: Vulnerability | None, new: Vulnerability, given: Given) -> tuple[Needed, ...]:
    """Return what a release or reopening has still to read of the policy for the finding."""
    finding = given.known.get(finding_key(new.finding_id)) if _is_concerned(old, new) else None
    return _policy_needed(finding, given) if isinstance(finding, Finding) else ()


def policy_imposed(old: Vulnerability | None, new: Vulnerability, given: Given, at: datetime) -> Vulnerability:
    """Return the new vulnerability as the policy for its finding wants it, when it is released or reopened."""
    finding = given.known.get(finding_key(new.finding_id)) if _is_concerned(old, new) else None
    policy = _policy_for(finding, given) if isinstance(finding, Finding) else None
    return accepted_by(new, policy, at) if policy and is_approved(policy) else new


def policy_held(old: Vulnerability | None, new: Vulnerability, finding: Finding, given: Given) -> tuple[Beside, ...]:
    """Require, for a release or reopening, that the policy for the finding is as it was read, or that there is still none."""
    if not _is_concerned(old, new):
        return ()
    policy = _policy_for(finding, given)
    if policy:
        return (as_read(finding_policy_key(policy.id), policy),)
    key = _title_key(finding)
    return (Beside(Check(key, expect_as_read(given.items[key]))),)
