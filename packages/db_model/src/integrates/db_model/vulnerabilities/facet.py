"""How vulnerabilities are stored and listed, and what changes with them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from integrates.db_model.entity.facet import Audit, Beside, Facet, Given, Needed, Parent, Unique, Variable, as_read, key_of
from integrates.db_model.entity.revision import revision_key
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.events.facet import holds, within_unsolved_event
from integrates.db_model.findings.facet import finding_key, finding_shard, within_finding
from integrates.db_model.findings.rules import frees_claim
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import group_shard, of_organization, within_group
from integrates.db_model.roots.facet import root_counters_key, within_root
from integrates.db_model.roots.rules import is_active, outside_root
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import ANYTHING, Add, Check, Key, Version
from integrates.db_model.values.instant import instant_text
from integrates.db_model.vulnerabilities.check import whole
from integrates.db_model.vulnerabilities.environment import environment_follows, environment_held
from integrates.db_model.vulnerabilities.hold import event_of
from integrates.db_model.vulnerabilities.identity import first_identity
from integrates.db_model.vulnerabilities.policy import policy_follows, policy_held, policy_imposed
from integrates.db_model.vulnerabilities.rules import begins_cycle, is_first_release, is_hidden, is_live, is_vulnerable
from integrates.db_model.vulnerabilities.tally import difference, is_counted_alike
from integrates.db_model.vulnerabilities.types import TreatmentStatus, Vulnerability, VulnerabilityStatus


@lru_cache(maxsize=4_096)
def vulnerability_key(vulnerability_id: str) -> Key:
    """Return the key of a vulnerability."""
    return key_of("vulnerability", {"id": vulnerability_id})


def hidden_mark(*, hidden: bool) -> str:
    """Return the value in index keys that lists hidden vulnerabilities apart from the others."""
    return "1" if hidden else "0"


def _date(vulnerability: Vulnerability) -> datetime:
    """Return the date that orders lists by state: of opening or closing, which a change of the treatment leaves alone."""
    match vulnerability.state.status:
        case VulnerabilityStatus.VULNERABLE:
            return vulnerability.cycle.opened_at or vulnerability.state.at
        case VulnerabilityStatus.SAFE:
            return vulnerability.cycle.closed_at or vulnerability.state.at
        case _:
            return vulnerability.state.at


def _accepted_until(vulnerability: Vulnerability) -> str | None:
    until, accepted = vulnerability.treatment.accepted_until, vulnerability.treatment.status is TreatmentStatus.ACCEPTED
    return instant_text(until) if until and accepted and is_vulnerable(vulnerability) else None


def keeps_claim(vulnerability: Vulnerability) -> bool:
    """Return whether the vulnerability claims its identity, which only some reasons of removal free.

    A removed one that keeps it gives it up when a person reports its place again.
    """
    return is_live(vulnerability) or vulnerability.state.keeps_claim


@lru_cache(maxsize=4_096)
def path_digest(where: str) -> str:
    """Return what stands for ``where`` in the list of a root by path: the first 16 hex digits of its SHA-256."""
    return sha256(where.encode()).hexdigest()[:16]


_VARIABLES: Final[Mapping[str, Variable]] = {
    "root_id": lambda one: one.root_id if keeps_claim(one) else None,
    "path": lambda one: path_digest(one.location.where),
    "group_name": lambda one: one.group_name if is_live(one) else None,
    "hidden": lambda one: hidden_mark(hidden=is_hidden(one)) if is_live(one) else None,
    "state": lambda one: one.state.status.value,
    "date": lambda one: instant_text(_date(one)),
    "assigned": lambda one: one.treatment.assigned,
    "event_id": event_of,
    "accepted_until": _accepted_until,
}
"""A removed vulnerability stays in the list of its finding and, where its claim is kept, in that of its root by path."""


def _derived(old: Vulnerability | None, new: Vulnerability) -> Vulnerability:
    """Give a new vulnerability the identity made of its fingerprint or location, which never changes afterwards.

    One that is removed keeps its claim when the justification says so.
    """
    if old is None:
        return replace(new, identity=first_identity(new))
    why = new.state.justification
    if why is None or not is_live(old) or is_live(new):
        return new
    return replace(new, state=replace(new.state, keeps_claim=not frees_claim(why)))


def _unique(vulnerability: Vulnerability) -> tuple[Unique, ...]:
    if not keeps_claim(vulnerability):
        return ()
    return (Unique("vulnerability_identity", (vulnerability.identity,), Reason.PLACE_REPORTED, ("where",)),)


def _needs_root(old: Vulnerability | None, new: Vulnerability) -> bool:
    """Return whether a change needs an ACTIVE root: reporting and reopening do."""
    return old is None or (old.state.status is VulnerabilityStatus.SAFE and begins_cycle(old, new))


def _within(old: Vulnerability | None, new: Vulnerability) -> tuple[Parent, ...]:
    """Return the parents: group and finding for a change of what is counted, the root when a cycle begins, a holding event."""

    def same_group(finding: Finding) -> Iterator[Rejected]:
        if finding.group_name != new.group_name:
            yield Rejected(Reason.WRONG_PARENT, ("finding_id",))

    def usable(root: Root) -> Iterator[Rejected]:
        if root.group_name != new.group_name:
            yield Rejected(Reason.WRONG_PARENT, ("root_id",))
        if not is_active(root):
            yield Rejected(Reason.INACTIVE_ROOT, ("root_id",))
        yield from outside_root(root, new.type, new.location.where)

    held, before = event_of(new), event_of(old)
    event = (within_unsolved_event(held, new.group_name),) if held and held != before else ()
    if is_counted_alike(old, new):
        return event
    root = (within_root(new.root_id, usable),) if _needs_root(old, new) else ()
    return (
        within_group(new.group_name, of_organization(new.organization_id)),
        within_finding(new.finding_id, new.root_id, judge=same_group),
        *root,
        *event,
    )


def _follows(old: Vulnerability | None, new: Vulnerability, given: Given) -> tuple[Needed, ...]:
    return (*policy_follows(old, new, given), *environment_follows(old, new, given))


def _first_release(old: Vulnerability | None, new: Vulnerability, finding: Finding) -> tuple[Beside, ...]:
    """Require that the transaction of the first release of a finding also records it in the finding.

    Two checks say so: the finding is at the version that was read, and its next revision exists. A put of the finding in the
    same transaction meets both. Nothing else does, because any other change of the finding leaves the version that was read.
    """
    if not is_first_release(old, new, finding):
        return ()
    key, recorded = finding_key(finding.id), finding.version + 1
    return (
        as_read(key, finding),
        Beside(Check(revision_key(key, recorded), Version(recorded)), Rejected(Reason.INCONSISTENT, ("release",))),
    )


def _held(old: Vulnerability | None, new: Vulnerability) -> Iterator[Beside]:
    """Count the vulnerability at the event that holds it, and no longer at the one that held it."""
    before, after = event_of(old), event_of(new)
    if before and before != after:
        yield holds(before, by=-1)
    if after and before != after:
        yield holds(after, by=1)


def _counted(old: Vulnerability | None, new: Vulnerability, given: Given, stamp: Stamp) -> tuple[Beside, ...]:
    if is_counted_alike(old, new):
        return tuple(_held(old, new))
    finding = given.known[finding_key(new.finding_id)]
    tally = difference(old, new, finding.severity)
    numbers = (
        (finding_shard(new.finding_id, new.root_id), tally.finding),
        (root_counters_key(new.root_id), tally.root),
        (group_shard(new.group_name, stamp), tally.group),
    )
    counted = (Beside(Add(key, added, {}, ANYTHING)) for key, added in numbers if added)
    imposed = (*policy_held(old, new, finding, given), *environment_held(old, new, given))
    return (*counted, *_held(old, new), *_first_release(old, new, finding), *imposed)


VULNERABILITY: Final[Facet[Vulnerability]] = Facet(
    name="vulnerability",
    type=Vulnerability,
    audit=lambda vulnerability: Audit(group=vulnerability.group_name),
    is_live=is_live,
    variables=_VARIABLES,
    fixed=(
        "id",
        "finding_id",
        "group_name",
        "organization_id",
        "root_id",
        "type",
        "technique",
        "source",
        "number",
        "identity",
    ),
    derived=_derived,
    unique=_unique,
    within=_within,
    follows=_follows,
    imposed=policy_imposed,
    counted=_counted,
    check=whole,
)
