"""Removing a finding: first all of its vulnerabilities, in chunks, and the finding last (domain section 3, rule M3).

There is no record of how far a removal came. What is removed is off the list that is walked, so a removal that was cut off goes
on where it was when the call is repeated, by whomever.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.entity.bulk import Written
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound, Raced, Reason, Rejected
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding, FindingState, FindingStateStatus, RemovalJustification
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities import lists, review
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import Vulnerability


async def remove(
    store: Store, seen: Finding, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Finding:
    """Remove a finding with all its vulnerabilities, whatever their state, for the ``justification`` that is ``given``.

    All revisions have the change id of the stamp. Return the finding as stored. The version is compared before the first chunk.
    What comes meanwhile is removed too; when something comes again and again, raise ``Raced``. Repeating the call, also after
    the store failed, finishes what was begun.
    Raise ``Rejections`` for a bad justification, and what :func:`integrates.db_model.entity.command.update` raises.
    """
    command.check_version(FINDING, seen, expected_version)
    why = review.removal_of(given)

    async def attempt() -> Finding:
        await _remove_below(store, seen.id, why, stamp)
        try:
            return await command.update(store, FINDING, finding_key(seen.id), partial(_gone, why=why, by=stamp.by), stamp)
        except Rejected as error:
            if error.reason is not Reason.NOT_EMPTY:
                raise
            raise Raced(seen.id) from error

    return await repeated(attempt)


def _gone(old: Finding, at: datetime, why: RemovalJustification, by: str) -> Finding:
    return replace(old, state=FindingState(status=FindingStateStatus.DELETED, at=at, by=by, justification=why))


async def _remove_below(store: Store, finding_id: str, why: RemovalJustification, stamp: Stamp) -> None:
    """Remove all vulnerabilities on the list of a finding, each page in one bulk change."""

    def alter(old: Vulnerability, at: datetime) -> Vulnerability:
        return review.removed(old, why, by=stamp.by, at=at)

    async for items in read.pages(store, lists.live_of_finding(finding_id)):
        written = await command.update_each(store, VULNERABILITY, [item.key for item in items], alter, stamp)
        _check_written(written)


def _check_written(written: Written) -> None:
    """Raise the error of what was not removed, unless it was removed by somebody else."""
    for error in written.refused.values():
        if not (isinstance(error, NotFound) and error.facet == VULNERABILITY.name):
            raise error
