"""The findings that a policy may concern, in an order in which work on them can go on after an interruption."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from integrates.db_model.entity import counter, read
from integrates.db_model.entity.facet import id_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.finding_policies.types import FindingPolicy, Task
from integrates.db_model.findings.facet import FINDING, FINDING_SHARDS, finding_counters_keys, title_hash
from integrates.db_model.findings.rules import title_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.indicators.cell import cells
from integrates.db_model.store.port import Item, Store
from integrates.db_model.vulnerabilities.types import TreatmentStatus


class Unit(Struct, frozen=True):
    """A finding, and its position in the order of the work."""

    position: tuple[str, ...]
    finding_id: str


Units: TypeAlias = Callable[[Store, FindingPolicy], AsyncIterator[tuple[Unit, ...]]]


async def _titled(store: Store, policy: FindingPolicy) -> AsyncIterator[tuple[Unit, ...]]:
    """Yield the findings with the title of the policy, in all groups of its organization, by id; nothing of removed groups.

    Lists may lag, so each finding is read again. A finding that cannot be read is passed over, as are those of such a group.
    """
    values = {"organization_id": policy.organization_id, "title_hash": title_hash(policy.title)}
    async for items in read.pages(store, listing(FINDING.name, "findings_of_organization_by_title", values)):
        latest = await store.get([item.key for item in items])
        found = [one for item in latest if isinstance(one := read.attempted(FINDING, item), Finding)]
        groups = await store.get([group_key(one.group_name) for one in found])
        titled = (
            one
            for one, group in zip(found, groups, strict=True)
            if title_key(one.description.title) == title_key(policy.title) and isinstance(read.attempted(GROUP, group), Group)
        )
        yield tuple(Unit((one.id,), one.id) for one in titled)


def _accepts_forever(counters: tuple[Item | None, ...]) -> bool:
    return any(cell.treatment is TreatmentStatus.ACCEPTED_UNDEFINED for cell in cells(counter.summed(counters)))


async def _accepting(store: Store, policy: FindingPolicy) -> AsyncIterator[tuple[Unit, ...]]:
    """Yield the findings of the organization that have vulnerabilities accepted for ever, by group and id.

    What a policy accepted is found without an index of its own: titles may have changed since, but the counters of a finding,
    which are exact, tell whether it has any, so that all others are passed over. That needs no group to be readable.
    """
    values = {"organization_id": policy.organization_id}
    async for groups in read.pages(store, listing(GROUP.name, "groups_of_organization", values)):
        for name in (id_of(item.key) for item in groups):
            query = listing(FINDING.name, "findings_of_group", {"group_name": name})
            async for items in read.pages(store, query):
                ids = [id_of(item.key) for item in items]
                counters = await store.get([key for each in ids for key in finding_counters_keys(each)])
                parts = (counters[at : at + FINDING_SHARDS] for at in range(0, len(counters), FINDING_SHARDS))
                pairs = zip(ids, parts, strict=True)
                yield tuple(Unit((name, each), each) for each, part in pairs if _accepts_forever(part))


UNITS: Final[Mapping[Task, Units]] = {Task.APPLY: _titled, Task.WITHDRAW: _accepting}
"""By task: the function that yields the findings that it may concern, a page of a list at a time."""
