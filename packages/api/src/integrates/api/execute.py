"""Executing a request: read it, check it, run it, and answer."""

import logging
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeGuard

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
)
from graphql import execute as run

from integrates.api.authorization.actor import Actor
from integrates.api.context import Call, Context, new_context
from integrates.api.errors import Code, NotAQuery, RequestError
from integrates.api.request.answer import (
    Answer,
    answered,
    error_shown,
    field_error_shown,
    invalid_shown,
    is_for_log,
    known,
    masked,
    refused,
)
from integrates.api.request.body import Body, body_of, read_variables
from integrates.api.request.document import Invalid, Readers, new_readers
from integrates.api.request.fold import operations_of
from integrates.api.request.lifetime import lasting
from integrates.api.request.limits import NOBODY, Limits
from integrates.api.request.scale import Scale, scale_of, weighed
from integrates.api.resolve.change import refresh
from integrates.api.resolve.executor import PlainExecutor
from integrates.api.schema import new_schema

__all__ = ["Answer", "Api", "execute", "new_api"]

_LOG: Final = logging.getLogger("integrates.api")
_TYPENAME: Final = "__typename"
_NESTED: Final = frozenset({dict, list})
_STREAMED: Final = "A subscription is a stream: ask for it by WebSocket, or by POST with `Accept: text/event-stream`."
_STREAMS: Final = "Only a subscription can be asked for in this way; send queries and mutations by POST."


class Api(msgspec.Struct, frozen=True):
    """The schema with what is needed to execute requests; one for the life of a process.

    ``open_readers`` read what nobody in particular asks.
    """

    schema: GraphQLSchema
    scale: Scale
    readers: Readers
    open_readers: Readers
    limits: Limits
    introspection: bool


class Ready(msgspec.Struct, frozen=True):
    """A request that may be executed, and what it costs."""

    document: DocumentNode
    operation_name: str | None
    variables: Mapping[str, Any]
    cost: int


def new_api(*, limits: Limits | None = None, introspection: bool = True) -> Api:
    """Assemble the API. Without ``introspection`` clients cannot ask what the schema holds."""
    most = limits or Limits()
    schema = new_schema()
    readers, open_readers = (new_readers(schema, one, introspection=introspection) for one in (most, NOBODY))
    return Api(schema, scale_of(schema), readers, open_readers, most, introspection)


def _needs_no_actor(document: DocumentNode) -> bool:
    """Return whether the query is ``{ __typename }``, which needs no authentication.

    With variables it needs one: those of nobody are not looked at.
    """
    operations = operations_of(document)
    return (
        len(document.definitions) == len(operations) == 1
        and operations[0].operation is OperationType.QUERY
        and not operations[0].variable_definitions
        and all(isinstance(node, FieldNode) and node.name.value == _TYPENAME for node in operations[0].selection_set.selections)
    )


def _anonymous(api: Api, body: Body) -> Answer:
    unauthenticated = RequestError(Code.UNAUTHENTICATED, "Authenticate first.")
    try:
        parsed = api.open_readers.parsed(body.query)
    except (RequestError, Invalid):
        raise unauthenticated from None
    if not _needs_no_actor(parsed.document):
        raise unauthenticated
    result = run(api.schema, api.open_readers.valid(parsed))
    if not isinstance(result, ExecutionResult) or result.errors:
        raise unauthenticated
    return Answer(200, {"data": result.data})


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operation = get_operation_ast(document, name)
    if operation is None:
        raise RequestError(Code.GRAPHQL_VALIDATION_FAILED, "`operationName` names the one operation to execute.")
    return operation


def ready_of(api: Api, body: Body, *, reads_only: bool = False, follows: bool = False) -> Ready:
    """Return what is to be executed. Raise ``NotAQuery`` when only a query may be.

    ``follows``: a subscription, which is what then nothing else may be, and which may not be there otherwise.

    Each limit is checked before the work that it bounds: variables are counted before they are decoded, the query is weighed
    before it is validated, and all that before values are brought into their types.
    """
    parsed = api.readers.parsed(body.query)
    operation = _operation(parsed.document, body.operation_name)
    if reads_only and operation.operation is not OperationType.QUERY:
        raise NotAQuery
    if (operation.operation is OperationType.SUBSCRIPTION) is not follows:
        raise RequestError(Code.GRAPHQL_VALIDATION_FAILED, _STREAMS if follows else _STREAMED)
    names = [node.variable.name.value for node in operation.variable_definitions or ()]
    variables = read_variables(body.variables, names, api.limits.values)
    cost = weighed(api.scale, api.limits, parsed.document, operation, variables)
    return Ready(api.readers.valid(parsed), body.operation_name, variables, cost)


