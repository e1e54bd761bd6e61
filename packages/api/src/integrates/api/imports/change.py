"""What an import changed: read from the audit trail of its group.

While an import runs, no other one runs in its root. So what was changed by an import in that root and time was changed by
this one, whoever went on with it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec

from integrates.api.authorization.visibility import sees_vulnerability
from integrates.api.context import Info
from integrates.api.imports.work.job import OPERATION
from integrates.api.resolve.connection import TOGETHER, Batch, Connection, Walk, connected
from integrates.api.resolve.parent import Above, with_parents
from integrates.api.revision.audit import END, trail_page
from integrates.api.unfinished import ABANDONED
from integrates.db_model.entity.facet import key_in
from integrates.db_model.entity.loader import load_many
from integrates.db_model.entity.revision import Revision, trail_queries
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.imports.rules import is_running
from integrates.db_model.imports.types import Import
from integrates.db_model.registry import facet_of
from integrates.db_model.store.port import Query
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityStatus

_MICRO: Final = timedelta(microseconds=1)


class ImportEffect(StrEnum):
    """What an import did to a vulnerability."""

    CLOSED = "CLOSED"
    CREATED = "CREATED"
    MOVED = "MOVED"
    REOPENED = "REOPENED"


_BY_STATE: Final[Mapping[str, ImportEffect]] = {
    VulnerabilityStatus.SAFE: ImportEffect.CLOSED,
    VulnerabilityStatus.VULNERABLE: ImportEffect.REOPENED,
}


class ImportChange(msgspec.Struct, frozen=True):
    """A change of a vulnerability by an import, and the vulnerability as it is now."""

    effect: ImportEffect
    at: datetime
    vulnerability: Vulnerability


def _finding(source: ImportChange) -> Above:
    return FINDING, finding_key(source.vulnerability.finding_id)


_PARENTS: Final[Mapping[str, Callable[[ImportChange], Above]]] = dict.fromkeys(("finding", "severity"), _finding)
"""What the fields of the vulnerabilities need of the objects above them."""


def _is_vulnerability(found: Revision) -> bool:
    return facet_of(key_in(found.entity_key)) is VULNERABILITY


def told_effect(found: Revision) -> ImportEffect | None:
    """Return what an import did by a change of a vulnerability; ``None`` when it only noted that it saw the vulnerability."""
    if found.version == 1:
        return ImportEffect.CREATED
    if state := found.aspects.get("state"):
        return _BY_STATE.get(state["status"])
    return ImportEffect.MOVED if "location" in found.aspects else None


def until(source: Import) -> datetime:
    """Return the last moment of an import. One that is given up is ended by the next one, at the moment when that begins."""
    if is_running(source):
        return END
    return source.state.at - _MICRO if source.state.reason == ABANDONED else source.state.at


async def changes(source: Import, info: Info, effects: Sequence[ImportEffect] | None = None, **args: Any) -> Connection:
    """Return what the import changed, as far as the caller may see it."""
    context = info.context
    permissions = (await context.scopes.groups.load(source.group_name)).permissions
    wanted = frozenset(ImportEffect) if effects is None else frozenset(effects)
    first, last = source.created_at, until(source)

    async def read(query: Query) -> Batch[ImportChange]:
        page = await trail_page(context, query)
        told = [
            (one, effect, cursor)
            for one, cursor in zip(page.nodes, page.cursors, strict=True)
            if one.operation == OPERATION and _is_vulnerability(one) and (effect := told_effect(one)) in wanted
        ]
        keys = [key_in(one.entity_key) for one, _, _ in told]
        found = await load_many(context.loaders, VULNERABILITY, keys)
        kept = [
            (ImportChange(effect, one.at, vulnerability), cursor)
            for (one, effect, cursor), vulnerability in zip(told, found, strict=True)
            if effect and vulnerability and vulnerability.root_id == source.root_id
            if sees_vulnerability(permissions, vulnerability)
        ]
        nodes, cursors = tuple(node for node, _ in kept), tuple(cursor for _, cursor in kept)
        return Batch(nodes, cursors, page.has_next, page.end)

    stretches = trail_queries("audit_of_group", {"name": source.group_name}, first, last, context.call.now())
    walk = Walk(stretches=stretches, read=with_parents(info, read, _PARENTS), together=TOGETHER)
    return await connected(info, source.id, {**args, "effects": effects}, walk)
