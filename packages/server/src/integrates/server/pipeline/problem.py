"""What is wrong with results of a report, in words, and what to do about it."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from integrates.server.pipeline.advice import Advice, advice
from integrates.server.pipeline.around import Surroundings
from integrates.server.pipeline.checkout import files_of
from integrates.server.pipeline.sheet import counted

_OUTSIDE: Final = "bad_path"
"""The reason for which prefixes help."""
_MEANINGS: Final[Mapping[str, str]] = {
    "bad_path": "{} skipped: the path leads out of the repository",
    "no_location": "{} skipped: no file is named",
    "bad_rule": "{} skipped: the rule has no usable id",
    "outside_root": "{} skipped: of another kind than the root, or on another host",
    "bad_vector": "{} with a CVSS vector that cannot be read: the word of the tool counts",
    "other_image": "the report is about another image than the root: is it the right root?",
}
"""What each reason of a problem means; of one that is not known yet, its word has to do."""
_WORKSPACES: Final = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE", "BUILD_SOURCESDIRECTORY", "BITBUCKET_CLONE_DIR")
"""Variables in which CI systems name the folder of the checkout."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A result that could not be used: where it stands in the file, why, and the location that it gives."""

    pointer: str
    reason: str
    uri: str | None = None


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many results have one problem."""

    reason: str
    count: int


def meanings(counts: Iterable[Count]) -> Iterator[str]:
    """Yield a sentence for each kind of problem, with how many results have it."""
    for one in counts:
        meaning = _MEANINGS.get(one.reason)
        yield meaning.format(counted(one.count, "result")) if meaning else f"{counted(one.count, 'result')}: {one.reason}"


def outside(problems: Iterable[Problem]) -> Sequence[str | None]:
    """Return the locations that lead out of the repository."""
    return [one.uri for one in problems if one.reason == _OUTSIDE]


def advised(uris: Sequence[str | None], around: Surroundings, *, is_encoded: bool) -> str | None:
    """Return in words what to do about paths that lead out of the repository, by what is in the checkout."""
    found = _advice(uris, around, is_encoded=is_encoded) if any(uris) else None
    return _advice_text(found) if found else None


def _advice(uris: Sequence[str | None], around: Surroundings, *, is_encoded: bool) -> Advice | None:
    checkout, folders = around.checkout, [around.variables.get(name, "") for name in _WORKSPACES]
    if checkout is None:
        return advice(uris, folders=[*folders, str(around.folder)], is_encoded=is_encoded)
    files = files_of(checkout, around.variables)
    return advice(uris, files, checkout.here, [checkout.top, *folders], is_encoded=is_encoded)


def _advice_text(found: Advice) -> str:
    """Return the advice in words, with options that can be copied into a shell."""
    options = " ".join(f"{name} {shlex.quote(value)}" for name, value in found.options().items())
    would = "would place" if found.is_certain else "may place"
    return f"{options} {would} {_of(found)}"


def _of(found: Advice) -> str:
    if found.placed == found.total:
        return "it" if found.total == 1 else "all of them"
    return f"{found.placed:,} of {found.total:,}"
