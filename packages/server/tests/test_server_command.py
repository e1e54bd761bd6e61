"""What commands of the command line do to a store, without a process of their own."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from msgspec import structs

from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Corrupt, ModelError, Outdated, Raced
from integrates.db_model.store.design import design
from integrates.db_model.store.port import Page, Query
from integrates.db_model.tokens import commands as tokens
from integrates.server.cli.failure import explained
from integrates.server.cli.token import issued
from integrates.server.demo.load import load_demo
from integrates.server.process import clock
from integrates.server.process.open import Installation, open_installation
from integrates.server.settings import BadSetting, Settings

ADA = "ada@demo.example"


@pytest.fixture
async def installation() -> AsyncIterator[Installation]:
    async with open_installation(Settings(store="memory://"), {}) as opened:
        await load_demo(opened.store, design(), clock.now(), clock.new_id)
        yield opened


def entries(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


async def names(installation: Installation) -> set[str]:
    return {token.name for token in await tokens.tokens_of(installation.store, ADA)}


async def issue(installation: Installation, *called: str, replace: bool = False) -> None:
    for name in called:
        await issued(installation, ADA, name, 30, replace=replace)


async def test_the_sixth_token_is_refused_and_the_oldest_makes_room_on_demand(installation: Installation) -> None:
    await issue(installation, "a", "b", "c", "d", "e")
    with pytest.raises(BadSetting, match="--replace"):
        await issue(installation, "f")
    await issue(installation, "f", replace=True)
    assert await names(installation) == {"b", "c", "d", "e", "f"}
    await issue(installation, "a", replace=True)  # the name is free again, too
    assert await names(installation) == {"a", "c", "d", "e", "f"}


async def test_a_token_that_has_expired_is_not_what_makes_room(installation: Installation) -> None:
    earlier = Stamp(by=ADA, at=clock.now() - timedelta(days=2), operation="test", change_id=clock.new_id())
    old = tokens.new_token(clock.new_id(), "old", earlier.at + timedelta(days=1), "0" * 64, earlier)
    await tokens.issue(installation.store, old, earlier)
    await issue(installation, "a", "b", "c", "d", "e")
    await issue(installation, "f", replace=True)
    assert await names(installation) == {"old", "b", "c", "d", "e", "f"}


async def test_a_name_is_taken_once(installation: Installation) -> None:
    await issue(installation, "laptop")
    with pytest.raises(BadSetting, match="a token of that name"):
        await issue(installation, "laptop", replace=True)


@pytest.mark.parametrize("email, reason", [("nobody@demo.example", "knows nobody"), ("ada", "not an e-mail")])
async def test_a_token_is_for_a_person_of_the_store(installation: Installation, email: str, reason: str) -> None:
    with pytest.raises(BadSetting, match=reason):
        await issued(installation, email, None, 30, replace=False)


async def test_where_the_list_of_tokens_is_behind_nothing_is_revoked(installation: Installation) -> None:
    await issue(installation, "a", "b", "c", "d", "e")

    async def query(wanted: Sequence[Query]) -> tuple[Page, ...]:
        return tuple(structs.replace(page, items=(), cursors=()) for page in await installation.store.query(wanted))

    behind = structs.replace(installation, store=structs.replace(installation.store, query=query))
    with pytest.raises(BadSetting, match="try again"):
        await issue(behind, "f", replace=True)
    assert await names(installation) == {"a", "b", "c", "d", "e"}


@pytest.mark.parametrize("error", [Corrupt("claim", "X"), Raced("X"), Outdated("group", "webshop", 2)])
def test_what_the_model_raises_is_told_in_a_line(error: ModelError, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), explained():
        raise error
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("path", ["store.db", "folder/store.db"])
async def test_a_store_that_is_not_there_is_told_and_not_made(tmp_path: Path, path: str) -> None:
    settings = Settings(store=f"sqlite:///{tmp_path / path}")
    with pytest.raises(BadSetting, match=r"there is no store in .*store.db; `integrates serve` makes one"):
        async with open_installation(settings, {}):
            pass
    assert entries(tmp_path) == []


async def test_a_store_is_made_when_that_is_said(tmp_path: Path) -> None:
    async with open_installation(Settings(store=f"sqlite:///{tmp_path / 'store.db'}"), {}, create=True):
        pass
    async with open_installation(Settings(store=f"sqlite:///{tmp_path / 'store.db'}"), {}):
        pass


async def test_a_folder_is_never_made(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="not a file in an existing folder"):
        async with open_installation(Settings(store=f"sqlite:///{tmp_path / 'folder/store.db'}"), {}, create=True):
            pass
