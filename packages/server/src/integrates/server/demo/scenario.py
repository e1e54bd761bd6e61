"""A past for the demo: calls to the API, each at a moment in the past and by one of the demo's people."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec

from integrates.api.authorization.actor import Actor, Means
from integrates.api.context import Call
from integrates.api.execute import Api, execute, new_api
from integrates.api.upload import in_memory
from integrates.db_model.entity.types import Stamp
from integrates.db_model.roots.commands import deactivate
from integrates.db_model.values.instant import instant_text
from integrates.server.auth.token import new_jti, sign_token
from integrates.server.demo.scan import LOCATIONS, Location, report
from integrates.server.process import clock
from integrates.server.process.open import Installation

logger = logging.getLogger(__name__)

GROUP: Final = "webshop"
ROOT: Final = "backend"
VERA, GUS, URI, HANA = (f"{name}@demo.example" for name in ("vera", "gus", "uri", "hana"))

FIXED: Final = LOCATIONS[3:14]
"""What the second scan no longer finds."""
BACK: Final = LOCATIONS[3:6]
"""What the third scan finds again."""

ROOTS: Final = "query ($group: ID!) { group(name: $group) { roots { id nickname } } }"
VULNERABILITIES: Final = """query ($root: ID!) {
  root(id: $root) { vulnerabilities(first: 500, filter: {states: [VULNERABLE]}) { nodes { id where specific source } } }
}"""
IMPORT: Final = """mutation ($group: ID!, $root: ID!, $file: Upload!) {
  importVulnerabilities(groupName: $group, rootId: $root, file: $file) { import { state } errors { message } }
}"""
TREAT: Final = """mutation ($items: [VulnerabilityRef!]!, $to: TreatmentStatus!, $why: String!, $by: String, $until: DateTime) {
  updateVulnerabilitiesTreatment(items: $items, treatment: $to, justification: $why, assigned: $by, acceptedUntil: $until) {
    errors { message }
  }
}"""


class Skipped(Exception):
    """A step cannot be done, for example because its entity is gone from the design."""


class Treatment(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decides about the vulnerabilities at some locations. ``until`` counts from the end of the demo."""

    by: str
    locations: Sequence[Location]
    to: str
    why: str
    until: timedelta | None = None
    assigned: str | None = None


class Stage(msgspec.Struct, frozen=True):
    """An installation with an API, and the end of the demo."""

    installation: Installation
    api: Api
    end: datetime


Step = Callable[[Stage, datetime], Coroutine[Any, Any, None]]


async def play(installation: Installation, end: datetime) -> int:
    """Play all steps, in the order of their dates, so that the demo ends at ``end``; return how many were skipped.

    A step whose entity is gone from the design is skipped with a warning.
    """
    stage = Stage(installation, new_api(), end)
    played = [await _played(stage, before, name, step) for before, name, step in STEPS]
    return played.count(False)


async def _played(stage: Stage, before: timedelta, name: str, step: Step) -> bool:
    try:
        await step(stage, stage.end - before)
    except Skipped as reason:
        logger.warning("demo: %s is skipped: %s", name, reason)
        return False
    return True


async def _scan(locations: Collection[Location], stage: Stage, at: datetime) -> None:
    variables = {
        "group": GROUP,
        "root": await _root(stage, at),
        "file": in_memory(file_name="scan.sarif", content=report(locations)),
    }
    await _ask(stage, HANA, at, IMPORT, variables)


async def _treat(treatment: Treatment, stage: Stage, at: datetime) -> None:
    found = await _ask(stage, treatment.by, at, VULNERABILITIES, {"root": await _root(stage, at)})
    ids = {(node["where"], node["specific"]): node["id"] for node in found["root"]["vulnerabilities"]["nodes"]}
    wanted = [ids[where] for each in treatment.locations if (where := (each.file, str(each.line))) in ids]
    if not wanted:
        raise Skipped("there is no such vulnerability")
    variables = {
        "items": [{"id": identifier} for identifier in wanted],
        "to": treatment.to,
        "why": treatment.why,
        "until": instant_text(stage.end + treatment.until) if treatment.until is not None else None,
        "by": treatment.assigned,
    }
    await _ask(stage, treatment.by, at, TREAT, variables)


