"""Chunks: as many results as fit one transaction, each with the change that it makes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice, tee
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from integrates.api.imports.read.observation import Observation
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.plan import Decision
from integrates.api.imports.work.sighting import sighting_of
from integrates.db_model.entity.facet import Given
from integrates.db_model.entity.packing import fitting
from integrates.db_model.entity.plan import Plan, altered, plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings.commands import released
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.rules import is_live as finding_is_live
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import group_key
from integrates.db_model.imports.commands import Destination
from integrates.db_model.imports.types import ImportCounts
from integrates.db_model.roots.facet import root_key
from integrates.db_model.store.port import Item, Store
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, keeps_claim
from integrates.db_model.vulnerabilities.identity import first_claim
from integrates.db_model.vulnerabilities.types import Match, Source, Vulnerability, VulnerabilityStatus

_BESIDE: Final = 3
"""What the progress of the import, the gate of the group's counters and the check of the root take of a transaction."""
_MOST_RESULTS: Final = 1_000
"""Results that change nothing take no room; the lease has to be renewed all the same."""

_NOTHING: Final = Given()


class Effect(StrEnum):
    """What a result does; the values are the names of the counts."""

    CREATED = "created"
    IGNORED = "ignored"
    MOVED = "moved"
    REOPENED = "reopened"
    SUPPRESSED = "suppressed"
    UNCHANGED = "unchanged"


class Work(msgspec.Struct, frozen=True):
    """A result with what was decided of it, as things stand now.

    ``vulnerability`` is as read, ``None`` for a new one and for one that is gone. ``item`` is the claim of a new one's identity
    where somebody held it before. A page ``is_elsewhere`` when the environment url below which it lay was removed meanwhile.
    """

    seen: Observation
    decision: Decision
    finding: Finding
    vulnerability: Vulnerability | None
    item: Item | None = None
    is_elsewhere: bool = False


class Chunk(msgspec.Struct, frozen=True):
    """The plans of the leading ``done`` works, what they count, and the findings as they are after the chunk, by id."""

    plans: tuple[Plan[Any], ...]
    done: int
    counts: ImportCounts
    findings: Mapping[str, Finding]


def room(store: Store) -> int:
    """Return how many changes of a transaction the vulnerabilities of a chunk may take."""
    return store.max_changes - _BESIDE


def given_by(destination: Destination, finding: Finding, policy: Given = _NOTHING, environments: Given = _NOTHING) -> Given:
    """Return what a change of a vulnerability of that finding in the root of the import needs.

    That is its parents, the finding's policy, and the environment urls of the root.
    """
    known = {
        group_key(destination.group.name): destination.group,
        root_key(destination.root.id): destination.root,
        finding_key(finding.id): finding,
        **policy.known,
        **environments.known,
    }
    return Given(known=known, items={**policy.items, **environments.items})


def begins_cycle_of(work: Work) -> bool:
    """Return whether a result makes a vulnerability VULNERABLE, to which the policy for its finding applies."""
    return effect_of(work) in {Effect.CREATED, Effect.REOPENED}


def effect_of(work: Work) -> Effect:
    """Return what a result does to the vulnerability as it is now."""
    current = work.vulnerability
    if work.seen.suppression is not None:
        return Effect.SUPPRESSED
    if not finding_is_live(work.finding):
        return Effect.IGNORED
    if current is None:
        return Effect.CREATED if work.decision.number and not work.is_elsewhere else Effect.IGNORED
    return _effect_on(current, work.seen)


def _effect_on(current: Vulnerability, seen: Observation) -> Effect:
    if rules.is_hidden(current):
        return Effect.IGNORED
    match current.state.status:
        case VulnerabilityStatus.SAFE:
            return Effect.REOPENED
        case VulnerabilityStatus.VULNERABLE:
            return Effect.UNCHANGED if _stays(current, seen) else Effect.MOVED
        case _:
            return Effect.IGNORED


