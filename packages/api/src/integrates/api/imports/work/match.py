"""Matching the observations of one finding against the vulnerabilities of that finding and root (domain section 8)."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

from integrates.api.imports.read.observation import Location, Observation
from integrates.db_model.severities.rules import severity
from integrates.db_model.store.port import Item, Key
from integrates.db_model.vulnerabilities.identity import identity_claim, identity_hash
from integrates.db_model.vulnerabilities.rules import Sighting, is_hidden, is_open
from integrates.db_model.vulnerabilities.types import (
    Source,
    ToolMark,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityStatus,
)

Mark: TypeAlias = str | Location
"""A fingerprint or, without one, a location."""


class Effect(StrEnum):
    """What an observation does; the values are the names of the counts."""

    CREATED = "created"
    IGNORED = "ignored"
    MOVED = "moved"
    REOPENED = "reopened"
    SUPPRESSED = "suppressed"
    UNCHANGED = "unchanged"


class Fresh(msgspec.Struct, frozen=True):
    """The identity that a new vulnerability takes: its number, and the claim item of that number where there is one."""

    number: int = 1
    item: Item | None = None


class Match(msgspec.Struct, frozen=True):
    """An observation, the vulnerability that it is of (``None``: a new one), and what it does."""

    observation: Observation
    vulnerability: Vulnerability | None
    effect: Effect
    fresh: Fresh = Fresh()


def sighting_of(observation: Observation) -> Sighting:
    """Return the observation as the model's sighting."""
    seen, rule = observation.location, observation.rule
    return Sighting(
        type=seen.type,
        technique=observation.technique,
        location=VulnerabilityLocation(
            where=seen.where, specific=seen.specific, snippet=observation.snippet, detail=observation.detail
        ),
        tool=ToolMark(
            name=rule.tool,
            category=observation.category,
            rule_id=rule.rule_id,
            fingerprint=observation.fingerprint,
        ),
        severity=severity(tool_score=observation.own_score),
    )


def claim_seen(root_id: str, finding_id: str, observation: Observation, number: int) -> Key:
    """Build the key of the claim of the identity that a vulnerability made of the observation would take."""
    seen, fingerprint = observation.location, observation.fingerprint
    return identity_claim(identity_hash(root_id, finding_id, seen.type, seen.where, seen.specific, fingerprint, number))


def _location(vulnerability: Vulnerability) -> Location:
    return Location(vulnerability.type, vulnerability.location.where, vulnerability.location.specific)


def _fingerprint(vulnerability: Vulnerability) -> str:
    return (vulnerability.tool.fingerprint if vulnerability.tool else None) or ""


def mark(vulnerability: Vulnerability) -> Mark:
    """Return what identifies the vulnerability within its finding and root."""
    return _fingerprint(vulnerability) or _location(vulnerability)


def mark_seen(observation: Observation) -> Mark:
    """Return the mark of a vulnerability made of the observation."""
    return observation.fingerprint or observation.location


def _by_location(vulnerabilities: Iterable[Vulnerability]) -> dict[Location, Iterator[Vulnerability]]:
    found: dict[Location, list[Vulnerability]] = {}
    for vulnerability in vulnerabilities:
        found.setdefault(_location(vulnerability), []).append(vulnerability)
    return {location: iter(those) for location, those in found.items()}


def partners(observations: Sequence[Observation], known: Sequence[Vulnerability]) -> tuple[Vulnerability | None, ...]:
    """Return the vulnerability of each observation, aligned; none is found twice.

    Pass 1 by equal mark: fingerprint or, where both have none, location. Pass 2 by equal location among the rest: open ones
    first, then in the order of fingerprints, which unlike ids are the same however often the work was interrupted.
    """
    by_mark = {mark(each): each for each in known}
    first = [by_mark.get(mark_seen(seen)) for seen in observations]
    matched = {found.id for found in first if found}
    rest = sorted((each for each in known if each.id not in matched), key=lambda each: (not is_open(each), _fingerprint(each)))
    by_location = _by_location(rest)
    return tuple(
        found or next(by_location.get(seen.location, iter(())), None) for found, seen in zip(first, observations, strict=True)
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
            stays = vulnerability.source is not Source.MACHINE or _location(vulnerability) == observation.location
            return Effect.UNCHANGED if stays else Effect.MOVED
        case _:
            return Effect.IGNORED


def matched(
    observations: Sequence[Observation], known: Sequence[Vulnerability], removed: Sequence[Vulnerability]
) -> tuple[Match, ...]:
    """Match all observations of one finding, aligned with them.

    ``known`` are the live vulnerabilities of the finding and root, ``removed`` those that were removed and keep their claim.
    What has the mark of a removed one, and of no live one, is ignored before locations are looked at.
    """
    ignored = {mark(each) for each in removed} - {mark(each) for each in known}
    taking_part = [seen for seen in observations if mark_seen(seen) not in ignored]
    found = iter(partners(taking_part, known))
    return tuple(
        Match(seen, None, Effect.IGNORED)
        if mark_seen(seen) in ignored
        else Match(seen, partner := next(found), _effect(partner, seen))
        for seen in observations
    )
