"""How many store calls a query takes, by depth and breadth: depth may add calls, breadth must not."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import msgspec
from scan import sarif
from service import IMPORT
from stage import GROUP, PERSON, staged

from integrates.api.context import Actor, Context, Means
from integrates.api.execution import Api, execute, new_api
from integrates.api.upload import in_memory
from integrates.db_model.files.port import Files
from integrates.db_model.files.url import open_files
from integrates.db_model.store.port import Store
from integrates.db_model.store.url import open_store

BREADTHS = (10, 100)
QUERIES = {
    "2: group > vulnerabilities": "vulnerabilities(first: $n) { nodes { where } }",
    "3: group > vulnerabilities > finding": "vulnerabilities(first: $n) { nodes { where finding { title } } }",
    "4: group > vulnerabilities > finding > summary": (
        "vulnerabilities(first: $n) { nodes { where root { nickname } finding { title summary { open } } } }"
    ),
    "4: group > findings > vulnerabilities > root": (
        "findings(first: $n) { nodes { title vulnerabilities(first: 3) { nodes { where root { nickname } } } } }"
    ),
}


class Count(msgspec.Struct):
    """Store calls since the count began."""

    number: int = 0


def _counted(store: Store, count: Count) -> Store:
    def counting(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def call(argument: Any) -> Any:
            count.number += 1
            return function(argument)

        return call

    return Store(counting(store.get), counting(store.query), counting(store.write))


def _context(store: Store, files: Files, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> Context:
    return Context(
        actor=Actor(PERSON, Means.API_TOKEN),
        store=store,
        files=files,
        now=lambda: datetime.now(UTC),
        new_id=lambda: str(uuid4()),
        new_jti=lambda token: f"{token}.secret",
        sign_token=lambda _, jti: sha256(jti.encode()).hexdigest(),
        cursor_key=b"benchmark",
        spawn=spawn,
        request_id="benchmark",
    )


def _idle(coroutine: Coroutine[Any, Any, None]) -> None:
    coroutine.close()


async def _asked(api: Api, context: Context, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    answer = await execute(api, {"query": query, "variables": variables}, context)
    if answer.body.get("errors"):
        raise RuntimeError(str(answer.body["errors"])[:2_000])
    data: dict[str, Any] = answer.body["data"]
    return data


async def _filled(api: Api, store: Store, files: Files) -> None:
    stage = await staged(store)
    variables = {"group": GROUP, "root": stage.root_id, "file": in_memory("generated.sarif", sarif(1_000, 100))}
    async with asyncio.TaskGroup() as background:

        def spawn(work: Coroutine[Any, Any, None]) -> None:
            background.create_task(work)

        await _asked(api, _context(store, files, spawn), IMPORT, variables)


async def store_calls() -> dict[str, dict[int, int]]:
    """Count the store calls of each query at each breadth, on a memory store with 1,000 vulnerabilities of 100 findings."""
    api = new_api()
    async with open_store("memory://") as store, open_files("memory://") as files:
        await _filled(api, store, files)
        found: dict[str, dict[int, int]] = {}
        for name, selection in QUERIES.items():
            query = f'query($n: Int!) {{ group(name: "{GROUP}") {{ {selection} }} }}'
            found[name] = {}
            for breadth in BREADTHS:
                count = Count()
                await _asked(api, _context(_counted(store, count), files, _idle), query, {"n": breadth})
                found[name][breadth] = count.number
        return found
