"""What a slot takes, by leading bytes and size; names; and one piece in each slot (domain section 3, table of slots)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import pytest
from msgspec.structs import replace

from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Rejected, Rejections
from integrates.db_model.evidences.content import media_type_of, records_of, text_of
from integrates.db_model.evidences.file import file_key, stored_file
from integrates.db_model.evidences.rules import (
    EVENT_SLOTS,
    FINDING_SLOTS,
    SLOTS,
    TypedFile,
    emptied,
    evidence_arguments,
    evidence_of,
    misplaced,
    owner_in,
    retold,
    slotted,
)
from integrates.db_model.evidences.types import Evidence, EvidenceSlot, MediaType
from integrates.db_model.values.check import checked

ID = "0198c0de-0000-7000-8000-000000000001"
AT = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
STAMP = Stamp(by="hana@demo.example", at=AT, operation="test", change_id=ID)
MIB = 1024 * 1024
SAMPLES: dict[str, bytes] = {
    "png": b"\x89PNG\r\n\x1a\n" + b"\x00" * 20,
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "gif": b"GIF89a\x01\x00\x01\x00",
    "old gif": b"GIF87a\x01\x00\x01\x00",
    "webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm\x42\x87",
    "webm with a long length": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x10\x00\x00\x06webm\x00\x00",
    "matroska": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska",
    "ebml": b"\x1a\x45\xdf\xa3\x9f",
    "ebml that ends": b"\x1a\x45\xdf\xa3\x9f\x42\x82",
    "ebml without length": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x00webm",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04\x14\x00",
    "empty zip": b"PK\x05\x06" + b"\x00" * 18,
    "text": "Ärger\r\n\tsteht hier".encode(),
    "text with a mark": b"\xef\xbb\xbfHello",
    "log of a terminal": b"\x1b[31mred\x1b[0m\x07\x08",
    "csv": b"name,mail\nAda,ada@demo.example\n",
    "broken csv": b'name,mail\n"Ada,ada@demo.example\n',
    "html": b"<html><script>alert(1)</script></html>",
    "latin-1": "Ärger".encode("latin-1"),
    "utf-16": "Ärger".encode("utf-16"),
    "binary": b"MZ\x00\x01\x02",
    "empty": b"",
    "blank lines": b"\n\n",
}
PICTURES = {"png", "jpeg"}
TEXTS = {"text", "text with a mark", "log of a terminal", "csv", "broken csv", "html", "blank lines"}
TAKEN: dict[str, set[str]] = {
    "ANIMATION": {"gif", "old gif", "png", "webm", "webm with a long length"},
    **{f"EVIDENCE{number}": PICTURES for number in range(1, 6)},
    "EXPLOITATION": TEXTS,
    "RECORDS": TEXTS - {"broken csv", "blank lines"},
    "FILE_1": {"pdf", "png", "zip", "empty zip", *TEXTS},
    **{f"IMAGE_{number}": PICTURES for number in range(1, 7)},
}
MOST = {"ANIMATION": 20, "EXPLOITATION": 1, "RECORDS": 1, "FILE_1": 10}


def made(slot: EvidenceSlot, content: bytes = SAMPLES["png"], kind: MediaType = MediaType.PNG) -> Evidence:
    return evidence_of(ID, slot, TypedFile(content, kind), STAMP)


def test_every_slot_has_its_row() -> None:
    assert TAKEN.keys() == {slot.name for slot in EvidenceSlot} == {slot.name for slot in SLOTS}
    assert (len(FINDING_SLOTS), len(EVENT_SLOTS)) == (8, 7)


@pytest.mark.parametrize("slot", EvidenceSlot)
@pytest.mark.parametrize("sample", SAMPLES)
def test_what_a_file_is_is_told_by_its_bytes(slot: EvidenceSlot, sample: str) -> None:
    taken = media_type_of(SAMPLES[sample], SLOTS[slot].media_types) is not None
    assert taken == (sample in TAKEN[slot.name])


@pytest.mark.parametrize(
    ("sample", "kind"),
    [
        ("png", "image/png"),
        ("jpeg", "image/jpeg"),
        ("gif", "image/gif"),
        ("webm", "video/webm"),
        ("pdf", "application/pdf"),
        ("zip", "application/zip"),
        ("html", "text/plain"),
    ],
)
def test_the_media_type_that_is_stored(sample: str, kind: str) -> None:
    assert media_type_of(SAMPLES[sample], frozenset(set(MediaType) - {MediaType.CSV})) == kind


def test_what_begins_like_an_archive_is_no_text() -> None:
    assert media_type_of(SAMPLES["pdf"], frozenset({MediaType.TEXT})) is None
    assert media_type_of(b"GIF89a is a format", frozenset({MediaType.TEXT, MediaType.CSV})) is None


@pytest.mark.parametrize("slot", EvidenceSlot)
def test_the_most_bytes_of_a_slot(slot: EvidenceSlot) -> None:
    most = MOST.get(slot.name, 10) * MIB
    begin = b"a" if slot in {EvidenceSlot.EXPLOITATION, EvidenceSlot.RECORDS} else SAMPLES["png"]
    content = begin + b"a," * (most // 2)
    table = evidence_arguments(slot)
    assert checked(table, {"slot": slot, "file": content[:most]}).file is not None
    with pytest.raises(Rejections) as caught:
        checked(table, {"slot": slot, "file": content[: most + 1], "description": "d" * 501})
    assert [(one.reason, one.path) for one in caught.value.refusals] == [
        ("file_too_large", ("file",)),
        ("too_long", ("description",)),
    ]
    assert f"{most + 1:,} bytes, at most {most:,}" in caught.value.refusals[0].detail


def test_rows_of_records() -> None:
    text = text_of(b'\xef\xbb\xbfname,note\n\nAda,"two\nlines"\n,\n')
    assert text is not None
    assert records_of(text) == [["name", "note"], ["Ada", "two\nlines"], ["", ""]]
    many = "\n".join(str(number) for number in range(1_500))
    rows = records_of(many)
    assert rows is not None
    assert (len(rows), rows[-1]) == (1_000, ["999"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("," * 9_999, [10_000]),
        ("," * 10_000, []),
        ("," * 1_048_575, []),
        ("," * 9_997 + "\nA,B\nC", [9_998, 2]),
        ("A\n" + "," * 9_999 + "\nB", [1]),
    ],
)
def test_rows_of_records_are_shown_as_far_as_they_have_so_many_cells(text: str, shown: list[int]) -> None:
    rows = records_of(text)
    assert rows is not None
    assert [len(row) for row in rows] == shown
    assert media_type_of(text.encode(), SLOTS[EvidenceSlot.RECORDS].media_types) is MediaType.CSV


def test_a_file_is_called_by_entity_slot_and_hash() -> None:
    one = made(EvidenceSlot.IMAGE_1, SAMPLES["jpeg"], MediaType.JPEG)
    assert one.file_name == f"{ID}-image_1-{one.sha256[:8]}.jpg"
    assert owner_in(one.file_name) == ID
    assert (one.size, one.at, one.by) == (len(SAMPLES["jpeg"]), AT, STAMP.by)


def test_the_key_of_a_file_tells_of_whom_and_when() -> None:
    one = made(EvidenceSlot.EVIDENCE1)
    key = file_key(ID, one)
    assert key == f"evidence/{ID}/20260501T120000123456Z-evidence1-{one.sha256}"
    found = stored_file(key)
    assert found is not None
    assert (found.owner_id, found.at) == (ID, AT)
    assert file_key(ID, replace(one, at=AT.replace(microsecond=0))) != key
    for odd in ("imports/a/scan", key + "x", key.replace("20260501", "20261501"), key.replace(ID, "no-id")):
        assert stored_file(odd) is None


def test_a_slot_has_one_file_and_slots_have_an_order() -> None:
    first, second = made(EvidenceSlot.RECORDS, b"a,b", MediaType.CSV), made(EvidenceSlot.EVIDENCE2)
    both = slotted(slotted((), first, None), second, "A picture")
    assert [one.slot for one in both] == ["EVIDENCE2", "RECORDS"]
    other = made(EvidenceSlot.EVIDENCE2, SAMPLES["jpeg"], MediaType.JPEG)
    again = slotted(both, other, None)
    assert [(one.sha256, one.description) for one in again] == [(other.sha256, "A picture"), (first.sha256, "")]
    assert slotted(both, other, "")[0].description == ""
    assert emptied(both, EvidenceSlot.EVIDENCE2) == (first,)
    assert retold(both, EvidenceSlot.RECORDS, "Rows")[1] == replace(first, description="Rows")


def test_the_same_bytes_again_leave_the_file_where_it_is() -> None:
    first = slotted((), made(EvidenceSlot.EVIDENCE2), "A picture")
    later = replace(made(EvidenceSlot.EVIDENCE2), at=AT.replace(year=2027), by="reto@demo.example")
    assert slotted(first, later, None) == first
    assert slotted(first, later, "Better") == (replace(first[0], description="Better"),)


@pytest.mark.parametrize("work", [emptied, partial(retold, description="What it shows")], ids=["emptied", "retold"])
def test_an_empty_slot_has_nothing_to_change(work: Callable[[Sequence[Evidence], EvidenceSlot], object]) -> None:
    with pytest.raises(Rejected) as caught:
        work((PICTURE,), EvidenceSlot.RECORDS)
    assert (caught.value.reason, caught.value.path) == ("empty_slot", ("slot",))


PICTURE = made(EvidenceSlot.EVIDENCE1)


@pytest.mark.parametrize(
    ("evidences", "refused"),
    [
        ((PICTURE, made(EvidenceSlot.EVIDENCE2)), []),
        ((made(EvidenceSlot.EVIDENCE2), PICTURE), [("inconsistent", ("evidences",))]),
        ((PICTURE, PICTURE), [("inconsistent", ("evidences",))]),
        ((made(EvidenceSlot.IMAGE_1),), [("inconsistent", ("evidences", "0", "slot"))]),
        (
            (made(EvidenceSlot.EVIDENCE1, b"PK\x03\x04", MediaType.ZIP),),
            [("bad_file_type", ("evidences", "0", "media_type"))],
        ),
        ((replace(PICTURE, size=10 * MIB + 1),), [("file_too_large", ("evidences", "0", "size"))]),
        ((replace(PICTURE, file_name="../../etc/passwd"),), [("inconsistent", ("evidences", "0", "file_name"))]),
        ((replace(PICTURE, sha256="0" * 64),), [("inconsistent", ("evidences", "0", "file_name"))]),
    ],
)
def test_what_an_entity_holds(evidences: tuple[Evidence, ...], refused: list[object]) -> None:
    assert [(one.reason, one.path) for one in misplaced(evidences, ID, FINDING_SLOTS.keys())] == refused
