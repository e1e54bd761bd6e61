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

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct, structs

from integrates.db_model.errors import Rejected, Rejections
from integrates.db_model.policies.types import EffectivePolicies
from integrates.db_model.values import gather, utc
from integrates.db_model.vulnerabilities.rules import is_hidden, is_vulnerable
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    PreviousTreatment,
    Treatment,
    TreatmentStatus,
    Vulnerability,
)


class TreatmentRequest(Struct, frozen=True, kw_only=True):
    """What is asked for. ``justification`` is checked (``values.reasoning``), ``assigned`` a checked e-mail."""

    status: TreatmentStatus
    justification: str
    accepted_until: datetime | None = None
    assigned: str | None = None


class Requester(Struct, frozen=True, kw_only=True):
    """Who asks, and what the permissions in the group allow.

    ``may_assign``: ``vulnerability:assign``; ``may_accept_forever``: ``vulnerability:accept_forever``; ``assigned_may_be``:
    whether the person who would be assigned, named or by default, holds ``vulnerability:be_assigned``.
    """

    email: str
    may_assign: bool
    may_accept_forever: bool
    assigned_may_be: bool


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

    ``policies`` are those in force for the group, ``score`` is the effective one, ``at`` the effective date. Raises
    ``Rejections`` with all refusals of the first step that has any; the path is the argument at fault, or empty where the
    vulnerability itself is:

    permission: ``missing_permission`` (treatment), ``assign_others`` (assigned);
    arguments: ``required``, ``out_of_range``, ``bad_format`` (accepted_until), ``bad_assigned`` (assigned),
    ``acceptance_date_past``, ``acceptance_too_long`` (accepted_until);
    state: ``not_vulnerable``, ``hidden``, ``already_requested``, ``severity_out_of_policy``, ``too_many_acceptances``.
    """
    _refuse(_forbidden(request, requester))
    _refuse(_misfits(request))
    (wanted,) = gather(lambda: _wanted(vulnerability.treatment, request, requester.email, at))
    if not list(_unreachable(vulnerability)) and _is_same(vulnerability.treatment, wanted):
        return vulnerability
    _refuse(_against_arguments(request, requester, policies, at))
    _refuse(_against_state(vulnerability, request, policies, score))
    return _treated(vulnerability, wanted)


def _refuse(refusals: Iterator[Rejected]) -> None:
    found = tuple(refusals)
    if found:
        raise Rejections(found)


def _forbidden(request: TreatmentRequest, requester: Requester) -> Iterator[Rejected]:
    if request.status is TreatmentStatus.ACCEPTED_UNDEFINED and not requester.may_accept_forever:
        yield Rejected("missing_permission", ("treatment",))
    if request.assigned not in {None, requester.email} and not requester.may_assign:
        yield Rejected("assign_others", ("assigned",))


def _misfits(request: TreatmentRequest) -> Iterator[Rejected]:
    accepted = request.status is TreatmentStatus.ACCEPTED
    if accepted and request.accepted_until is None:
        yield Rejected("required", ("accepted_until",))
    if not accepted and request.accepted_until is not None:
        yield Rejected("out_of_range", ("accepted_until",))
    if request.status is TreatmentStatus.UNTREATED and request.assigned is not None:
        yield Rejected("bad_assigned", ("assigned",))


def _against_arguments(
    request: TreatmentRequest, requester: Requester, policies: EffectivePolicies, at: datetime
) -> Iterator[Rejected]:
    until = request.accepted_until
    if until is not None and until <= at:
        yield Rejected("acceptance_date_past", ("accepted_until",))
    # Subtracting, because a date late in the year 9999 cannot be added to.
    if until is not None and until - at > timedelta(days=policies.max_acceptance_days):
        yield Rejected("acceptance_too_long", ("accepted_until",))
    if _assigns(request) and not requester.assigned_may_be:
        yield Rejected("bad_assigned", ("assigned",))


def _assigns(request: TreatmentRequest) -> bool:
    return request.assigned is not None or request.status is TreatmentStatus.IN_PROGRESS


def _unreachable(vulnerability: Vulnerability) -> Iterator[Rejected]:
    if not is_vulnerable(vulnerability):
        yield Rejected("not_vulnerable")
    if is_hidden(vulnerability):
        yield Rejected("hidden")


def _against_state(
    vulnerability: Vulnerability, request: TreatmentRequest, policies: EffectivePolicies, score: Decimal | None
) -> Iterator[Rejected]:
    yield from _unreachable(vulnerability)
    status = vulnerability.treatment.status
    if request.status is status is TreatmentStatus.ACCEPTED_UNDEFINED:
        yield Rejected("already_requested")
    if request.status is TreatmentStatus.ACCEPTED:
        yield from _against_policies(vulnerability, policies, score)


def _against_policies(vulnerability: Vulnerability, policies: EffectivePolicies, score: Decimal | None) -> Iterator[Rejected]:
    if score is None or not policies.min_acceptance_severity <= score <= policies.max_acceptance_severity:
        yield Rejected("severity_out_of_policy")
    most = policies.max_number_acceptances
    if most is not None and vulnerability.cycle.temporary_acceptances >= most:
        yield Rejected("too_many_acceptances")


def _wanted(current: Treatment, request: TreatmentRequest, by: str, at: datetime) -> Treatment:
    forever = request.status is TreatmentStatus.ACCEPTED_UNDEFINED
    return Treatment(
        status=request.status,
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
    match request.status:
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
