"""Objects as they were: entities that carry the moment that they show, so that what is below them shows it too."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Generic

import msgspec

from integrates.api.context import Context
from integrates.api.errors import Code, RequestError
from integrates.api.request.turn import Computation, sliced
from integrates.db_model.entity import revision
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.read import records_of_each
from integrates.db_model.entity.revision import Revision
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import MAX_PAGE, Item, Key
from integrates.db_model.vulnerabilities.types import Vulnerability


class FindingAt(Finding, frozen=True, kw_only=True):
    """A finding as it was at a moment."""

    as_of: datetime


class VulnerabilityAt(Vulnerability, frozen=True, kw_only=True):
    """A vulnerability as it was at a moment."""

    as_of: datetime


class Past(msgspec.Struct, Generic[E], frozen=True):
    """All revisions of an entity by ascending version, and the entity as each of them left it, even removed."""

    revisions: tuple[Revision, ...]
    states: tuple[E, ...]


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


def past_of(facet: Facet[E], items: Sequence[Item]) -> Past[E]:
    """Return the past of an entity that the items of its revisions describe."""
    revisions = tuple(map(revision.of_item, items))
    return Past(revisions, revision.states(facet, revisions))


def up_to(whole: Past[E], at: datetime) -> Past[E]:
    """Return what of a past is not later than a moment."""
    number = bisect_right(whole.revisions, at, key=attrgetter("at"))
    return Past(whole.revisions[:number], whole.states[:number])


def then(facet: Facet[E], whole: Past[E], at: datetime) -> E | None:
    """Return an entity as it was at that moment; ``None`` when it did not exist then, or was removed."""
    states = up_to(whole, at).states
    return states[-1] if states and facet.is_live(states[-1]) else None


async def pasts_of(context: Context, facet: Facet[E], keys: Sequence[Key]) -> list[Past[E]]:
    """Read the pasts of several entities, in as many calls of the store as the longest has pages."""
    known = await records_of_each(context.loaders.pages.load_many, keys, limit=MAX_PAGE)
    return await sliced(context.turns, partial(past_of, facet), [known[key] for key in keys])


async def past(context: Context, facet: Facet[E], key: Key) -> Past[E]:
    """Read the past of an entity, once in a request."""

    async def read() -> Past[E]:
        return (await pasts_of(context, facet, (key,)))[0]

    found: Past[E] = await context.computed.load(Computation(("past", key), read))
    return found


async def state_at(context: Context, facet: Facet[E], key: Key, at: datetime) -> E | None:
    """Return an entity as it was at that moment; ``None`` when it did not exist then, or was removed."""
    return then(facet, await past(context, facet, key), at)
