"""The entity of a VEX document (domain section 21)."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity


class VexFormat(StrEnum):
    """A format of documents that have versions."""

    CSAF_VEX = "CSAF_VEX"
    CYCLONEDX_VEX = "CYCLONEDX_VEX"
    OPENVEX = "OPENVEX"


class Edition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One version of a document: its number from 1, the SHA-256 of all that it says but for its version, and its date.

    The date is that of the newest decision in it, and never before that of the edition before.
    """

    document_version: int
    content_sha256: str
    at: datetime


class VexDocument(Entity, frozen=True, kw_only=True):
    """What was last published about a group, or about one root, in one format; ``root_id`` is ``None`` for a group."""

    group_name: str
    organization_id: str
    root_id: str | None = None
    format: VexFormat
    edition: Edition
