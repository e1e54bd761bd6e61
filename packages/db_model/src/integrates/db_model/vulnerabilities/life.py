"""Leading vulnerabilities through their states, and saying how bad they are: what people do besides treating them.

Raw arguments are checked once, when the first vulnerability is decided about: after what is visible, and its version (M5).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any

from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities import describe, review
from integrates.db_model.vulnerabilities.change import change_all, change_one
from integrates.db_model.vulnerabilities.justification import Justification
from integrates.db_model.vulnerabilities.types import Vulnerability


async def confirm(
    store: Store, wanted: Sequence[Reference], stamp: Stamp, *, seen: Sequence[Vulnerability | None] = ()
) -> Written | Refused:
    """Release drafts, and with the first one their finding; see :func:`change_all` and ``review.cleared``."""
    return await change_all(store, wanted, lambda old, of, at: review.cleared(old, of, by=stamp.by, at=at), stamp, seen=seen)


async def reject(
    store: Store,
    wanted: Sequence[Reference],
    given: Mapping[str, Any],
    stamp: Stamp,
    *,
    seen: Sequence[Vulnerability | None] = (),
) -> Written | Refused:
    """Send drafts back for the reasons in raw arguments; see :func:`change_all` and ``review.sent_back``."""
    verdict = cache(partial(review.verdict_of, given))

    def alter(old: Vulnerability, _: Finding, at: datetime) -> Vulnerability:
        return review.sent_back(old, verdict(), by=stamp.by, at=at)

    return await change_all(store, wanted, alter, stamp, seen=seen)


async def resubmit(
    store: Store, wanted: Sequence[Reference], stamp: Stamp, *, seen: Sequence[Vulnerability | None] = ()
) -> Written | Refused:
    """Submit rejected drafts again; see :func:`change_all` and ``review.resubmitted``."""
    return await change_all(store, wanted, lambda old, _, at: review.resubmitted(old, by=stamp.by, at=at), stamp, seen=seen)


async def reopen_all(
    store: Store,
    wanted: Sequence[Reference],
    why: Justification,
    stamp: Stamp,
    *,
    seen: Sequence[Vulnerability | None] = (),
) -> Written | Refused:
    """Begin new cycles of SAFE vulnerabilities; see :func:`change_all` and ``review.reopened_by_person``.

    ``inactive_root`` refuses one whose root is not ACTIVE.
    """

    def alter(old: Vulnerability, _: Finding, at: datetime) -> Vulnerability:
        return review.reopened_by_person(old, why, by=stamp.by, at=at)

    return await change_all(store, wanted, alter, stamp, seen=seen)


async def remove_all(
    store: Store,
    wanted: Sequence[Reference],
    given: Mapping[str, Any],
    stamp: Stamp,
    *,
    seen: Sequence[Vulnerability | None] = (),
) -> Written | Refused:
    """Remove vulnerabilities that are not SAFE, for the reason that is given; see :func:`change_all` and ``review``."""
    why = cache(partial(review.removal_of, given))

    def alter(old: Vulnerability, _: Finding, at: datetime) -> Vulnerability:
        return review.removed_alone(old, why(), by=stamp.by, at=at)

    return await change_all(store, wanted, alter, stamp, seen=seen)


async def label(
    store: Store, seen: Vulnerability, given: Mapping[str, Any], stamp: Stamp, *, expected_version: int | None = None
) -> Vulnerability:
    """Give a vulnerability labels; see :func:`change_one` and ``describe.labelled``."""

    def alter(old: Vulnerability, _: Finding, __: datetime) -> Vulnerability:
        return describe.labelled(old, given)

    return await change_one(store, seen, alter, stamp, expected_version=expected_version)


async def score(
    store: Store, seen: Vulnerability, given: Mapping[str, str | None], stamp: Stamp, *, expected_version: int | None = None
) -> Vulnerability:
    """Give a vulnerability a severity of its own, or take it away; see :func:`change_one` and ``describe.rescored``."""

    def alter(old: Vulnerability, finding: Finding, _: datetime) -> Vulnerability:
        return describe.rescored(old, finding, given)

    return await change_one(store, seen, alter, stamp, expected_version=expected_version)
