"""What of a change is visible to a subscriber at the moment of telling (V1): the same as a query would show then."""

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from integrates.api.authorization.visibility import (
    READ_DRAFTS,
    READ_HIDDEN,
    readable_types,
    sees_comment,
    sees_finding,
    sees_vulnerability,
)
from integrates.api.context import Context
from integrates.api.grouping import grouped
from integrates.api.live.change import Changed
from integrates.api.live.kind import PERMISSION_OF, EntityKind
from integrates.db_model.comments.facet import COMMENT
from integrates.db_model.comments.types import CommentType
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.loader import load_counts
from integrates.db_model.findings.facet import FINDING, finding_counters_keys, finding_key
from integrates.db_model.indicators.cell import finding_status
from integrates.db_model.store.port import Key
from integrates.db_model.vulnerabilities.facet import VULNERABILITY

_Permissions = AbstractSet[str]
_EVERYTHING: Final = frozenset({READ_DRAFTS, READ_HIDDEN})


async def _vulnerabilities(context: Context, permissions: _Permissions, keys: Sequence[Key]) -> frozenset[Key]:
    """Return which vulnerabilities are visible, removed ones too."""
    if permissions >= _EVERYTHING:
        return frozenset(keys)
    items = await context.loaders.items.load_many(keys)
    found = [(key, decoded(VULNERABILITY, item)) for key, item in zip(keys, items, strict=True) if item]
    return frozenset(key for key, one in found if sees_vulnerability(permissions, one))


async def _finding(context: Context, permissions: _Permissions, key: Key) -> bool:
    """Return whether a finding is visible; one that was removed is, when it ever was no draft."""
    item = await context.loaders.items.load(key)
    if item is None:
        return False
    found = decoded(FINDING, item)
    if not FINDING.is_live(found):
        return found.release.released_at is not None
    return sees_finding(permissions, finding_status(await load_counts(context.loaders, finding_counters_keys(found.id))))


async def _findings(context: Context, permissions: _Permissions, keys: Sequence[Key]) -> frozenset[Key]:
    if READ_DRAFTS in permissions:
        return frozenset(keys)
    shown = await asyncio.gather(*(_finding(context, permissions, key) for key in keys))
    return frozenset(key for key, is_shown in zip(keys, shown, strict=True) if is_shown)


async def _comments(context: Context, permissions: _Permissions, keys: Sequence[Key]) -> frozenset[Key]:
    """Return which comments are visible: of a type that is readable, on a finding that is visible."""
    if READ_DRAFTS in permissions and readable_types(permissions) == frozenset(CommentType):
        return frozenset(keys)
    items = await context.loaders.items.load_many(keys)
    read = [(key, decoded(COMMENT, item)) for key, item in zip(keys, items, strict=True) if item]
    readable = [(key, one) for key, one in read if sees_comment(permissions, one)]
    about = {key: finding_key(one.finding_id) for key, one in readable if one.finding_id}
    shown = await _findings(context, permissions, tuple(dict.fromkeys(about.values())))
    return frozenset(key for key, _ in readable if key not in about or about[key] in shown)


async def _others(_context: Context, _permissions: _Permissions, keys: Sequence[Key]) -> frozenset[Key]:
    return frozenset(keys)


_CLOSER: Final = {
    EntityKind.VULNERABILITY: _vulnerabilities,
    EntityKind.FINDING: _findings,
    EntityKind.COMMENT: _comments,
}
"""By kind: which objects are visible to who has the permission of the kind, where that does not say all."""


async def seen_items(context: Context, permissions: _Permissions, items: Sequence[Changed]) -> tuple[Changed, ...]:
    """Return the items that are visible with these permissions in the group, in their order."""
    allowed = [one for one in items if PERMISSION_OF[one.kind] in permissions]
    by_kind: Mapping[EntityKind, list[Changed]] = grouped(allowed, lambda one: one.kind)
    shown = await asyncio.gather(
        *(
            _CLOSER.get(kind, _others)(context, permissions, tuple(dict.fromkeys(one.key for one in some)))
            for kind, some in by_kind.items()
        )
    )
    visible = dict(zip(by_kind, shown, strict=True))
    return tuple(one for one in allowed if one.key in visible[one.kind])
