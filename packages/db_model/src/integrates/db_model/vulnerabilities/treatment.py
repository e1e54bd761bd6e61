"""Choosing a treatment (domain section 4.3).

===================  =====================  ====================================================================
target               ``accepted_until``     ``assigned``
===================  =====================  ====================================================================
UNTREATED            ``out_of_range``       ``bad_assigned``: it is cleared
IN_PROGRESS          ``out_of_range``       optional, by default whoever asks
ACCEPTED             ``required``           optional, by default whoever is assigned already
ACCEPTED_UNDEFINED   ``out_of_range``       optional, by default whoever is assigned already
===================  =====================  ====================================================================

A request that equals the treatment in force changes nothing and is not held against the policies again (E9), with one
exception that the domain names: asking for a permanent acceptance that is already asked for or approved.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct, structs

from integrates.db_model.errors import Reason, Rejected, Rejections
from integrates.db_model.policies.types import EffectivePolicies
from integrates.db_model.values.check import Arguments, checked, one_of, refuse
from integrates.db_model.values.instant import utc
from integrates.db_model.values.text import email as checked_email
from integrates.db_model.values.text import reasoning
from integrates.db_model.vulnerabilities.rules import is_vulnerable, unreachable
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    PreviousTreatment,
    Treatment,
    TreatmentStatus,
    Vulnerability,
)

ENDED: Final = "The time for which it was accepted is over."
"""The justification of a treatment that has ended by itself."""


class TreatmentRequest(Struct, frozen=True, kw_only=True):
    """What is asked for, with its texts in the form in which they are stored; see :func:`asked`.

    ``flaws`` are the arguments that are wrong by themselves. Permission and version are checked before them.
    """

    treatment: TreatmentStatus
    justification: str
    accepted_until: datetime | None = None
    assigned: str | None = None
    flaws: tuple[Rejected, ...] = ()


class Requester(Struct, frozen=True, kw_only=True):
    """Who asks, and what the permissions in the group allow.

    ``may_assign``: ``vulnerability:assign``; ``may_accept_forever``: ``vulnerability:accept_forever``; ``assigned_may_be``:
    whether the person who would be assigned, named or by default, holds ``vulnerability:be_assigned``.
    """

    email: str
    may_assign: bool
    may_accept_forever: bool
    assigned_may_be: bool


class Order(Struct, frozen=True, kw_only=True):
    """What is asked for, by whom, under the policies in force for the group."""

    request: TreatmentRequest
    requester: Requester
    policies: EffectivePolicies


ARGUMENTS: Final = Arguments(
    TreatmentRequest,
    {"treatment": one_of(TreatmentStatus), "justification": reasoning, "accepted_until": utc, "assigned": checked_email},
)
"""What a treatment is given."""


def asked(given: Mapping[str, Any]) -> TreatmentRequest:
    """Return what somebody asks for in raw arguments, with those at fault among its ``flaws``.

    They are the ``treatment``, a ``justification`` of 10 to 10,000 characters, ``accepted_until`` and the e-mail ``assigned``.
    """
    try:
        return checked(ARGUMENTS, given)
    except Rejections as error:
        assigned = given.get("assigned")
        return TreatmentRequest(**{**given, "assigned": assigned and assigned.strip().lower()}, flaws=error.refusals)


def treat(
    vulnerability: Vulnerability,
    request: TreatmentRequest,
    requester: Requester,
    *,
    policies: EffectivePolicies,
    score: Decimal | None,
    at: datetime,
) -> Vulnerability:
    """Return the vulnerability with the treatment asked for, or the same object when it has that already.

    ``policies`` are those in force for the group, ``score`` is the effective one, ``at`` the effective date. Raise
    ``Rejections`` with all refusals of the first step that has any; the path is the argument at fault, or empty where the
    vulnerability itself is:

    permission: ``missing_permission`` (treatment), ``assign_others`` (assigned);
    arguments: ``required``, ``out_of_range``, ``bad_format`` (accepted_until), ``bad_assigned`` (assigned),
    ``acceptance_date_past``, ``acceptance_too_long`` (accepted_until);
    state: ``not_vulnerable``, ``hidden``, ``already_requested``, ``severity_out_of_policy``, ``too_many_acceptances``.
    """
    check_permitted(request, requester)
    refuse(_misfits(request, requester, policies, at))
    wanted = _wanted(vulnerability.treatment, request, requester.email, at)
    if not list(unreachable(vulnerability)) and _is_same(vulnerability.treatment, wanted):
        return vulnerability
    refuse(_against_arguments(request, requester, policies, at))
    refuse(_against_state(vulnerability, request, policies, score))
    return _treated(vulnerability, wanted)


def check_permitted(request: TreatmentRequest, requester: Requester) -> None:
    """Raise ``Rejections`` (``missing_permission``, ``assign_others``) unless the requester may ask for it at all."""
    refuse(_forbidden(request, requester))


def _forbidden(request: TreatmentRequest, requester: Requester) -> Iterator[Rejected]:
    if request.treatment is TreatmentStatus.ACCEPTED_UNDEFINED and not requester.may_accept_forever:
        yield Rejected(Reason.MISSING_PERMISSION, ("treatment",))
    if request.assigned not in {None, requester.email} and not requester.may_assign:
        yield Rejected(Reason.ASSIGN_OTHERS, ("assigned",))


def _misfits(request: TreatmentRequest, requester: Requester, policies: EffectivePolicies, at: datetime) -> Iterator[Rejected]:
    """Yield what no vulnerability could be given; with it all other arguments at fault, each with its first reason."""
    wrong = (*request.flaws, *_unfitting(request))
    found: dict[tuple[str, ...], Rejected] = {}
    for one in (*wrong, *_against_arguments(request, requester, policies, at)) if wrong else ():
        found.setdefault(one.path, one)
    yield from found.values()


def _unfitting(request: TreatmentRequest) -> Iterator[Rejected]:
    accepted, until = request.treatment is TreatmentStatus.ACCEPTED, request.accepted_until
    if accepted and until is None:
        yield Rejected(Reason.REQUIRED, ("accepted_until",))
    if not accepted and until is not None:
        yield Rejected(Reason.OUT_OF_RANGE, ("accepted_until",))
    if until is not None:
        yield from _unreadable(until)
    if request.treatment is TreatmentStatus.UNTREATED and request.assigned is not None:
        yield Rejected(Reason.BAD_ASSIGNED, ("assigned",))


def _unreadable(until: datetime) -> Iterator[Rejected]:
    try:
        utc(until, ("accepted_until",))
    except Rejected as refusal:
        yield refusal


def _against_arguments(
    request: TreatmentRequest, requester: Requester, policies: EffectivePolicies, at: datetime
) -> Iterator[Rejected]:
    until = request.accepted_until if request.accepted_until and request.accepted_until.utcoffset() is not None else None
    if until is not None and until <= at:
        yield Rejected(Reason.ACCEPTANCE_DATE_PAST, ("accepted_until",))
    # Subtracting, because a date late in the year 9999 cannot be added to.
    if until is not None and until - at > timedelta(days=policies.max_acceptance_days):
        yield Rejected(Reason.ACCEPTANCE_TOO_LONG, ("accepted_until",), f"at most {policies.max_acceptance_days} days")
    if _assigns(request) and not requester.assigned_may_be:
        yield Rejected(Reason.BAD_ASSIGNED, ("assigned",))


def _assigns(request: TreatmentRequest) -> bool:
    return request.assigned is not None or request.treatment is TreatmentStatus.IN_PROGRESS


def _against_state(
    vulnerability: Vulnerability, request: TreatmentRequest, policies: EffectivePolicies, score: Decimal | None
) -> Iterator[Rejected]:
    yield from unreachable(vulnerability)
    status = vulnerability.treatment.status
    if request.treatment is status is TreatmentStatus.ACCEPTED_UNDEFINED:
        yield Rejected(Reason.ALREADY_REQUESTED)
    if request.treatment is TreatmentStatus.ACCEPTED:
        yield from _against_policies(vulnerability, policies, score)


def _against_policies(vulnerability: Vulnerability, policies: EffectivePolicies, score: Decimal | None) -> Iterator[Rejected]:
    if score is None or not policies.min_acceptance_severity <= score <= policies.max_acceptance_severity:
        allowed = f"from {policies.min_acceptance_severity} to {policies.max_acceptance_severity}"
        yield Rejected(Reason.SEVERITY_OUT_OF_POLICY, (), allowed)
    most = policies.max_number_acceptances
    if most is not None and vulnerability.cycle.temporary_acceptances >= most:
        yield Rejected(Reason.TOO_MANY_ACCEPTANCES, (), f"at most {most} times")


def _wanted(current: Treatment, request: TreatmentRequest, by: str, at: datetime) -> Treatment:
    forever = request.treatment is TreatmentStatus.ACCEPTED_UNDEFINED
    return Treatment(
        status=request.treatment,
        acceptance_status=AcceptanceStatus.SUBMITTED if forever else None,
        accepted_until=None if request.accepted_until is None else utc(request.accepted_until, ("accepted_until",)),
        justification=request.justification,
        assigned=_assignee(current, request, by),
        requested_by=by if forever else None,
        previous=_kept(current) if forever else None,
        at=at,
        by=by,
    )


def _assignee(current: Treatment, request: TreatmentRequest, by: str) -> str | None:
    match request.treatment:
        case TreatmentStatus.UNTREATED:
            return None
        case TreatmentStatus.IN_PROGRESS:
            return request.assigned or by
        case _:
            return request.assigned or current.assigned


def _kept(treatment: Treatment) -> PreviousTreatment:
    """Return the treatment without its own ``previous``, so that requests do not nest."""
    return PreviousTreatment(**{name: getattr(treatment, name) for name in PreviousTreatment.__struct_fields__})


def _is_same(current: Treatment, wanted: Treatment) -> bool:
    """Compare what a person chooses. A new request for a permanent acceptance is never the same: the state refuses it."""
    return wanted.status is not TreatmentStatus.ACCEPTED_UNDEFINED and (
        (current.status, current.accepted_until, current.justification, current.assigned)
        == (wanted.status, wanted.accepted_until, wanted.justification, wanted.assigned)
    )


def _treated(vulnerability: Vulnerability, wanted: Treatment) -> Vulnerability:
    accepted = wanted.status is TreatmentStatus.ACCEPTED
    number = vulnerability.cycle.temporary_acceptances + accepted
    cycle = structs.replace(vulnerability.cycle, temporary_acceptances=number)
    return structs.replace(vulnerability, treatment=wanted, cycle=cycle)


def is_in_force(treatment: Treatment, at: datetime) -> bool:
    """Return whether what has that treatment is accepted at that moment: until a later date, or approved for good."""
    match treatment.status:
        case TreatmentStatus.ACCEPTED:
            return treatment.accepted_until is not None and treatment.accepted_until > at
        case TreatmentStatus.ACCEPTED_UNDEFINED:
            return treatment.acceptance_status is AcceptanceStatus.APPROVED
        case _:
            return False


def is_over(vulnerability: Vulnerability, now: datetime) -> bool:
    """Return whether the vulnerability is VULNERABLE and ACCEPTED, but only until a date that has come."""
    until = vulnerability.treatment.accepted_until
    accepted = vulnerability.treatment.status is TreatmentStatus.ACCEPTED
    return is_vulnerable(vulnerability) and accepted and until is not None and until <= now


def expired(vulnerability: Vulnerability, now: datetime, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability UNTREATED when its acceptance is over at ``now``, else the same object."""
    if not is_over(vulnerability, now):
        return vulnerability
    ended = Treatment(status=TreatmentStatus.UNTREATED, justification=ENDED, at=at, by=by)
    return structs.replace(vulnerability, treatment=ended)


def reassigned(vulnerability: Vulnerability, leaver: str, to: str, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability with ``to`` in place of ``leaver`` as whom the treatment is assigned to.

    A treatment that would come back when a request is rejected is changed likewise. The same object when neither is assigned
    to ``leaver``. Raise ``Rejections`` (``not_vulnerable``, ``hidden``); ``to`` is a checked e-mail.
    """
    treatment = vulnerability.treatment
    previous = treatment.previous
    if leaver == to or leaver not in {treatment.assigned, previous.assigned if previous else None}:
        return vulnerability
    refuse(unreachable(vulnerability))
    changed = structs.replace(
        treatment,
        assigned=to if treatment.assigned == leaver else treatment.assigned,
        previous=structs.replace(previous, assigned=to) if previous and previous.assigned == leaver else previous,
        at=at,
        by=by,
    )
    return structs.replace(vulnerability, treatment=changed)
