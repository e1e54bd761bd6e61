"""Counters rebuilt from what they count, to prove or repair the stored ones (domain section 7)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from integrates.db_model.access.change import is_member
from integrates.db_model.access.facet import GROUP_ACCESS
from integrates.db_model.entity import counter, read
from integrates.db_model.entity.counter import Tally, added
from integrates.db_model.entity.facet import E, Facet, decoded, entity_key
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.revision import Revision, state_at
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.findings.types import Finding
from integrates.db_model.roots.facet import GIT_ROOT
from integrates.db_model.store.port import Key, Query, Store
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import Vulnerability


class Recount(msgspec.Struct, frozen=True):
    """Counters of a group (all parts added up) and of each of its findings and roots by id."""

    group: Mapping[str, int]
    findings: Mapping[str, Mapping[str, int]]
    roots: Mapping[str, Mapping[str, int]]


async def _all(store: Store, facet: Facet[E], query: Query) -> tuple[E, ...]:
    """Read a whole list, removed entities too."""
    page = (await store.query((query,)))[0]
    found = [decoded(facet, item) for item in page.items]
    while page.has_next:
        page = (await store.query((msgspec.structs.replace(query, after=page.cursors[-1]),)))[0]
        found.extend(decoded(facet, item) for item in page.items)
    return tuple(found)


def _states(revisions: Sequence[Revision]) -> list[Vulnerability]:
    states = [state_at(VULNERABILITY, revisions, revision.at) for revision in revisions]
    return [state for state in states if state is not None]


def _remediated(vulnerability: Sequence[Revision], finding: Sequence[Revision]) -> dict[str, int]:
    total: dict[str, int] = {}
    for old, new in pairwise(_states(vulnerability)):
        then = state_at(FINDING, finding, new.updated_at or new.created_at)
        total = added(total, counter.remediated(old, new, then.severity if then else None))
    return total


async def _of_finding(store: Store, finding: Finding) -> dict[str, Tally]:
    """Count the vulnerabilities of one finding, by root."""
    past = await read.history(store, entity_key(FINDING, finding))
    tallies: dict[str, Tally] = {}
    for vulnerability in await _all(store, VULNERABILITY, lists.of_finding(finding.id)):
        now = counter.counted(vulnerability, finding.severity)
        revisions = await read.history(store, entity_key(VULNERABILITY, vulnerability))
        closed = _remediated(revisions, past)
        before = tallies.get(vulnerability.root_id, Tally({}, {}, {}))
        tallies[vulnerability.root_id] = Tally(
            added(before.finding, added(now.finding, closed)),
            added(before.root, added({**now.root, "reported": 1}, closed)),
            added(before.group, added(now.group, closed)),
        )
    return tallies


async def recount(store: Store, group_name: str) -> Recount:
    """Rebuild the counters of a group, its findings and its roots from the entities and their revisions.

    Exact while nobody writes. Reads everything of the group: meant for tests, checks and repairs, not for requests.
    """
    parts = {"group_name": group_name}
    findings = await _all(store, FINDING, listing("finding", "findings_of_group", parts))
    roots = await _all(store, GIT_ROOT, listing("git_root", "roots_of_group", parts))
    members = await read.everything(store, GROUP_ACCESS, listing("group_access", "members_of_group", parts))
    guards = {"findings": len(findings), "roots": len(roots), "members": sum(map(is_member, members))}
    group = {name: number for name, number in guards.items() if number}
    by_finding: dict[str, Mapping[str, int]] = {}
    by_root: dict[str, Mapping[str, int]] = {root.id: {} for root in roots}
    for finding in findings:
        by_finding[finding.id] = {}
        for root_id, tally in (await _of_finding(store, finding)).items():
            by_finding[finding.id] = added(by_finding[finding.id], tally.finding)
            by_root[root_id] = added(by_root.get(root_id, {}), tally.root)
            group = added(group, tally.group)
    return Recount(group, by_finding, by_root)


async def stored(store: Store, recounted: Recount, group_name: str) -> Recount:
    """Read the stored counters of the same objects, without those that are zero."""

    async def numbers(*keys: Key) -> dict[str, int]:
        return added(counter.summed(await store.get(keys)), {})

    return Recount(
        await numbers(*counter.group_counters_keys(group_name)),
        {each: await numbers(counter.finding_counters_key(each)) for each in recounted.findings},
        {each: await numbers(counter.root_counters_key(each)) for each in recounted.roots},
    )
