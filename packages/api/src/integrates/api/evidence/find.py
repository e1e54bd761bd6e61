"""Finding a file of evidence for somebody who asks for it by its address."""

from typing import Final

import msgspec

from integrates.api.authorization.sight import Sight
from integrates.api.context import Call, new_context
from integrates.api.guard.target import FINDERS, Target
from integrates.api.request.lifetime import lasting
from integrates.api.resolve.change import refresh
from integrates.db_model.evidences.file import file_key
from integrates.db_model.evidences.rules import as_named
from integrates.db_model.evidences.types import Evidence
from integrates.db_model.findings.types import Finding

READ_EVIDENCE: Final = "evidence:read"


class EvidenceFile(msgspec.Struct, frozen=True):
    """A piece of evidence that the caller may read, and the key of its file."""

    evidence: Evidence
    key: str


async def find_evidence(call: Call, owner_id: str, file_name: str) -> EvidenceFile | None:
    """Return the evidence of that name which a finding has now; ``None`` when the caller may not see it or there is none.

    What one may not see takes as many calls of the store as what does not exist.
    """
    if call.actor is None:
        return None
    with lasting(call.store) as store:
        context = new_context(call, call.actor, store)
        try:
            seen: Sight[Finding] = await FINDERS[Target.FINDING](context, owner_id, {})
            return file_shown(seen, file_name, READ_EVIDENCE)
        finally:
            refresh(context)


def file_shown(seen: Sight[Finding], file_name: str, permission: str) -> EvidenceFile | None:
    """Return the evidence of that name when its owner is visible to the caller, who has the permission there. Pure."""
    if seen.unseen or permission not in seen.scope.permissions:
        return None
    found = as_named(seen.found.evidences, file_name)
    return EvidenceFile(found, file_key(seen.found.id, found)) if found else None
