"""What the gate costs in a group that holds much: time in proportion to what it holds, and no memory, if all is well."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec
from bare import walk_seconds
from listing import FEW, MANY
from row import Row
from service import Running, cpu_seconds, resident_mib
from side import environment
from size import Sizes
from turn import Figures, least

_GATE: Final = """mutation($group: ID!, $id: ID!) { addForcesExecution(groupName: $group, id: $id, strictness: STRICT) {
  execution { exitCode counts { blocking } } errors { message } } }"""
_NUMBERS: Final = count(10_000_000)
"""Ids of executions, which no two may share."""
_TIMES: Final = 20
"""How often the gate of the small group is asked, whose cost is near the least that the clock tells."""


def measured(benches: Sequence[Running], sizes: Sizes) -> Figures:
    """Ask the gate about a small and a large group, in turns; sides that do not know the gate are left out."""
    known = {bench.side.name: bench for bench in benches if _is_known(bench)}
    tokens = {name: {group: _token(bench, group) for group in (FEW, MANY)} for name, bench in known.items()}
    return least(list(known.values()), _asked(tokens, sizes), sizes.rounds)


def _is_known(bench: Running) -> bool:
    answer = bench.client.post("/api", json={"query": '{ __type(name: "ForcesExecution") { name } }'}).json()
    return bool(answer["data"]["__type"])


def _place(bench: Running) -> tuple[Path, str]:
    """Return the folder that the service runs in, which has its secret, and the address of its store."""
    return Path(bench.process.cwd()), bench.process.environ()["INTEGRATES_STORE"]


def _token(bench: Running, group: str) -> str:
    """Issue the CI token of a group."""
    folder, store = _place(bench)
    command = [sys.executable, "-m", "integrates.server.cli", "group", "token", group, "--store", store]
    done = subprocess.run(command, env=environment(bench.side), cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def _decided(bench: Running, token: str, group: str, blocking: int) -> float:
    """Ask the gate and return the CPU seconds. Raise ``RuntimeError`` when not all of the group blocks."""
    variables = {"group": group, "id": f"build-{next(_NUMBERS)}"}
    body = msgspec.json.encode({"query": _GATE, "variables": variables})
    headers = {**bench.headers, "authorization": f"Bearer {token}"}
    before = cpu_seconds(bench)
    answer: dict[str, Any] = bench.client.post("/api", content=body, headers=headers).json()
    spent = cpu_seconds(bench) - before
    if answer["data"]["addForcesExecution"]["execution"] != {"exitCode": 1, "counts": {"blocking": blocking}}:
        raise RuntimeError(str(answer)[:2_000])
    return spent


def _asked(tokens: dict[str, dict[str, str]], sizes: Sizes) -> Callable[[Running], list[Row]]:
    def work(bench: Running) -> list[Row]:
        own = tokens[bench.side.name]
        few = partial(_decided, bench, own[FEW], FEW, sizes.known)
        small = sum(few() for _ in range(_TIMES)) / _TIMES
        before = resident_mib(bench)
        large = _decided(bench, own[MANY], MANY, sizes.listed)
        held = max(0.0, resident_mib(bench) - before)
        folder, store = _place(bench)
        hand = walk_seconds(folder / store.removeprefix("sqlite:///"), MANY, sizes.listed)
        by_hand = f"by hand: {sizes.listed:,} rows of the list read and decoded"
        base = f"gate of a group that holds {sizes.known:,}"
        each = large * 1_000 * sizes.known / sizes.listed
        return [
            Row(base, small * 1_000, "CPU ms"),
            Row(f"gate of one that holds {sizes.listed:,}, for each {sizes.known:,}", each, "CPU ms", base),
            Row(f"gate of a group that holds {sizes.listed:,}", large, "CPU s", by_hand, 2.0),
            Row(by_hand, hand, "CPU s"),
            Row("memory of the service that is left after it", held, "MiB", None, 30),
        ]

    return work
