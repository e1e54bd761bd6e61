"""Chunks: as many observations as fit one transaction, each with the change that it makes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice, tee
from typing import Final, TypeAlias

import msgspec

from integrates.api.importing.job import Job
from integrates.api.importing.match import Effect, Match, sighting_of
from integrates.api.importing.survey import Survey
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity import transaction
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings import change as finding_change
from integrates.db_model.findings.types import Finding
from integrates.db_model.imports.types import ImportCounts
from integrates.db_model.store.port import MAX_CHANGES
from integrates.db_model.vulnerabilities import change, rules
from integrates.db_model.vulnerabilities.identity import identity_of
from integrates.db_model.vulnerabilities.types import Vulnerability

ROOM: Final = MAX_CHANGES - 5
"""What the record of the import, its revision, its claim and the checks of root and group leave of a transaction."""
_MOST_OBSERVATIONS: Final = 1_000
"""Observations that change nothing take no room; the lease has to be renewed all the same."""

Step: TypeAlias = tuple[Survey, Match]


class Chunk(msgspec.Struct, frozen=True):
    """The plans of the leading ``done`` steps, what they count, and the findings as they are after the chunk, by id."""

    plans: tuple[Plan[Vulnerability], ...]
    done: int
    counts: ImportCounts
    findings: Mapping[str, Finding]


def _altered(match: Match, current: Vulnerability, by: str, at: datetime) -> Vulnerability:
    sighting = sighting_of(match.observation)
    if match.effect is Effect.REOPENED:
        return rules.reopened(current, sighting, by=by, at=at)
    return rules.moved(current, sighting)


def _created(job: Job, match: Match, finding: Finding, stamp: Stamp) -> Plan[Vulnerability]:
    sighting = sighting_of(match.observation)
    new = rules.reported(job.new_id(), finding, job.root_id, sighting, by=stamp.by, at=stamp.at)
    return change.reported(new, finding, stamp)


def _planned(job: Job, step: Step, finding: Finding, stamp: Stamp) -> Plan[Vulnerability] | None:
    survey, match = step
    current = match.vulnerability
    if match.effect is Effect.CREATED:
        return _created(job, match, finding, stamp)
    if current is None or match.effect in {Effect.IGNORED, Effect.SUPPRESSED}:
        return None
    plan = change.changed(current, lambda old, at: _altered(match, old, stamp.by, at), finding, stamp)
    former = survey.held.get(identity_of(current))
    return change.renamed(plan, current, former) if plan.changes else None


def _plans(
    job: Job, steps: Sequence[Step], findings: Mapping[str, Finding], stamp: Stamp
) -> Iterator[Plan[Vulnerability] | None]:
    """Plan step by step; the first new vulnerability of an unreleased finding brings the release along."""
    released: set[str] = set()
    for step in steps:
        finding = findings.get(step[0].finding.id, step[0].finding)
        plan = _planned(job, step, finding, stamp)
        if plan is None or step[1].effect is not Effect.CREATED or finding.id in released:
            yield plan
            continue
        released.add(finding.id)
        yield planning.together(plan, *finding_change.released(finding, stamp).changes)


def _counts(steps: Sequence[Step]) -> ImportCounts:
    return ImportCounts(**Counter(match.effect.value for _, match in steps))


def packed(job: Job, steps: Sequence[Step], findings: Mapping[str, Finding]) -> Chunk:
    """Pack as many of the leading steps as fit.

    ``findings`` are those that an earlier chunk released; they take the place of the ones that the surveys read.
    """
    stamp = job.stamp()
    kept, probe = tee(_plans(job, steps[:_MOST_OBSERVATIONS], findings, stamp))
    done = transaction.fitting((plan.changes if plan else () for plan in probe), changes=ROOM)
    created = (survey.finding for survey, match in steps[:done] if match.effect is Effect.CREATED)
    touched = {finding.id: findings.get(finding.id, finding) for finding in created}
    after = {identifier: finding_change.released(finding, stamp).entity for identifier, finding in touched.items()}
    plans = tuple(plan for plan in islice(kept, done) if plan is not None)
    return Chunk(plans, done, _counts(steps[:done]), {**findings, **after})
