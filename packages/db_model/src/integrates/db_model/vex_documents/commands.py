"""Publishing VEX documents."""

from datetime import datetime

from msgspec import Struct, convert

from integrates.db_model.entity import command, read
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Raced, Stale
from integrates.db_model.groups.types import Group
from integrates.db_model.store.port import Store
from integrates.db_model.vex_documents.facet import VEX_DOCUMENT, vex_document_key
from integrates.db_model.vex_documents.rules import first_edition, published
from integrates.db_model.vex_documents.types import Edition, VexDocument, VexFormat


class Content(Struct, frozen=True, kw_only=True):
    """What is published about a group or one root: the SHA-256 of what it says, and the date of the newest decision in it."""

    root_id: str | None
    format: VexFormat
    sha256: str
    at: datetime


def _first(group: Group, content: Content, stamp: Stamp) -> VexDocument:
    return VexDocument(
        group_name=group.name,
        organization_id=group.organization_id,
        root_id=content.root_id,
        format=content.format,
        edition=first_edition(content.sha256, content.at),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def publish(store: Store, group: Group, content: Content, stamp: Stamp) -> tuple[Edition, ...]:
    """Return the editions of a document up to one with that content, oldest first.

    Only content that differs from that of the edition before makes a new one. Of two that publish at once, each gets an edition
    with its own content.
    """
    key = vex_document_key(group.name, content.root_id, content.format)

    async def attempt() -> VexDocument:
        old = await read.get(store, VEX_DOCUMENT, key)
        new = _first(group, content, stamp) if old is None else published(old, content.sha256, content.at)
        return new if new is old else await command.committed(store, VEX_DOCUMENT, old, new, stamp)

    edition = (await repeated(attempt, on=(Raced, Stale))).edition
    history = await read.history(store, key)
    all_of = (convert(each.aspects["edition"], Edition) for each in history)
    return tuple(one for one in all_of if one.document_version <= edition.document_version)
