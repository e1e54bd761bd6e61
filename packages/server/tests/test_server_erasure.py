"""A person's data on request, in the whole demo: what is told, and that nothing is left once they are erased."""

import asyncio
import itertools
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from packages.server.tests.test_server_operate import Operator

from integrates.db_model import sessions, tokens, vulnerabilities
from integrates.db_model.entity import read
from integrates.db_model.entity.types import Stamp
from integrates.db_model.erasure.commands import Erased, erase, erasure_claim
from integrates.db_model.erasure.disclosure import disclosed
from integrates.db_model.errors import NotFound, Raced, Rejected, Unavailable
from integrates.db_model.inspection.walk import inspected
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import StakeholderStatus
from integrates.db_model.store.port import Change, Store
from integrates.db_model.store.url import open_store
from integrates.db_model.tokens.usage import record_use, usage_key
from integrates.db_model.vulnerabilities.types import Vulnerability
from integrates.server.demo.fill import fill
from integrates.server.process import clock
from integrates.server.process.open import open_installation
from integrates.server.settings import Settings

URI, OLGA, HANA = "uri@demo.example", "olga@demo.example", "hana@demo.example"
TOKEN = "0123456789abcdef0123"
NAME = f"erased-{TOKEN}@erased.invalid"
MENTION = f"Ask {URI}, or Uri."
LATER = timedelta(days=30)


