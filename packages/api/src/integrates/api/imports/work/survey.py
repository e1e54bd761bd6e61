"""What the store knows of the observations of some findings, read in a few store calls however many they are."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from integrates.api.imports.read.observation import Observation
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.match import Effect, Fresh, Match, claim_seen, matched
from integrates.db_model.entity import claim
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import id_of
from integrates.db_model.findings.rules import is_live as finding_is_live
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import Item, Key, Query, Store
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, keeps_claim, vulnerability_key
from integrates.db_model.vulnerabilities.identity import free_number, numbered_claims
from integrates.db_model.vulnerabilities.rules import is_live
from integrates.db_model.vulnerabilities.types import Vulnerability

At: TypeAlias = tuple[int, int]
"""The index of a finding, and that of an observation among those of the finding."""


class FindingSeen(msgspec.Struct, frozen=True):
    """A finding and all observations of it in the file."""

    finding: Finding
    observations: tuple[Observation, ...]


class Survey(msgspec.Struct, frozen=True):
    """A finding, its live vulnerabilities as far as known, and all observations of it matched with them."""

    finding: Finding
    known: tuple[Vulnerability, ...]
    matches: tuple[Match, ...]


async def listed_ids(store: Store, queries: Sequence[Query]) -> tuple[tuple[str, ...], ...]:
    """Read the ids in several lists to their ends, all of them together page by page; those of removed ones, too."""
    pages = await store.query(queries) if queries else ()
    ids = [tuple(id_of(item.key) for item in page.items) for page in pages]
    open_ones = [number for number, page in enumerate(pages) if page.has_next]
    if not open_ones:
        return tuple(ids)
    following = [replace(queries[number], after=pages[number].cursors[-1]) for number in open_ones]
    rest = dict(zip(open_ones, await listed_ids(store, following), strict=True))
    return tuple((*own, *rest.get(number, ())) for number, own in enumerate(ids))


async def load_vulnerabilities(store: Store, ids: Iterable[str]) -> list[Vulnerability]:
    """Read vulnerabilities by id, removed ones too."""
    items = await store.get([vulnerability_key(each) for each in dict.fromkeys(ids)])
    return [decoded(VULNERABILITY, item) for item in items if item is not None]


def by_finding(vulnerabilities: Iterable[Vulnerability]) -> dict[str, list[Vulnerability]]:
    """Group vulnerabilities by their finding."""
    found: dict[str, list[Vulnerability]] = {}
    for vulnerability in vulnerabilities:
        found.setdefault(vulnerability.finding_id, []).append(vulnerability)
    return found


def _claim(job: Job, finding: Finding, seen: Observation, number: int = 1) -> Key:
    return claim_seen(job.root_id, finding.id, seen, number)


async def _holders(store: Store, keys: Sequence[Key]) -> list[str]:
    return [holder for item in await store.get(keys) if (holder := claim.holder_of(item))]


def _surveyed(seen: FindingSeen, current: Sequence[Vulnerability]) -> Survey:
    known = tuple(each for each in current if is_live(each))
    removed = [each for each in current if not is_live(each) and keeps_claim(each)]
    matches = matched(seen.observations, known, removed)
    if not finding_is_live(seen.finding):
        matches = tuple(Match(match.observation, None, Effect.IGNORED) for match in matches)
    return Survey(seen.finding, known, matches)


def _unmarked(job: Job, surveys: Iterable[Survey]) -> list[Key]:
    """Name the claims of vulnerabilities without fingerprint at the locations of new ones: the list may not show them yet."""
    return [
        _claim(job, each.finding, replace(match.observation, fingerprint=None))
        for each in surveys
        for match in each.matches
        if match.effect is Effect.CREATED and match.observation.fingerprint
    ]


def _fresh(claims: Sequence[Item]) -> Fresh:
    number = free_number(claims)
    return Fresh(number, claims[number - 1] if number <= len(claims) else None)


def _renumbered(surveys: Sequence[Survey], claims: Mapping[At, Sequence[Item]]) -> tuple[Survey, ...]:
    def match_at(at: At, match: Match) -> Match:
        return replace(match, fresh=_fresh(claims[at])) if at in claims else match

    return tuple(
        replace(one, matches=tuple(match_at((which, index), match) for index, match in enumerate(one.matches)))
        for which, one in enumerate(surveys)
    )


async def _numbered(
    job: Job, surveys: Sequence[Survey], first: Mapping[At, Item | None]
) -> tuple[tuple[Survey, ...], list[str]]:
    """Find the numbers that new vulnerabilities take; return also who holds the smaller ones.

    ``first`` holds the claim items of the number 1: mostly there is none.
    """
    created = {
        (which, index): (one.finding, match.observation)
        for which, one in enumerate(surveys)
        for index, match in enumerate(one.matches)
        if match.effect is Effect.CREATED
    }
    begun = {at: item for at in created if (item := first[at]) is not None}
    walks = [partial(_claim, job, *created[at]) for at in begun]
    following = await numbered_claims(job.store, walks, begin=2)
    claims: dict[At, tuple[Item, ...]] = dict.fromkeys(created, ())
    claims |= {at: (item, *items) for (at, item), items in zip(begun.items(), following, strict=True)}
    holders = [holder for items in claims.values() for item in items if (holder := claim.holder_of(item))]
    return _renumbered(surveys, claims), holders


async def survey(job: Job, findings: Sequence[FindingSeen]) -> tuple[Survey, ...]:
    """Match the observations of several findings against what is stored now.

    Lists may trail, claims never do: holders of the identities that new vulnerabilities would take are looked at before.
    """

    async def against(ids: Iterable[str]) -> list[Survey]:
        current = by_finding(await load_vulnerabilities(job.store, ids))
        return [_surveyed(each, current.get(each.finding.id, ())) for each in findings]

    pages = await listed_ids(job.store, [lists.of_root_and_finding(job.root_id, each.finding.id) for each in findings])
    known = dict.fromkeys(each for page in pages for each in page)
    keys = {
        (which, index): _claim(job, each.finding, seen)
        for which, each in enumerate(findings)
        for index, seen in enumerate(each.observations)
    }
    first: dict[At, Item | None] = dict(zip(keys, await job.store.get(list(keys.values())), strict=True))
    known |= dict.fromkeys(holder for item in first.values() if (holder := claim.holder_of(item)))
    surveys = await against(known)
    numbered, holders = await _numbered(job, surveys, first)
    unseen = {each for each in (*holders, *await _holders(job.store, _unmarked(job, surveys))) if each not in known}
    if not unseen:
        return numbered
    return (await _numbered(job, await against((*known, *sorted(unseen))), first))[0]
