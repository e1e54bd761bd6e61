"""The stamp of a batch job. Making one reads the clock and a random source, which nothing else in the model does for it."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from integrates.db_model.entity.rules import whole_stamp
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.check import refuse
from integrates.db_model.values.instant import SKEW

_new_uuid: Final[Callable[[], UUID]] = getattr(uuid, "uuid7", uuid.uuid4)  # version 7: from Python 3.14 on


def stamp(operation: str, *, by: str, at: datetime | None = None) -> Stamp:
    """Return the stamp of a call: all changes made with it share its date and its new change id.

    ``operation`` is the name of the job in snake_case, ``by`` the e-mail of the person who answers for it, or ``system``.
    ``at`` is now unless given. Raise ``Rejections`` when an argument is malformed, when ``at`` is naive, or when it is more
    than ``SKEW`` ahead of the clock (``in_future``).
    """
    now = datetime.now(UTC)
    given = now if at is None else at
    is_naive = given.utcoffset() is None
    made = Stamp(by=by, at=given if is_naive else given.astimezone(UTC), operation=operation, change_id=str(_new_uuid()))
    ahead = (Rejected(Reason.IN_FUTURE, ("at",)),) if not is_naive and given - now > SKEW else ()
    refuse((*whole_stamp(made), *ahead))
    return made
