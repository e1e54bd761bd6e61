"""What goes wrong in a command of the client: one line on standard error, and exit code 2."""

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Final

import msgspec
import typer

from integrates.server.client.text import one_line

NOT_DONE: Final = 2
"""The exit code of a command that could not do, or not decide, what was asked; 1 is left to those who decide, and say no."""
INTERRUPTED: Final = 130
"""The exit code after Ctrl-C, as shells have it."""
_BEFORE: Final = 20
"""Characters that are told before one that cannot be sent."""


class Fault(Exception):
    """A command cannot go on. ``text`` is a sentence for people; ``request_id`` that of the request that failed, if one did."""

    def __init__(self, text: str, request_id: str | None = None) -> None:
        super().__init__(text, request_id)
        self.text = text
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.text} (request {self.request_id})" if self.request_id else self.text


class Refused(Fault):
    """The service refused a change by a rule. ``errors`` are the ``UserError`` of its payload, as they came."""

    def __init__(self, errors: Sequence[dict[str, object]], request_id: str | None = None) -> None:
        super().__init__("; ".join(dict.fromkeys(sentence_of(each) for each in errors)), request_id)
        self.errors = tuple(errors)

    @property
    def reasons(self) -> frozenset[str]:
        """The reasons of the errors."""
        return frozenset(str(each.get("reason")) for each in self.errors)


def sentence_of(error: dict[str, object]) -> str:
    """Return a ``UserError`` as a sentence: the argument that it is about, and what is wrong with it."""
    path = error.get("path")
    where = ".".join(map(str, path)) if isinstance(path, list) else ""
    text = str(error.get("message") or error.get("reason") or "refused")
    return f"{where}: {text}" if where else text


def warn(text: str) -> None:
    """Print a line on standard error, in which nothing moves the cursor of a terminal."""
    typer.echo(f"integrates: {one_line(text)}", err=True)


@contextmanager
def explaining() -> Iterator[None]:
    """End the command with exit code 2 and a line on standard error for whatever goes wrong inside.

    An error that nobody foresaw shows its traceback and has exit code 2 as well, so that 1 never means anything but the
    answer of a command that decides. Whoever reads standard output may stop reading: that is no error to talk about.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what a terminal has no letter for must not end the command
    try:
        yield
    except Fault as error:
        warn(str(error))
        raise typer.Exit(NOT_DONE) from error
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it ends
        raise typer.Exit(NOT_DONE) from error
    except OSError as error:
        warn(f"{error.filename or 'system'}: {error.strerror or error}")
        raise typer.Exit(NOT_DONE) from error
    except UnicodeEncodeError as error:  # a shell gives bytes that are no text, and they are sent nowhere
        told = error.object[max(0, error.start - _BEFORE) : error.end]
        warn(f"what is not a text in UTF-8 cannot be sent, as the end of this: {told}")
        raise typer.Exit(NOT_DONE) from error
    except msgspec.ValidationError as error:
        warn(f"the service answers otherwise than this command expects: {error}; are both of one version?")
        raise typer.Exit(NOT_DONE) from error
    except (KeyboardInterrupt, typer.Abort) as error:  # the second while a person is asked for something
        raise typer.Exit(INTERRUPTED) from error
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as error:
        traceback.print_exc()
        warn("this is an error of the command itself; please report it with what stands above")
        raise typer.Exit(NOT_DONE) from error
