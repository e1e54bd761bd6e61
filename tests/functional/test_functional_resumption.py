"""Imports that a stop or a crash of the service cuts off go on by themselves when it is there again."""

import asyncio
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from tests.serving import COUNTS, Caller, Place, Running, Serve, eventually, new_place, result, sarif

from integrates.db_model.entity.progress import progress_put
from integrates.db_model.imports import commands
from integrates.db_model.imports.commands import Running as Unfinished
from integrates.db_model.imports.facet import IMPORT_PROGRESS
from integrates.db_model.imports.types import ImportStatus
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.store.port import Store
from integrates.db_model.store.sqlite.store import sqlite_store

pytestmark = pytest.mark.functional

ADA, STORE = "ada@demo.example", "sqlite:///kept.db"
MANY = sarif([result(f"rule-{number % 7}", f"src/file_{number % 40}.py", number) for number in range(6_000)])
IMPORTS = f"query ($group: ID!) {{ group(name: $group) {{ imports {{ nodes {{ id state counts {{ {COUNTS} }} }} }} }} }}"
OPEN = "query ($group: ID!) { group(name: $group) { summary { open } } }"


def imports_of(who: Caller, group: str) -> list[Any]:
    """The imports into a group."""
    return list(who.ask(IMPORTS, group=group)["group"]["imports"]["nodes"])


def opened(who: Caller, place: Place) -> int:
    """How many vulnerabilities of the group are open."""
    return int(who.ask(OPEN, group=place.group)["group"]["summary"]["open"])


def stopped(running: Running, token: str, place: Place, number: signal.Signals) -> int:
    """The exit code of the service, to which a signal is sent when an import has done its first chunk and not its last."""

    def send() -> None:
        with suppress(httpx.HTTPError), running.client(token) as client:
            Caller(client).send(MANY, group=place.group, root=place.root)

    sender = threading.Thread(target=send)
    sender.start()
    with running.client(token) as client:
        eventually(lambda: opened(Caller(client), place) > 0)
    code = running.stop(number)
    sender.join()
    return code


@contextmanager
def held_up(running: Running, place: Place) -> Iterator[None]:
    """Let no import that has begun to write go on until the block ends: how fast the machine is decides nothing."""
    over = threading.Event()
    token = running.token(ADA)

    def hold() -> None:
        with running.client(token) as client:
            eventually(lambda: over.is_set() or opened(Caller(client), place) > 0)
        with closing(sqlite3.connect(running.folder / "kept.db", isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            over.wait()
            connection.execute("ROLLBACK")

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        yield
    finally:
        over.set()
        holder.join()


async def unfinished(store: Store) -> tuple[Unfinished, ...]:
    """The imports that are unfinished."""
    found = [await commands.find(store, import_id) for import_id in await commands.unfinished_ids(store)]
    return tuple(each for each in found if each)


async def lapsed(file: Path) -> bool:
    """Put the lease of the one unfinished import into the past, as if it had lapsed; whether it was held."""
    async with sqlite_store(str(file)) as store:
        (found,) = await unfinished(store)
        assert 0 < found.progress.counts.created < 6_000
        begun = found.record.created_at
        held = found.progress.lease_until > begun
        await store.write((progress_put(IMPORT_PROGRESS, found.record.id, replace(found.progress, lease_until=begun)),))
        return held


async def was_given_back(file: Path) -> bool:
    """Whether nobody holds the one unfinished import, though its last chunk was written less than a lease ago."""
    async with sqlite_store(str(file)) as store:
        (found,) = await unfinished(store)
        assert 0 < found.progress.counts.created < 6_000
        return found.record.state.status is ImportStatus.RUNNING and found.progress.lease_until < found.record.created_at


async def is_counted(file: Path, group: str) -> bool:
    """Whether the counters of the group are what they count."""
    async with sqlite_store(str(file)) as store:
        counted = await recount(store, group)
        return counted == await stored_counters(store, counted, group)


def in_time(send: Callable[[], httpx.Response]) -> Any:
    """The data of the first answer within the time of a request: reading the file may need longer on a busy machine, and the
    same file again is the same import."""
    answers: list[httpx.Response] = []

    def sent() -> bool:
        answers.append(send())
        return answers[-1].status_code != HTTPStatus.SERVICE_UNAVAILABLE

    eventually(sent)
    assert answers[-1].status_code == HTTPStatus.OK, answers[-1].text
    return answers[-1].json()["data"]


@pytest.mark.parametrize("seconds", ["3", "6"])
def test_a_request_has_less_time_than_an_import(serve: Serve, seconds: str) -> None:
    running = serve("--store", STORE, "--demo", INTEGRATES_REQUEST_SECONDS=seconds)
    with running.client(running.token(ADA)) as client:
        ada = Caller(client)
        place = new_place(ada, "hurried")
        with held_up(running, place):
            payload = in_time(lambda: ada.send(MANY, group=place.group, root=place.root))["importVulnerabilities"]
        assert (payload["errors"], payload["import"]["state"]) == ([], "RUNNING")
        eventually(lambda: imports_of(ada, place.group)[0]["state"] == "COMPLETED")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_import_goes_on_when_the_service_is_started_again(serve: Serve, number: signal.Signals) -> None:
    first = serve("--store", STORE, "--demo", INTEGRATES_GRACEFUL_SECONDS="0")
    file, token = first.folder / "kept.db", first.token(ADA)
    with first.client(token) as client:
        place = new_place(Caller(client), "cut-off")
    code = stopped(first, token, place, number)
    if number is signal.SIGKILL:
        assert asyncio.run(lapsed(file)), "who is killed gives nothing back"
    else:
        assert (code, asyncio.run(was_given_back(file))) == (0, True)
    second = serve("--store", STORE, folder=first.folder)
    with second.client(token) as client:
        ada = Caller(client)
        eventually(lambda: imports_of(ada, place.group)[0]["state"] == "COMPLETED")
        (done,) = imports_of(ada, place.group)
        assert {name: counted for name, counted in done["counts"].items() if counted} == {"created": 6_000}
        assert opened(ada, place) == 6_000
    assert second.stop() == 0
    assert asyncio.run(is_counted(file, place.group))
