"""Answers: what the client sees of results and errors, and the HTTP status that goes with them (domain section 11.3)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from graphql import GraphQLError, VariableNode

from integrates.api.errors import Code, RequestError
from integrates.db_model.errors import Gone, InvalidCursor, Unavailable, Unfit

_STATUS: Final[Mapping[Code, HTTPStatus]] = {
    Code.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Code.GRAPHQL_VALIDATION_FAILED: HTTPStatus.BAD_REQUEST,
    Code.BAD_USER_INPUT: HTTPStatus.BAD_REQUEST,
    Code.BAD_CURSOR: HTTPStatus.OK,
    Code.QUERY_TOO_COMPLEX: HTTPStatus.BAD_REQUEST,
    Code.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    Code.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_STATUS_AT_FIELD: Final[Mapping[Code, HTTPStatus]] = {**_STATUS, Code.BAD_USER_INPUT: HTTPStatus.OK}
NEEDS_OPERATOR: Final = "The service cannot use its store. Trying again does not help: its operator has to act."
_MAX_MESSAGE: Final = 300
_PYTHON: Final = re.compile(r", but encountered error '.*", re.DOTALL)
"""The text of a Python error at the end of graphql-core's messages about bad values; clients do not get it."""


class Answer(msgspec.Struct, frozen=True):
    """An HTTP status and the JSON body that goes with it.

    ``is_well_formed`` says whether there was a GraphQL request to answer, whatever is wrong with its query and variables.
    ``is_final``: an operator has to act before the answer would be another.
    """

    status: int
    body: dict[str, Any]
    is_well_formed: bool = True
    is_final: bool = False


def masked(request_id: str) -> str:
    """Return the only text that clients get of an internal error."""
    return f"Something went wrong. Request {request_id}."


def _is_about_argument(error: GraphQLError) -> bool:
    """Return whether a variable that was left out or ``null`` reached an argument that must have a value."""
    return isinstance(next(iter(error.nodes or ()), None), VariableNode)


def known(error: BaseException | None) -> RequestError | None:
    """Return what a client may know of an error; ``None`` for an internal one."""
    found = None
    match error:
        case RequestError():
            found = error
        case InvalidCursor():
            found = RequestError(Code.BAD_CURSOR, "The cursor does not belong to this list.")
        case GraphQLError() if _is_about_argument(error):
            found = RequestError(Code.BAD_USER_INPUT, error.message[:_MAX_MESSAGE])
        case GraphQLError() if error.original_error:
            found = known(error.original_error)
        case Unavailable():
            found = RequestError(Code.UNAVAILABLE, "The service cannot answer now. Try again later.")
        case Unfit():
            found = RequestError(Code.UNAVAILABLE, NEEDS_OPERATOR)
        case _:
            pass
    return found


def is_for_log(error: BaseException) -> bool:
    """Return whether an error has to be logged for the operator, because the client gets a fixed text of it.

    That the store is gone is the same for every request: who opened the store logs it once.
    """
    cause = error.original_error if isinstance(error, GraphQLError) and error.original_error else error
    return known(cause) is None or (isinstance(cause, Unfit) and not isinstance(cause, Gone))


def error_shown(error: RequestError) -> dict[str, Any]:
    """Return the JSON form of an error of the whole request."""
    return {"message": error.text, "extensions": {"code": error.code.value}}


def invalid_shown(error: GraphQLError, code: Code = Code.GRAPHQL_VALIDATION_FAILED) -> dict[str, Any]:
    """Return the JSON form of an error before execution. ``code`` is that of an error without one of its own."""
    code = Code((error.extensions or {}).get("code", code))
    locations = {"locations": [location.formatted for location in error.locations]} if error.locations else {}
    message = _PYTHON.sub(".", error.message)[:_MAX_MESSAGE]
    return {"message": message, **locations, "extensions": {"code": code.value}}


def field_error_shown(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """Return the JSON form of an error of one field."""
    found = known(error) or RequestError(Code.INTERNAL, masked(request_id))
    return {**error_shown(found), "path": error.path}


def _statuses(errors: Iterable[Mapping[str, Any]]) -> Iterator[HTTPStatus]:
    for error in errors:
        table = _STATUS_AT_FIELD if "path" in error else _STATUS
        yield table[Code(error["extensions"]["code"])]


def status_of(errors: Sequence[Mapping[str, Any]], data: Mapping[str, Any] | None) -> int:
    """Return the HTTP status: that of the gravest error, or 200 when a root field has a value."""
    resolved = any(value is not None for value in (data or {}).values())
    return HTTPStatus.OK if resolved else max(_statuses(errors), default=HTTPStatus.OK)


def answered(errors: Sequence[Mapping[str, Any]], data: Mapping[str, Any] | None, body: dict[str, Any]) -> Answer:
    """Return the answer with a body that holds these errors and data."""
    return Answer(status_of(errors, data), body, is_final=any(error["message"] == NEEDS_OPERATOR for error in errors))


def refused(errors: Sequence[Mapping[str, Any]]) -> Answer:
    """Return the answer to a request that was not executed."""
    return answered(errors, None, {"errors": list(errors)})
