"""What was acknowledged is there, once, after services were killed while they changed and imported; each import ends."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from tests.load.attack import Aim, attacked, histories, reread
from tests.load.conftest import Proof
from tests.load.hunt import aim_of
from tests.load.judge import miscounted, shared
from tests.load.ledger import Told, counts, faults
from tests.load.pair import ADA, STORE, UNBOUND, Pair, called
from tests.serving import ADD_ROOT, Caller, Running, eventually, result, sarif, serving

from integrates.db_model import open_store
from integrates.db_model.entity.progress import progress_put
from integrates.db_model.errors import Conflict
from integrates.db_model.imports import commands
from integrates.db_model.imports.facet import IMPORT_PROGRESS

pytestmark = [pytest.mark.functional, pytest.mark.load]

WORKERS, RESULTS, LOOKED_AT = 4, 1_500, 20
MANY = sarif([result(f"rule-{line % 7}", f"src/file_{line % 20}.py", line) for line in range(1, RESULTS + 1)])
OPEN = "query ($root: ID!) { root(id: $root) { summary { open } } }"
FOUND = """query ($root: ID!, $group: ID!) {
  root(id: $root) { summary { open } vulnerabilities(first: 1) { totalCount } }
  group(name: $group) { imports(rootId: $root) { nodes { id state attempts counts { created } } } }
}"""


@dataclass(frozen=True)
class Service:
    """A service that may be killed, and what has to be closed with it."""

    running: Running
    opened: ExitStack

    def kill(self) -> None:
        """Kill it at once."""
        self.running.process.kill()
        self.running.process.wait()
        self.opened.close()


def started(folder: Path, *arguments: str) -> Service:
    opened = ExitStack()
    return Service(opened.enter_context(serving(folder, *arguments, "--store", STORE, **UNBOUND)), opened)


@dataclass(frozen=True)
class Round:
    """What was done until services were killed: what workers were told, and into which root a report was sent."""

    aim: Aim
    told: Sequence[Told]
    root: str
    imported: str | None
    """The id of the import, when one was acknowledged."""


def working(proof: Proof, both: Pair, aim: Aim, name: str, ledger: list[Told], dead: threading.Event) -> None:
    """Change what is aimed at until services are killed; what a change was told is in the ledger at once."""
    number, chance = 0, proof.chance(name)
    who, other = both.ada(chance.randrange(2)), both.ada(chance.randrange(2))
    while not dead.is_set():
        number += 1
        with suppress(httpx.HTTPError):  # of a question, or nobody is there any more
            told = attacked(who, f"{name}-change-{number}", aim, chance)
            ledger.append(told)
            proof.note(told=told)
            reread(other, told, aim)


def sending(who: Caller, group: str, root: str) -> str | None:
    """Return the id of an import as it was acknowledged, ``None`` when nothing was heard."""
    try:
        payload = who.import_(MANY, group=group, root=root)
    except httpx.HTTPError:
        return None
    assert payload["errors"] == []
    found: str = payload["import"]["id"]
    return found


def interrupted(
    proof: Proof, services: list[Service], victims: Sequence[int], token: str, turn: int, revive: Callable[[], None]
) -> Round:
    """Kill services when their workers, or their import, are as far as chance says; revive them while an import may go on."""
    chance, dead = proof.chance(turn), threading.Event()
    ledger: list[Told] = []
    first, second = services
    with called(first.running, second.running, token) as both, ThreadPoolExecutor(WORKERS + 1) as pool, ExitStack() as end:
        end.callback(dead.set)  # else workers would go on, and the pool wait for them, after a failed assertion
        ada = both.ada(turn)
        aim = aim_of(ada, f"kill-{turn}", chance)
        root = ada.change(ADD_ROOT, group=aim.place.group, url=f"https://git.demo.example/kill-{turn}/many")["root"]["id"]
        workers = [pool.submit(working, proof, both, aim, f"turn-{turn}-{each}", ledger, dead) for each in range(WORKERS)]
        importing = pool.submit(sending, both.ada(chance.randrange(2)), aim.place.group, root)
        if chance.random() < 0.7:
            eventually(lambda: importing.done() or ada.ask(OPEN, root=root)["root"]["summary"]["open"] > 0)
        changes = len(ledger) + chance.randrange(20)
        eventually(lambda: len(ledger) >= changes)
        for victim in victims:
            services[victim].kill()
        dead.set()
        for worker in workers:
            worker.result()
        revive()
        return Round(aim, ledger, root, importing.result())


async def lapse(url: str) -> int:
    """Put the leases of unfinished imports into the past, as if their time had gone by; how many there are.

    A service that was left may work on one: then two do, and one of them has to find out.
    """
    async with open_store(url) as store:
        ids = await commands.unfinished_ids(store)
        for identity in ids:
            found = await commands.find(store, identity)
            assert found is not None
            lapsed = replace(found.progress, lease_until=found.record.created_at)
            with suppress(Conflict):  # a chunk was done meanwhile
                await store.write((progress_put(IMPORT_PROGRESS, identity, lapsed),))
        return len(ids)


def revive(proof: Proof, services: list[Service], victims: Sequence[int], folder: Path) -> None:
    """Start services again in place of those that were killed, which take up what is unfinished."""
    proof.count(imports_taken_up=asyncio.run(lapse(shared(folder))))
    for victim in victims:
        services[victim] = started(folder)


def judge(who: Caller, one: Round, url: str) -> int:
    """Assert that everything is there once; whether a report was imported."""
    wanted = {"root": one.root, "group": one.aim.place.group}
    eventually(lambda: all(each["state"] != "RUNNING" for each in who.ask(FOUND, **wanted)["group"]["imports"]["nodes"]))
    found = who.ask(FOUND, **wanted)
    imports = found["group"]["imports"]["nodes"]
    assert [(each["state"], each["counts"]["created"]) for each in imports] in ([], [("COMPLETED", RESULTS)])
    assert one.imported in {None, *(each["id"] for each in imports)}
    expected = len(imports) * RESULTS
    assert (found["root"]["summary"]["open"] or 0, found["root"]["vulnerabilities"]["totalCount"]) == (expected, expected)
    assert faults(one.told, histories(who, one.aim)) == []
    assert asyncio.run(miscounted(url, one.aim.place.group)) == {}
    return len(imports)


def test_what_was_acknowledged_outlives_a_kill(proof: Proof, tmp_path: Path) -> None:
    services, rounds = [started(tmp_path, "--demo"), started(tmp_path)], []
    token = services[0].running.token(ADA, **UNBOUND)
    try:
        for turn in proof.rounds(3):
            victims = proof.chance("victims", turn).choice(((0,), (1,), (0, 1)))
            one = interrupted(proof, services, victims, token, turn, partial(revive, proof, services, victims, tmp_path))
            with services[turn % 2].running.client(token) as client:
                imported = judge(Caller(client), one, shared(tmp_path))
            rounds.append(one)
            proof.count(kills=len(victims), imports=imported, **counts(one.told))
        with services[0].running.client(token) as client:
            for one in rounds if len(rounds) < LOOKED_AT else proof.chance("again").sample(rounds, LOOKED_AT):
                judge(Caller(client), one, shared(tmp_path))
        assert [service.running.stop() for service in services] == [0, 0]
    finally:
        for service in services:
            service.opened.close()
