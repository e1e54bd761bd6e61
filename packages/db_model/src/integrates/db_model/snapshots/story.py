"""Reading what became of vulnerabilities, with what became of their findings."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from integrates.db_model.entity import read
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.revision import Revision, of_item, states
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.snapshots.count import Story
from integrates.db_model.store.port import Key, Store
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_finding

_TOGETHER: Final = 200
"""Of how many entities the revisions are read at once."""


async def lives(
    store: Store, facet: Facet[E], keys: Iterable[Key]
) -> AsyncIterator[tuple[tuple[Revision, ...], tuple[E, ...]]]:
    """Yield the revisions of each entity, and the entity as each of them left it; others have a turn after each."""
    wanted = list(keys)
    for begin in range(0, len(wanted), _TOGETHER):
        found = await read.records_of_each(store.query, wanted[begin : begin + _TOGETHER], limit=_TOGETHER)
        for items in found.values():
            revisions = tuple(map(of_item, items))
            yield revisions, states(facet, revisions)
            await asyncio.sleep(0)


async def findings_of(store: Store, keys: Iterable[Key]) -> dict[str, tuple[Finding, ...]]:
    """Return what became of findings, by id."""
    return {known[-1].id: known async for _, known in lives(store, FINDING, keys) if known}


async def stories_of(store: Store, keys: Iterable[Key], findings: dict[str, tuple[Finding, ...]]) -> AsyncIterator[Story]:
    """Yield what became of vulnerabilities. The findings that are not known yet are read, and remembered."""
    wanted = list(keys)
    for begin in range(0, len(wanted), _TOGETHER):
        part = wanted[begin : begin + _TOGETHER]
        known = [one async for one in lives(store, VULNERABILITY, part) if one[1]]
        missing = dict.fromkeys(own[-1].finding_id for _, own in known if own[-1].finding_id not in findings)
        findings |= await findings_of(store, map(finding_key, missing))
        for revisions, own in known:
            yield Story(revisions, own, findings[own[-1].finding_id])


async def keys_below(store: Store, finding_ids: Sequence[str]) -> list[Key]:
    """Return the keys of all vulnerabilities of findings, removed ones too."""
    queries = [of_finding(one) for one in finding_ids]
    return [item.key async for _, items in read.pages_of_each(store.query, queries) for item in items]


async def stories(store: Store, group_name: str) -> AsyncIterator[Story]:
    """Yield what became of each vulnerability of a group, removed ones too."""
    query = listing(FINDING.name, "findings_of_group", {"group_name": group_name}, limit=_TOGETHER)
    async for items in read.pages(store, query):
        findings = await findings_of(store, [item.key for item in items])
        for one in findings:
            async for story in stories_of(store, await keys_below(store, (one,)), findings):
                yield story
