"""The two logs: a JSON line for each request, and one for each other event. Neither holds secrets."""

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TextIO

import msgspec
import structlog

from integrates.db_model.values.instant import instant_text

QUIET: Final = ("hypercorn.error", "botocore", "urllib3", "asyncio", "httpx", "httpcore")
"""Loggers of libraries of which only warnings and errors are logged."""


def new_access_log(stream: TextIO, now: Callable[[], datetime]) -> Callable[[Mapping[str, object]], None]:
    """Return a function that writes one request as a line of JSON, with the time it was answered."""

    def write(line: Mapping[str, object]) -> None:
        text = msgspec.json.encode({"time": instant_text(now()), **line}).decode()
        stream.write(f"{text}\n")
        stream.flush()

    return write


def bind_request_id(request_id: str) -> None:
    """Let the lines that are logged from now on, in this context, carry the id of a request."""
    structlog.contextvars.bind_contextvars(request_id=request_id)


def _log_unraisable(found: "sys.UnraisableHookArgs") -> None:
    """Log an error that Python can raise to nobody, such as one in the end of an object that is collected."""
    name = getattr(found.object, "__qualname__", type(found.object).__name__)
    error = found.exc_value or found.exc_type()
    logging.getLogger(__name__).warning("an error was ignored in %s", name, exc_info=error)


def configure_logging(stream: TextIO) -> None:
    """Send what is logged by ``logging`` to ``stream`` as JSON lines that carry the id of the request they belong to.

    So does what Python itself would print there: warnings, and errors that can be raised to nobody.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
    ]
    render: list[structlog.types.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(),
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.captureWarnings(capture=True)
    sys.unraisablehook = _log_unraisable
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
