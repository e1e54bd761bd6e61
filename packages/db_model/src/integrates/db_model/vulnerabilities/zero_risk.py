"""Saying that a vulnerability does no harm (domain section 4.4).

=====================  =====================  =========================================  ================================
from                   to                     how                                        refused for
=====================  =====================  =========================================  ================================
none, REJECTED         REQUESTED              somebody asks; it still counts             ``not_vulnerable``,
                                                                                         ``already_requested``,
                                                                                         ``already_confirmed``
REQUESTED              CONFIRMED              somebody else agrees: it is hidden         ``not_requested``,
                                                                                         ``own_request``
REQUESTED, CONFIRMED   REJECTED               somebody disagrees: it is visible again    ``not_requested``
=====================  =====================  =========================================  ================================

An answer to one that is no longer VULNERABLE is refused, too (``not_vulnerable``). These are the only decisions about a hidden
vulnerability, besides its removal.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.check import Arguments, flawed, one_of, refuse
from integrates.db_model.values.text import reasoning
from integrates.db_model.vulnerabilities.justification import Justification
from integrates.db_model.vulnerabilities.rules import is_vulnerable
from integrates.db_model.vulnerabilities.types import VexJustification, Vulnerability, ZeroRisk, ZeroRiskStatus


class ZeroRiskClaim(Justification, frozen=True, kw_only=True):
    """Why a vulnerability is said to do no harm, in free words and, where one fits, in the word of VEX documents."""

    vex_justification: VexJustification | None = None


CLAIM: Final = Arguments(ZeroRiskClaim, {"justification": reasoning, "vex_justification": one_of(VexJustification)})
"""What a claim is given."""


def zero_risk_claim(given: Mapping[str, Any]) -> ZeroRiskClaim:
    """Return the claim in raw arguments, with those at fault among its ``flaws``."""
    return flawed(CLAIM, given)


def zero_risk_requested(
    vulnerability: Vulnerability,
    why: Justification,
    *,
    by: str,
    at: datetime,
    vex_justification: VexJustification | None = None,
) -> Vulnerability:
    """Return the vulnerability with the claim that it does no harm.

    Raise ``Rejections``: the flaws of the justification, else ``not_vulnerable``, ``already_requested``, ``already_confirmed``.
    """
    refuse(why.flaws)
    refuse(_unclaimable(vulnerability))
    claim = ZeroRisk(
        status=ZeroRiskStatus.REQUESTED,
        justification=why.justification,
        vex_justification=vex_justification,
        requested_by=by,
        at=at,
        by=by,
    )
    return replace(vulnerability, zero_risk=claim)


def zero_risk_confirmed(vulnerability: Vulnerability, why: Justification, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability with the claim confirmed, which hides it.

    Raise ``Rejections``: the flaws of the justification, else ``not_requested`` or ``own_request`` and ``not_vulnerable``.
    """
    refuse(why.flaws)
    refuse(_unconfirmable(vulnerability, by))
    return _answered(vulnerability, ZeroRiskStatus.CONFIRMED, why, by, at)


def zero_risk_rejected(vulnerability: Vulnerability, why: Justification, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability with the claim rejected, whether it was confirmed or not; it counts as before.

    Raise ``Rejections``: the flaws of the justification, else ``not_requested`` or ``not_vulnerable``.
    """
    refuse(why.flaws)
    refuse(_unrejectable(vulnerability))
    return _answered(vulnerability, ZeroRiskStatus.REJECTED, why, by, at)


def _status(vulnerability: Vulnerability) -> ZeroRiskStatus | None:
    return vulnerability.zero_risk.status if vulnerability.zero_risk else None


def _unclaimable(vulnerability: Vulnerability) -> Iterator[Rejected]:
    if not is_vulnerable(vulnerability):
        yield Rejected(Reason.NOT_VULNERABLE)
    match _status(vulnerability):
        case ZeroRiskStatus.REQUESTED:
            yield Rejected(Reason.ALREADY_REQUESTED)
        case ZeroRiskStatus.CONFIRMED:
            yield Rejected(Reason.ALREADY_CONFIRMED)
        case _:
            pass


def _unconfirmable(vulnerability: Vulnerability, by: str) -> Iterator[Rejected]:
    claim = vulnerability.zero_risk
    if claim is None or claim.status is not ZeroRiskStatus.REQUESTED:
        yield Rejected(Reason.NOT_REQUESTED)
        return
    if not is_vulnerable(vulnerability):
        yield Rejected(Reason.NOT_VULNERABLE)
    if claim.requested_by == by:
        yield Rejected(Reason.OWN_REQUEST)


def _unrejectable(vulnerability: Vulnerability) -> Iterator[Rejected]:
    if _status(vulnerability) not in {ZeroRiskStatus.REQUESTED, ZeroRiskStatus.CONFIRMED}:
        yield Rejected(Reason.NOT_REQUESTED)
    elif not is_vulnerable(vulnerability):
        yield Rejected(Reason.NOT_VULNERABLE)


def _answered(vulnerability: Vulnerability, status: ZeroRiskStatus, why: Justification, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability with its claim answered; whose claim it was, and its word for documents, stay known."""
    claim = vulnerability.zero_risk or ZeroRisk(status=status, at=at, by=by)
    return replace(vulnerability, zero_risk=replace(claim, status=status, justification=why.justification, at=at, by=by))