def _is_awaitable(value: object) -> TypeGuard[Awaitable[Any]]:
    """Return whether a value has to be awaited. Called for every value, so generator-based coroutines are left out."""
    return hasattr(value, "__await__")


async def _run(api: Api, ready: Ready, context: Context, root: object = None) -> ExecutionResult:
    result = run(
        api.schema,
        ready.document,
        root_value=root,
        context_value=context,
        variable_values=dict(ready.variables),
        operation_name=ready.operation_name,
        max_coercion_errors=api.limits.validation_errors - 1,
        hide_suggestions=not api.introspection,
        executor_class=PlainExecutor,
        is_awaitable=_is_awaitable,
    )
    return result if isinstance(result, ExecutionResult) else await result


def _fields_of(data: Any) -> int:
    """Count the fields of an answer."""
    count, level = 0, [data] if data else []
    while level:
        found = level.pop()
        if type(found) is dict:
            count += len(found)
            found = found.values()
        level += [part for part in found if type(part) in _NESTED]
    return count


def _shown(error: GraphQLError, call: Call) -> dict[str, Any]:
    if error.path is None:
        return invalid_shown(error, Code.BAD_USER_INPUT)  # a variable that its type refuses
    if is_for_log(error):
        _LOG.error("a resolver failed", exc_info=error.original_error or error, extra={"request_id": call.request_id})
    return field_error_shown(error, call.request_id)


def answer_of(result: ExecutionResult, ready: Ready, call: Call) -> Answer:
    """Return what the caller is answered; errors of ours are logged."""
    errors = [_shown(error, call) for error in result.errors or ()]
    if result.data is None and errors and "path" not in errors[0]:
        return refused(errors)
    cost = {"requested": ready.cost, "actual": _fields_of(result.data)}
    body = {"data": result.data, **({"errors": errors} if errors else {}), "extensions": {"cost": cost}}
    return answered(errors, result.data, body)


async def outcome_of(api: Api, ready: Ready, call: Call, actor: Actor, root: object = None) -> ExecutionResult:
    """Execute in a context of its own, in which resolvers find ``root`` as ``info.root_value``."""
    with lasting(call.store) as store:
        context = new_context(call, actor, store)
        try:
            return await _run(api, ready, context, root)
        finally:  # the library's executor is a cycle: all that was read would stay until the collector finds it
            refresh(context)


async def _executed(api: Api, body: Body, call: Call) -> Answer:
    if call.actor is None:
        return _anonymous(api, body)
    ready = ready_of(api, body, reads_only=call.reads_only)
    return answer_of(await outcome_of(api, ready, call, call.actor), ready, call)


def refusal_of(error: Exception, call: Call) -> Answer:
    """Return what the caller is answered instead of data: what they may know of the error. What is ours is logged."""
    match error:
        case NotAQuery():
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, {"errors": [error_shown(error)]})
        case Invalid():
            return refused(tuple(map(invalid_shown, error.errors)))
        case _:
            if is_for_log(error):
                _LOG.error("a request failed", exc_info=error, extra={"request_id": call.request_id})
            return refused((error_shown(known(error) or RequestError(Code.INTERNAL, masked(call.request_id))),))


async def execute(api: Api, request: object, call: Call) -> Answer:
    """Answer one request: a decoded JSON body in which files stand in place of their variables.

    Never raises because of what the client sent or what goes wrong inside: the latter is logged under the request id and
    shown as INTERNAL. Only a cancellation passes through: ending a call that takes too long is left to its caller.
    """
    try:
        body = body_of(request)
    except RequestError as error:
        return msgspec.structs.replace(refused((error_shown(error),)), is_well_formed=False)
    try:
        return await _executed(api, body, call)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is answered
        return refusal_of(error, call)