def operator() -> Stamp:
    return Stamp(by="operator", at=clock.now(), operation="command_person_erase", change_id=clock.new_id())


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the demo, in which uri also has tokens, a session and a last login, and others write of him."""
    file = tmp_path_factory.mktemp("erasure") / "store.db"

    async def made() -> None:
        async with open_installation(Settings(store=f"sqlite:///{file}"), {}, create=True) as installation:
            await fill(installation, clock.now())
            store, now = installation.store, clock.now()
            own = Stamp(by=URI, at=now, operation="add_access_token", change_id=clock.new_id())
            given = {"name": f"{URI} laptop", "expires_at": now.replace(year=now.year + 1)}
            for name, end in ((given["name"], False), ("old", True)):
                token = tokens.new_token(clock.new_id(), str(name), now + LATER, "0" * 64, own)
                stored = await tokens.issue(store, token, own)
                if end:
                    await record_use(store, "TOKEN", stored.id, None, now)
                    await tokens.revoke(store, stored.id, own)
            await sessions.open_session(store, URI, "1" * 64, now)
            await record_use(store, "USER", URI, None, now)
            (found,) = [one async for one in vulnerabilities.each(store, group="webshop", assigned=URI)][:1]
            words = Stamp(by=HANA, at=now, operation="test", change_id=clock.new_id())
            await vulnerabilities.update(
                store,
                found.id,
                lambda old, _: replace(old, treatment=replace(old.treatment, justification=MENTION)),
                words,
            )

    asyncio.run(made())
    return file


@pytest.fixture
def copy(filled: Path, tmp_path: Path) -> Path:
    """A store of its own for each test."""
    for part in filled.parent.iterdir():
        if part.is_file():
            shutil.copy(part, tmp_path / part.name)
    return tmp_path / filled.name


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[Store]:
    async with open_store(f"sqlite:///{file}") as store:
        yield store


def rows_with(file: Path, text: str) -> list[str]:
    """Return all rows of the file in which a text stands, in any case."""
    found = []
    with closing(sqlite3.connect(file)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 -- a table of the file itself
                whole = b" ".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)
                if text.encode() in whole.lower():
                    found.append(f"{table} {whole[:200]!r}")
    return found


async def differences(store: Store) -> list[object]:
    return [each async for report in inspected(store, clock.now()) for each in report.differences]


async def counted(store: Store) -> tuple[int, int]:
    reports = [report async for report in inspected(store, clock.now())]
    return sum(report.entities for report in reports), sum(report.counters for report in reports)


def failing(store: Store, after: int) -> Store:
    """Return the store of a process that is killed after so many writes."""
    count = itertools.count()

    async def write(changes: Sequence[Change]) -> None:
        if next(count) >= after:
            raise Unavailable("killed")
        await store.write(changes)

    return replace(store, write=write)


async def test_nothing_is_left_of_the_e_mail_and_all_else_stays(copy: Path) -> None:
    async with opened(copy) as store:
        assert await differences(store) == []
        before = await counted(store)
        erased = await erase(store, URI, operator(), TOKEN)
        assert (erased.pseudonym, erased.items > 20) == (NAME, True)
        assert await counted(store) == before, "no entity came or went"
        assert await differences(store) == []
        person = await read.get_any(store, STAKEHOLDER, stakeholder_key(NAME))
        assert person is not None
        assert (person.state.status, person.info.first_name, person.info.last_name) == (StakeholderStatus.DELETED, None, None)
        history = await read.history(store, stakeholder_key(NAME))
        assert [one.version for one in history] == [1, 2, 3]
        assert (history[-1].by, history[-1].operation) == ("operator", "command_person_erase")
        assigned = [one async for one in vulnerabilities.each(store, group="webshop", assigned=NAME)]
        assert assigned
        texts = [one.treatment.justification or "" for one in assigned]
        assert f"Ask {'*' * len(URI)}, or Uri." in texts
        assert await store.get((usage_key("USER", URI), erasure_claim(URI))) == (None, None)
    assert rows_with(copy, URI) == []
    assert rows_with(copy, "katz") == []
    assert rows_with(copy, "1" * 64) == [], "the session is gone"


@pytest.mark.parametrize("part", [0.0, 0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 1.0])
async def test_what_was_cut_off_is_finished_by_repeating_it(copy: Path, part: float) -> None:
    async with opened(copy) as store:
        writes = 0

        async def write(changes: Sequence[Change]) -> None:
            nonlocal writes
            writes += 1
            await store.write(changes)

        whole = await _dry(copy)
        cut = min(int(whole * part), whole - 1)
        with pytest.raises(Unavailable):
            await erase(failing(store, cut), URI, operator(), "f" * 20)
        again = await erase(replace(store, write=write), URI, operator(), TOKEN)
        assert again.pseudonym in {NAME, f"erased-{'f' * 20}@erased.invalid"}
        assert await differences(store) == []
        assert (await store.get((erasure_claim(URI),))) == (None,)
        history = await read.history(store, stakeholder_key(again.pseudonym))
        assert [one.operation for one in history].count("command_person_erase") >= 1
    assert rows_with(copy, URI) == []
    assert len(rows_with(copy, NAME)) == 0 or len(rows_with(copy, "f" * 20)) == 0, "one pseudonym, not two"


_WRITES: dict[str, int] = {}


async def _dry(file: Path) -> int:
    """Return how many writes an erasure takes, counted once on a copy."""
    if "whole" not in _WRITES:
        other = file.with_name("dry.db")
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(other)) as target:
            source.backup(target)
        count = 0
        async with opened(other) as spare:

            async def write(changes: Sequence[Change]) -> None:
                nonlocal count
                count += 1
                await spare.write(changes)

            await erase(replace(spare, write=write), URI, operator(), TOKEN)
        _WRITES["whole"] = count
    return _WRITES["whole"]


async def test_two_at_once_leave_one_pseudonym(copy: Path) -> None:
    async with opened(copy) as store:
        made = await asyncio.gather(
            *(erase(store, URI, operator(), str(number) * 20) for number in (1, 2)), return_exceptions=True
        )
        assert {type(one) for one in made} <= {Erased, Raced, NotFound}
        done = [one for one in made if isinstance(one, Erased)]
        if not done:
            done = [await erase(store, URI, operator(), TOKEN)]
        assert len({one.pseudonym for one in done}) == 1
        assert await differences(store) == []
    assert rows_with(copy, URI) == []


async def test_the_last_manager_is_not_erased_and_nothing_is_written(copy: Path) -> None:
    async with opened(copy) as store:
        before = rows_with(copy, OLGA)
        with pytest.raises(Rejected, match="last_manager"):
            await erase(store, OLGA, operator(), TOKEN)
        assert rows_with(copy, OLGA) == before
        assert await store.get((erasure_claim(OLGA),)) == (None,)


@pytest.mark.parametrize("email", ["nobody@demo.example", NAME])
async def test_who_was_never_known_is_not_erased(copy: Path, email: str) -> None:
    async with opened(copy) as store:
        with pytest.raises(NotFound):
            await erase(store, email, operator(), TOKEN)
        with pytest.raises(NotFound):
            await disclosed(store, email)


async def test_others_keep_what_is_theirs(copy: Path) -> None:
    before = len(rows_with(copy, HANA))
    async with opened(copy) as store:
        await erase(store, URI, operator(), TOKEN)
    assert len(rows_with(copy, HANA)) == before


async def test_what_others_write_meanwhile_is_read_again(copy: Path) -> None:
    """Somebody changes a vulnerability of uri's between reading and writing: neither change is lost."""
    async with opened(copy) as store:
        (one, *_) = [each async for each in vulnerabilities.each(store, group="webshop", assigned=URI)]
        count = itertools.count()

        async def write(changes: Sequence[Change]) -> None:
            if any(change.key.pk == f"VULN#{one.id}" for change in map(_keyed, changes)) and next(count) == 0:
                stamp = Stamp(by=HANA, at=clock.now(), operation="test", change_id=clock.new_id())
                await vulnerabilities.update(store, one.id, tagged, stamp)
            await store.write(changes)

        await erase(replace(store, write=write), URI, operator(), TOKEN)
        assert next(count) > 1
        (again,) = [each async for each in vulnerabilities.each(store, group="webshop", assigned=NAME) if each.id == one.id]
        assert again.labels.tags == ("mine",)
        assert await differences(store) == []
    assert rows_with(copy, URI) == []


