"""Evidence of findings: slots, files that lie about their type, and who may see them (domain sections 3 and 11.2)."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_adding import ERRORS, beaten, call, reasons

from integrates.api.authorization.sight import Sight, nothing
from integrates.api.evidence.find import file_shown, find_evidence
from integrates.api.upload import in_memory
from integrates.db_model.entity import read
from integrates.db_model.errors import NotFound, Unavailable
from integrates.db_model.evidences.file import file_key
from integrates.db_model.files.port import read_all
from integrates.db_model.findings.facet import FINDING, finding_key

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from packages.api.tests.conftest import World

    from integrates.db_model.events.types import Event
    from integrates.db_model.files.port import Content, Files
    from integrates.db_model.findings.types import Finding

PNG, JPEG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20, b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
CSV = b"name,mail\nAda,ada@demo.example\n"
MIB = 1024 * 1024
SHOWN = "version evidences { slot description fileName mediaType size url at by } records"
PUT = f"""mutation ($id: ID!, $slot: FindingEvidenceSlot!, $file: Upload, $description: String, $version: Int) {{
  updateFindingEvidence(id: $id, slot: $slot, file: $file, description: $description, expectedVersion: $version) {{
    finding {{ {SHOWN} }} {ERRORS} }} }}"""
DROP = f"""mutation ($id: ID!, $slot: FindingEvidenceSlot!, $version: Int) {{
  removeFindingEvidence(id: $id, slot: $slot, expectedVersion: $version) {{ finding {{ {SHOWN} }} {ERRORS} }} }}"""
SEE = f"query ($id: ID!) {{ finding(id: $id) {{ {SHOWN} }} }}"


async def put(world: World, slot: str, content: bytes | None = None, person: str = "hana", **changes: Any) -> Any:
    given: dict[str, Any] = {} if content is None else {"file": in_memory("../../etc/passwd.html", content)}
    return await call(world, person, PUT, **{"id": world.aurora.finding.id, "slot": slot, **given, **changes})


async def drop(world: World, slot: str, person: str = "hana", **changes: Any) -> Any:
    return await call(world, person, DROP, **{"id": world.aurora.finding.id, "slot": slot, **changes})


async def see(world: World, person: str) -> Any:
    return (await world.data(person, SEE, id=world.aurora.finding.id))["finding"]


async def known(world: World) -> Finding:
    found = await read.get(world.store, FINDING, finding_key(world.aurora.finding.id))
    assert found is not None
    return found


async def content_of(world: World, position: int = 0) -> bytes:
    finding = await known(world)
    return await read_all(world.files.get(file_key(finding.id, finding.evidences[position])))


def counting(files: Files, kept: list[str]) -> Files:
    """A file store that notes the keys of what is put, and takes the note back of what is deleted."""

    async def note(key: str, content: Content) -> None:
        await files.put(key, content)
        kept.append(key)

    async def forget(key: str) -> None:
        await files.delete(key)
        kept.remove(key)

    return replace(files, put=note, delete=forget)


@pytest.fixture
def kept() -> list[str]:
    """The keys of the files that are in the file store."""
    return []


@pytest.fixture
def noted(world: World, kept: list[str]) -> World:
    """The platform, of which each file is noted."""
    return replace(world, files=counting(world.files, kept))


async def test_a_file_is_put_into_a_slot(world: World) -> None:
    payload = await put(world, "EVIDENCE1", PNG, description="The page")
    assert reasons(payload) == []
    (shown,) = payload["finding"]["evidences"]
    finding, digest = world.aurora.finding.id, sha256(PNG).hexdigest()
    name = f"{finding}-evidence1-{digest[:8]}.png"
    assert shown.pop("at").startswith("2026-05-01T12:00:00")
    assert shown == {
        "slot": "EVIDENCE1",
        "description": "The page",
        "fileName": name,
        "mediaType": "image/png",
        "size": len(PNG),
        "url": f"/evidence/{finding}/{name}",
        "by": "hana@demo.example",
    }
    (stored,) = (await known(world)).evidences
    assert (stored.sha256, await content_of(world)) == (digest, PNG)


async def test_a_slot_has_one_file_and_keeps_its_description(noted: World, kept: list[str]) -> None:
    await put(noted, "EVIDENCE1", PNG, description="The page")
    await put(noted, "RECORDS", CSV)
    payload = await put(noted, "EVIDENCE1", JPEG, "reto")
    shown = [(one["slot"], one["description"], one["mediaType"], one["by"]) for one in payload["finding"]["evidences"]]
    assert shown == [
        ("EVIDENCE1", "The page", "image/jpeg", "reto@demo.example"),
        ("RECORDS", "", "text/csv", "hana@demo.example"),
    ]
    assert len(kept) == 3
    assert await content_of(noted) == JPEG
    assert await read_all(noted.files.get(kept[0])) == PNG


async def test_a_description_alone_leaves_the_file(world: World) -> None:
    first = (await put(world, "EVIDENCE1", PNG))["finding"]["evidences"][0]
    payload = await put(world, "EVIDENCE1", None, "reto", description=" The page ")
    assert payload["finding"]["evidences"] == [{**first, "description": "The page"}]
    gone = await put(world, "EVIDENCE1", None, description=None)
    assert gone["finding"]["evidences"] == [first]


async def test_the_same_file_again_writes_nothing_and_leaves_no_second_file(noted: World, kept: list[str]) -> None:
    first = await put(noted, "EVIDENCE1", PNG, description="The page")
    again = await put(noted, "EVIDENCE1", PNG, "reto", description="The page")
    assert again["finding"] == first["finding"]
    assert len(kept) == 1
    assert await content_of(noted) == PNG


async def test_a_slot_is_emptied(world: World) -> None:
    await put(world, "EVIDENCE1", PNG)
    await put(world, "EVIDENCE2", PNG)
    payload = await drop(world, "EVIDENCE1")
    assert [one["slot"] for one in payload["finding"]["evidences"]] == ["EVIDENCE2"]
    assert reasons(await drop(world, "EVIDENCE1")) == [("NOT_FOUND", "empty_slot", ["slot"])]


@pytest.mark.parametrize(
    ("slot", "content", "changes", "expected"),
    [
        ("EVIDENCE1", b"MZ\x00\x01", {}, [("INVALID", "bad_file_type", ["file"])]),
        ("EVIDENCE1", b"<html>", {}, [("INVALID", "bad_file_type", ["file"])]),
        ("EVIDENCE1", b"", {}, [("INVALID", "bad_file_type", ["file"])]),
        ("EXPLOITATION", PNG, {}, [("INVALID", "bad_file_type", ["file"])]),
        ("RECORDS", b'a,"b\n', {}, [("INVALID", "bad_file_type", ["file"])]),
        ("ANIMATION", JPEG, {}, [("INVALID", "bad_file_type", ["file"])]),
        ("RECORDS", b"a" * (MIB + 1), {}, [("LIMIT_EXCEEDED", "file_too_large", ["file"])]),
        ("EVIDENCE5", PNG + b"a" * 10 * MIB, {}, [("LIMIT_EXCEEDED", "file_too_large", ["file"])]),
        ("EVIDENCE1", PNG, {"description": "d" * 501}, [("INVALID", "too_long", ["description"])]),
        (
            "EVIDENCE1",
            b"x",
            {"description": "d" * 501},
            [("INVALID", "bad_file_type", ["file"]), ("INVALID", "too_long", ["description"])],
        ),
        ("EVIDENCE1", None, {}, [("INVALID", "required", ["file"])]),
        ("EVIDENCE1", None, {"file": None}, [("INVALID", "required", ["file"])]),
        ("EVIDENCE1", None, {"description": "What?"}, [("NOT_FOUND", "empty_slot", ["slot"])]),
    ],
)
async def test_evidence_is_refused(
    noted: World, kept: list[str], slot: str, content: bytes | None, changes: dict[str, Any], expected: Any
) -> None:
    version = (await known(noted)).version
    assert reasons(await put(noted, slot, content, **changes)) == expected
    assert ((await known(noted)).version, kept) == (version, [])


async def test_slots_of_events_are_none_of_a_finding(world: World) -> None:
    variables: dict[str, Any] = {"id": world.aurora.finding.id, "slot": "IMAGE_1", "file": in_memory("a", PNG)}
    answer = await world.answer("hana", PUT, **variables)
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("person", "refused"),
    [
        ("greta", None),
        ("hana", None),
        ("reto", None),
        ("vera", "FORBIDDEN"),
        ("uri", "FORBIDDEN"),
        ("remy", "FORBIDDEN"),
        ("hana2", "NOT_FOUND"),
    ],
)
async def test_who_may_change_evidence(noted: World, kept: list[str], person: str, refused: str | None) -> None:
    payloads = [await put(noted, "RECORDS", CSV, person), await drop(noted, "RECORDS", person)]
    wanted = [] if refused is None else [(refused, ["id"])]
    assert [[(code, path) for code, _, path in reasons(payload)] for payload in payloads] == [wanted, wanted]
    assert len(kept) == (refused is None)


async def test_a_version_comes_before_the_file_and_nothing_is_stored_for_it(noted: World, kept: list[str]) -> None:
    version = (await known(noted)).version
    await put(noted, "EVIDENCE1", PNG)
    for content in (JPEG, b"x"):
        late = await put(noted, "EVIDENCE2", content, version=version)
        assert reasons(late) == [("CONFLICT", "stale_version", [])]
        assert late["errors"][0]["currentVersion"] == version + 1
    assert len(kept) == 1
    assert reasons(await drop(noted, "RECORDS", version=version)) == [("CONFLICT", "stale_version", [])]


async def test_of_two_with_one_version_one_wins(world: World) -> None:
    version = (await known(world)).version
    both = await asyncio.gather(*(put(world, "EVIDENCE1", content, version=version) for content in (PNG, JPEG)))
    assert sorted(reasons(payload) for payload in both) == [[], [("CONFLICT", "stale_version", [])]]


async def test_without_a_version_both_are_put_one_after_the_other(world: World) -> None:
    async def others() -> None:
        assert reasons(await put(world, "EVIDENCE2", JPEG, "reto")) == []

    variables: dict[str, Any] = {"id": world.aurora.finding.id, "slot": "EVIDENCE1", "file": in_memory("a", PNG)}
    answer = await world.answer("hana", PUT, store=beaten(world, others), **variables)
    shown = answer.body["data"]["updateFindingEvidence"]["finding"]["evidences"]
    assert [(one["slot"], one["mediaType"]) for one in shown] == [("EVIDENCE1", "image/png"), ("EVIDENCE2", "image/jpeg")]


async def test_the_file_is_stored_before_the_finding_refers_to_it(noted: World, kept: list[str]) -> None:
    async def others() -> None:
        (key,) = kept
        assert await read_all(noted.files.get(key)) == PNG
        raise Unavailable("the store is gone")

    variables: dict[str, Any] = {"id": noted.aurora.finding.id, "slot": "EVIDENCE1", "file": in_memory("a", PNG)}
    answer = await noted.answer("hana", PUT, store=beaten(noted, others), **variables)
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["UNAVAILABLE"]
    assert ((await known(noted)).evidences, len(kept)) == ((), 1)


async def test_where_the_file_is_not_stored_nothing_is_changed(world: World) -> None:
    async def full(_key: str, _content: Content) -> None:
        raise Unavailable("no space left")

    broken = replace(world, files=replace(world.files, put=full))
    variables: dict[str, Any] = {"id": world.aurora.finding.id, "slot": "EVIDENCE1", "file": in_memory("a", PNG)}
    answer = await broken.answer("hana", PUT, **variables)
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["UNAVAILABLE"]
    assert (await known(world)).evidences == ()


async def test_rows_of_the_records_are_shown(world: World) -> None:
    assert (await see(world, "uri"))["records"] is None
    await put(world, "RECORDS", b"name\n" + b"\n".join(b"%d" % number for number in range(1_500)))
    shown = (await see(world, "uri"))["records"]
    assert (shown[:2], len(shown)) == ([["name"], ["0"]], 1_000)


async def test_a_file_of_commas_is_no_million_of_cells(world: World) -> None:
    await put(world, "RECORDS", b"A,B\n" + b"," * (MIB - 4))
    assert (await see(world, "uri"))["records"] == [["A", "B"]]
    query = "query ($id: ID!) { finding(id: $id) { %s } }"
    aliases = " ".join(f"a{number}: records" for number in range(5))
    answer = await world.answer("uri", query % aliases, id=world.aurora.finding.id)
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["QUERY_TOO_COMPLEX"]


async def test_the_records_are_read_once_in_a_request(world: World) -> None:
    await put(world, "RECORDS", CSV)
    gets: list[str] = []

    def get(key: str) -> AsyncGenerator[bytes]:
        gets.append(key)
        return world.files.get(key)

    noting = replace(world, files=replace(world.files, get=get))
    both = await noting.data(
        "uri", "query ($id: ID!) { finding(id: $id) { one: records two: records } }", id=world.aurora.finding.id
    )
    assert both["finding"]["one"] == both["finding"]["two"] == [["name", "mail"], ["Ada", "ada@demo.example"]]
    assert len(gets) == 1


async def test_a_file_is_shown_to_who_may_read_evidence_there(world: World) -> None:
    """The one role without that permission is the CI identity, which calls nothing yet."""
    await put(world, "RECORDS", CSV)
    finding = await known(world)
    name, scope = finding.evidences[0].file_name, await world.started("uri").scopes.groups.load("webshop")
    seen: Sight[Finding | Event] = Sight(scope, finding)
    assert file_shown(seen, name, "evidence:read") is not None
    assert file_shown(seen, name, "evidence:update") is None
    assert file_shown(seen, name + "x", "evidence:read") is None
    assert file_shown(nothing(), name, "evidence:read") is None
    assert file_shown(replace(seen, unseen=((),)), name, "evidence:read") is None


async def test_a_moment_shows_the_evidence_of_then(world: World) -> None:
    await put(world, "RECORDS", CSV, description="First")
    then = world.now().isoformat()
    await drop(world, "RECORDS")
    past = "query ($id: ID!, $at: DateTime) { finding(id: $id, asOf: $at) { evidences { slot description } records } }"
    shown = await world.data("uri", past, id=world.aurora.finding.id, at=then)
    assert shown["finding"]["evidences"] == [{"slot": "RECORDS", "description": "First"}]
    assert shown["finding"]["records"] == [["name", "mail"], ["Ada", "ada@demo.example"]]
    history = "query ($id: ID!) { finding(id: $id) { history { nodes { operation aspects } } } }"
    nodes = (await world.data("uri", history, id=world.aurora.finding.id))["finding"]["history"]["nodes"]
    assert [node["operation"] for node in nodes[-2:]] == ["update_finding_evidence", "remove_finding_evidence"]
    assert nodes[-1]["aspects"]["evidences"] == []


async def test_records_of_a_moment_whose_file_is_gone_are_null(world: World) -> None:
    await put(world, "RECORDS", CSV)
    finding = await known(world)
    await world.files.delete(file_key(finding.id, finding.evidences[0]))
    shown = await see(world, "uri")
    assert (shown["records"], len(shown["evidences"])) == (None, 1)


async def found(world: World, person: str | None, finding: str, name: str) -> Any:
    return await find_evidence(world.call(person), finding, name)


async def test_a_file_is_found_by_who_may_read_it(world: World) -> None:
    await put(world, "EVIDENCE1", PNG)
    finding = await known(world)
    name = finding.evidences[0].file_name
    for person in ("greta", "vera", "uri", "hana", "reto", "remy", "olga", "ada"):
        file = await found(world, person, finding.id, name)
        assert (file.evidence, await read_all(world.files.get(file.key))) == (finding.evidences[0], PNG)
    for stranger in ("hana2", "otto", None):
        assert await found(world, stranger, finding.id, name) is None
    for other in (world.aurora.draft_finding.id, world.harbor.finding.id, "nothing", "99999999-9999-4999-8999-999999999999"):
        assert await found(world, "hana", other, name) is None
    for odd in ("", name.upper(), f"{name}x", "../" + name, name.replace(".png", ".html")):
        assert await found(world, "hana", finding.id, odd) is None


async def test_evidence_of_a_draft_is_found_by_who_sees_drafts(world: World) -> None:
    draft = world.aurora.draft_finding.id
    name = (await put(world, "EVIDENCE1", PNG, id=draft))["finding"]["evidences"][0]["fileName"]
    assert await found(world, "remy", draft, name) is not None
    assert await found(world, "uri", draft, name) is None


async def test_evidence_that_was_removed_is_not_found(world: World) -> None:
    name = (await put(world, "EVIDENCE1", PNG))["finding"]["evidences"][0]["fileName"]
    await drop(world, "EVIDENCE1")
    assert await found(world, "hana", world.aurora.finding.id, name) is None


async def test_a_missing_file_says_so(world: World) -> None:
    await put(world, "EVIDENCE1", PNG)
    finding = await known(world)
    key = file_key(finding.id, finding.evidences[0])
    await world.files.delete(key)
    with pytest.raises(NotFound):
        await content_of(world)
