"""The checkout of a repository that a command is run in, as `git` tells of it."""

import subprocess  # nosec B404 -- git is asked, with arguments of our own
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from integrates.server.pipeline.fact import Facts, branch_of

_PATIENCE: Final = 20
"""Seconds that git may take."""
_MAX_FILES: Final = 500_000
"""Most files of a checkout that are looked at."""


class Checkout(Struct, frozen=True, kw_only=True):
    """A checkout: its facts, the absolute folder at its top, and the folder in it that was asked from, empty at the top."""

    facts: Facts
    top: str
    here: str


def read_checkout(folder: Path, variables: Mapping[str, str]) -> Checkout | None:
    """Return the checkout that a folder is in; ``None`` where there is none, or no git."""
    places = _git(folder, variables, "rev-parse", "--show-toplevel", "--show-prefix")
    if not places:
        return None
    top, _, prefix = places.partition("\n")
    return Checkout(
        facts=Facts(
            branch=branch_of(_git(folder, variables, "symbolic-ref", "--quiet", "HEAD")),
            commit=_git(folder, variables, "rev-parse", "--verify", "--quiet", "HEAD") or None,
            origin=_git(folder, variables, "config", "--get", "remote.origin.url") or None,
        ),
        top=top,
        here=prefix.strip("\n/"),
    )


def is_unread(folder: Path) -> bool:
    """Return whether a folder is in a repository of which git says nothing, because it is missing or distrusts its owner.

    That is asked where :func:`read_checkout` found none.
    """
    return any((one / ".git").exists() for one in (folder, *folder.parents))


def files_of(checkout: Checkout, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the paths of the files of a checkout, counted from its top; none when it has too many to look at."""
    listed = _git(Path(checkout.top), variables, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    found = tuple(filter(None, listed.split("\0")))
    return found if len(found) <= _MAX_FILES else ()


def _git(folder: Path, variables: Mapping[str, str], *arguments: str) -> str:
    """Return what git prints; empty when it refuses, is missing or takes too long."""
    command = ("git", "-c", "core.quotePath=false", *arguments)
    try:
        done = subprocess.run(  # noqa: S603 # nosec B603 -- arguments of our own
            command,
            cwd=folder,
            env={**variables, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").rstrip("\n") if done.returncode == 0 else ""
