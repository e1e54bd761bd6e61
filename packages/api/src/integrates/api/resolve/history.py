"""Histories: the revisions of an object that the caller may see, by ascending version."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Final

import msgspec

from integrates.api.authorization.visibility import DRAFTS, READ_DRAFTS, READ_HIDDEN
from integrates.api.context import Info
from integrates.api.resolve.connection import Batch, Connection, Walk, connected
from integrates.db_model.entity import revision
from integrates.db_model.entity.facet import key_text
from integrates.db_model.entity.revision import Revision
from integrates.db_model.store.port import MAX_PAGE, Key, Query
from integrates.db_model.vulnerabilities.types import ZeroRiskStatus

_SECRET: Final = frozenset({"jti_hash", "lease_until"})

_INTERNAL: Final = frozenset({"identity", "number", "scored"})
"""Aspects by which the model keeps its promises; they tell nobody anything."""


def _status(found: Revision, aspect: str) -> str | None:
    value = found.aspects.get(aspect)
    return value.get("status") if isinstance(value, Mapping) else None


def sees_revision(permissions: AbstractSet[str], found: Revision) -> bool:
    """Return whether a revision is visible: not those that made a draft or hid something, without their permissions."""
    drafted = _status(found, "state") in DRAFTS
    hidden = _status(found, "zero_risk") == ZeroRiskStatus.CONFIRMED
    return (READ_DRAFTS in permissions or not drafted) and (READ_HIDDEN in permissions or not hidden)


def public(value: Any) -> Any:
    """Return the value of an aspect without what is never shown."""
    match value:
        case Mapping():
            return {name: public(part) for name, part in value.items() if name not in _SECRET}
        case list() | tuple():
            return [public(part) for part in value]
        case _:
            return value


def shown(found: Revision) -> Revision:
    """Return the revision without what is never shown."""
    aspects = {name: value for name, value in found.aspects.items() if name not in _INTERNAL}
    return msgspec.structs.replace(found, aspects=public(aspects))


async def history(
    info: Info,
    key: Key,
    args: Mapping[str, Any],
    permissions: AbstractSet[str],
    *,
    aspect: str | None = None,
    until: datetime | None = None,
) -> Connection:
    """Answer a history: of the whole object or of one of its aspects, at most until a moment."""

    async def read(query: Query) -> Batch[Revision]:
        found = await info.context.loaders.pages.load(query)
        nodes = tuple(shown(revision.of_item(item)) for item in found.items)
        return Batch(nodes, found.cursors, found.has_next, found.cursors[-1] if found.cursors else None)

    async def keep(found: Sequence[Revision]) -> Sequence[bool]:
        return [
            sees_revision(permissions, one) and (aspect is None or aspect in one.aspects) and (until is None or one.at <= until)
            for one in found
        ]

    walk = Walk(stretches=(revision.history_query(key, limit=MAX_PAGE),), read=read, keep=keep)
    return await connected(info, key_text(key), args, walk)
