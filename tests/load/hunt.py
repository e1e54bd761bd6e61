"""Eight workers change the same objects through two services on one store, and what they were told is judged afterwards."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from tests.load.attack import Aim, attacked, histories, reread
from tests.load.conftest import Proof
from tests.load.judge import miscounted
from tests.load.ledger import Told, counts, faults
from tests.load.pair import Pair
from tests.serving import Caller, eventually, new_place, result, sarif

from integrates.db_model.organizations.rules import COUNTRIES

WORKERS, TARGETS, REREAD = 8, 10, 0.2
IMPORTS = "query ($group: ID!) { group(name: $group) { imports { nodes { state counts { moved } } } } }"
IDS = (
    "query ($group: ID!) { group(name: $group) { vulnerabilities { nodes { id } } summary { open treatment { name count } } } }"
)


def report(shift: int) -> bytes:
    """A report of the targets, each some lines further down and recognised by its fingerprint."""
    results = [
        {**result(f"rule-{number % 3}", "src/main.py", number + shift), "fingerprints": {"stable/v1": str(number)}}
        for number in range(1, TARGETS + 1)
    ]
    return sarif(results)


def aim_of(who: Caller, name: str, chance: Any) -> Aim:
    """A place of one round with what its workers change."""
    place = new_place(who, name)
    assert who.import_(report(0), group=place.group, root=place.root)["errors"] == []
    found = who.ask(IDS, group=place.group)["group"]["vulnerabilities"]["nodes"]
    countries = iter(chance.sample(sorted(COUNTRIES), len(COUNTRIES)))
    urls = [f"https://git.demo.example/{name}/shared-{number}" for number in range(6)]
    return Aim(place, [each["id"] for each in found], lambda: next(countries, None), urls)


def moving(who: Caller, aim: Aim, times: int) -> int:
    """Import reports that move what the workers change; how often something was moved."""
    for shift in range(1, times + 1):
        assert who.import_(report(10 * shift), group=aim.place.group, root=aim.place.root)["errors"] == []
        eventually(lambda: all(one["state"] == "COMPLETED" for one in imports_of(who, aim)))
    return sum(one["counts"]["moved"] for one in imports_of(who, aim))


def imports_of(who: Caller, aim: Aim) -> list[Any]:
    """The imports into the group that the workers change."""
    return list(who.ask(IMPORTS, group=aim.place.group)["group"]["imports"]["nodes"])


def hunted(proof: Proof, both: Pair, aim: Aim, turn: int, operations: int) -> tuple[list[Told], int]:
    """Let the workers change what they aim at while imports move it; what they were told, and how much was moved."""

    def work(worker: int) -> list[Told]:
        who, other, chance = both.ada(worker), both.ada(worker + 1), proof.chance(turn, worker)
        told = []
        for number in range(operations):
            told.append(attacked(who, f"round-{turn}-worker-{worker}-change-{number}", aim, chance))
            proof.note(worker=worker, told=told[-1])
            if chance.random() < REREAD:
                reread(other, told[-1], aim)
        return told

    with ThreadPoolExecutor(WORKERS + 1) as pool:
        importing = pool.submit(moving, both.ada(turn), aim, max(1, operations // 8))
        return [one for some in pool.map(work, range(WORKERS)) for one in some], importing.result()


def hunt(
    proof: Proof, both: Pair, url: str, operations: int, meanwhile: Callable[[], AbstractContextManager[object]] = nullcontext
) -> None:
    """Let each worker try so many changes in each round, and assert that none is lost, doubled or torn."""
    ada = both.ada(0)
    for turn in proof.rounds(1):
        aim = aim_of(ada, f"hunt-{turn}", proof.chance(turn))
        with meanwhile():
            told, moved = hunted(proof, both, aim, turn, operations)
        found = histories(ada, aim)
        assert faults(told, found) == []
        unmarked = sum(mark is None for identity in aim.vulnerabilities for _, mark in found[identity])
        assert unmarked == TARGETS + moved, "besides the marked ones, there are the changes of the imports"
        shown = ada.ask(IDS, group=aim.place.group)["group"]["summary"]
        treated = sum(any(mark for _, mark in found[identity]) for identity in aim.vulnerabilities)
        assert (shown["open"], {row["name"]: row["count"] for row in shown["treatment"]}["IN_PROGRESS"]) == (TARGETS, treated)
        assert asyncio.run(miscounted(url, aim.place.group)) == {}
        proof.count(**counts(told), moved_meanwhile=moved)
