"""What the store knows of the observations of some findings, read in a few store calls however many they are."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from integrates.api.importing.job import Job
from integrates.api.importing.match import Effect, Match, identity_seen, matched
from integrates.api.ingest.observation import Observation
from integrates.db_model.entity import claim, read
from integrates.db_model.entity.claim import Held
from integrates.db_model.entity.facet import decoded
from integrates.db_model.findings.rules import is_live as finding_is_live
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import Query, Store
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.identity import identity_of
from integrates.db_model.vulnerabilities.rules import is_live
from integrates.db_model.vulnerabilities.types import Vulnerability


class Subject(msgspec.Struct, frozen=True):
    """A finding and all observations of it in the file."""

    finding: Finding
    observations: tuple[Observation, ...]


class Survey(msgspec.Struct, frozen=True):
    """All observations of a finding matched with the live vulnerabilities, and the identity claims that writing may name."""

    finding: Finding
    known: tuple[Vulnerability, ...]
    matches: tuple[Match, ...]
    held: Mapping[str, Held]


async def walked(store: Store, queries: Sequence[Query]) -> tuple[tuple[Vulnerability, ...], ...]:
    """Read several lists of vulnerabilities to their ends, all of them together page by page."""
    pages = await read.lists(store, VULNERABILITY, queries)
    open_ones = [number for number, page in enumerate(pages) if page.has_next]
    if not open_ones:
        return tuple(page.entities for page in pages)
    following = [msgspec.structs.replace(queries[number], after=pages[number].end) for number in open_ones]
    rest = dict(zip(open_ones, await walked(store, following), strict=True))
    return tuple((*page.entities, *rest.get(number, ())) for number, page in enumerate(pages))


async def _claims(store: Store, identities: Sequence[str]) -> dict[str, Held]:
    held = await claim.holders(store, [claim.claim_key("vulnerability_identity", each) for each in identities])
    return {identity: holder for identity, holder in zip(identities, held, strict=True) if holder}


async def _current(store: Store, ids: Iterable[str]) -> list[Vulnerability]:
    """Read vulnerabilities by id, removed ones too."""
    items = await store.get([vulnerability_key(each) for each in dict.fromkeys(ids)])
    return [decoded(VULNERABILITY, item) for item in items if item is not None]


def _identities(job: Job, subject: Subject) -> tuple[str, ...]:
    return tuple(identity_seen(job.root_id, subject.finding.id, seen) for seen in subject.observations)


def by_finding(vulnerabilities: Iterable[Vulnerability]) -> dict[str, list[Vulnerability]]:
    """Group vulnerabilities by their finding."""
    found: dict[str, list[Vulnerability]] = {}
    for vulnerability in vulnerabilities:
        found.setdefault(vulnerability.finding_id, []).append(vulnerability)
    return found


def _surveyed(job: Job, subject: Subject, held: Mapping[str, Held], current: Sequence[Vulnerability]) -> Survey:
    by_id = {each.id: each for each in current}
    holders = [by_id.get(held[each].owner) if each in held else None for each in _identities(job, subject)]
    removed = frozenset(number for number, holder in enumerate(holders) if holder and not is_live(holder))
    ignored = removed if finding_is_live(subject.finding) else frozenset(range(len(holders)))
    known = tuple(each for each in current if is_live(each))
    return Survey(subject.finding, known, matched(subject.observations, known, ignored), held)


def _unmarked(job: Job, surveys: Iterable[Survey]) -> list[str]:
    """Name the identities of vulnerabilities without fingerprint at the places of new ones: the list may not show them yet."""
    return [
        identity_seen(job.root_id, each.finding.id, msgspec.structs.replace(match.observation, fingerprint=None))
        for each in surveys
        for match in each.matches
        if match.effect is Effect.CREATED and match.observation.fingerprint
    ]


def _renamed(surveys: Iterable[Survey]) -> list[str]:
    """Name the identities of known vulnerabilities that a new fingerprint would change."""
    pairs = ((match.vulnerability, match.observation) for survey in surveys for match in survey.matches)
    return [
        identity_of(known)
        for known, seen in pairs
        if known and known.tool and seen.fingerprint and known.tool.fingerprint != seen.fingerprint
    ]


async def survey(job: Job, subjects: Sequence[Subject]) -> tuple[Survey, ...]:
    """Match the observations of several findings against what is stored now."""
    queries = [lists.of_root_and_finding(job.root_id, subject.finding.id) for subject in subjects]
    listed = {each.id: None for part in (await walked(job.store, queries) if queries else ()) for each in part}

    async def against(held: Mapping[str, Held]) -> list[Survey]:
        current = await _current(job.store, [*listed, *(holder.owner for holder in held.values())])
        parts = by_finding(current)
        return [_surveyed(job, subject, held, parts.get(subject.finding.id, ())) for subject in subjects]

    held = await _claims(job.store, [each for subject in subjects for each in _identities(job, subject)])
    surveys = await against(held)
    unmarked = await _claims(job.store, _unmarked(job, surveys))
    if any(holder.owner not in listed for holder in unmarked.values()):
        surveys = await against({**held, **unmarked})
    former = await _claims(job.store, _renamed(surveys))
    return tuple(msgspec.structs.replace(each, held={**each.held, **former}) for each in surveys)
