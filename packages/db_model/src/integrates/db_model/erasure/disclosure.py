"""Telling all that is kept about a person."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.comments.facet import COMMENT
from integrates.db_model.entity import read
from integrates.db_model.entity.facet import key_text
from integrates.db_model.erasure.replacement import Pseudonym, places
from integrates.db_model.erasure.walk import Kept, everything_kept
from integrates.db_model.errors import NotFound
from integrates.db_model.sessions.record import sessions_of
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import Store
from integrates.db_model.tokens.facet import ACCESS_TOKEN
from integrates.db_model.tokens.usage import usage_key
from integrates.db_model.values.text import email as checked_email

_OWN: Final = {
    STAKEHOLDER.name: "person",
    ORGANIZATION_ACCESS.name: "memberships",
    GROUP_ACCESS.name: "memberships",
    ACCESS_TOKEN.name: "tokens",
}
"""By facet: where records are told that are about the person as a whole."""
_SECRET: Final = frozenset({"jti_hash"})


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """An entity that names the person now, and the places in it."""

    entity: str
    facet: str
    places: tuple[str, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A revision that names the person; ``made`` tells whether they made the change, ``places`` where else they are named."""

    entity: str
    version: int
    at: str
    operation: str
    made: bool
    places: tuple[str, ...]


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept about a person, as it is stored; hashes of secrets are left out."""

    email: str
    person: tuple[Mapping[str, Any], ...]
    memberships: tuple[Mapping[str, Any], ...]
    tokens: tuple[Mapping[str, Any], ...]
    comments: tuple[Mapping[str, Any], ...]
    sessions: tuple[Mapping[str, Any], ...]
    last_login: str | None
    mentions: tuple[Mention, ...]
    changes: tuple[Change, ...]


def _shown(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes without hashes of secrets, at any depth."""
    found = {name: part for name, part in attributes.items() if name not in _SECRET}
    return {name: _shown(part) if isinstance(part, Mapping) else part for name, part in found.items()}


def _changes(kept: Kept, who: Pseudonym, *, is_own: bool) -> Iterator[Change]:
    """Yield the revisions of an entity that the person made or that name them; of what is theirs all."""
    for record in kept.records:
        attributes = record.attributes
        named, made = tuple(places(attributes.get("aspects"), who)), attributes.get("by") == who.email
        if made or named or is_own:
            yield Change(
                entity=key_text(kept.item.key),
                version=record.version,
                at=str(attributes["at"]),
                operation=str(attributes["operation"]),
                made=made,
                places=named,
            )


def _member(kept: Kept, who: Pseudonym) -> str | None:
    """Return where a record of the person's own is told; ``None`` for what belongs to others."""
    own, attributes = stakeholder_key(who.email).pk, kept.item.attributes
    if kept.item.key.pk == own or attributes.get("owner") == who.email:
        return _OWN.get(kept.facet.name)
    return "comments" if kept.facet is COMMENT and attributes.get("created_by") == who.email else None


async def _used(store: Store, told: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return tokens with the date of their last use, which is kept beside them."""
    stamps = await store.get([usage_key("TOKEN", one["id"]) for one in told])
    dates = [None if stamp is None else str(stamp.attributes["at"]) for stamp in stamps]
    return [{**one, "last_use": at} for one, at in zip(told, dates, strict=True)]


async def disclosed(store: Store, email: str) -> Disclosure:
    """Return all that is kept about a person. Raise ``NotFound`` for somebody who was never known."""
    who = Pseudonym(email=checked_email(email, ("email",)), name="")
    own, stamped = await store.get((stakeholder_key(who.email), usage_key("USER", who.email)))
    if own is None:
        raise NotFound(STAKEHOLDER.name, who.email, ("email",))
    records: dict[str, list[Mapping[str, Any]]] = {name: [] for name in (*_OWN.values(), "comments")}
    mentions: list[Mention] = []
    changes: list[Change] = []
    async for kept in everything_kept(store):
        text, member = key_text(kept.item.key), _member(kept, who)
        if member:
            records[member].append({"entity": text, **_shown(kept.item.attributes)})
        elif found := tuple(places(kept.item.attributes, who)):
            mentions.append(Mention(entity=text, facet=kept.facet.name, places=found))
        changes += _changes(kept, who, is_own=member is not None)
    records["tokens"] = await _used(store, records["tokens"])
    sessions = [dict(item.attributes) async for page in read.pages(store, sessions_of(who.email)) for item in page]
    return Disclosure(
        email=who.email,
        **{name: tuple(found) for name, found in records.items()},
        sessions=tuple(sessions),
        last_login=None if stamped is None else str(stamped.attributes["at"]),
        mentions=tuple(mentions),
        changes=tuple(changes),
    )
