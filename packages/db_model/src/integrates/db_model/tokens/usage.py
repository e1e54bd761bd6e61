"""When a token was last used, and when a person last logged in: items without revisions (facet ``usage_stamp``, rule E10)."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from integrates.db_model.entity.facet import key_of
from integrates.db_model.errors import Conflict
from integrates.db_model.store.port import ABSENT, Item, Key, Put, Store, Version
from integrates.db_model.values.instant import instant_text

Kind: TypeAlias = Literal["TOKEN", "USER"]
PRECISION: Final = timedelta(minutes=1)
"""A use is recorded at most once in this time."""


def usage_key(kind: Kind, subject: str) -> Key:
    """Return the key of the last use of a token, by its id, or of the last login of a person, by e-mail."""
    return key_of("usage_stamp", {"kind": kind, "subject": subject})


def used_at(item: Item | None) -> datetime | None:
    """Return the date of the last use; ``None`` when none was recorded."""
    return None if item is None else datetime.fromisoformat(str(item.attributes["at"]))


async def record_use(store: Store, kind: Kind, subject: str, item: Item | None, at: datetime) -> None:
    """Record a use, unless one was recorded less than ``PRECISION`` ago.

    ``item`` is what was read under :func:`usage_key`. Of two uses that are recorded at once, one is kept. A recorded date that
    lies ahead by more than ``PRECISION`` was made by a wrong clock, and is replaced (E15).
    """
    known = used_at(item)
    if known is not None and -PRECISION <= at - known < PRECISION:
        return
    new = Item(usage_key(kind, subject), item.version + 1 if item else 1, {"at": instant_text(at)})
    with suppress(Conflict):
        await store.write((Put(new, Version(item.version) if item else ABSENT),))
