"""Explains in one line on standard error why a command cannot work, with exit code 2."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from integrates.db_model.errors import ModelError, Unavailable, Unfit
from integrates.server.demo.item import DemoRefused
from integrates.server.demo.load import NotEmpty
from integrates.server.settings import BadSetting

EXIT_CODE = 2


def fail(text: str) -> NoReturn:
    """Print the text and end the command."""
    typer.echo(f"integrates: {text}", err=True)
    raise typer.Exit(EXIT_CODE)


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors that the person at the command line can act upon into one line of text."""
    try:
        yield
    except (BadSetting, DemoRefused) as error:
        fail(str(error))
    except NotEmpty:
        fail("store: it is not empty, and the demo would mix with what it holds; name another store, or none")
    except Unavailable as error:
        fail(f"store: it cannot be reached: {error}")
    except Unfit as error:
        fail(f"store: {error.reason}")
    except ModelError as error:
        fail(f"store: what it holds is damaged, of a newer program, or changes all the time: {type(error).__name__} {error}")
    except OSError as error:
        fail(f"{error.filename or 'system'}: {error.strerror or error}")
