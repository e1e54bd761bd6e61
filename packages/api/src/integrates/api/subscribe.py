"""Subscriptions: a request whose answers go on, each authorized when it is made."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeAlias, cast

import msgspec
from graphql import ExecutionResult, Executor, create_source_event_stream
from msgspec.structs import replace

from integrates.api.authorization.actor import Actor
from integrates.api.authorization.scope import UNKNOWN
from integrates.api.context import Call, new_context
from integrates.api.errors import Code, RequestError
from integrates.api.execute import Api, Ready, answer_of, outcome_of, ready_of, refusal_of
from integrates.api.live.feed import Follow, Interest, News, Tick
from integrates.api.live.fields import Unsent
from integrates.api.request.answer import Answer, error_shown, refused
from integrates.api.request.body import body_of
from integrates.db_model.access.facet import group_access_key
from integrates.db_model.errors import Unavailable
from integrates.db_model.sessions.record import session_key
from integrates.db_model.tokens.facet import access_token_key

Stream: TypeAlias = AsyncGenerator[Answer, None]
"""The answers of a subscription, as their times come. Who stops reading closes it."""


class Unproven(Exception):
    """The session or the token by which the subscriber came does not hold any more."""


class Unseen(Exception):
    """What is followed is not visible to the subscriber any more."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """On which terms somebody is told something.

    ``still_holds`` returns whether the caller's session or token still holds. ``seconds`` is the time for making one event.
    ``overrun`` is called when too much waits because the caller does not take it.
    """

    still_holds: Callable[[], Awaitable[bool]]
    seconds: float
    overrun: Callable[[], None] = lambda: None


def _doubts(actor: Actor) -> frozenset[str]:
    """Return the partition keys of what decides who somebody is: of the person with all accesses, the token, the session."""
    proofs = (
        *((access_token_key(actor.token_id).pk,) if actor.token_id else ()),
        *((session_key(actor.session).pk,) if actor.session else ()),
    )
    return frozenset((group_access_key(actor.email, UNKNOWN).pk, *proofs))


def _following(follow: Follow, actor: Actor, terms: Terms) -> Follow:
    """Return how this caller follows: a write that may change who they are has them looked at again."""
    own = _doubts(actor)

    def follow_as(interest: Interest) -> Any:
        return follow(replace(interest, doubts=interest.doubts | own, overrun=terms.overrun))

    return follow_as


async def _source(api: Api, ready: Ready, call: Call, actor: Actor) -> AsyncIterator[Tick] | ExecutionResult:
    """Return what events are made of. An error of a variable is a result."""
    context = new_context(call, actor, call.store)
    executor = Executor.build(
        api.schema,
        ready.document,
        context_value=context,
        raw_variable_values=dict(ready.variables),
        operation_name=ready.operation_name,
        max_coercion_errors=api.limits.validation_errors - 1,
        hide_suggestions=not api.introspection,
    )
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    return cast("AsyncIterator[Tick] | ExecutionResult", create_source_event_stream(executor))


async def subscribe(api: Api, request: object, call: Call, terms: Terms) -> Answer | Stream:
    """Return the answers to one subscription, or the one answer that refuses it.

    The first says from when on the caller is told of changes, each later one is made and authorized when it is due. The stream
    ends when there is nothing more to tell. It raises :class:`Unproven` and :class:`Unseen` when the caller may not be told
    anything more, and ``Overrun`` when too many events wait. What is not visible from the beginning is ``null`` in its only
    answer, like what does not exist; an event that cannot be made is the last one. Raise what the store raises when that does
    not tell whether the caller may still be told something.
    """
    actor = call.actor
    if actor is None:
        return refused((error_shown(RequestError(Code.UNAUTHENTICATED, "Authenticate first.")),))
    following = replace(call, follow=_following(call.follow, actor, terms))
    try:
        ready = ready_of(api, body_of(request), follows=True)
        source = await _source(api, ready, following, actor)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is answered
        return refusal_of(error, call)
    if isinstance(source, ExecutionResult):
        return answer_of(source, ready, call)
    return _told(api, ready, following, terms, source)


def _is_empty(result: ExecutionResult) -> bool:
    return not any((result.data or {}).values())


async def _told(api: Api, ready: Ready, call: Call, terms: Terms, source: AsyncIterator[Tick]) -> Stream:
    is_first, last = True, None
    async with aclosing(cast("AsyncGenerator[Tick, None]", source)):
        async for tick in source:
            result = await _made(api, ready, call, terms, tick)
            if any(isinstance(error.original_error, Unsent) for error in result.errors or ()):
                continue
            if _is_empty(result) and not result.errors and not is_first:
                raise Unseen
            if tick is News.WRITTEN and result.data == last:
                continue  # another event has shown that already
            yield answer_of(result, ready, call)
            if _is_empty(result):
                return
            is_first, last = False, result.data


async def _made(api: Api, ready: Ready, call: Call, terms: Terms, tick: Tick) -> ExecutionResult:
    """Make one event, for who may still be told something. Raise :class:`Unproven` for others."""
    actor = call.actor
    if actor is None or not await terms.still_holds():
        raise Unproven
    ends_at = asyncio.get_running_loop().time() + terms.seconds
    try:
        async with asyncio.timeout_at(ends_at):
            return await outcome_of(api, ready, replace(call, ends_at=ends_at), actor, tick)
    except TimeoutError as error:
        raise Unavailable("an event took too long to make") from error
