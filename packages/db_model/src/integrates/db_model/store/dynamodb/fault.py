"""What an error of the SDK means to a caller of the store. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from integrates.db_model.errors import StoreError, Unfit
from integrates.db_model.store.retry import Transient

ERRORS: Final = (ClientError, BotoCoreError, ResponseParserError)
"""The errors that the SDK raises."""
_DROPPED: Final = (
    ChecksumError,
    CredentialRetrievalError,  # their provider does not answer; having no credentials is another error
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    NoConnectionError,
    ResponseParserError,
)
_TRANSIENT: Final = re.compile(
    r"thrott|throughput|limitexceeded|toomany|slowdown|timeout|timedout|unavailable|conflict|inprogress"
)
"""Parts of the names of transient errors. AWS has many such names, and other endpoints have more."""
_TRANSIENT_STATUS: Final = frozenset({408, 425, 429})
_SERVER_ERROR: Final = 500
_REFUSED: Final = frozenset({"ConditionalCheckFailed", "ValidationError"})
"""The reasons that refuse one change of a transaction, so that sending it again does not help."""


class Missing(Unfit):
    """There is no such table."""


class Changed(Unfit):
    """The condition of a single update did not hold."""


_NAMED: Final[Mapping[str, type[Unfit]]] = {
    "ResourceNotFoundException": Missing,
    "ConditionalCheckFailedException": Changed,
}


class Cancelled(Exception):
    """A transaction was refused. ``refused`` are the positions of the refused changes, each with the stored item if known."""

    def __init__(self, refused: Mapping[int, dict[str, Any] | None], text: str) -> None:
        super().__init__(text)
        self.refused = refused


def _reasons(error: ClientError) -> Sequence[Mapping[str, Any]]:
    """Return why each change of a cancelled transaction was refused; nothing for other errors."""
    return error.response.get("CancellationReasons") or ()


def is_transient(error: Exception) -> bool:
    """Return whether the same request may succeed later: it was lost, throttled, or the service failed."""
    if not isinstance(error, ClientError):
        return isinstance(error, _DROPPED)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    code = error.response.get("Error", {}).get("Code", "")
    return status >= _SERVER_ERROR or status in _TRANSIENT_STATUS or bool(_TRANSIENT.search(code.lower()))


def _answered(error: ClientError) -> StoreError | Transient | Cancelled:
    reasons = _reasons(error)
    refused = {n: reason.get("Item") for n, reason in enumerate(reasons) if reason.get("Code") in _REFUSED}
    if refused:  # a failed condition is final, even when another item was throttled
        return Cancelled(refused, str(error))
    if reasons or is_transient(error):
        return Transient(str(error))
    return _NAMED.get(error.response.get("Error", {}).get("Code", ""), Unfit)(str(error))


def translated(error: Exception) -> StoreError | Transient | Cancelled:
    """Return the error for the caller: ``Transient`` when another attempt may succeed, ``Cancelled`` for a refused transaction.

    Any other answer below 500 is ``Unfit`` (a missing table or index, missing rights, invalid credentials), and so is what the
    SDK itself refuses (no credentials, no such profile), because the same request would fail again.
    """
    if isinstance(error, ClientError):
        return _answered(error)
    return Transient(str(error)) if is_transient(error) else Unfit(str(error))