async def _root(stage: Stage, at: datetime, group: str = GROUP, nickname: str = ROOT) -> str:
    found = await _ask(stage, HANA, at, ROOTS, {"group": group})
    for root in found["group"]["roots"]:
        if root["nickname"] == nickname:
            return str(root["id"])
    raise Skipped(f"there is no root {nickname} in {group}")


async def _retire(group: str, nickname: str, stage: Stage, at: datetime) -> None:
    """Take a root out of scope, through the model: the API has no mutation for it yet."""
    stamp = Stamp(by=GUS, at=at, operation="deactivate_root", change_id=clock.new_id())
    await deactivate(stage.installation.store, await _root(stage, at, group, nickname), "OUT_OF_SCOPE", stamp)


async def _ask(stage: Stage, email: str, at: datetime, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data of an answer. Raise :class:`Skipped` when a person's call would have been refused."""
    async with asyncio.TaskGroup() as beyond:
        call = _call(stage, email, at, lambda work: _spawned(beyond, work))
        answer = await execute(stage.api, {"query": query, "variables": dict(variables)}, call)
    data: Mapping[str, Any] = answer.body.get("data") or {}
    refusals = [
        *answer.body.get("errors", ()),
        *(error for field in data.values() for error in (field or {}).get("errors", ())),
    ]
    if refusals or not data or None in data.values():
        raise Skipped("; ".join(refusal["message"] for refusal in refusals) or "there is no such object")
    return data


def _spawned(group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> None:
    group.create_task(work)


def _call(stage: Stage, email: str, at: datetime, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> Call:
    return Call(
        actor=Actor(email, Means.SESSION),
        store=stage.installation.store,
        files=stage.installation.files,
        now=lambda: at,
        new_id=clock.new_id,
        new_jti=new_jti,
        sign_token=partial(sign_token, stage.installation.keys),
        cursor_key=stage.installation.keys.cursor,
        spawn=spawn,
        request_id="demo",
    )


def _days(days: float) -> timedelta:
    return timedelta(days=days)


_STILL: Final = [location for location in LOCATIONS if location not in FIXED]
_IN_PROGRESS: Final = Treatment(
    by=VERA,
    locations=_STILL[:4],
    to="IN_PROGRESS",
    why="The team of the catalogue fixes these in its next sprint.",
    assigned=URI,
)
_OWN: Final = Treatment(by=GUS, locations=_STILL[4:6], to="IN_PROGRESS", why="I take these two along with the new hashing.")
_ENDED: Final = Treatment(
    by=VERA, locations=_STILL[6:7], to="ACCEPTED", why="The page goes away with the relaunch of the shop.", until=_days(-1)
)
_ENDING: Final = Treatment(
    by=VERA, locations=_STILL[7:8], to="ACCEPTED", why="Only staff can reach this log; it is moved this month.", until=_days(3)
)
_ACCEPTED: Final = Treatment(
    by=GUS, locations=_STILL[8:9], to="ACCEPTED", why="The new checkout replaces this code soon.", until=_days(15)
)
_FOREVER: Final = Treatment(
    by=URI, locations=_STILL[9:11], to="ACCEPTED_UNDEFINED", why="The log is rendered escaped; forged lines cannot be mistaken."
)
_AGAIN: Final = Treatment(
    by=VERA,
    locations=BACK[:1],
    to="IN_PROGRESS",
    why="The fix was lost in a merge; it comes back next week.",
    assigned=URI,
)

STEPS: Final[tuple[tuple[timedelta, str, Step], ...]] = (
    (_days(60), "the first scan", partial(_scan, LOCATIONS)),
    (_days(55), "work on the catalogue", partial(_treat, _IN_PROGRESS)),
    (_days(48), "work on passwords", partial(_treat, _OWN)),
    (_days(30), "the second scan", partial(_scan, _STILL)),
    (_days(21), "an acceptance that has ended", partial(_treat, _ENDED)),
    (_days(18), "an acceptance that ends soon", partial(_treat, _ENDING)),
    (_days(12), "an acceptance", partial(_treat, _ACCEPTED)),
    (_days(10), "a root out of scope", partial(_retire, "cargo", "tracker")),
    (_days(9), "a request for permanent acceptance", partial(_treat, _FOREVER)),
    (_days(7), "the third scan", partial(_scan, [*_STILL, *BACK])),
    (_days(5), "work on what came back", partial(_treat, _AGAIN)),
)
"""Days before the end of the demo, what happens, and how."""
