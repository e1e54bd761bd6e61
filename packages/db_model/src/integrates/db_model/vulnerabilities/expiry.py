"""The job that ends temporary acceptances whose date has come (domain section 4.3).

It may run anywhere, at any time and at several places at once: each vulnerability is read again before it is changed, and the
change is conditional on what was read, so each acceptance ends once.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from integrates.db_model.entity import read
from integrates.db_model.entity.facet import id_of
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import IntegratesError, ModelError, NotFound
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.groups.commands import names_of_platform
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities import lists, treatment
from integrates.db_model.vulnerabilities.commands import check_group, update_each
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import Vulnerability

_EXPIRING: Final = 100
"""How many acceptances are ended in one bulk change."""


class Expired(Struct, frozen=True):
    """How many acceptances were ended, and the errors of the others, by id of the vulnerability or name of the group."""

    done: int = 0
    refused: Mapping[str, IntegratesError] = {}


_GONE: Final = frozenset({VULNERABILITY.name, FINDING.name, GROUP.name})
"""What cannot be found when a vulnerability was removed since the list was read, or what it belongs to."""


class _Settled(ModelError):
    """Somebody else ended the acceptance, or changed it, since the list was read."""


def _is_settled(error: IntegratesError) -> bool:
    """Return whether somebody else has ended the acceptance, changed it, or removed what was accepted."""
    return isinstance(error, _Settled) or (isinstance(error, NotFound) and error.facet in _GONE)


async def expire_acceptances(store: Store, group: str, now: datetime, stamp: Stamp) -> Expired:
    """End the temporary acceptances of a group whose date has come, including hidden ones: they become UNTREATED.

    Each page of the list is one bulk change. A vulnerability that cannot be read is refused, and the others go on; one that
    somebody else changed or removed meanwhile is left as it is, and not counted. Raise ``NotFound`` when there is no such
    group.
    """
    await check_group(store, group)

    def ended(old: Vulnerability, at: datetime) -> Vulnerability:
        if not treatment.is_over(old, now):
            raise _Settled(old.id)
        return treatment.expired(old, now, by=stamp.by, at=at)

    done = 0
    refused: dict[str, IntegratesError] = {}
    query = lists.accepted_in_group(group, limit=_EXPIRING)
    async for items in read.pages(store, query):
        found = {id_of(item.key): read.attempted(VULNERABILITY, item) for item in items}
        longer = {each for each, one in found.items() if isinstance(one, Vulnerability) and not treatment.is_over(one, now)}
        due = [each for each, one in found.items() if one is not None and each not in longer]
        made = await update_each(store, due, ended, stamp)
        done += len(made.entities)
        refused |= {due[position]: error for position, error in made.refused.items() if not _is_settled(error)}
        if longer:  # the list is ordered by date, so all others are accepted for longer too
            break
    return Expired(done, refused)


async def expire_everywhere(
    store: Store, now: datetime, stamp: Stamp, *, is_stopping: Callable[[], bool] = lambda: False
) -> Expired:
    """End the temporary acceptances of all groups whose date has come; see :func:`expire_acceptances`.

    A group that cannot be read is refused, and the others go on. When ``is_stopping`` says so, the rest is left for next time.
    Raise the error of the store when that fails: what is done stays, and a repeat does the rest.
    """
    done = 0
    refused: dict[str, IntegratesError] = {}
    async for name in names_of_platform(store):
        if is_stopping():
            break
        try:
            made = await expire_acceptances(store, name, now, stamp)
        except NotFound:  # the group was removed, and everything in it is out of reach
            continue
        except ModelError as error:
            refused[name] = error
            continue
        done += made.done
        refused |= made.refused
    return Expired(done, refused)
