"""The messages of the protocol ``graphql-transport-ws`` (github.com/enisdenjo/graphql-ws, PROTOCOL.md)."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

PROTOCOL: Final = "graphql-transport-ws"


class Init(msgspec.Struct, frozen=True, tag_field="type", tag="connection_init"):
    """The client begins; ``payload`` may have its ``Authorization``."""

    payload: Mapping[str, Any] | None = None


class Subscribe(msgspec.Struct, frozen=True, tag_field="type", tag="subscribe"):
    """The client subscribes under an id of its own."""

    id: str
    payload: msgspec.Raw


class Complete(msgspec.Struct, frozen=True, tag_field="type", tag="complete"):
    """The client ends a subscription."""

    id: str


class Ping(msgspec.Struct, frozen=True, tag_field="type", tag="ping"):
    """A question whether the service lives."""


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    """The answer to a ping of ours."""


Message: TypeAlias = Init | Subscribe | Complete | Ping | Pong
_DECODER: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)


def read_message(text: str) -> Message | None:
    """Return the message in a text; ``None`` when it is none of the protocol."""
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def text_of_message(kind: str, identity: str | None = None, payload: Any = None) -> str:
    """Return the text of a message of ours."""
    named = {"id": identity} if identity is not None else {}
    body = {"payload": payload} if payload is not None else {}
    return msgspec.json.encode({"type": kind, **named, **body}).decode()


def bearer_in(payload: Mapping[str, Any] | None) -> str | None:
    """Return what ``Authorization`` says in the payload of the first message, whatever the case of its name."""
    found = [value for name, value in (payload or {}).items() if name.lower() == "authorization"]
    return found[0] if found and isinstance(found[0], str) else None
