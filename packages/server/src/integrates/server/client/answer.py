"""What an HTTP answer of a service, or of what stands in between, means."""

from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from integrates.server.client.fault import Fault

_UNAVAILABLE: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_MOST_TOLD: Final = 300
_LONGEST_ID: Final = 64
_NO_TOKEN: Final = "does not accept the token: it has expired, was revoked, or is of another service"  # noqa: S105 # nosec B105 -- a sentence


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that has arrived; the names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def request_id(self) -> str | None:
        """The id under which the log of the service knows the request; ``None`` when the answer has none."""
        found = self.headers.get("x-request-id", "")
        return found if found.isascii() and found.isprintable() and 0 < len(found) <= _LONGEST_ID else None

    @property
    def is_json(self) -> bool:
        """Whether the answer says that it is JSON, as all answers of the API are."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind == "application/json" or kind.endswith("+json")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the API answered: data, errors beside them, and the id of the request."""

    data: dict[str, Any] | None
    errors: tuple[dict[str, Any], ...]
    request_id: str | None


class Effect(Enum):
    """What a request that failed has done, which decides whether it may be sent again."""

    NONE = "nothing: it may be sent again"
    UNKNOWN = "nobody knows: only what does no harm twice may be sent again"
    FINAL = "sending it again does not help"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer, or one that is none.

    ``is_busy``: somebody answered, and may do better soon. ``retry_after`` and ``date`` are what these headers say.
    """

    text: str
    effect: Effect
    is_busy: bool = False
    retry_after: str | None = None
    date: str | None = None
    request_id: str | None = None


def failure_of(received: Received, address: str) -> Failure | None:
    """Return why an answer is none that may be looked at, because it may be another when asked again; else ``None``.

    A service that says 503 without ``Retry-After`` needs its operator; a proxy that says so may do better next time.
    """
    told = received.headers.get("retry-after")
    failure = Failure(
        text=f"{address} is asked too often (429)",
        effect=Effect.NONE,
        is_busy=True,
        retry_after=told,
        date=received.headers.get("date"),
        request_id=received.request_id,
    )
    if received.status == HTTPStatus.TOO_MANY_REQUESTS:
        return failure
    if received.status in _UNAVAILABLE and not (received.is_json and told is None):
        text = f"{address} is busy or cannot be reached by its proxy ({received.status})"
        return replace(failure, text=text, effect=Effect.UNKNOWN)
    return None


def read_answer(received: Received, address: str) -> Answer:
    """Return what the API answered. Raise :class:`Fault` for what is no answer of the API, and for a request that it refused.

    Errors of single fields are no refusal of the request: they stand beside the data.
    """
    if refusal := _foreign(received, address):
        raise Fault(refusal, received.request_id)
    body = _body(received, address)
    data, errors = body.get("data"), body.get("errors") or ()
    if received.status == HTTPStatus.UNAUTHORIZED:
        raise Fault(f"{address} {_NO_TOKEN}; run integrates login {address}, or set INTEGRATES_TOKEN", received.request_id)
    if not isinstance(errors, list | tuple) or not all(isinstance(each, dict) for each in errors):
        raise Fault(f"{address} answers otherwise than the API of Integrates does", received.request_id)
    if not isinstance(data, dict):
        told = told_by(errors)[:_MOST_TOLD] or f"HTTP status {received.status}"
        raise Fault(f"{address} refuses the request: {told}", received.request_id)
    return Answer(data=data, errors=tuple(errors), request_id=received.request_id)


def told_by(errors: Any) -> str:
    """Return what top-level errors of GraphQL say, each once."""
    return "; ".join(dict.fromkeys(str(each.get("message", "an error")) for each in errors))


def sent_on(headers: Mapping[str, str], address: str) -> str:
    """Return what a redirection, which is not followed, means."""
    target = headers.get("location", "elsewhere")[:_MOST_TOLD]
    return f"{address} sends on to {target}, where the token was not sent; if the service is there, name it with --url"


def _foreign(received: Received, address: str) -> str | None:
    """Return why an answer is not of the API, ``None`` when it may be."""
    if HTTPStatus(300) <= received.status < HTTPStatus.BAD_REQUEST:
        return sent_on(received.headers, address)
    if received.is_json:
        return None
    kind = received.headers.get("content-type", "no type")[:_MOST_TOLD]
    if received.status == HTTPStatus.NOT_FOUND:
        return f"there is no API of Integrates at {address}/api"
    return f"{address} answers {received.status} with {kind}, not JSON: does a proxy or a login page stand in between?"


def _body(received: Received, address: str) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(received.content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Fault(f"{address} answers with JSON that is damaged or cut off", received.request_id) from error
    if not isinstance(body, dict):
        raise Fault(f"{address} answers otherwise than the API of Integrates does", received.request_id)
    return body
