"""What an entity keeps of its evidence. The bytes are in the file store."""

from datetime import datetime
from enum import StrEnum

import msgspec


class EvidenceSlot(StrEnum):
    """Where a piece of evidence belongs: the first eight in findings, the others in events."""

    ANIMATION = "ANIMATION"
    EVIDENCE1 = "EVIDENCE1"
    EVIDENCE2 = "EVIDENCE2"
    EVIDENCE3 = "EVIDENCE3"
    EVIDENCE4 = "EVIDENCE4"
    EVIDENCE5 = "EVIDENCE5"
    EXPLOITATION = "EXPLOITATION"
    RECORDS = "RECORDS"
    FILE_1 = "FILE_1"
    IMAGE_1 = "IMAGE_1"
    IMAGE_2 = "IMAGE_2"
    IMAGE_3 = "IMAGE_3"
    IMAGE_4 = "IMAGE_4"
    IMAGE_5 = "IMAGE_5"
    IMAGE_6 = "IMAGE_6"


class MediaType(StrEnum):
    """What a file is by its leading bytes, as it is told to browsers."""

    CSV = "text/csv"
    GIF = "image/gif"
    JPEG = "image/jpeg"
    PDF = "application/pdf"
    PNG = "image/png"
    TEXT = "text/plain"
    WEBM = "video/webm"
    ZIP = "application/zip"


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The file in one slot: what it shows, and who put it there when. ``size`` in bytes; ``file_name`` is made by the model."""

    slot: EvidenceSlot
    description: str = ""
    file_name: str
    media_type: MediaType
    size: int
    sha256: str
    at: datetime
    by: str
