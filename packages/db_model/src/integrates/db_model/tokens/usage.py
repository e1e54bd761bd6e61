"""Usage stamps: when a token was last used, when a person last logged in. No entities: no version rules, no revisions."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from integrates.db_model.entity.facet import key_of
from integrates.db_model.errors import Conflict
from integrates.db_model.store.port import ABSENT, Item, Key, Put, Store, Version
from integrates.db_model.values.instant import instant_text

Kind: TypeAlias = Literal["TOKEN", "USER"]
PRECISION: Final = timedelta(minutes=1)
"""Stamps are written at most so often."""


def usage_key(kind: Kind, subject: str) -> Key:
    """Build the key of the stamp of a token id or an e-mail."""
    return key_of("usage_stamp", {"kind": kind, "subject": subject})


def used_at(item: Item | None) -> datetime | None:
    """Read the date out of a stamp."""
    return None if item is None else datetime.fromisoformat(str(item.attributes["at"]))


async def record_use(store: Store, kind: Kind, subject: str, item: Item | None, at: datetime) -> None:
    """Record a use, unless one was recorded less than ``PRECISION`` ago.

    ``item`` is the stamp as read under :func:`usage_key`. Somebody who records a use at the same time wins. A stamp that lies
    ahead by more than ``PRECISION`` was made by a clock that went wrong, and is written over (E15).
    """
    known = used_at(item)
    if known is not None and -PRECISION <= at - known < PRECISION:
        return
    new = Item(usage_key(kind, subject), item.version + 1 if item else 1, {"at": instant_text(at)})
    with suppress(Conflict):
        await store.write((Put(new, Version(item.version) if item else ABSENT),))
