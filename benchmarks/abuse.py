"""What hostile requests cost: CPU of the process, and the longest time in which nobody else had a turn.

Run it with ``python benchmarks/abuse.py``: the whole ASGI application answers, over a store in memory, in this process.
Milliseconds are of CPU and not of the clock, so that other work on the machine hardly moves them. A goal that is missed is
marked.
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from itertools import pairwise
from typing import Any, Final

import msgspec
from hostile import Hostile, Scene, requests
from msgspec.structs import replace

from integrates.api.live.hub import new_hub
from integrates.db_model.access.types import GroupRole
from integrates.db_model.files.memory import memory_files
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group
from integrates.db_model.roots.types import Root
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Store
from integrates.db_model.testing import scene
from integrates.db_model.tokens.commands import issue, new_token
from integrates.db_model.tokens.rules import hash_jti
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.types import ClosingReason, Treatment, TreatmentStatus, Vulnerability
from integrates.server.app import new_app
from integrates.server.auth.secret import derive
from integrates.server.auth.token import new_jti, sign_token
from integrates.server.process.clock import new_id
from integrates.server.service import Service, api_of
from integrates.server.settings import Settings

FROM: Final = datetime(2026, 5, 1, tzinfo=UTC)
NOW: Final = datetime(2026, 6, 20, tzinfo=UTC)
BY: Final = scene.HANA
NOBODY, REFUSED, SHARE = 5.0, 20.0, 200.0
"""Most milliseconds: of a request of nobody, of one that is refused, and of an allowed one before others have a turn."""
_KEYS: Final = derive(b"the secret of a benchmark, which guards nothing")
_ROUNDS: Final = 2
_WIDTH: Final = 58

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a request and what it cost, in milliseconds."""

    status: int
    code: str
    cpu: float
    turn: float


def _treated(new: Treatment, old: Vulnerability, _parent: object) -> Vulnerability:
    return replace(old, treatment=new)


async def _vulnerabilities(store: Store, finding: Finding, root: Root, number: int, stamp: scene.Stamping) -> None:
    for each in range(number):
        found = await scene.add_vulnerability(store, finding, root, f"src/{each}.py", stamp)
        treatment = replace(found.treatment, status=TreatmentStatus.IN_PROGRESS, assigned=BY)
        await vulnerabilities.update(store, found.id, partial(_treated, treatment), stamp())
        if each % 2:
            await vulnerabilities.close(store, found.id, ClosingReason.VERIFIED, stamp())


async def _filled(store: Store, histories: int, findings: int) -> Scene:
    """Fill the store with a finding of so many vulnerabilities, each changed once or twice, amid so many findings."""
    stamp = scene.ticking(FROM)
    group: Group = await scene.add_group(store, "webshop", stamp)
    await scene.add_member(store, group, scene.address_of("greta"), GroupRole.GROUP_MANAGER, stamp)
    root = await scene.add_root(store, group, "backend", stamp)
    finding = await scene.add_finding(store, group, "rule", stamp, score="7.5")
    await _vulnerabilities(store, finding, root, histories, stamp)
    for number in range(findings):
        await scene.add_finding(store, group, f"rule-{number}", stamp, score="5.0")
    return Scene(finding=finding.id, at=stamp().at.isoformat())


async def _token(store: Store) -> str:
    identity, stamp = new_id(), scene.ticking(NOW - timedelta(days=1))(by=BY)
    jti = new_jti(identity)
    made = new_token(identity, "abuse", NOW + timedelta(days=30), hash_jti(jti), stamp)
    return sign_token(_KEYS, await issue(store, made, stamp), jti)


def _app(store: Store) -> App:
    settings = Settings(api_rate=1_000_000, request_seconds=600.0)
    live = new_hub(store, lambda: NOW)
    return new_app(
        Service(
            settings=settings,
            store=live.store,
            live=live,
            files=memory_files(),
            api=api_of(settings),
            keyring=lambda: _KEYS,
            now=lambda: NOW,
            seconds=time.monotonic,
            new_id=new_id,
            spawn=lambda work: work.close(),
            is_ready=lambda: True,
            write_log=lambda _line: None,
        )
    )