def tagged(old: Vulnerability, _at: datetime) -> Vulnerability:
    return replace(old, labels=replace(old.labels, tags=("mine",)))


def _keyed(change: Any) -> Any:
    return change.item if hasattr(change, "item") else change


async def test_all_that_is_kept_is_told_without_secrets(copy: Path) -> None:
    async with opened(copy) as store:
        told = await disclosed(store, URI)
    assert [one["info"]["first_name"] for one in told.person] == ["Uri"]
    assert len(told.memberships) == 3
    assert {one["name"]: one["last_use"] is not None for one in told.tokens} == {f"{URI} laptop": False, "old": True}
    assert len(told.sessions) == 1
    assert told.last_login is not None
    assert any("treatment.assigned" in one.places for one in told.mentions)
    assert any(one.made for one in told.changes)
    assert all(one.made or one.places or "USER#" in one.entity for one in told.changes)
    whole = json.dumps([*told.tokens, *told.sessions, *told.person], default=str)
    assert "jti_hash" not in whole
    assert "1" * 64 not in whole


def test_the_commands_do_so(copy: Path) -> None:
    at = Operator(copy.parent)
    code, out, err = at.run("person", "export", URI)
    assert (code, err, json.loads(out)["email"]) == (0, "", URI)
    code, out, err = at.run("person", "erase", URI)
    assert (code, out.strip()) == (1, ""), "nobody has said yes"
    assert rows_with(copy, URI)
    (row,) = at.told("person", "erase", URI.upper(), "--yes")
    assert row["pseudonym"].endswith("@erased.invalid")
    assert rows_with(copy, URI) == []
    for verb in (("export",), ("erase", "--yes"), ("remove",)):
        code, out, err = at.run("person", verb[0], URI, *verb[1:])
        assert (code, out, "there is no uri@demo.example" in err) == (2, "", True)
    code, out, err = at.run("person", "erase", OLGA, "--yes")
    assert (code, out, "at least one manager" in err) == (2, "", True)


def test_a_person_is_removed_by_command_and_may_return(copy: Path) -> None:
    at = Operator(copy.parent)
    assert at.run("person", "remove", HANA) == (0, f"{HANA}  removed\n", "")
    assert [one["email"] for one in at.told("person", "list", "hana")] == []
    assert rows_with(copy, HANA), "what they did stays theirs"
    assert at.told("person", "add", HANA)[0]["email"] == HANA
    assert at.run("person", "remove", OLGA)[0] == 2
    assert at.differences() == []
