"""Finding a file of evidence for somebody who asks for it by its address."""

from collections.abc import Mapping
from typing import Final

import msgspec

from integrates.api.authorization.sight import Sight
from integrates.api.authorization.visibility import READ_EVENTS
from integrates.api.context import Call, new_context
from integrates.api.guard.target import FINDERS, Target
from integrates.api.request.lifetime import lasting
from integrates.api.resolve.change import refresh
from integrates.db_model.events.types import Event
from integrates.db_model.evidences.file import file_key
from integrates.db_model.evidences.rules import as_named
from integrates.db_model.evidences.types import Evidence
from integrates.db_model.findings.types import Finding

OWNERS: Final[Mapping[Target, str]] = {Target.FINDING: "evidence:read", Target.EVENT: READ_EVENTS}
"""What has evidence, and the permission to read its files."""


class EvidenceFile(msgspec.Struct, frozen=True):
    """A piece of evidence that the caller may read, and the key of its file."""

    evidence: Evidence
    key: str


async def find_evidence(call: Call, owner_id: str, file_name: str) -> EvidenceFile | None:
    """Return the evidence of that name which a finding or an event has now; ``None`` when the caller may not see it.

    What one may not see takes as many calls of the store as what does not exist.
    """
    if call.actor is None:
        return None
    with lasting(call.store) as store:
        context = new_context(call, call.actor, store)
        try:
            for target, permission in OWNERS.items():
                seen: Sight[Finding | Event] = await FINDERS[target](context, owner_id, {})
                if not seen.unseen:
                    return file_shown(seen, file_name, permission)
                refresh(context)  # each kind is looked for from the beginning, whatever the other was
            return None
        finally:
            refresh(context)


def file_shown(seen: Sight[Finding | Event], file_name: str, permission: str) -> EvidenceFile | None:
    """Return the evidence of that name when its owner is visible to the caller, who has the permission there. Pure."""
    if seen.unseen or permission not in seen.scope.permissions:
        return None
    found = as_named(seen.found.evidences, file_name)
    return EvidenceFile(found, file_key(seen.found.id, found)) if found else None
