"""What a request brings along: who calls, and the effects that the resolvers may use."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from integrates.db_model.files.port import Files
from integrates.db_model.store.port import Store
from integrates.db_model.tokens.types import AccessToken


class Means(StrEnum):
    """How the caller proved who they are."""

    SESSION = "session"
    API_TOKEN = "api_token"  # noqa: S105 -- the name of a means, not a secret
    CI_TOKEN = "ci_token"  # noqa: S105 -- likewise


class Actor(msgspec.Struct, frozen=True):
    """Who calls. ``email`` is the id of the stakeholder, or ``service:forces:<group>`` for a CI token."""

    email: str
    means: Means


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a request needs from its surroundings.

    ``actor`` is ``None`` when nobody is authenticated. ``now`` returns an aware UTC date, ``new_id`` a lower-case UUID4.
    ``new_jti`` maps the id of a token to a fresh ``jti`` claim, ``sign_token`` turns token and claim into the text that the
    owner sends. ``cursor_key`` keys the signature of cursors. ``spawn`` runs a coroutine in the background, beyond the answer.
    """

    actor: Actor | None
    store: Store
    files: Files
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    new_jti: Callable[[str], str]
    sign_token: Callable[[AccessToken, str], str]
    cursor_key: bytes
    spawn: Callable[[Coroutine[Any, Any, None]], None]
    request_id: str
