"""How vulnerabilities are stored and listed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, key_of
from integrates.db_model.store.port import Key
from integrates.db_model.values import instant_text
from integrates.db_model.vulnerabilities.rules import is_hidden, is_live, is_vulnerable
from integrates.db_model.vulnerabilities.types import TreatmentStatus, Vulnerability


def hidden_mark(*, hidden: bool) -> str:
    """Return the key part that keeps hidden vulnerabilities in a stretch of their own."""
    return "1" if hidden else "0"


def _group_date(vulnerability: Vulnerability) -> datetime:
    """Order by the end of the acceptance where there is one in force, so that expiring ones are a stretch of the list."""
    until = vulnerability.treatment.accepted_until
    accepted = vulnerability.treatment.status is TreatmentStatus.ACCEPTED
    return until if until and accepted and is_vulnerable(vulnerability) else vulnerability.state.at


def parts(vulnerability: Vulnerability) -> Mapping[str, str]:
    """Return the values of the templates' variables, those that both dated lists share apart from the date."""
    treatment, verification = vulnerability.treatment, vulnerability.verification
    return {
        "id": vulnerability.id,
        "finding_id": vulnerability.finding_id,
        "group_name": vulnerability.group_name,
        "root_id": vulnerability.root_id,
        "hidden": hidden_mark(hidden=is_hidden(vulnerability)),
        "state": vulnerability.state.status.value,
        "treatment": treatment.status.value,
        "date": instant_text(_group_date(vulnerability)),
        "opened_at": instant_text(vulnerability.cycle.opened_at or vulnerability.state.at),
        **({"assigned": treatment.assigned} if treatment.assigned else {}),
        **({"event_id": verification.event_id} if verification and verification.event_id else {}),
    }


def listed(vulnerability: Vulnerability) -> tuple[int, ...]:
    """Name the indexes that list the vulnerability; a removed one stays only in the list of its finding."""
    if not is_live(vulnerability):
        return (1,)
    assigned = (3,) if vulnerability.treatment.assigned else ()
    held = (4,) if vulnerability.verification and vulnerability.verification.event_id else ()
    return (1, 2, *assigned, *held, 5, 6)


VULNERABILITY: Final = Facet(
    name="vulnerability",
    type=Vulnerability,
    parts=parts,
    listed=listed,
    is_live=is_live,
    audit=lambda vulnerability: Audit(group=vulnerability.group_name),
)


def vulnerability_key(vulnerability_id: str) -> Key:
    """Build the key of a vulnerability."""
    return key_of("vulnerability", {"id": vulnerability_id})