async def _sent(app: App, hostile: Hostile, token: str) -> tuple[int, bytes]:
    """Send a request to the application and return the status and the body of the answer."""
    given = {"host": "localhost:8001", "content-type": hostile.media_type, **hostile.headers}
    headers = {**given, "authorization": f"Bearer {token}"} if hostile.by_user else given
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api",
        "raw_path": b"/api",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8001),
        "state": {},
    }
    answer: list[dict[str, Any]] = []
    received = iter([{"type": "http.request", "body": hostile.body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(received, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        answer.append(message)

    await app(scope, receive, send)
    return answer[0]["status"], b"".join(message.get("body", b"") for message in answer)


async def _longest_turn(work: Awaitable[Any]) -> float:
    """Await some work and return the longest CPU time, in milliseconds, for which a ticking task had no turn meanwhile."""
    turns = [time.thread_time()]

    async def tick() -> None:
        while True:
            turns.append(time.thread_time())
            await asyncio.sleep(0)

    ticking = asyncio.ensure_future(tick())
    await asyncio.sleep(0)
    await work
    turns.append(time.thread_time())
    ticking.cancel()
    return 1_000 * max(after - before for before, after in pairwise(turns))


def _code(body: bytes) -> str:
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return ""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return str(errors[0]["extensions"]["code"]) if errors else ""


async def _milliseconds(app: App, hostile: Hostile, token: str) -> float:
    gc.collect()
    begin = time.process_time()
    await _sent(app, hostile, token)
    return 1_000 * (time.process_time() - begin)


async def _measured(app: App, hostile: Hostile, token: str) -> Measured:
    """Send a request several times and return the least that it cost."""
    status, body = await _sent(app, hostile, token)
    cpu = min([await _milliseconds(app, hostile, token) for _ in range(_ROUNDS)])
    turn = min([await _longest_turn(_sent(app, hostile, token)) for _ in range(_ROUNDS)])
    return Measured(status=status, code=_code(body), cpu=cpu, turn=turn)


def _is_missed(hostile: Hostile, found: Measured) -> bool:
    """Return whether a request costs more than it may."""
    if not hostile.by_user:
        return found.cpu > NOBODY
    return found.turn > SHARE or (found.status >= HTTPStatus.BAD_REQUEST and found.cpu > REFUSED)


def _line(hostile: Hostile, found: Measured) -> str:
    who, mark = ("user" if hostile.by_user else "nobody"), ("!" if _is_missed(hostile, found) else " ")
    return f"{mark} {hostile.name:<{_WIDTH}} {who:<6} {found.status} {found.code:<25} {found.cpu:>9.1f} {found.turn:>9.1f}"


async def measured(histories: int, findings: int, only: Sequence[str] = ()) -> list[tuple[Hostile, Measured]]:
    """Measure the requests, or those whose names contain one of some texts, and print a line for each."""
    store = memory_store()
    found = await _filled(store, histories, findings)
    app, token = _app(store), await _token(store)
    gc.freeze()  # a store in memory is no part of a request, though Python's collector would walk it for one
    print(f"  {'':<{_WIDTH}} {'who':<6} {'outcome':<29} {'CPU ms':>9} {'turn ms':>9}")
    rows = []
    for hostile in requests(found):
        if not only or any(part in hostile.name for part in only):
            rows.append((hostile, await _measured(app, hostile, token)))
            print(_line(*rows[-1]), flush=True)
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few objects, which show only that everything runs")
    parser.add_argument("only", nargs="*", help="texts in the names of the requests to measure; all when left out")
    given = parser.parse_args()
    histories, findings = (20, 20) if given.quick else (2_000, 19_999)
    rows = asyncio.run(measured(histories, findings, given.only))
    print(f"{sum(_is_missed(*row) for row in rows)} of {len(rows)} miss their goal")


if __name__ == "__main__":
    main()
