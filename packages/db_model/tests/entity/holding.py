"""Events that hold vulnerabilities, for the tests of both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from integrates.db_model import events
from integrates.db_model.entity import read
from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.entity.counter import summed
from integrates.db_model.events.facet import HELD, event_counters_key
from integrates.db_model.events.types import Event
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.store.port import Store
from integrates.db_model.testing.scene import add_event, add_vulnerability
from integrates.db_model.vulnerabilities import commands, lists, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Verification,
    VerificationStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House

OVER: Final = {"reason": "OTHER", "other": "It works again now"}
WHY: Final = "Repaired it yesterday"


def asked(old: Vulnerability, at: datetime) -> Vulnerability:
    """Request a verification."""
    made = Verification(status=VerificationStatus.REQUESTED, justification=WHY, at=at, by=old.created_by)
    return replace(old, verification=made)


def removed(old: Vulnerability, at: datetime) -> Vulnerability:
    """Remove a vulnerability."""
    why = RemovalJustification.DUPLICATED
    return replace(old, state=replace(old.state, status=VulnerabilityStatus.DELETED, at=at, justification=why))


def closed(old: Vulnerability, at: datetime) -> Vulnerability:
    """Close a vulnerability."""
    return rules.closed(old, ClosingReason.NOT_REPORTED, by=old.created_by, at=at)


def verified(old: Vulnerability, at: datetime) -> Vulnerability:
    """Answer a verification."""
    return replace(old, verification=Verification(status=VerificationStatus.VERIFIED, at=at, by=old.created_by))


def hidden(old: Vulnerability, at: datetime) -> Vulnerability:
    """Confirm a zero risk."""
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=at, by=old.created_by))


async def waiting(house: House, number: int, folder: str = "src") -> list[Vulnerability]:
    """Store vulnerabilities whose verification is requested."""
    paths = [f"{folder}/{each}.py" for each in range(number)]
    found = [await add_vulnerability(house.store, house.finding, house.root, path, house.stamp) for path in paths]
    done = await commands.update_each(house.store, [one.id for one in found], asked, house.stamp())
    return [done.entities[at] for at in range(number)]


async def hold(house: House, event: Event, found: Sequence[Vulnerability], store: Store | None = None) -> Written | Refused:
    """Let an event hold vulnerabilities."""
    return await events.hold(store or house.store, [Reference(one.id) for one in found], event, house.stamp())


async def holding(house: House, number: int) -> tuple[Event, list[Vulnerability]]:
    """Store an event that holds so many."""
    event = await add_event(house.store, house.group, "event", house.stamp)
    found = await waiting(house, number)
    done = await hold(house, event, found)
    assert isinstance(done, Written)
    assert done.refused == {}
    return event, [done.entities[at] for at in range(number)]


async def count(house: House, event: Event) -> int:
    """Return how many the counter says that an event holds."""
    return summed(await house.store.get((event_counters_key(event.id),))).get(HELD, 0)


async def listed(house: House, event: Event) -> int:
    """Return how many the list says that an event holds."""
    return len(await read.everything(house.store, VULNERABILITY, lists.held_by_event(event.id)))


async def now(house: House, facet: Any, key: Any) -> Any:
    """Read an entity, removed or not."""
    return await read.get_any(house.store, facet, key)


async def verification(house: House, one: Vulnerability) -> Verification:
    """Return the verification of a vulnerability now."""
    found: Verification = (await now(house, VULNERABILITY, vulnerability_key(one.id))).verification
    return found
