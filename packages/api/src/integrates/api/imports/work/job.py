"""What the work of one import needs: the file, the root, the caller, and the effects it may use."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from integrates.api.imports.read.observation import Scan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.imports.commands import Destination
from integrates.db_model.store.port import Store


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One import at work.

    ``destination`` looks again at the group, the root and the caller's ``import:run``, and returns ``None`` when one of them
    does not allow the import any more. ``now`` returns an aware UTC date and ``new_id`` a UUID.
    """

    store: Store
    scan: Scan
    root_id: str
    group_name: str
    organization_id: str
    by: str
    change_id: str
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    destination: Callable[[], Awaitable[Destination | None]]

    def stamp(self) -> Stamp:
        """Return the stamp of a change made now."""
        return Stamp(by=self.by, at=self.now(), operation="import_vulnerabilities", change_id=self.change_id)
