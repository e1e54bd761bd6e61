"""Requests and answers about vulnerabilities: permanent acceptance, verification, zero risk (domain sections 4.3 and 4.4).

Each is one bulk change by whoever the stamp names; see :func:`integrates.db_model.vulnerabilities.commands.change_all`. Whether
that person may ask or answer is a permission: the caller checks it.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.entity.types import Stamp
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities.acceptance import AcceptanceAnswer, acceptance_answered
from integrates.db_model.vulnerabilities.commands import change_all
from integrates.db_model.vulnerabilities.justification import Justification
from integrates.db_model.vulnerabilities.types import Vulnerability
from integrates.db_model.vulnerabilities.verification import verification_answered, verification_requested
from integrates.db_model.vulnerabilities.zero_risk import zero_risk_confirmed, zero_risk_rejected, zero_risk_requested


async def answer_acceptance(
    store: Store, wanted: Sequence[Reference], answer: AcceptanceAnswer, stamp: Stamp, *, seen: Sequence[Vulnerability] = ()
) -> Written | Refused:
    """Answer requests for a permanent acceptance."""
    return await change_all(
        store, wanted, lambda old, _, at: acceptance_answered(old, answer, by=stamp.by, at=at), stamp, seen=seen
    )


async def request_verification(
    store: Store, wanted: Sequence[Reference], why: Justification, stamp: Stamp, *, seen: Sequence[Vulnerability] = ()
) -> Written | Refused:
    """Ask to check vulnerabilities again."""
    return await change_all(
        store, wanted, lambda old, _, at: verification_requested(old, why, by=stamp.by, at=at), stamp, seen=seen
    )


async def verify(
    store: Store,
    wanted: Sequence[Reference],
    closed: AbstractSet[str],
    why: Justification,
    stamp: Stamp,
    *,
    seen: Sequence[Vulnerability] = (),
) -> Written | Refused:
    """Answer requests to check vulnerabilities again: those whose ids are in ``closed`` are SAFE, the others still open."""
    return await change_all(
        store,
        wanted,
        lambda old, _, at: verification_answered(old, why, is_closed=old.id in closed, by=stamp.by, at=at),
        stamp,
        seen=seen,
    )


async def request_zero_risk(
    store: Store, wanted: Sequence[Reference], why: Justification, stamp: Stamp, *, seen: Sequence[Vulnerability] = ()
) -> Written | Refused:
    """Claim that vulnerabilities do no harm."""
    return await change_all(
        store, wanted, lambda old, _, at: zero_risk_requested(old, why, by=stamp.by, at=at), stamp, seen=seen
    )


async def confirm_zero_risk(
    store: Store, wanted: Sequence[Reference], why: Justification, stamp: Stamp, *, seen: Sequence[Vulnerability] = ()
) -> Written | Refused:
    """Confirm that vulnerabilities do no harm, which hides them."""
    return await change_all(
        store, wanted, lambda old, _, at: zero_risk_confirmed(old, why, by=stamp.by, at=at), stamp, seen=seen
    )


async def reject_zero_risk(
    store: Store, wanted: Sequence[Reference], why: Justification, stamp: Stamp, *, seen: Sequence[Vulnerability] = ()
) -> Written | Refused:
    """Say that vulnerabilities do harm after all, whether the contrary was confirmed or not."""
    return await change_all(
        store, wanted, lambda old, _, at: zero_risk_rejected(old, why, by=stamp.by, at=at), stamp, seen=seen
    )
