"""Checking again whether a vulnerability is repaired (domain section 4.4).

=====================  =====================  =========================================  ================================
from                   to                     how                                        refused for
=====================  =====================  =========================================  ================================
none, VERIFIED         REQUESTED              somebody asks                              ``not_vulnerable``, ``hidden``,
                                                                                         ``already_requested``
REQUESTED, ON_HOLD     VERIFIED               answered "open": it stays VULNERABLE       ``not_requested``, ``hidden``
REQUESTED, ON_HOLD     VERIFIED               answered "closed": it becomes SAFE         ``not_requested``, ``hidden``
=====================  =====================  =========================================  ================================

An import that no longer sees it answers a request, too: see :func:`integrates.db_model.vulnerabilities.rules.closed`.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.check import refuse
from integrates.db_model.vulnerabilities.justification import Justification
from integrates.db_model.vulnerabilities.rules import closed, unanswerable, unreachable
from integrates.db_model.vulnerabilities.types import ClosingReason, Verification, VerificationStatus, Vulnerability


def is_verification_pending(vulnerability: Vulnerability) -> bool:
    """Return whether somebody has asked to check it again, and nobody has answered."""
    verification = vulnerability.verification
    return verification is not None and verification.status is not VerificationStatus.VERIFIED


def verification_requested(vulnerability: Vulnerability, why: Justification, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability with a request to check it again.

    Raise ``Rejections``: the flaws of the justification, else ``not_vulnerable``, ``hidden``, ``already_requested``.
    """
    refuse(why.flaws)
    refuse(_unrequestable(vulnerability))
    return _verified(vulnerability, VerificationStatus.REQUESTED, why, by, at)


def verification_answered(
    vulnerability: Vulnerability, why: Justification, *, is_closed: bool, by: str, at: datetime
) -> Vulnerability:
    """Return the vulnerability with its request answered; one that is closed is SAFE from then on.

    Raise ``Rejections``: the flaws of the justification, else ``not_requested``, ``hidden``.
    """
    refuse(why.flaws)
    refuse(unanswerable(vulnerability, is_requested=is_verification_pending(vulnerability)))
    found = closed(vulnerability, ClosingReason.VERIFIED, by=by, at=at) if is_closed else vulnerability
    return _verified(found, VerificationStatus.VERIFIED, why, by, at)


def _unrequestable(vulnerability: Vulnerability) -> Iterator[Rejected]:
    yield from unreachable(vulnerability)
    if is_verification_pending(vulnerability):
        yield Rejected(Reason.ALREADY_REQUESTED)


def _verified(
    vulnerability: Vulnerability, status: VerificationStatus, why: Justification, by: str, at: datetime
) -> Vulnerability:
    return replace(vulnerability, verification=Verification(status=status, justification=why.justification, at=at, by=by))
