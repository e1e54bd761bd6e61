"""Changing findings."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import convert
from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.entity.bulk import Written
from integrates.db_model.entity.facet import Facet, claims_of
from integrates.db_model.entity.plan import Plan, altered, needs, plan
from integrates.db_model.entity.transaction import gathered, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Raced, Stale
from integrates.db_model.evidences.file import brought, dropped, examined
from integrates.db_model.evidences.rules import emptied, put_into
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.files.port import Files
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.rules import ARGUMENTS, given_up, is_live, reworded, scored_by_person
from integrates.db_model.findings.types import (
    Finding,
    FindingDescription,
    FindingState,
    FindingStateStatus,
    ToolRule,
)
from integrates.db_model.groups.types import Group
from integrates.db_model.severities.rules import severity
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import Store
from integrates.db_model.values.check import checked


def new_finding(
    identity: str,
    description: FindingDescription,
    stamp: Stamp,
    *,
    group_name: str,
    organization_id: str,
    rule: ToolRule | None = None,
    severity: Severity | None = None,
) -> Finding:
    """Return a new finding of a group. It is not stored yet."""
    return Finding(
        id=identity,
        group_name=group_name,
        organization_id=organization_id,
        rule=rule,
        description=description,
        severity=severity,
        state=FindingState(status=FindingStateStatus.CREATED, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def add(store: Store, new: Finding, stamp: Stamp) -> Finding:
    """Store a new finding; return it as stored. A removed finding that keeps the title of one without rule gives it up.

    Raise ``AlreadyExists`` when another finding of the group has its rule or title, ``Rejected`` (``too_many``) when the group
    is full, ``NotFound`` when there is no such group.
    """
    return await command.add(store, FINDING, new, stamp, storing=_stored)


async def create(store: Store, group: Group, given: Mapping[str, Any], stamp: Stamp, identity: str) -> Finding:
    """Store a new finding of a group, made of the arguments ``given``; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`add` raises.
    """
    details = checked(ARGUMENTS, given)
    description = convert(details, FindingDescription, from_attributes=True)
    scored = severity(details.cvss_v4, details.cvss_v3)
    within, above = group.name, group.organization_id
    new = new_finding(identity, description, stamp, group_name=within, organization_id=above, severity=scored)
    return await add(store, new, stamp)


async def _updated(
    store: Store,
    seen: Finding,
    alter: command.Alter[Finding],
    stamp: Stamp,
    version: int | None,
    storing: command.Storing[Finding] = command.committed,
) -> Finding:
    """Change one finding, ``seen`` as the caller has just read it; see :func:`integrates.db_model.entity.command.update`."""
    key = finding_key(seen.id)
    return await command.update(store, FINDING, key, alter, stamp, expected_version=version, seen=seen, storing=storing)


async def describe(
    store: Store, seen: Finding, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Finding:
    """Change what a finding says of itself: what is not ``given`` stays, ``None`` takes it away; return it as stored.

    Raise ``Rejections`` for arguments at fault, ``AlreadyExists`` as :func:`add` does, and what
    :func:`integrates.db_model.entity.command.update` raises.
    """
    return await _updated(store, seen, lambda old, _: reworded(old, given), stamp, expected_version, _stored)


async def assess(
    store: Store, seen: Finding, given: Mapping[str, str | None], stamp: Stamp, *, expected_version: int | None = None
) -> Finding:
    """Give a finding the severity of the vectors that a person ``gave``; return it as stored.

    Those of its vulnerabilities that have none of their own change their cells in the group, and nothing else changes. Raise
    ``Rejected`` (``required``) without a vector, ``Rejections`` (``bad_vector``), and what
    :func:`integrates.db_model.entity.command.update` raises.
    """
    return await _updated(store, seen, lambda old, _: scored_by_person(old, given), stamp, expected_version)


async def attach(
    store: Store,
    seen: Finding,
    given: Mapping[str, Any],
    stamp: Stamp,
    *,
    files: Files,
    expected_version: int | None = None,
) -> Finding:
    """Put a file into a slot of a finding, or tell of the one there what it shows; return the finding as stored.

    ``given`` are ``slot``, ``file`` (bytes) and ``description``, as :func:`integrates.db_model.evidences.file.examined` takes
    them. Raise what that raises, ``Rejected`` (``empty_slot``) for a description of nothing, and what
    :func:`integrates.db_model.entity.command.update` raises.
    """
    command.check_version(FINDING, seen, expected_version)
    new = await brought(files, seen.id, await examined(given), stamp)

    def alter(old: Finding, _: datetime) -> Finding:
        return replace(old, evidences=put_into(old.evidences, new))

    stored = await _updated(store, seen, alter, stamp, expected_version)
    await dropped(files, seen.id, new, stored.evidences)
    return stored


async def detach(
    store: Store, seen: Finding, slot: EvidenceSlot, stamp: Stamp, *, expected_version: int | None = None
) -> Finding:
    """Empty a slot of a finding; return the finding as stored. The file is deleted later, when the clean-up finds it.

    Raise ``Rejected`` (``empty_slot``), and what :func:`integrates.db_model.entity.command.update` raises.
    """

    def alter(old: Finding, _: datetime) -> Finding:
        return replace(old, evidences=emptied(old.evidences, slot))

    return await _updated(store, seen, alter, stamp, expected_version)


async def _stored(store: Store, facet: Facet[Finding], old: Finding | None, new: Finding, stamp: Stamp) -> Finding:
    """Write a finding, and take its title from a removed one that keeps it."""
    try:
        return await command.committed(store, facet, old, new, stamp)
    except AlreadyExists as error:
        holder = await read.get_any(store, FINDING, finding_key(error.owner)) if error.owner and new.rule is None else None
        if holder is None or is_live(holder):
            raise
        if not holder.state.keeps_claim:  # somebody took it over after it was met
            raise Raced(holder.id) from error
        return await _taken_over(store, old, new, holder, stamp)


async def _taken_over(store: Store, old: Finding | None, new: Finding, holder: Finding, stamp: Stamp) -> Finding:
    """Write a finding with the title of a removed one, which gives up its claim in the same transaction."""
    wanted = needs(FINDING, old, new)
    given = await gathered(store, (wanted,))
    title = replace(given, vacant=frozenset(claims_of(FINDING, new)))
    made = plan(FINDING, old, new, stamp, title)
    former = plan(FINDING, holder, given_up(holder), stamp, title)
    try:
        await write(store, (made, former))
    except Stale as error:
        if error.identity == new.id:
            raise
        raise Raced(holder.id) from error
    return made.entity


async def add_for_rules(store: Store, new: Sequence[Finding], stamp: Stamp) -> Written:
    """Store new findings of different rules; return the outcome of each by its position, with the errors of ``add``."""
    return await command.add_each(store, FINDING, new, stamp)


async def rescore(store: Store, finding_id: str, severity: Severity | None, stamp: Stamp) -> Finding:
    """Give a finding another severity; return it as stored. Those that inherit it change their cells in the group."""
    return await command.update(store, FINDING, finding_key(finding_id), lambda old, _: replace(old, severity=severity), stamp)


async def rescore_as(store: Store, seen: Finding, scored: Callable[[Finding], Severity | None], stamp: Stamp) -> Finding:
    """Give a finding the severity that follows from it, as it is when that is written; return it as stored."""

    def alter(old: Finding, _at: datetime) -> Finding:
        return replace(old, severity=scored(old))

    return await command.update(store, FINDING, finding_key(seen.id), alter, stamp, seen=seen)


def _released(finding: Finding, at: datetime) -> Finding:
    if finding.release.released_at is not None:
        return finding
    return replace(finding, release=replace(finding.release, released_at=at))


def released(finding: Finding, stamp: Stamp) -> Plan[Finding]:
    """Return the plan that records the first release of a finding; it writes nothing when the finding was released before."""
    return altered(FINDING, finding, _released, stamp)
