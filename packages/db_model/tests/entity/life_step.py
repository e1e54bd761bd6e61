"""What people do with the state of vulnerabilities, for machines that try it in any order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from integrates.db_model import vulnerabilities
from integrates.db_model.access.types import GroupRole
from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound
from integrates.db_model.findings.types import Finding, RemovalJustification
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities.intake import Reports
from integrates.db_model.vulnerabilities.justification import justified
from integrates.db_model.vulnerabilities.types import Vulnerability

WHY: Final = justified({"justification": "because of good reasons"})
V3: Final = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
Outcome: TypeAlias = Written | Refused
Command: TypeAlias = Callable[[Store, Sequence[Reference], Stamp], Awaitable[Outcome]]


async def _reject(store: Store, wanted: Sequence[Reference], stamp: Stamp) -> Outcome:
    return await vulnerabilities.reject(store, wanted, {"reasons": ["NAMING", "WRITING"]}, stamp)


async def _reopen(store: Store, wanted: Sequence[Reference], stamp: Stamp) -> Outcome:
    return await vulnerabilities.reopen_all(store, wanted, WHY, stamp)


def _removing(why: RemovalJustification) -> Command:
    async def remove(store: Store, wanted: Sequence[Reference], stamp: Stamp) -> Outcome:
        return await vulnerabilities.remove_all(store, wanted, {"justification": why}, stamp)

    return remove


LIFE: Final[Mapping[str, Command]] = {
    "confirm": vulnerabilities.confirm,
    "reject": _reject,
    "resubmit": vulnerabilities.resubmit,
    "reopen": _reopen,
    "remove": _removing(RemovalJustification.DUPLICATED),
    "keep": _removing(RemovalJustification.FALSE_POSITIVE),
}
ALL: Final = ("submit", *LIFE, "label", "score", "inherit")
"""Everything that :func:`lead` may do, by number."""


def reports(finding: Finding, root_id: str, number: int, ids: Sequence[str]) -> Reports:
    """Return reports of places that others report, too: as many as there are ids."""
    given = [
        {"root_id": root_id, "type": "LINES", "technique": "SCR", "where": f"{number % 3}/{at}.py", "specific": "1"}
        for at in range(len(ids))
    ]
    return Reports(finding=finding, given=given, identities=ids, role=GroupRole.HACKER)


async def lead(store: Store, found: Sequence[Vulnerability], number: int, stamp: Stamp) -> str | None:
    """Do the thing of that number with vulnerabilities; return its name when it was done, ``None`` when it was refused."""
    name = ALL[1:][number % (len(ALL) - 1)]
    if name in LIFE:
        made = await LIFE[name](store, [Reference(one.id) for one in found], stamp)
        return name if isinstance(made, Written) and made.entities else None
    said: Mapping[str, Mapping[str, Any]] = {"score": {"cvss_v3": V3}, "inherit": {}}
    if name == "label":
        await vulnerabilities.label(store, found[0], {"tags": [f"tag-{number % 3}"]}, stamp)
    else:
        await vulnerabilities.score(store, found[0], said[name], stamp)
    return name


async def submit(store: Store, given: Reports, stamp: Stamp) -> tuple[str, ...]:
    """Report vulnerabilities; return the ids of those that are stored, none where a place is somebody's."""
    try:
        made = await vulnerabilities.submit(store, given, stamp)
    except NotFound:
        return ()
    return tuple(one.id for one in made.entities.values()) if isinstance(made, Written) else ()
