"""When an access token may be used (domain section 10.2)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from integrates.db_model.errors import Rejected
from integrates.db_model.tokens.types import AccessToken, TokenStatus
from integrates.db_model.values import utc

MAX_LIFE: Final = timedelta(days=180)
"""A token expires before this time has passed."""


def is_live(token: AccessToken) -> bool:
    """Tell whether the token was not revoked; it may have expired."""
    return token.state.status is TokenStatus.ACTIVE


def is_usable(token: AccessToken, at: datetime) -> bool:
    """Tell whether the token opens anything at that moment; at ``expires_at`` itself it does not."""
    return is_live(token) and at < token.expires_at


def expiry(expires_at: datetime, now: datetime, path: Sequence[str]) -> datetime:
    """Return the date in UTC. Raises ``Rejected``: ``expiry_out_of_range`` unless it lies ahead, by less than 180 days."""
    moment = utc(expires_at, path)
    if not timedelta(0) < moment - now < MAX_LIFE:
        raise Rejected("expiry_out_of_range", path)
    return moment
