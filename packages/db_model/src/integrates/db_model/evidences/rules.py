"""Which files each slot takes, what they are called, and what an entity may hold of them (domain section 3)."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import sha256
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity.rules import by
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.evidences.content import media_type_of
from integrates.db_model.evidences.types import Evidence, EvidenceSlot, MediaType
from integrates.db_model.values.check import Arguments, Normaliser, as_given, number
from integrates.db_model.values.text import digest, multi_line, one_line

MAX_DESCRIPTION: Final = 500
MAX_EVIDENCE_NAME: Final = 100
_MIB: Final = 1024 * 1024
_ID: Final = 36
_HASH_SHOWN: Final = 8
_EXTENSIONS: Final[Mapping[MediaType, str]] = {
    MediaType.CSV: "csv",
    MediaType.GIF: "gif",
    MediaType.JPEG: "jpg",
    MediaType.PDF: "pdf",
    MediaType.PNG: "png",
    MediaType.TEXT: "txt",
    MediaType.WEBM: "webm",
    MediaType.ZIP: "zip",
}


class SlotRule(Struct, frozen=True):
    """The types of files that a slot takes, and the most bytes of one."""

    media_types: frozenset[MediaType]
    most: int


_IMAGE: Final = SlotRule(frozenset({MediaType.PNG, MediaType.JPEG}), 10 * _MIB)
FINDING_SLOTS: Final[Mapping[EvidenceSlot, SlotRule]] = {
    EvidenceSlot.ANIMATION: SlotRule(frozenset({MediaType.GIF, MediaType.PNG, MediaType.WEBM}), 20 * _MIB),
    EvidenceSlot.EVIDENCE1: _IMAGE,
    EvidenceSlot.EVIDENCE2: _IMAGE,
    EvidenceSlot.EVIDENCE3: _IMAGE,
    EvidenceSlot.EVIDENCE4: _IMAGE,
    EvidenceSlot.EVIDENCE5: _IMAGE,
    EvidenceSlot.EXPLOITATION: SlotRule(frozenset({MediaType.TEXT}), _MIB),
    EvidenceSlot.RECORDS: SlotRule(frozenset({MediaType.CSV}), _MIB),
}
EVENT_SLOTS: Final[Mapping[EvidenceSlot, SlotRule]] = {
    EvidenceSlot.FILE_1: SlotRule(frozenset({MediaType.PDF, MediaType.PNG, MediaType.ZIP, MediaType.TEXT}), 10 * _MIB),
    EvidenceSlot.IMAGE_1: _IMAGE,
    EvidenceSlot.IMAGE_2: _IMAGE,
    EvidenceSlot.IMAGE_3: _IMAGE,
    EvidenceSlot.IMAGE_4: _IMAGE,
    EvidenceSlot.IMAGE_5: _IMAGE,
    EvidenceSlot.IMAGE_6: _IMAGE,
}
SLOTS: Final[Mapping[EvidenceSlot, SlotRule]] = {**FINDING_SLOTS, **EVENT_SLOTS}
_ORDER: Final[Mapping[EvidenceSlot, int]] = {slot: number for number, slot in enumerate(EvidenceSlot)}


def evidence_description(value: str, path: Sequence[str]) -> str:
    """Return the description of a piece of evidence."""
    return multi_line(value, path, low=0, high=MAX_DESCRIPTION)


EVIDENCES: Final[Mapping[str, Normaliser]] = {
    "evidences.description": evidence_description,
    "evidences.file_name": lambda value, path: one_line(value, path, low=1, high=MAX_EVIDENCE_NAME),
    "evidences.size": number(1, max(rule.most for rule in SLOTS.values())),
    "evidences.sha256": digest,
    "evidences.by": by,
}
"""The rows of evidence in the field table of an entity. Whether its members agree is judged by :func:`misplaced`."""


def file_name_of(owner_id: str, slot: EvidenceSlot, digest_hex: str, media_type: MediaType) -> str:
    """Return the name of a file, which tells the entity, the slot and the beginning of the SHA-256."""
    return f"{owner_id}-{slot.lower()}-{digest_hex[:_HASH_SHOWN]}.{_EXTENSIONS[media_type]}"


def owner_in(file_name: str) -> str:
    """Return the id of the entity that the name of a file tells."""
    return file_name[:_ID]


def misplaced(
    evidences: Sequence[Evidence], owner_id: str, slots: AbstractSet[EvidenceSlot], path: tuple[str, ...] = ("evidences",)
) -> Iterator[Rejected]:
    """Yield the refusals of all evidence of an entity: one piece in a slot, in their order, as the slot takes it."""
    order = [_ORDER[one.slot] for one in evidences]
    if order != sorted(set(order)):
        yield Rejected(Reason.INCONSISTENT, path)
    for position, one in enumerate(evidences):
        at = (*path, str(position))
        rule = SLOTS[one.slot]
        if one.slot not in slots:
            yield Rejected(Reason.INCONSISTENT, (*at, "slot"))
        if one.media_type not in rule.media_types:
            yield Rejected(Reason.BAD_FILE_TYPE, (*at, "media_type"))
        if one.size > rule.most:
            yield Rejected(Reason.FILE_TOO_LARGE, (*at, "size"), f"at most {rule.most:,} bytes")
        if one.file_name != file_name_of(owner_id, one.slot, one.sha256, one.media_type):
            yield Rejected(Reason.INCONSISTENT, (*at, "file_name"))


class TypedFile(Struct, frozen=True):
    """The bytes of a file that a slot takes, and what they are."""

    content: bytes
    media_type: MediaType


class GivenEvidence(Struct, frozen=True, kw_only=True):
    """The checked arguments of evidence; ``None`` for what is not given."""

    slot: EvidenceSlot
    file: TypedFile | None = None
    description: str | None = None


def evidence_arguments(slot: EvidenceSlot) -> Arguments[GivenEvidence]:
    """Return the table of what evidence in a slot is given; the file as its bytes."""
    rule = SLOTS[slot]

    def file(value: bytes, path: Sequence[str]) -> TypedFile:
        if len(value) > rule.most:
            raise Rejected(Reason.FILE_TOO_LARGE, path, f"{len(value):,} bytes, at most {rule.most:,}")
        media_type = media_type_of(value, rule.media_types)
        if media_type is None:
            raise Rejected(Reason.BAD_FILE_TYPE, path, ", ".join(sorted(rule.media_types)))
        return TypedFile(value, media_type)

    return Arguments(GivenEvidence, {"slot": as_given, "file": file, "description": evidence_description})


def evidence_of(owner_id: str, slot: EvidenceSlot, file: TypedFile, stamp: Stamp) -> Evidence:
    """Return what an entity keeps of a checked file."""
    found = sha256(file.content).hexdigest()
    return Evidence(
        slot=slot,
        file_name=file_name_of(owner_id, slot, found, file.media_type),
        media_type=file.media_type,
        size=len(file.content),
        sha256=found,
        at=stamp.at,
        by=stamp.by,
    )


def in_slot(evidences: Sequence[Evidence], slot: EvidenceSlot) -> Evidence | None:
    """Return the evidence in a slot; ``None`` when the slot is empty."""
    return next((one for one in evidences if one.slot is slot), None)


def slotted(evidences: Sequence[Evidence], new: Evidence, description: str | None) -> tuple[Evidence, ...]:
    """Return all evidence with a new file in its slot, in place of the one that is there.

    Without a ``description``, that of the former file stays. The same bytes again leave the former file where it is.
    """
    former = in_slot(evidences, new.slot)
    kept = former if former and former.sha256 == new.sha256 else new
    told = description if description is not None else former.description if former else ""
    return _with(evidences, replace(kept, description=told))


def retold(evidences: Sequence[Evidence], slot: EvidenceSlot, description: str) -> tuple[Evidence, ...]:
    """Return all evidence with another description in a slot. Raise ``Rejected`` (``empty_slot``) when it is empty."""
    former = in_slot(evidences, slot)
    if former is None:
        raise Rejected(Reason.EMPTY_SLOT, ("slot",))
    return _with(evidences, replace(former, description=description))


def emptied(evidences: Sequence[Evidence], slot: EvidenceSlot) -> tuple[Evidence, ...]:
    """Return all evidence without that of a slot. Raise ``Rejected`` (``empty_slot``) when there is none."""
    if in_slot(evidences, slot) is None:
        raise Rejected(Reason.EMPTY_SLOT, ("slot",))
    return tuple(one for one in evidences if one.slot is not slot)


def _with(evidences: Sequence[Evidence], new: Evidence) -> tuple[Evidence, ...]:
    others = [one for one in evidences if one.slot is not new.slot]
    return tuple(sorted((*others, new), key=lambda one: _ORDER[one.slot]))


def as_named(evidences: Sequence[Evidence], file_name: str) -> Evidence | None:
    """Return the evidence whose file has that name; ``None`` when none has."""
    return next((one for one in evidences if one.file_name == file_name), None)


class Brought(Struct, frozen=True):
    """Checked arguments of evidence, whose file, if one was given, is in the file store.

    ``description`` is ``None`` when it was left out.
    """

    slot: EvidenceSlot
    evidence: Evidence | None
    description: str | None


def put_into(evidences: Sequence[Evidence], new: Brought) -> tuple[Evidence, ...]:
    """Return all evidence of an entity with what was brought. Raise ``Rejected`` (``empty_slot``) without a file to tell of."""
    if new.evidence is not None:
        return slotted(evidences, new.evidence, new.description)
    return retold(evidences, new.slot, new.description or "")