def _stays(current: Vulnerability, seen: Observation) -> bool:
    at = current.location
    return current.source is not Source.MACHINE or (at.where, at.specific) == (seen.location.where, seen.location.specific)


def _changed(current: Vulnerability, work: Work, effect: Effect, by: str, at: datetime) -> Vulnerability:
    sighting = sighting_of(work.seen, work.decision)
    match effect:
        case Effect.REOPENED:
            return rules.reopened(current, sighting, by=by, at=at)
        case Effect.MOVED | Effect.UNCHANGED:
            return rules.moved(current, sighting)
        case Effect.SUPPRESSED if rules.is_live(current):
            return rules.moved(current, sighting)
        case _:
            return rules.placed(current, sighting) if keeps_claim(current) else current


class Packing(msgspec.Struct, frozen=True):
    """What a chunk is packed with: the job and its import, where it goes, and the findings that earlier chunks released.

    ``policies`` has, by the id of the finding, what was read of the policy for each finding in which a cycle begins, and
    ``environments`` what was read of the environment urls for new pages.
    """

    job: Job
    import_id: str
    destination: Destination
    stamp: Stamp
    findings: Mapping[str, Finding]
    policies: Mapping[str, Given]
    environments: Given = _NOTHING


def _created(packing: Packing, work: Work, finding: Finding, given: Given) -> Plan[Vulnerability]:
    stamp, decision = packing.stamp, work.decision
    sighting = sighting_of(work.seen, decision)
    new = rules.reported(decision.id, finding, packing.job.root_id, sighting, by=stamp.by, at=stamp.at)
    numbered = replace(new, number=decision.number, match=Match(import_id=packing.import_id, by=decision.by))
    if work.item is not None:
        given = replace(given, items={**given.items, first_claim(numbered): work.item})
    return plan(VULNERABILITY, None, numbered, stamp, given)


def _planned(packing: Packing, work: Work, finding: Finding, given: Given) -> Plan[Vulnerability] | None:
    effect, current = effect_of(work), work.vulnerability
    if effect is Effect.CREATED:
        return _created(packing, work, finding, given)
    if current is None:
        return None
    match = Match(import_id=packing.import_id, by=work.decision.by)

    def alter(old: Vulnerability, at: datetime) -> Vulnerability:
        changed = _changed(old, work, effect, packing.stamp.by, at)
        return old if changed == old else replace(changed, match=match)

    made = altered(VULNERABILITY, current, alter, packing.stamp, given)
    return made if made.own else None


def _plans(packing: Packing, works: Sequence[Work]) -> Iterator[tuple[Plan[Any], ...]]:
    """Plan one after another; the first new vulnerability of an unreleased finding brings the release along."""
    released_now: set[str] = set()
    givens: dict[str, Given] = {}
    for work in works:
        finding = packing.findings.get(work.finding.id, work.finding)
        if finding.id not in givens:
            policy = packing.policies.get(finding.id, _NOTHING)
            givens[finding.id] = given_by(packing.destination, finding, policy, packing.environments)
        made = _planned(packing, work, finding, givens[finding.id])
        if made is None or effect_of(work) is not Effect.CREATED or finding.id in released_now:
            yield () if made is None else (made,)
            continue
        released_now.add(finding.id)
        first = released(finding, packing.stamp)
        yield (made, first) if first.own else (made,)


def packed(packing: Packing, works: Sequence[Work]) -> Chunk:
    """Pack as many of the leading works as fit one transaction."""
    kept, probe = tee(_plans(packing, works[:_MOST_RESULTS]))
    done = fitting(probe, changes=room(packing.job.store))
    plans = tuple(each for some in islice(kept, done) for each in some)
    after = {each.entity.id: each.entity for each in plans if each.facet is FINDING}
    counts = ImportCounts(**Counter(effect_of(work).value for work in works[:done]))
    return Chunk(plans, done, counts, {**packing.findings, **after})
