"""Opening a store by its URL."""

from pathlib import Path

import pytest

from integrates.db_model.errors import Unfit
from integrates.db_model.store.url import open_store
from integrates.db_model.testing.requirements.sample import new, one

ADDED = """
from integrates.db_model.store.memory import memory_store
from contextlib import asynccontextmanager

@asynccontextmanager
async def opened(url, *, create):
    assert (url, create) == ("added://somewhere", True)
    yield memory_store()
"""


def listed(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


@pytest.mark.parametrize("url", ["memory://", "sqlite:///store.sqlite", "sqlite:///{folder}/store.sqlite"])
async def test_a_store_is_opened_by_its_url(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_store(url.format(folder=tmp_path), create=True) as store:
        await store.write([new("p", "a")])
        assert await one(store, "p", "a") is not None
    assert (tmp_path / "store.sqlite").exists() == url.startswith("sqlite")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/some/path",
        "postgres://host/db",
        "memory://x",
        "sqlite://",
        "sqlite:///",
        "sqlite://store.sqlite",
        "sqlite:///store.sqlite?mode=rwc",
        "dynamodb://us-east-1",
        "dynamodb://?endpiont=http://127.0.0.1:1",
        "dynamodb://?create=true",
    ],
)
async def test_a_wrong_url_is_refused(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="sqlite:///"):
        async with open_store(url, create=True):
            pytest.fail("opened")
    assert listed(tmp_path) == []


@pytest.mark.parametrize(("create", "reason"), [(False, "no store"), (True, "existing folder")])
async def test_a_store_is_made_only_when_asked_and_its_folder_never(tmp_path: Path, *, create: bool, reason: str) -> None:
    path = tmp_path / "missing" / "store.sqlite" if create else tmp_path / "store.sqlite"
    with pytest.raises(Unfit, match=reason):
        async with open_store(f"sqlite:///{path}", create=create):
            pytest.fail("opened")
    assert listed(tmp_path) == []


async def test_another_package_adds_a_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "added_store.py").write_text(ADDED)
    described = tmp_path / "added_store-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: added-store\nVersion: 1\n")
    (described / "entry_points.txt").write_text("[integrates.stores]\nadded = added_store:opened\n")
    monkeypatch.syspath_prepend(tmp_path)
    async with open_store("added://somewhere", create=True) as store:
        assert await one(store, "p", "a") is None
