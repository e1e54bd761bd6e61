"""Requests that are refused as a whole, or at one of their fields (domain section 11.3)."""

from enum import StrEnum


class Code(StrEnum):
    """``extensions.code`` of a top-level error."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    BAD_CURSOR = "BAD_CURSOR"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class RequestError(Exception):
    """The request itself is refused. ``text`` is shown to the client, hence holds nothing internal."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class NotAQuery(RequestError):
    """Something else than a query was asked for in a way that may only read."""

    def __init__(self) -> None:
        super().__init__(Code.BAD_USER_INPUT, "Only a query can be asked for in this way; send it by POST.")
