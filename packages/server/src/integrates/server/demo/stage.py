"""Where the past of the demo is played: calls to the API in the name of the demo's people, at moments of the past."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from integrates.api.authorization.actor import Actor, Means
from integrates.api.context import Call
from integrates.api.execute import Api, execute
from integrates.db_model.access.rules import is_ci
from integrates.db_model.files.port import Files
from integrates.server.auth.invitation import invitation_url
from integrates.server.auth.token import new_jti, sign_token
from integrates.server.process import clock
from integrates.server.process.open import Installation


class Skipped(Exception):
    """A step cannot be done, for example because its entity is gone from the design."""


class Stage(msgspec.Struct, frozen=True):
    """An installation with an API, the end of the demo, and the ids of the vulnerabilities that stand in the design."""

    installation: Installation
    api: Api
    end: datetime
    reported: frozenset[str]


async def ask(
    stage: Stage, email: str, at: datetime, query: str, variables: Mapping[str, Any], *, files: Files | None = None
) -> Mapping[str, Any]:
    """Return the data of an answer, once all that the call began in the background has ended.

    Raise :class:`Skipped` when a person's call would have been refused.
    """
    async with asyncio.TaskGroup() as beyond:
        call = _call(stage, email, at, lambda work: _spawned(beyond, work), files or stage.installation.files)
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


def _call(stage: Stage, email: str, at: datetime, spawn: Callable[[Coroutine[Any, Any, None]], None], files: Files) -> Call:
    return Call(
        actor=Actor(email, Means.CI_TOKEN if is_ci(email) else Means.SESSION),
        store=stage.installation.store,
        files=files,
        now=lambda: at,
        new_id=clock.new_id,
        new_jti=new_jti,
        sign_token=partial(sign_token, stage.installation.keys),
        sign_invitation=partial(invitation_url, stage.installation.keys, ""),
        cursor_key=stage.installation.keys.cursor,
        spawn=spawn,
        request_id="demo",
    )
