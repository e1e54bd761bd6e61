"""Turns unexpected errors into answers that show nothing internal."""

import logging

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.api.request.answer import NEEDS_OPERATOR
from integrates.db_model.errors import Gone, Raced, Stale, Unavailable, Unfit
from integrates.server.http.exchange import for_http
from integrates.server.http.refusal import refuse

logger = logging.getLogger(__name__)


def contained(app: ASGIApp) -> ASGIApp:
    """Answer 503 when the store cannot be reached or used, and 500 for any other error, which is logged under the request id.

    So it does when others changed the same again and again. Only these two are worth another attempt. That a store is gone is
    logged elsewhere, once for all.

    An answer already begun is broken off instead, so that no client takes half of it for the whole.
    """

    async def contain(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, watch)
        except ClientDisconnect:
            return  # nobody is left to answer, and nothing of ours failed
        except Exception as error:
            _report(error)
            if begun:
                raise
            await _answer(scope, error)(scope, receive, send)

    return for_http(app, contain)


def _answer(scope: Scope, error: Exception) -> ASGIApp:
    match error:
        case Unavailable() | Raced() | Stale():
            return refuse(scope, 503, headers={"retry-after": "1"})
        case Unfit():
            return refuse(scope, 503, detail=NEEDS_OPERATOR)
        case _:
            return refuse(scope, 500)


def _report(error: Exception) -> None:
    match error:
        case Unavailable():
            logger.warning("the store did not answer", exc_info=error)
        case Raced() | Stale():
            logger.warning("others changed the same again and again", exc_info=error)
        case Gone():
            pass
        case _:
            logger.error("a request failed", exc_info=error)
