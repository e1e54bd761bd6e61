"""The token in the forms of pages, which no page of another site can know."""

import hmac
from typing import Final

from integrates.server.auth.secret import Keys

_PURPOSE: Final = b"integrates form v1 "
FIELD: Final = "form_token"
"""The name of the hidden field."""


def form_token(keys: Keys, session: str) -> str:
    """Return the token of all forms in one session, named by the hash of its id."""
    return hmac.digest(keys.token, _PURPOSE + session.encode(), "sha256").hex()


def is_form_token(keys: Keys, session: str, given: str) -> bool:
    """Return whether a form brought the token of the session."""
    return hmac.compare_digest(form_token(keys, session).encode(), given.encode())
