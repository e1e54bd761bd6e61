"""What a VEX document may hold, and when there is a new edition of it (domain section 21)."""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from integrates.db_model.entity.rules import ENTITY, MAX_COUNT
from integrates.db_model.values.check import Judge, number, remembered, whole_of
from integrates.db_model.values.text import digest, identifier, name
from integrates.db_model.vex_documents.types import Edition, VexDocument

whole: Final[Judge] = whole_of(
    VexDocument,
    {
        **ENTITY,
        "group_name": name,
        "organization_id": remembered(identifier),
        "root_id": remembered(identifier),
        "edition.document_version": number(1, MAX_COUNT),
        "edition.content_sha256": digest,
    },
)
"""Returns each refusal of a document in any edition (E13)."""


def first_edition(content_sha256: str, at: datetime) -> Edition:
    """Return the first edition of a document with that content, whose newest decision is of that date."""
    return Edition(document_version=1, content_sha256=content_sha256, at=at)


def published(old: VexDocument, content_sha256: str, at: datetime) -> VexDocument:
    """Return the document with the next edition when its content is another one, else as it is."""
    last = old.edition
    if last.content_sha256 == content_sha256:
        return old
    next_one = Edition(document_version=last.document_version + 1, content_sha256=content_sha256, at=max(at, last.at))
    return replace(old, edition=next_one)
