"""Requests and answers about vulnerabilities: permanent acceptance, verification, zero risk (domain sections 4.3 and 4.4).

Each is one bulk change by whoever the stamp names; see :func:`integrates.db_model.vulnerabilities.change.change_all`. Whether
that person may ask or answer is a permission: the caller checks it.

What is said about a verification or a zero risk also becomes a comment on each finding concerned, in the transaction of the
first vulnerability that is changed there; ``new_id`` makes the ids of comments.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import partial
from typing import Protocol, TypeAlias

from msgspec import Struct

from integrates.db_model.comments.remark import remarked
from integrates.db_model.comments.types import CommentType
from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities.acceptance import AcceptanceAnswer, acceptance_answered
from integrates.db_model.vulnerabilities.change import change_all
from integrates.db_model.vulnerabilities.justification import Justification
from integrates.db_model.vulnerabilities.types import VexJustification, Vulnerability
from integrates.db_model.vulnerabilities.verification import verification_answered, verification_requested
from integrates.db_model.vulnerabilities.zero_risk import zero_risk_confirmed, zero_risk_rejected, zero_risk_requested

NewId: TypeAlias = Callable[[], str]
Seen: TypeAlias = Sequence[Vulnerability]


class _Rule(Protocol):
    """A pure rule that changes a vulnerability for a reason."""

    def __call__(self, old: Vulnerability, why: Justification, /, *, by: str, at: datetime) -> Vulnerability:
        """Return the changed vulnerability, or raise what refuses that."""


class _Explanation(Struct, frozen=True):
    """Why vulnerabilities are changed, and the comments that say so."""

    kind: CommentType
    why: Justification
    new_id: NewId


async def _explained(
    store: Store, wanted: Sequence[Reference], explanation: _Explanation, rule: _Rule, stamp: Stamp, seen: Seen
) -> Written | Refused:
    """Change vulnerabilities by a rule, with comments; a justification at fault, which the rule refuses, leaves none."""
    why = explanation.why

    def alter(old: Vulnerability, _: Finding, at: datetime) -> Vulnerability:
        return rule(old, why, by=stamp.by, at=at)

    told = None if why.flaws else remarked(explanation.kind, why.justification, stamp, explanation.new_id)
    return await change_all(store, wanted, alter, stamp, seen=seen, supplement=told)


async def answer_acceptance(
    store: Store, wanted: Sequence[Reference], answer: AcceptanceAnswer, stamp: Stamp, *, seen: Seen = ()
) -> Written | Refused:
    """Answer requests for a permanent acceptance."""

    def alter(old: Vulnerability, _: Finding, at: datetime) -> Vulnerability:
        return acceptance_answered(old, answer, by=stamp.by, at=at)

    return await change_all(store, wanted, alter, stamp, seen=seen)


async def request_verification(
    store: Store, wanted: Sequence[Reference], why: Justification, stamp: Stamp, *, new_id: NewId, seen: Seen = ()
) -> Written | Refused:
    """Ask to check vulnerabilities again."""
    explanation = _Explanation(CommentType.VERIFICATION, why, new_id)
    return await _explained(store, wanted, explanation, verification_requested, stamp, seen)


async def verify(
    store: Store,
    wanted: Sequence[Reference],
    closed: AbstractSet[str],
    why: Justification,
    stamp: Stamp,
    *,
    new_id: NewId,
    seen: Seen = (),
) -> Written | Refused:
    """Answer requests to check vulnerabilities again: those whose ids are in ``closed`` are SAFE, the others still open."""

    def rule(old: Vulnerability, reason: Justification, *, by: str, at: datetime) -> Vulnerability:
        return verification_answered(old, reason, is_closed=old.id in closed, by=by, at=at)

    return await _explained(store, wanted, _Explanation(CommentType.VERIFICATION, why, new_id), rule, stamp, seen)


async def request_zero_risk(
    store: Store,
    wanted: Sequence[Reference],
    why: Justification,
    stamp: Stamp,
    *,
    new_id: NewId,
    seen: Seen = (),
    vex_justification: VexJustification | None = None,
) -> Written | Refused:
    """Claim that vulnerabilities do no harm; ``vex_justification`` is the word that VEX documents have for the reason."""
    rule = partial(zero_risk_requested, vex_justification=vex_justification)
    return await _explained(store, wanted, _Explanation(CommentType.ZERO_RISK, why, new_id), rule, stamp, seen)


async def confirm_zero_risk(
    store: Store, wanted: Sequence[Reference], why: Justification, stamp: Stamp, *, new_id: NewId, seen: Seen = ()
) -> Written | Refused:
    """Confirm that vulnerabilities do no harm, which hides them."""
    explanation = _Explanation(CommentType.ZERO_RISK, why, new_id)
    return await _explained(store, wanted, explanation, zero_risk_confirmed, stamp, seen)


async def reject_zero_risk(
    store: Store, wanted: Sequence[Reference], why: Justification, stamp: Stamp, *, new_id: NewId, seen: Seen = ()
) -> Written | Refused:
    """Say that vulnerabilities do harm after all, whether the contrary was confirmed or not."""
    explanation = _Explanation(CommentType.ZERO_RISK, why, new_id)
    return await _explained(store, wanted, explanation, zero_risk_rejected, stamp, seen)
