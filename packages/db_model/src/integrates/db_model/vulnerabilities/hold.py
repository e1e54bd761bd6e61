"""Holding a verification until an event is solved (domain section 4.4). Pure."""

from datetime import datetime

from msgspec.structs import replace

from integrates.db_model.values.check import refuse
from integrates.db_model.vulnerabilities.rules import is_live, unanswerable
from integrates.db_model.vulnerabilities.types import VerificationStatus, Vulnerability


def event_of(vulnerability: Vulnerability | None) -> str | None:
    """Return the id of the event that holds the vulnerability; ``None`` when none does, or when it was removed."""
    verification = vulnerability.verification if vulnerability and is_live(vulnerability) else None
    return verification.event_id if verification and verification.status is VerificationStatus.ON_HOLD else None


def put_on_hold(vulnerability: Vulnerability, event_id: str, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability whose verification waits for an event. What was said when it was requested stays.

    Raise ``Rejections`` (``not_requested``, ``hidden``), like an answer to the request.
    """
    verification = vulnerability.verification
    asked = verification if verification and verification.status is VerificationStatus.REQUESTED else None
    refuse(unanswerable(vulnerability, is_requested=asked is not None))
    return replace(
        vulnerability,
        verification=asked and replace(asked, status=VerificationStatus.ON_HOLD, event_id=event_id, at=at, by=by),
    )


def resumed(vulnerability: Vulnerability, event_id: str, *, by: str, at: datetime) -> Vulnerability:
    """Return the vulnerability whose verification is requested again; the same one when that event does not hold it."""
    verification = vulnerability.verification
    if verification is None or event_of(vulnerability) != event_id:
        return vulnerability
    requested = replace(verification, status=VerificationStatus.REQUESTED, event_id=None, at=at, by=by)
    return replace(vulnerability, verification=requested)
