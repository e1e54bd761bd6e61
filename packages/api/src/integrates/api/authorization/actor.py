"""Who calls."""

from enum import StrEnum

import msgspec


class Means(StrEnum):
    """How the caller proved who they are."""

    SESSION = "session"
    API_TOKEN = "api_token"  # noqa: S105 -- the name of a means, not a secret
    CI_TOKEN = "ci_token"  # noqa: S105 -- likewise


class Actor(msgspec.Struct, frozen=True):
    """Who calls. ``email`` is the id of the stakeholder, or ``service:forces:<group>`` for a CI token.

    ``token_id`` is that of the access token, when one proved it: long work looks again at whether that may still be used.
    ``session`` is the hash of the session, when one proved it.
    """

    email: str
    means: Means
    token_id: str | None = None
    session: str | None = None
