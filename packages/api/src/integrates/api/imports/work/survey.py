"""Deciding what the results of a file are of: the claims are asked first, lists only where that leaves something open."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec import Struct

from integrates.api.imports.match.mark import Spot
from integrates.api.imports.match.order import place_order
from integrates.api.imports.match.passes import matched
from integrates.api.imports.match.side import Candidate, Pair, Path, Sides, Standing, agree, path_of
from integrates.api.imports.read.observation import Location, Observation
from integrates.api.imports.work.candidate import candidates_of
from integrates.api.imports.work.identity import Base, base_of, claims_of, holders_of
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.plan import Decision, Plan
from integrates.api.imports.work.series import closing_keys, spared_paths
from integrates.db_model.entity import claim
from integrates.db_model.entity.counter import summed
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.types import ImportOptions
from integrates.db_model.roots.facet import REPORTED, root_counters_key
from integrates.db_model.store.port import Item, Key
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import path_digest
from integrates.db_model.vulnerabilities.identity import free_numbers
from integrates.db_model.vulnerabilities.load import listed_ids
from integrates.db_model.vulnerabilities.types import MatchBy

_PER_PATH: Final = 5
"""About as many vulnerabilities are walked in the time in which one path is asked for."""


class _Known(Struct, frozen=True):
    """What the store says: the findings of the rules, the claims looked at, and the candidates by id."""

    finding_ids: Mapping[ToolRule, str]
    claims: Mapping[Base, Sequence[Item]]
    candidates: Mapping[str, Candidate]


def rule_key(job: Job, rule: ToolRule) -> Key:
    """Return the key of the claim of the finding of a rule."""
    return claim.claim_key("finding_rule", job.group_name, rule.tool, rule.rule_id)


async def _finding_ids(job: Job) -> Mapping[ToolRule, str]:
    rules = [each.rule for each in job.scan.rules]
    items = await job.store.get([rule_key(job, rule) for rule in rules])
    return {rule: holder for rule, item in zip(rules, items, strict=True) if (holder := claim.holder_of(item))}


def _first_base(seen: Observation) -> Base:
    return base_of(seen, seen.fingerprint)


def _crowded(ones: Iterable[Observation | Candidate]) -> AbstractSet[Spot]:
    return {spot for spot, number in Counter((one.rule, one.location) for one in ones).items() if number > 1}


def _is_settled(seen: Observation, holders: Sequence[Candidate]) -> bool:
    """Return whether one of the holders is without doubt what the result is of."""
    return any(
        one.standing is Standing.OPEN
        and one.location == seen.location
        and one.fingerprint == seen.fingerprint
        and agree(one.snippet, seen.snippet)
        and one.mark == seen.mark
        for one in holders
    )


def _open_paths(job: Job, known: _Known) -> list[Path]:
    """Return the paths with a result that the holders of its identities leave in doubt; of rules that have a finding."""
    holders: dict[tuple[Base, Location], list[Candidate]] = {}
    for base, items in known.claims.items():
        for one in (known.candidates[each] for each in holders_of(items) if each in known.candidates):
            holders.setdefault((base, one.location), []).append(one)
    meant = (seen for seen in job.scan.observations if seen.rule in known.finding_ids)
    doubtful = (seen for seen in meant if not _is_settled(seen, holders.get((_first_base(seen), seen.location), ())))
    return list(dict.fromkeys(map(path_of, doubtful)))


async def _by_claims(job: Job, known: _Known, bases: Iterable[Base]) -> _Known:
    """Look at the claims of further identities, and at who holds them."""
    rules = {finding: rule for rule, finding in known.finding_ids.items()}
    claims = await claims_of(job.store, job.root_id, known.finding_ids, bases)
    holders = [holder for items in claims.values() for holder in holders_of(items) if holder not in known.candidates]
    found = await candidates_of(job.store, holders, job.root_id, rules)
    return _Known(known.finding_ids, {**known.claims, **claims}, {**known.candidates, **{one.id: one for one in found}})


async def _listed(job: Job, wheres: Sequence[str]) -> list[str]:
    """Return the ids of everything that the root has in some paths: asked path by path, or picked from all that it has.

    Each path costs a request of its own on DynamoDB, so that a root that is small beside them is rather walked.
    """
    (counters,) = await job.store.get((root_counters_key(job.root_id),))
    size = summed((counters,)).get(REPORTED, 0)
    if not size:
        return []
    if size > _PER_PATH * len(wheres):
        return await listed_ids(job.store, [lists.of_root_and_path(job.root_id, where) for where in wheres])
    digests = set(map(path_digest, wheres))
    return await listed_ids(job.store, [lists.of_root(job.root_id)], lambda item: lists.listed_path(item) in digests)


async def _by_paths(job: Job, known: _Known, paths: Sequence[Path]) -> _Known:
    """Look at everything that the root has in some paths."""
    rules = {finding: rule for rule, finding in known.finding_ids.items()}
    wheres = list(dict.fromkeys(where for _, where in paths))
    ids = [each for each in (await _listed(job, wheres) if wheres else ()) if each not in known.candidates]
    wanted = set(paths)
    found = [one for one in await candidates_of(job.store, ids, job.root_id, rules) if path_of(one) in wanted]
    return _Known(known.finding_ids, known.claims, {**known.candidates, **{one.id: one for one in found}})


def _other_bases(job: Job, known: _Known, paths: AbstractSet[Path]) -> Iterable[Base]:
    """Yield the identities by fingerprints that the results in doubt do not keep, and by their places."""
    for seen in job.scan.observations:
        if path_of(seen) in paths:
            texts = (None, *(one.text for one in seen.fingerprints if one.text != seen.fingerprint))
            yield from (base for text in texts if (base := base_of(seen, text)) not in known.claims)


async def _known(job: Job) -> _Known:
    known = await _by_claims(job, _Known(await _finding_ids(job), {}, {}), map(_first_base, job.scan.observations))
    paths = await asyncio.to_thread(_open_paths, job, known)
    known = await _by_paths(job, known, paths)
    return await _by_claims(job, known, _other_bases(job, known, set(paths)))


def _next_of(numbers: dict[Base, Iterator[int]], base: Base) -> int:
    """Return the next number of an identity; that of a rule without a finding is held by nobody."""
    return next(numbers.setdefault(base, free_numbers(())))


def _decisions(job: Job, known: _Known, pairs: Mapping[int, Pair]) -> Iterable[Decision]:
    crowded = _crowded(job.scan.observations) | _crowded(known.candidates.values())
    numbers = {base: free_numbers(items) for base, items in known.claims.items()}
    for seen in job.scan.observations:
        pair, is_crowded = pairs.get(seen.ordinal), (seen.rule, seen.location) in crowded
        categories = (seen.category, *seen.also)
        if pair is not None:
            before = (pair.known.rule, pair.known.location) in crowded
            yield Decision(seen.ordinal, pair.known.id, pair.by, categories, is_crowded=is_crowded or before)
        elif seen.suppression is not None:
            yield Decision(seen.ordinal, "", MatchBy.NEW, categories)
        else:
            number = _next_of(numbers, _first_base(seen))
            yield Decision(seen.ordinal, job.new_id(), MatchBy.NEW, categories, number, is_crowded)


def _order(one: Candidate) -> tuple[str, tuple[int, str, int], str, str]:
    """Return what candidates are ordered by: whatever their ids are, the same ones are decided alike."""
    return one.location.where, place_order(one), one.fingerprint or "", one.id


async def planned(job: Job, options: ImportOptions) -> Plan:
    """Decide, by what is stored now, which vulnerability each result of the file is of. Nothing is written.

    Lists may trail, claims never do: holders of the identities that new vulnerabilities would take are looked at.
    """
    known = await _known(job)
    sides = Sides(
        observations=job.scan.observations,
        candidates=sorted(known.candidates.values(), key=_order),
        pairs={},
        closing=closing_keys(job.scan, options),
        spared=spared_paths(job.scan),
    )
    pairs = await asyncio.to_thread(matched, sides)
    return Plan(await asyncio.to_thread(lambda: tuple(_decisions(job, known, pairs))))
