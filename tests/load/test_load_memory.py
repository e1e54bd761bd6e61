"""The memory of a service is bounded, and does not grow any more once it has done each kind of work.

The work is that of a team whose scanner runs every day: of four imports of 2,000 results one is the first of a root, and three
repeat a root's last one with one result in twenty new and one gone. Meanwhile four people ask for pages and figures, treat
vulnerabilities, and send what is refused. The figures are those of Linux, as its kernel counts resident pages.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from tests.load.conftest import Proof
from tests.load.pair import UNBOUND
from tests.serving import ADD_GROUP, ADD_ORGANIZATION, ADD_ROOT, Caller, Running, eventually, result, sarif, serving

pytestmark = [
    pytest.mark.functional,
    pytest.mark.load,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells here what a process holds in memory"),
]

MOST: Final = 145
"""MiB that the process may hold: 77 after its imports, 13 for the schema, and what it works with."""
GROWTH: Final = 1.05
"""What it may hold after the last block, divided by what it held after the second."""
RESULTS: Final = 2_000
DAILY: Final = RESULTS // 20
PEOPLE: Final = 4
PERSON: Final = "ada@example.com"
FIELDS: Final = "id type technique source where specific state openedAt cycles createdBy finding { title } root { nickname }"
PAGE: Final = f"""query ($group: ID!, $first: Int!) {{
  group(name: $group) {{ vulnerabilities(first: $first) {{ nodes {{ {FIELDS} }} }} }}
}}"""
OPEN: Final = """query ($group: ID!) {
  group(name: $group) { vulnerabilities(first: 100, filter: { states: [VULNERABLE] }) { nodes { id } } }
}"""
ME: Final = "{ me { email role organizations { name } groups { name summary { open } } } }"
SUMMARY: Final = """query ($group: ID!) {
  group(name: $group) { summary { open closed openFindings maxOpenScore openByLevel { name count } meanOpenAgeDays } }
}"""
AUDIT: Final = """query ($group: ID!) {
  group(name: $group) { audit(first: 50) { nodes { version at by operation changeId entity aspects } } }
}"""
CURSOR: Final = """query ($group: ID!, $after: String) {
  group(name: $group) { vulnerabilities(first: 5, after: $after) { nodes { id } } }
}"""
TREAT: Final = """mutation ($items: [VulnerabilityRef!]!, $why: String!) {
  updateVulnerabilitiesTreatment(items: $items, treatment: IN_PROGRESS, justification: $why) { errors { message } }
}"""
STATE: Final = "query ($id: ID!) { import(id: $id) { state } }"


@dataclass(frozen=True)
class Target:
    """A group, its root, and the number of the first result that the root's scanner reports."""

    group: str
    root: str
    first: int


def post(who: Caller, query: str, **variables: Any) -> dict[str, Any]:
    """Return the body of an answer, be it a refusal."""
    body: dict[str, Any] = who.client.post("/api", json={"query": query, "variables": variables}).json()
    return body


def refused(who: Caller, query: str, **variables: Any) -> None:
    assert post(who, query, **variables)["errors"]


def treated(who: Caller, group: str, chance: Random) -> None:
    nodes = who.ask(OPEN, group=group)["group"]["vulnerabilities"]["nodes"]
    items = [{"id": node["id"]} for node in chance.sample(nodes, 30)]
    post(who, TREAT, items=items, why=f"It is repaired with version {chance.random()}.")


def forged(who: Caller, chance: Random) -> None:
    token = f"{chance.getrandbits(2_000):x}.{chance.getrandbits(4_000):x}"
    assert who.client.post("/api", headers={"authorization": f"Bearer {token}"}).status_code == 401


Ask = Callable[[Caller, str, Random], object]
MIX: Final[Mapping[Ask, int]] = {
    lambda who, group, _: who.ask(PAGE, group=group, first=25): 40,
    lambda who, group, _: who.ask(PAGE, group=group, first=500): 8,
    lambda who, _group, _: who.ask(ME): 12,
    lambda who, group, _: who.ask(SUMMARY, group=group): 8,
    lambda who, group, _: who.ask(AUDIT, group=group): 8,
    lambda who, _group, chance: refused(who, f"{{ me {{ x{chance.getrandbits(32)} }} }}"): 6,
    lambda who, group, chance: refused(who, CURSOR, group=group, after=f"{chance.getrandbits(400):x}"): 4,
    lambda who, group, chance: who.ask(f"{PAGE} # {chance.getrandbits(12_000):x}", group=group, first=10): 8,
    lambda who, _group, chance: forged(who, chance): 2,
    treated: 4,
}
"""What people ask, and how many of a hundred requests ask it."""


