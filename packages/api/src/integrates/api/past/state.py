"""Objects as they were: entities that carry the moment that they show, so that what is below them shows it too."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from integrates.api.context import Context
from integrates.api.errors import Code, RequestError
from integrates.db_model.entity import revision
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.revision import Revision
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import MAX_PAGE, Key
from integrates.db_model.vulnerabilities.types import Vulnerability


class FindingAt(Finding, frozen=True, kw_only=True):
    """A finding as it was at a moment."""

    as_of: datetime


class VulnerabilityAt(Vulnerability, frozen=True, kw_only=True):
    """A vulnerability as it was at a moment."""

    as_of: datetime


def moment_of(source: Any) -> datetime | None:
    """Return the moment that an object shows; ``None`` for now."""
    return getattr(source, "as_of", None)


def finding_at(found: Finding, at: datetime) -> FindingAt:
    """Mark a finding with the moment that it shows."""
    return FindingAt(**_fields(found), as_of=at)


def vulnerability_at(found: Vulnerability, at: datetime) -> VulnerabilityAt:
    """Mark a vulnerability with the moment that it shows."""
    return VulnerabilityAt(**_fields(found), as_of=at)


def _fields(found: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


def check_past(at: datetime, now: datetime) -> datetime:
    """Refuse a moment in the future. Raise ``RequestError`` (BAD_USER_INPUT)."""
    if at > now:
        raise RequestError(Code.BAD_USER_INPUT, "`asOf` is not in the future.")
    return at


async def revisions_of(context: Context, keys: Sequence[Key]) -> tuple[tuple[Revision, ...], ...]:
    """Read all revisions of several entities by ascending version, in as many calls as the longest has pages."""
    known: dict[Key, tuple[Revision, ...]] = dict.fromkeys(keys, ())
    after: dict[Key, str | None] = dict.fromkeys(keys)
    while after:
        queries = [revision.history_query(key, limit=MAX_PAGE, after=cursor) for key, cursor in after.items()]
        pages = dict(zip(after, await context.loaders.pages.load_many(queries), strict=True))
        known = {**known, **{key: (*known[key], *map(revision.of_item, page.items)) for key, page in pages.items()}}
        after = {key: page.cursors[-1] for key, page in pages.items() if page.has_next}
    return tuple(known[key] for key in keys)


async def state_at(context: Context, facet: Facet[E], key: Key, at: datetime) -> E | None:
    """Return an entity as it was at that moment; ``None`` when it did not exist then, or was removed."""
    return revision.state_at(facet, (await revisions_of(context, (key,)))[0], at)
