"""Matching the observations of one finding against the vulnerabilities of that finding and root (domain section 8)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

from integrates.api.ingest.observation import Observation, Place
from integrates.db_model.severities.rules import severity
from integrates.db_model.vulnerabilities.identity import identity
from integrates.db_model.vulnerabilities.rules import Sighting, is_hidden, is_open
from integrates.db_model.vulnerabilities.types import (
    Source,
    ToolMark,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityStatus,
)

Mark: TypeAlias = str | Place
"""A fingerprint or, without one, a place."""


class Effect(StrEnum):
    """What an observation does; the values are the names of the counts."""

    CREATED = "created"
    IGNORED = "ignored"
    MOVED = "moved"
    REOPENED = "reopened"
    SUPPRESSED = "suppressed"
    UNCHANGED = "unchanged"


class Match(msgspec.Struct, frozen=True):
    """An observation, the vulnerability that it is of (``None``: a new one), and what it does."""

    observation: Observation
    vulnerability: Vulnerability | None
    effect: Effect


def sighting_of(observation: Observation) -> Sighting:
    """Say what the observation says in the words of the model."""
    place, rule = observation.place, observation.rule
    return Sighting(
        type=place.type,
        technique=observation.technique,
        location=VulnerabilityLocation(
            where=place.where, specific=place.specific, snippet=observation.snippet, detail=observation.detail
        ),
        tool=ToolMark(
            name=rule.tool,
            category=observation.category,
            rule_id=rule.rule_id,
            fingerprint=observation.fingerprint,
        ),
        severity=severity(tool_score=observation.own_score),
    )


def identity_seen(root_id: str, finding_id: str, observation: Observation) -> str:
    """Return the identity key that a vulnerability made of the observation would claim."""
    place = observation.place
    location = VulnerabilityLocation(where=place.where, specific=place.specific)
    return identity(root_id, finding_id, place.type, location, observation.fingerprint)


def _place(vulnerability: Vulnerability) -> Place:
    return Place(vulnerability.type, vulnerability.location.where, vulnerability.location.specific)


def _fingerprint(vulnerability: Vulnerability) -> str:
    return (vulnerability.tool.fingerprint if vulnerability.tool else None) or ""


def mark(vulnerability: Vulnerability) -> Mark:
    """Return what identifies the vulnerability within its finding and root."""
    return _fingerprint(vulnerability) or _place(vulnerability)


def mark_seen(observation: Observation) -> Mark:
    """Return the mark of a vulnerability made of the observation."""
    return observation.fingerprint or observation.place


def _by_place(vulnerabilities: Iterable[Vulnerability]) -> dict[Place, Iterator[Vulnerability]]:
    found: dict[Place, list[Vulnerability]] = {}
    for vulnerability in vulnerabilities:
        found.setdefault(_place(vulnerability), []).append(vulnerability)
    return {place: iter(part) for place, part in found.items()}


def partners(observations: Sequence[Observation], known: Sequence[Vulnerability]) -> tuple[Vulnerability | None, ...]:
    """Find the vulnerability of each observation; none is found twice.

    Pass 1 by equal mark: fingerprint or, where both have none, place. Pass 2 by equal place among the rest: open ones first,
    then in the order of fingerprints, which unlike ids are the same however often the work was interrupted.
    """
    by_mark = {mark(each): each for each in known}
    first = [by_mark.get(mark_seen(seen)) for seen in observations]
    matched = {found.id for found in first if found}
    rest = sorted((each for each in known if each.id not in matched), key=lambda each: (not is_open(each), _fingerprint(each)))
    by_place = _by_place(rest)
    return tuple(
        found or next(by_place.get(seen.place, iter(())), None) for found, seen in zip(first, observations, strict=True)
    )


def _effect(vulnerability: Vulnerability | None, observation: Observation) -> Effect:
    if observation.suppressed:
        return Effect.SUPPRESSED
    if vulnerability is None:
        return Effect.CREATED
    match vulnerability.state.status:
        case VulnerabilityStatus.SAFE if not is_hidden(vulnerability):
            return Effect.REOPENED
        case VulnerabilityStatus.VULNERABLE if not is_hidden(vulnerability):
            stays = vulnerability.source is not Source.MACHINE or _place(vulnerability) == observation.place
            return Effect.UNCHANGED if stays else Effect.MOVED
        case _:
            return Effect.IGNORED


def matched(
    observations: Sequence[Observation],
    known: Sequence[Vulnerability],
    removed: frozenset[int],
) -> tuple[Match, ...]:
    """Match all observations of one finding, aligned with them.

    ``known`` are the live vulnerabilities of the finding and root, ``removed`` the positions of the observations whose
    identity key a removed vulnerability holds: those are ignored first.
    """
    taking_part = [position for position in range(len(observations)) if position not in removed]
    found = partners([observations[position] for position in taking_part], known)
    partner: Mapping[int, Vulnerability | None] = dict(zip(taking_part, found, strict=True))
    return tuple(
        Match(seen, partner.get(position), Effect.IGNORED if position in removed else _effect(partner[position], seen))
        for position, seen in enumerate(observations)
    )
