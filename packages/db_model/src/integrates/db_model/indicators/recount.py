"""Counters rebuilt from what they count, to prove or repair the stored ones (domain section 7).

Vulnerabilities and findings are joined by versions, never by dates (E15): a closing counts at the level of the version of the
finding that the closing's revision names.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from integrates.db_model.access.facet import GROUP_ACCESS
from integrates.db_model.comments.facet import COMMENT, COMMENTS, comments_of_finding, comments_of_group
from integrates.db_model.entity import read
from integrates.db_model.entity.counter import plus, summed
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import E, Facet, entity_key, key_text
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.revision import Revision, states
from integrates.db_model.findings.facet import FINDING, finding_counters_keys, finding_key
from integrates.db_model.findings.rules import is_live
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import group_counters_keys
from integrates.db_model.roots.facet import REPORTED, ROOT, root_counters_key
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import Key, Query, Store
from integrates.db_model.vulnerabilities import lists, tally
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.tally import Tally
from integrates.db_model.vulnerabilities.types import Vulnerability

Severities = Mapping[int, Severity | None]
"""The severity of a finding by its version."""


class Recount(msgspec.Struct, frozen=True):
    """The counters of a group (all shards summed), and of each of its findings and roots by id."""

    group: Mapping[str, int]
    findings: Mapping[str, Mapping[str, int]]
    roots: Mapping[str, Mapping[str, int]]


async def _all(store: Store, facet: Facet[E], query: Query) -> tuple[E, ...]:
    """Return a whole list, including removed entities."""
    return tuple([decoded(facet, item) async for page in read.pages(store, query) for item in page])


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


async def _of_finding(store: Store, finding: Finding) -> dict[str, Tally]:
    """Return what the vulnerabilities of one finding count, by root."""
    past = states(FINDING, await read.history(store, entity_key(FINDING, finding)))
    severities = {each.version: each.severity for each in past}
    key = key_text(finding_key(finding.id))
    tallies: dict[str, Tally] = {}
    for vulnerability in await _all(store, VULNERABILITY, lists.of_finding(finding.id)):
        now = tally.counted(vulnerability, finding.severity)
        revisions = await read.history(store, entity_key(VULNERABILITY, vulnerability))
        closed = remediations(revisions, states(VULNERABILITY, revisions), key, severities)
        before = tallies.get(vulnerability.root_id, Tally())
        tallies[vulnerability.root_id] = Tally(
            plus(before.finding, plus(now.finding, closed)),
            plus(before.root, plus({**now.root, REPORTED: 1}, closed)),
            plus(before.group, plus(now.group, closed)),
        )
    return tallies


async def _comments(store: Store, query: Query) -> dict[str, int]:
    """Return the number of comments in a list; nothing when there are none."""
    number = len(await _all(store, COMMENT, query))
    return {COMMENTS: number} if number else {}


async def recount(store: Store, group_name: str) -> Recount:
    """Return the counters of a group, its findings and its roots, rebuilt from the entities and their revisions.

    Exact while nobody writes. Reads everything of the group: for tests, checks and repairs, not for requests.
    """
    variables = {"group_name": group_name}
    findings = await _all(store, FINDING, listing("finding", "findings_of_group", variables))
    roots = await _all(store, ROOT, listing("group_root", "roots_of_group", variables))
    members = await read.everything(store, GROUP_ACCESS, listing("group_access", "members_of_group", variables))
    guards = {"findings": sum(map(is_live, findings)), "roots": len(roots), "members": len(members)}
    group = {name: number for name, number in guards.items() if number} | await _comments(store, comments_of_group(group_name))
    by_finding: dict[str, Mapping[str, int]] = {}
    by_root: dict[str, Mapping[str, int]] = {root.id: {} for root in roots}
    for finding in findings:
        by_finding[finding.id] = await _comments(store, comments_of_finding(finding.id))
        for root_id, found in (await _of_finding(store, finding)).items():
            by_finding[finding.id] = plus(by_finding[finding.id], found.finding)
            by_root[root_id] = plus(by_root.get(root_id, {}), found.root)
            group = plus(group, found.group)
    return Recount(group, by_finding, by_root)


async def stored_counters(store: Store, recounted: Recount, group_name: str) -> Recount:
    """Return the stored counters of the same objects, without numbers that are zero."""

    async def numbers(*keys: Key) -> dict[str, int]:
        return plus(summed(await store.get(keys)), {})

    return Recount(
        await numbers(*group_counters_keys(group_name)),
        {each: await numbers(*finding_counters_keys(each)) for each in recounted.findings},
        {each: await numbers(root_counters_key(each)) for each in recounted.roots},
    )
