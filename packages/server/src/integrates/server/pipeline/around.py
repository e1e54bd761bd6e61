"""Where a command of a pipeline is called, and what is built there."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from integrates.server.pipeline.checkout import Checkout, is_unread, read_checkout
from integrates.server.pipeline.fact import Facts, facts_of


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a command is called: the variables, the folder, and the checkout that it is in, if it is in one."""

    variables: Mapping[str, str]
    folder: Path
    checkout: Checkout | None


def here() -> Surroundings:
    """Return where the command is called."""
    folder = Path.cwd()
    return Surroundings(variables=os.environ, folder=folder, checkout=read_checkout(folder, os.environ))


def built(around: Surroundings, given: Facts | None = None) -> Facts:
    """Return what is built there: see :func:`facts_of`."""
    return facts_of(around.variables, _checkout_facts(around), given)


def _checkout_facts(around: Surroundings) -> Facts | None:
    if around.checkout:
        return around.checkout.facts
    return Facts(is_unread=True) if is_unread(around.folder) else None
