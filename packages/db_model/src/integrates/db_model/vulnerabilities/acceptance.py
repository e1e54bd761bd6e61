"""Answering a request to accept a vulnerability for good (domain section 4.3).

=========  ====================  ==========================================================================================
answer     refused for           what becomes of the treatment
=========  ====================  ==========================================================================================
approve    ``not_requested``,    ACCEPTED_UNDEFINED, APPROVED; the treatment before it is forgotten
           ``own_request``
reject     ``not_requested``     the one before the request, REJECTED; an acceptance whose date has come is UNTREATED, as if
                                 it had ended meanwhile. It is not counted as another acceptance
=========  ====================  ==========================================================================================

Who answered, when and why take the place of who chose the treatment that comes back: the answer is the last decision. Whoever
asked may answer with no, but not with yes.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.check import Arguments, as_given, flawed, refuse
from integrates.db_model.values.text import reasoning
from integrates.db_model.vulnerabilities.rules import unanswerable
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    PreviousTreatment,
    Treatment,
    TreatmentStatus,
    Vulnerability,
)


class AcceptanceAnswer(Struct, frozen=True, kw_only=True):
    """Whether a request is approved, and why; ``flaws`` are the arguments that are wrong by themselves."""

    approve: bool
    justification: str
    flaws: tuple[Rejected, ...] = ()


ARGUMENTS: Final = Arguments(AcceptanceAnswer, {"approve": as_given, "justification": reasoning})
"""What an answer is given."""


def acceptance_answer(given: Mapping[str, Any]) -> AcceptanceAnswer:
    """Return the answer in raw arguments, with those at fault among its ``flaws``."""
    return flawed(ARGUMENTS, given)


def acceptance_answered(vulnerability: Vulnerability, answer: AcceptanceAnswer, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability with its request for a permanent acceptance answered.

    Raise ``Rejections``: the flaws of the answer, else ``not_requested``, ``own_request``, ``not_vulnerable``, ``hidden``.
    """
    refuse(answer.flaws)
    refuse(_unanswerable(vulnerability, answer, by))
    treatment = vulnerability.treatment
    made = _approved(treatment, answer, by, at) if answer.approve else _restored(treatment, answer, by, at)
    return replace(vulnerability, treatment=made)


def _unanswerable(vulnerability: Vulnerability, answer: AcceptanceAnswer, by: str) -> Iterator[Rejected]:
    treatment = vulnerability.treatment
    yield from unanswerable(vulnerability, is_requested=treatment.acceptance_status is AcceptanceStatus.SUBMITTED)
    if answer.approve and treatment.acceptance_status is AcceptanceStatus.SUBMITTED and treatment.requested_by == by:
        yield Rejected(Reason.OWN_REQUEST)


def _approved(treatment: Treatment, answer: AcceptanceAnswer, by: str, at: datetime) -> Treatment:
    return replace(
        treatment,
        acceptance_status=AcceptanceStatus.APPROVED,
        justification=answer.justification,
        previous=None,
        at=at,
        by=by,
    )


def _restored(treatment: Treatment, answer: AcceptanceAnswer, by: str, at: datetime) -> Treatment:
    before = treatment.previous
    if before is None or _has_ended(before, at):
        before = PreviousTreatment(status=TreatmentStatus.UNTREATED, at=at, by=by)
    decided = {"acceptance_status": AcceptanceStatus.REJECTED, "justification": answer.justification, "at": at, "by": by}
    return Treatment(**{**asdict(before), **decided})


def _has_ended(before: PreviousTreatment, at: datetime) -> bool:
    return before.accepted_until is not None and before.accepted_until <= at
