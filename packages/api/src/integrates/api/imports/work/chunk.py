"""Chunks: as many observations as fit one transaction, each with the change that it makes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice, tee
from typing import Any, Final, TypeAlias

import msgspec
from msgspec.structs import replace

from integrates.api.imports.work.job import Job
from integrates.api.imports.work.match import Effect, Match, sighting_of
from integrates.api.imports.work.survey import Survey
from integrates.db_model.entity.facet import Given
from integrates.db_model.entity.packing import fitting
from integrates.db_model.entity.plan import Plan, altered, plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings.commands import released
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import group_key
from integrates.db_model.imports.commands import Destination
from integrates.db_model.imports.types import ImportCounts
from integrates.db_model.roots.facet import root_key
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.identity import first_claim
from integrates.db_model.vulnerabilities.types import Vulnerability

_BESIDE: Final = 3
"""What the progress of the import, the gate of the group's counters and the check of the root take of a transaction."""
_MOST_OBSERVATIONS: Final = 1_000
"""Observations that change nothing take no room; the lease has to be renewed all the same."""

Step: TypeAlias = tuple[Survey, Match]


class Chunk(msgspec.Struct, frozen=True):
    """The plans of the leading ``done`` steps, what they count, and the findings as they are after the chunk, by id."""

    plans: tuple[Plan[Any], ...]
    done: int
    counts: ImportCounts
    findings: Mapping[str, Finding]


def room(store: Store) -> int:
    """Return how many changes of a transaction the vulnerabilities of a chunk may take."""
    return store.max_changes - _BESIDE


def given_by(destination: Destination, finding: Finding) -> Given:
    """Return the parents of a change of a vulnerability of that finding in the root of the import."""
    known = {
        group_key(destination.group.name): destination.group,
        root_key(destination.root.id): destination.root,
        finding_key(finding.id): finding,
    }
    return Given(known=known)


def _altered(match: Match, current: Vulnerability, by: str, at: datetime) -> Vulnerability:
    sighting = sighting_of(match.observation)
    if match.effect is Effect.REOPENED:
        return rules.reopened(current, sighting, by=by, at=at)
    return rules.moved(current, sighting)


def _created(job: Job, match: Match, finding: Finding, stamp: Stamp, given: Given) -> Plan[Vulnerability]:
    sighting = sighting_of(match.observation)
    new = rules.reported(job.new_id(), finding, job.root_id, sighting, by=stamp.by, at=stamp.at)
    numbered = replace(new, number=match.fresh.number)
    return plan(VULNERABILITY, None, numbered, stamp, replace(given, items={first_claim(numbered): match.fresh.item}))


def _planned(job: Job, match: Match, finding: Finding, stamp: Stamp, given: Given) -> Plan[Vulnerability] | None:
    current = match.vulnerability
    if match.effect is Effect.CREATED:
        return _created(job, match, finding, stamp, given)
    if current is None or match.effect in {Effect.IGNORED, Effect.SUPPRESSED}:
        return None
    made = altered(VULNERABILITY, current, lambda old, at: _altered(match, old, stamp.by, at), stamp, given)
    return made if made.own else None


def _plans(
    job: Job, steps: Sequence[Step], findings: Mapping[str, Finding], destination: Destination, stamp: Stamp
) -> Iterator[tuple[Plan[Any], ...]]:
    """Plan step by step; the first new vulnerability of an unreleased finding brings the release along."""
    released_now: set[str] = set()
    givens: dict[str, Given] = {}
    for survey, match in steps:
        finding = findings.get(survey.finding.id, survey.finding)
        given = givens.setdefault(finding.id, given_by(destination, finding))
        made = _planned(job, match, finding, stamp, given)
        if made is None or match.effect is not Effect.CREATED or finding.id in released_now:
            yield () if made is None else (made,)
            continue
        released_now.add(finding.id)
        first = released(finding, stamp)
        yield (made, first) if first.own else (made,)


def _counts(steps: Sequence[Step]) -> ImportCounts:
    return ImportCounts(**Counter(match.effect.value for _, match in steps))


def packed(job: Job, steps: Sequence[Step], findings: Mapping[str, Finding], destination: Destination, stamp: Stamp) -> Chunk:
    """Pack as many of the leading steps as fit.

    ``findings`` are those that an earlier chunk released; they take the place of the ones that the surveys read.
    """
    kept, probe = tee(_plans(job, steps[:_MOST_OBSERVATIONS], findings, destination, stamp))
    done = fitting(probe, changes=room(job.store))
    plans = tuple(each for some in islice(kept, done) for each in some)
    after = {each.entity.id: each.entity for each in plans if each.facet is FINDING}
    return Chunk(plans, done, _counts(steps[:done]), {**findings, **after})