def report(first: int) -> bytes:
    """A report of results of 25 rules from a number on; a number is the same result in each report."""
    text = "The value comes from a request and reaches the statement unchecked; use a parameter instead of text in place"
    numbers = range(first, first + RESULTS)
    files = {number: f"src/main/java/org/example/module{number % 100}/Case{number:08}.java" for number in numbers}
    return sarif(
        [
            result(f"java.rule-{number % 25}", file, number % 500 + 1) | {"message": {"text": f"{text} {number}."}}
            for number, file in files.items()
        ]
    )


def imported(who: Caller, target: Target) -> None:
    payload = who.import_(report(target.first), group=target.group, root=target.root, close=True)
    assert payload["errors"] == []
    identity = payload["import"]["id"]
    eventually(lambda: who.ask(STATE, id=identity)["import"]["state"] != "RUNNING")
    assert who.ask(STATE, id=identity)["import"]["state"] == "COMPLETED"


def new_target(who: Caller, organization: str, number: int) -> Target:
    """A root, two in each group."""
    group = f"group{number // 2}"
    if number % 2 == 0:
        who.change(ADD_GROUP, organization=organization, name=group)
    root = who.change(ADD_ROOT, group=group, url=f"https://git.demo.example/memory/{number}.git")["root"]["id"]
    return Target(group, root, 10**6 * number)


def resident(running: Running) -> float:
    """The MiB that the process holds."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{running.process.pid}/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024


@dataclass(frozen=True)
class Team:
    """People who share a client, and the roots that their scanner reports on."""

    who: Caller
    organization: str
    targets: list[Target]

    def work(self, requests: int, imports: int, chance: Random) -> None:
        """Do a block of the work: the imports one after another, and beside each its share of the requests."""
        with ThreadPoolExecutor(PEOPLE) as pool:
            for number in range(imports):
                groups = [target.group for target in self.targets]
                asked = chance.choices(tuple(MIX), tuple(MIX.values()), k=requests // imports)
                chances = [Random(chance.random()) for _ in asked]  # noqa: S311 -- choices that a run has to be able to repeat
                done = [pool.submit(ask, self.who, own.choice(groups), own) for ask, own in zip(asked, chances, strict=True)]
                self.scan(is_first=number % 4 == 0)
                for each in done:
                    each.result()

    def scan(self, *, is_first: bool) -> None:
        """Import the first report of a new root, or the next one of the root that waited for longest."""
        if is_first:
            target = new_target(self.who, self.organization, len(self.targets))
        else:
            last = self.targets.pop(0)
            target = replace(last, first=last.first + DAILY)
        imported(self.who, target)
        self.targets.append(target)


@contextmanager
def team(running: Running) -> Iterator[Team]:
    """Let a team begin, whose scanner has reported once."""
    with running.client(running.token(PERSON, **UNBOUND)) as client:
        who = Caller(client)
        begun = Team(who, who.change(ADD_ORGANIZATION, name="memory")["organization"]["id"], [])
        begun.scan(is_first=True)
        yield begun


def test_memory_is_bounded(proof: Proof, tmp_path: Path) -> None:
    requests, imports, blocks = (200, 2, 3) if proof.minutes is None else (1_000, 4, 5)
    numbers = chain(range(blocks), (number for number in proof.rounds(0) if number >= blocks))
    held: list[float] = []
    with serving(tmp_path, **UNBOUND, INTEGRATES_ADMINS=PERSON) as running, team(running) as busy:
        for number in numbers:
            busy.work(requests, imports, proof.chance(number))
            held.append(resident(running))
            proof.note(block=number, resident=held[-1])
    proof.count(blocks=len(held), MiB_after_the_second=round(held[1]), MiB_after_the_last=round(held[-1]))
    assert max(held) <= MOST, held
    assert held[-1] <= GROWTH * held[1], held
