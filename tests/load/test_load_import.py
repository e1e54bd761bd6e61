"""Imports at once into two services on one store leave what the same imports leave one after another."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.load.conftest import Proof
from tests.load.judge import miscounted, shared
from tests.load.pair import Pair, pair
from tests.serving import ADD_ROOT, Caller, Place, eventually, new_place, result, sarif

pytestmark = [pytest.mark.functional, pytest.mark.load]

NUMBERS = (2, 4)
"""So many imports at once, by turns."""
IMPORT = "query ($id: ID!) { import(id: $id) { state } }"
PAGE = """query ($group: ID!, $after: String) {
  group(name: $group) {
    summary { open closed openFindings }
    imports { nodes { id } }
    vulnerabilities(first: 200, after: $after) {
      nodes { version state where specific root { id } finding { rule { ruleId } } history { totalCount } }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""


def document(number: int, size: int) -> bytes:
    """A report of so many results below a folder of its own, of rules that all reports share."""
    return sarif([result(f"rule-{line % 7}", f"src/{number}/file_{line % 20}.py", line) for line in range(1, size + 1)])


def imported(who: Caller, content: bytes, place: Place, root: str) -> str | tuple[str, str]:
    """Return the id of an import that has ended, or how it was refused."""
    payload = who.import_(content, group=place.group, root=root)
    if payload["errors"]:
        ((code, reason),) = ((error["code"], error["reason"].lower()) for error in payload["errors"])
        return code, reason
    found: str = payload["import"]["id"]
    eventually(lambda: who.ask(IMPORT, id=found)["import"]["state"] != "RUNNING")
    assert who.ask(IMPORT, id=found)["import"]["state"] == "COMPLETED"
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imports")


@pytest.fixture(scope="module")
def both(folder: Path) -> Iterator[Pair]:
    with pair(folder) as started:
        yield started


Sent = tuple[bytes, str]
"""A file, and the root that it is sent into."""


def at_once(both: Pair, sent: Sequence[Sent], place: Place) -> list[str | tuple[str, str]]:
    """Return what came of each file, sent at once to either service in turn."""
    callers = [both.ada(number) for number in range(len(sent))]
    with ThreadPoolExecutor(len(sent)) as pool:
        return list(pool.map(lambda who, one: imported(who, one[0], place, one[1]), callers, sent))


def place_with(who: Caller, name: str, roots: int) -> tuple[Place, list[str]]:
    """A group with so many roots."""
    place = new_place(who, name)
    urls = [f"https://git.demo.example/{name}/{number}.git" for number in range(1, roots)]
    more = [who.change(ADD_ROOT, group=place.group, url=url)["root"]["id"] for url in urls]
    return place, [place.root, *more]


def state_of(who: Caller, place: Place, roots: list[str]) -> tuple[list[Any], Any, int]:
    """Return every vulnerability of a group, the group's figures, and the number of its imports."""
    nodes: list[Any] = []
    after = None
    while True:
        found = who.ask(PAGE, group=place.group, after=after)["group"]
        nodes += found["vulnerabilities"]["nodes"]
        if not found["vulnerabilities"]["pageInfo"]["hasNextPage"]:
            break
        after = found["vulnerabilities"]["pageInfo"]["endCursor"]
    rows = [
        (
            roots.index(node["root"]["id"]),
            node["finding"]["rule"]["ruleId"],
            *(node[name] for name in ("where", "specific", "state", "version")),
            node["history"]["totalCount"],
        )
        for node in nodes
    ]
    return sorted(rows), found["summary"], len(found["imports"]["nodes"])


def test_files_into_roots_of_one_group(proof: Proof, both: Pair, folder: Path) -> None:
    ada = both.ada(0)
    for turn in proof.rounds(2):
        number = NUMBERS[turn % 2]
        size = proof.chance(turn).randrange(100, 200)
        files = [document(each, size) for each in range(number)]
        alone, roots_alone = place_with(ada, f"alone-{turn}", number)
        for content, root in zip(files, roots_alone, strict=True):
            assert isinstance(imported(ada, content, alone, root), str)
        together, roots = place_with(ada, f"together-{turn}", number)
        done = at_once(both, list(zip(files, roots, strict=True)), together)
        proof.note(turn=turn, done=done)
        assert len(set(done)) == number, done
        found = state_of(ada, together, roots)
        assert found == state_of(ada, alone, roots_alone)
        assert (len(found[0]), found[2]) == (number * size, number)
        assert asyncio.run(miscounted(shared(folder), alone.group, together.group)) == {}
        proof.count(imports=2 * number, vulnerabilities=2 * number * size)


def test_one_file_into_one_root(proof: Proof, both: Pair, folder: Path) -> None:
    """Who comes while it is imported takes part in that import; who comes later finds everything there already."""
    ada = both.ada(0)
    for turn in proof.rounds(4):
        number = NUMBERS[turn % 2]
        size = proof.chance(turn).randrange(100, 200)
        alone, roots_alone = place_with(ada, f"one-alone-{turn}", 1)
        assert isinstance(imported(ada, document(0, size), alone, alone.root), str)
        together, roots = place_with(ada, f"one-together-{turn}", 1)
        done = at_once(both, [(document(0, size), together.root)] * number, together)
        proof.note(turn=turn, done=done)
        assert all(isinstance(one, str) for one in done), done
        rows, summary, imports = state_of(ada, together, roots)
        assert (rows, summary, 1) == state_of(ada, alone, roots_alone)
        assert imports == len(set(done))
        assert asyncio.run(miscounted(shared(folder), together.group)) == {}
        proof.count(files=number, imports=imports, vulnerabilities=size)


def test_different_files_into_one_root(proof: Proof, both: Pair, folder: Path) -> None:
    """One after the other, or not at all: what is there in the end is what some files leave in some order."""
    ada = both.ada(0)
    for turn in proof.rounds(4):
        number = NUMBERS[turn % 2]
        size = proof.chance(turn).randrange(100, 200)
        place, roots = place_with(ada, f"contended-{turn}", 1)
        done = at_once(both, [(document(each, size), place.root) for each in range(number)], place)
        proof.note(turn=turn, done=done)
        refused = [one for one in done if not isinstance(one, str)]
        assert set(refused) <= {("CONFLICT", "import_running")}
        rows, summary, imports = state_of(ada, place, roots)
        assert imports == number - len(refused)
        opened = [row for row in rows if row[4] == "VULNERABLE"]
        assert (len(rows), len(opened), summary["open"]) == (imports * size, size, size)
        assert len({row[2].split("/")[1] for row in opened}) == 1, "the last file closed what the others had reported"
        assert len({row[:4] for row in rows}) == len(rows)
        assert asyncio.run(miscounted(shared(folder), place.group)) == {}
        proof.count(files=number, imports=imports, refused=len(refused), vulnerabilities=len(rows))
