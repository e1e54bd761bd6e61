"""What each entity contributes to counters, computed from the entity and its revisions alone. Pure.

This is the second way to the same numbers: the first are the additions that a facet makes of each change. Vulnerabilities and
findings are joined by versions, never by dates (E15): a closing counts at the level of the version of the finding that the
closing's revision names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, TypeAlias

import msgspec

from integrates.db_model.access import rules as access
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.comments.facet import COMMENTS
from integrates.db_model.comments.types import Comment
from integrates.db_model.entity.counter import CLOSED, SCORED, plus
from integrates.db_model.entity.facet import key_text
from integrates.db_model.entity.revision import Revision
from integrates.db_model.entity.types import Entity
from integrates.db_model.environment_urls import rules as environments
from integrates.db_model.environment_urls.facet import ENVIRONMENT_URLS
from integrates.db_model.environment_urls.types import EnvironmentUrl
from integrates.db_model.events.facet import HELD, event_counters_key
from integrates.db_model.events.rules import is_solved
from integrates.db_model.events.types import Event
from integrates.db_model.findings import rules as findings
from integrates.db_model.findings.facet import finding_counters_keys, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups import rules as groups
from integrates.db_model.groups.facet import group_counters_keys
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.facet import organization_counters_key
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots.facet import REPORTED, root_counters_key
from integrates.db_model.roots.types import Root
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import Key
from integrates.db_model.vulnerabilities import tally
from integrates.db_model.vulnerabilities.hold import event_of
from integrates.db_model.vulnerabilities.types import Vulnerability

Severities = Mapping[int, Severity | None]
"""The severity of a finding by its version."""
Counter: TypeAlias = tuple[Key, ...]
"""The keys of all shards of one counter."""
Contribution: TypeAlias = tuple[Counter, Mapping[str, int]]
"""A counter, and what is added to it."""


class Lifetime(msgspec.Struct, frozen=True):
    """An entity as it is now, its revisions by ascending version, and the entity as each of them left it, even removed."""

    now: Any
    revisions: Sequence[Revision] = ()
    states: Sequence[Any] = ()


Contribute: TypeAlias = Callable[[Lifetime, Lifetime | None], Iterator[Contribution]]
"""Yields what an entity contributes, given the one that it belongs to as well."""


def remediations(
    revisions: Sequence[Revision], known: Sequence[Vulnerability], finding: str, severities: Severities
) -> dict[str, int]:
    """Return what all closings of one vulnerability count, each at the level of the version of the finding that it saw.

    ``known`` is the vulnerability as each of its ``revisions`` left it, ``finding`` the text of the finding's key, and
    ``severities`` are the finding's by version.
    """
    total: dict[str, int] = {}
    for (old, new), revision in zip(pairwise(known), revisions[1:], strict=True):
        total = plus(total, tally.remediated(old, new, severities.get(revision.seen.get(finding, 0))))
    return total


def _of_vulnerability(own: Lifetime, above: Lifetime | None) -> Iterator[Contribution]:
    found: Vulnerability = own.now
    finding: Finding | None = above.now if above else None
    now = tally.counted(found, finding.severity if finding else None)
    severities = {each.version: each.severity for each in above.states} if above else {}
    closed = remediations(own.revisions, own.states, key_text(finding_key(found.finding_id)), severities)
    yield finding_counters_keys(found.finding_id), plus(now.finding, closed)
    yield (root_counters_key(found.root_id),), plus({**now.root, REPORTED: 1}, closed)
    yield group_counters_keys(found.group_name), plus(now.group, closed)
    if holder := event_of(found):
        yield (event_counters_key(holder),), {HELD: 1}


def _of_finding(own: Lifetime, _above: Lifetime | None) -> Iterator[Contribution]:
    found: Finding = own.now
    yield group_counters_keys(found.group_name), {"findings": int(findings.is_live(found))}


def _of_root(own: Lifetime, _above: Lifetime | None) -> Iterator[Contribution]:
    root: Root = own.now
    yield group_counters_keys(root.group_name), {"roots": 1}


def _of_environment_url(own: Lifetime, _above: Lifetime | None) -> Iterator[Contribution]:
    found: EnvironmentUrl = own.now
    yield (root_counters_key(found.root_id),), {ENVIRONMENT_URLS: int(environments.is_live(found))}


def _of_group_access(own: Lifetime, _above: Lifetime | None) -> Iterator[Contribution]:
    found: GroupAccess = own.now
    yield group_counters_keys(found.group_name), {"members": int(access.is_live(found) and not access.is_ci(found.email))}


def _of_organization_access(own: Lifetime, _above: Lifetime | None) -> Iterator[Contribution]:
    found: OrganizationAccess = own.now
    yield (organization_counters_key(found.organization_id),), {"managers": int(access.is_manager(found))}


def _of_group(own: Lifetime, _above: Lifetime | None) -> Iterator[Contribution]:
    group: Group = own.now
    yield (organization_counters_key(group.organization_id),), {"groups": int(groups.is_live(group))}


def _of_comment(own: Lifetime, _above: Lifetime | None) -> Iterator[Contribution]:
    comment: Comment = own.now
    if comment.finding_id:
        yield finding_counters_keys(comment.finding_id), {COMMENTS: 1}
    elif comment.event_id:
        yield (event_counters_key(comment.event_id),), {COMMENTS: 1}
    else:
        yield group_counters_keys(comment.group_name), {COMMENTS: 1}


def _nothing(_own: Lifetime, _above: Lifetime | None) -> Iterator[Contribution]:
    yield from ()


CONTRIBUTIONS: Final[Mapping[str, Contribute]] = {
    "stakeholder": _nothing,
    "organization": _nothing,
    "organization_access": _of_organization_access,
    "access_token": _nothing,
    "group": _of_group,
    "group_access": _of_group_access,
    "group_root": _of_root,
    "root_environment_url": _of_environment_url,
    "event": _nothing,
    "finding": _of_finding,
    "vulnerability": _of_vulnerability,
    "comment": _of_comment,
    "organization_finding_policy": _nothing,
    "import": _nothing,
    "forces_execution": _nothing,
    "vex_document": _nothing,
    "decision_import": _nothing,
}
"""By facet: what its entities contribute."""


class Counted(msgspec.Struct, frozen=True):
    """The counter of an entity, and the numbers that each of its shards has beside what is added: gates."""

    counter: Counter
    gates: Mapping[str, int] = {}


def _group_counter(group: Group) -> Counted:
    return Counted(group_counters_keys(group.name), {CLOSED: int(not groups.is_live(group))})


def _finding_counter(finding: Finding) -> Counted:
    gates = {CLOSED: int(not findings.is_live(finding)), SCORED: finding.scored}
    return Counted(finding_counters_keys(finding.id), gates)


def _root_counter(root: Root) -> Counted:
    return Counted((root_counters_key(root.id),))


def _event_counter(event: Event) -> Counted:
    return Counted((event_counters_key(event.id),), {CLOSED: int(is_solved(event))})


def _organization_counter(organization: Organization) -> Counted:
    return Counted((organization_counters_key(organization.id),))


def _no_counter(_entity: Entity) -> None:
    return None


COUNTERS: Final[Mapping[str, Callable[[Any], Counted | None]]] = {
    "stakeholder": _no_counter,
    "organization": _organization_counter,
    "organization_access": _no_counter,
    "access_token": _no_counter,
    "group": _group_counter,
    "group_access": _no_counter,
    "group_root": _root_counter,
    "root_environment_url": _no_counter,
    "event": _event_counter,
    "finding": _finding_counter,
    "vulnerability": _no_counter,
    "comment": _no_counter,
    "organization_finding_policy": _no_counter,
    "import": _no_counter,
    "forces_execution": _no_counter,
    "vex_document": _no_counter,
    "decision_import": _no_counter,
}
"""By facet: the counter that each of its entities has."""
