"""The files of evidence: who gets them, and with which headers (domain section 12)."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from contextlib import nullcontext, suppress
from datetime import timedelta

import httpx
import pytest
from msgspec.structs import replace
from packages.server.tests.conftest import ADA, NOW, ORIGIN, World, api
from starlette.requests import ClientDisconnect
from starlette.types import Message, Send

from integrates.db_model import findings
from integrates.db_model.entity import read
from integrates.db_model.errors import Unavailable
from integrates.db_model.evidences.file import file_key
from integrates.db_model.evidences.rules import in_slot
from integrates.db_model.evidences.types import Evidence, EvidenceSlot
from integrates.db_model.files.port import CHUNK_BYTES, Files
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.findings.types import Finding
from integrates.server.app import new_app
from integrates.server.service import Service

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * (2 * CHUNK_BYTES)
CONTENTS = {
    EvidenceSlot.EVIDENCE1: PNG,
    EvidenceSlot.ANIMATION: b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm",
    EvidenceSlot.EXPLOITATION: b"<script>alert(1)</script>",
    EvidenceSlot.RECORDS: b"name\nAda\n",
}
HANA, URI = "hana@demo.example", "uri@demo.example"
NOWHERE = "99999999-9999-4999-8999-999999999999"


async def proved(world: World, *slots: EvidenceSlot) -> Finding:
    """Put evidence into slots of a finding of the group webshop, a draft, which hana sees and uri does not."""
    async with world.client(headers={"authorization": f"Bearer {await world.token()}"}) as client:
        query = '{ group(name: "webshop") { findings(first: 1) { nodes { id } } } }'
        answer = await client.post("/api", json={"query": query})
        finding_id = answer.json()["data"]["group"]["findings"]["nodes"][0]["id"]
    found = await read.get(world.store, FINDING, findings.facet.finding_key(finding_id))
    assert found is not None
    for slot in slots:
        given = {"slot": slot, "file": CONTENTS[slot]}
        found = await findings.attach(world.store, found, given, world.stamp(), files=world.service.files)
    return found


def one(finding: Finding, slot: EvidenceSlot = EvidenceSlot.EVIDENCE1) -> Evidence:
    found = in_slot(finding.evidences, slot)
    assert found is not None
    return found


def address(finding: Finding, slot: EvidenceSlot = EvidenceSlot.EVIDENCE1) -> str:
    return f"/evidence/{finding.id}/{one(finding, slot).file_name}"


async def asked(world: World, path: str, person: str = HANA, **headers: str) -> httpx.Response:
    async with world.client(headers={"authorization": f"Bearer {await world.token(person)}", **headers}) as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("slot", "media_type", "disposition"),
    [
        (EvidenceSlot.EVIDENCE1, "image/png", "inline"),
        (EvidenceSlot.ANIMATION, "video/webm", "inline"),
        (EvidenceSlot.EXPLOITATION, "text/plain; charset=utf-8", "attachment"),
        (EvidenceSlot.RECORDS, "text/csv; charset=utf-8", "attachment"),
    ],
)
async def test_a_file_is_sent_as_what_it_is(world: World, slot: EvidenceSlot, media_type: str, disposition: str) -> None:
    finding = await proved(world, slot)
    answer = await asked(world, address(finding, slot))
    assert (answer.status_code, answer.content) == (200, CONTENTS[slot])
    assert {
        name: answer.headers[name] for name in ("content-type", "content-disposition", "cache-control", "content-length")
    } == {
        "content-type": media_type,
        "content-disposition": f'{disposition}; filename="{one(finding, slot).file_name}"',
        "cache-control": "private, no-cache",
        "content-length": str(len(CONTENTS[slot])),
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_who_may_not_read_it_gets_what_nothing_gets(world: World) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    path = address(finding)
    paths = (
        path.replace(finding.id, NOWHERE, 1),
        path.replace(".png", ".html"),
        path + "/..",
        f"/evidence/{finding.id}/%2e%2e%2fpasswd",
        f"/evidence/{finding.id}/",
        "/evidence",
    )
    async with world.client(headers={"authorization": f"Bearer {await world.token(HANA)}"}) as client:
        missing = [await client.get(other) for other in paths]
    stranger = await asked(world, path, URI)
    async with world.client() as client:
        nobody = await client.get(path)
    for answer in (*missing, nobody, stranger):
        assert answer.status_code == 404
    page = stranger.text.replace(stranger.headers["x-request-id"], "")
    assert {answer.text.replace(answer.headers["x-request-id"], "") for answer in (*missing, nobody)} == {page}


async def test_a_removed_file_is_not_sent(world: World) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    assert (await asked(world, address(finding))).status_code == 200
    await findings.detach(world.store, finding, EvidenceSlot.EVIDENCE1, world.stamp())
    assert (await asked(world, address(finding))).status_code == 404


async def test_a_browser_that_has_it_asks_whether_it_still_may(world: World) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    tag = (await asked(world, address(finding))).headers["etag"]
    assert tag == f'"{one(finding).sha256}"'
    again = await asked(world, address(finding), **{"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "private, no-cache")
    stranger = await asked(world, address(finding), URI, **{"if-none-match": tag})
    assert stranger.status_code == 404
    assert (await asked(world, address(finding), **{"if-none-match": '"another"'})).status_code == 200


async def test_only_reading_is_answered(world: World) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    headers = {"authorization": f"Bearer {await world.token(HANA)}"}
    async with world.client(headers=headers) as client:
        head = await client.head(address(finding))
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(PNG)))
        assert (await client.post(address(finding))).status_code == 405


async def test_a_session_opens_it_and_garbage_counts_against_its_address(world: World) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    settings = replace(world.service.settings, api_rate=2)
    world.app = new_app(replace(world.service, settings=settings))
    statuses = [
        (await asked(world, address(finding), HANA)).status_code,
        (await asked(world, address(finding), HANA)).status_code,
        (await asked(world, address(finding), HANA)).status_code,
        (await asked(world, address(finding), ADA)).status_code,
    ]
    assert statuses == [200, 200, 429, 200]


async def test_a_token_that_was_revoked_or_has_expired_opens_nothing(world: World) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    token = await world.token(HANA, days=1)
    world.now = NOW + timedelta(days=2)
    async with world.client(headers={"authorization": f"Bearer {token}"}) as client:
        assert (await client.get(address(finding))).status_code == 404


async def test_a_missing_file_is_404_and_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    await world.service.files.delete(file_key(finding.id, one(finding)))
    assert (await asked(world, address(finding))).status_code == 404
    assert "a file of evidence is missing" in caplog.text


async def test_a_file_store_that_is_away_is_unavailable(world: World) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)

    async def away(key: str) -> AsyncGenerator[bytes]:
        if key:
            raise Unavailable("secret-host refused")
        yield b""

    world.app = new_app(replace(world.service, files=replace(world.service.files, get=away)))
    answer = await asked(world, address(finding))
    assert answer.status_code == 503
    assert "secret-host" not in answer.text


def slow(files: Files, read: list[int]) -> Files:
    """A file store that notes how many chunks were read of a file."""

    async def get(key: str) -> AsyncGenerator[bytes]:
        async for chunk in files.get(key):
            read.append(len(chunk))
            yield chunk

    return replace(files, get=get)


async def exchanged(world: World, service: Service, path: str, send: Send) -> None:
    """Ask for a file over ASGI, and have ``send`` take the answer."""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", ORIGIN[7:].encode()), (b"authorization", f"Bearer {await world.token(HANA)}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8001),
    }
    await new_app(service)(scope, receive, send)


async def test_a_file_is_sent_as_it_is_read(world: World) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    read_chunks: list[int] = []
    service = replace(world.service, files=slow(world.service.files, read_chunks))
    sent = list[tuple[int, int]]()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            sent.append((len(read_chunks), len(message["body"])))

    await exchanged(world, service, address(finding), send)
    assert [number for number, _ in sent] == [1, 2, 3]
    assert sum(size for _, size in sent) == len(PNG)


@pytest.mark.parametrize("at", ["http.response.start", "http.response.body"])
async def test_a_file_is_closed_as_soon_as_its_answer_breaks_off(world: World, at: str) -> None:
    """Else its slot would be held until the garbage collector comes by."""
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    events: list[str] = []

    async def get(key: str) -> AsyncGenerator[bytes]:
        try:
            async for chunk in world.service.files.get(key):
                yield chunk
        finally:
            events.append("closed")

    async def send(message: Message) -> None:
        if message["type"] == at:
            raise OSError("the client is gone")

    service = replace(world.service, files=replace(world.service.files, get=get))
    gc.disable()
    try:
        with suppress(OSError, ClientDisconnect):
            await exchanged(world, service, address(finding), send)
        assert events == ["closed"]
    finally:
        gc.enable()


@pytest.mark.parametrize(("waits", "whole"), [((6, 6, 6), True), ((6, 6, 10), False)])
async def test_a_file_that_is_taken_is_sent_after_the_deadline_and_one_that_is_not_is_broken_off(
    world: World, elapse: Callable[[float], None], waits: tuple[float, ...], *, whole: bool
) -> None:
    """Three chunks of 64 KiB may take 5 seconds and 8 for each, and none of them 10."""
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    read_chunks, sent = list[int](), list[int]()

    async def send(message: Message) -> None:
        if message.get("body"):
            elapse(waits[len(sent)])
            for _turn in range(10):
                await asyncio.sleep(0)
            sent.append(len(message["body"]))

    settings = replace(world.service.settings, request_seconds=10.0, concurrency=1)
    service = replace(world.service, settings=settings, files=slow(world.service.files, read_chunks))
    with nullcontext() if whole else pytest.raises(TimeoutError):
        await exchanged(world, service, address(finding), send)
    assert (len(read_chunks), sum(sent) == len(PNG)) == (3, whole)


async def test_an_emptied_file_is_like_a_missing_one(world: World) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    await world.service.files.put(file_key(finding.id, one(finding)), b"")
    assert (await asked(world, address(finding))).status_code == 404


async def test_one_caller_has_a_share_of_what_is_sent_at_once(world: World) -> None:
    finding = await proved(world, EvidenceSlot.EVIDENCE1)
    service = replace(world.service, settings=replace(world.service.settings, concurrency=4))
    statuses: list[int] = []

    async def nested(key: str) -> AsyncGenerator[bytes]:
        statuses.append((await asked(world, address(finding))).status_code)
        statuses.append((await asked(world, address(finding), ADA)).status_code if len(statuses) < 2 else 0)
        yield PNG[:CHUNK_BYTES]
        yield PNG[CHUNK_BYTES:]
        assert key

    world.app = new_app(replace(service, files=replace(service.files, get=nested)))
    assert (await asked(world, address(finding))).status_code == 200
    assert 429 in statuses
    assert api() is service.api
