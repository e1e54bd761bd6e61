"""What the pages of imports show: the list of a group, and one import with its problems and what it changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from integrates.server.pages.page import Address, BadAddress, Page, Shown
from integrates.server.pages.part import Connection, Named, Nickname, Severity, Titled

LIST: Final = """query ($name: ID!, $after: String) { group(name: $name) { name imports(first: 50, after: $after) {
  pageInfo { hasNextPage endCursor }
  nodes { id fileName format state reason createdAt createdBy finishedAt position root { nickname }
    counts { created reopened moved unchanged closed ignored suppressed duplicate reviewable skipped } }
} } }"""
ONE: Final = """query ($id: ID!, $after: String, $effects: [ImportEffect!]) { import(id: $id) {
  id fileName format sha256 state reason createdAt createdBy finishedAt position attempts
  group { name } root { nickname }
  artifact { name tag digest }
  options { closeMissing manifest stripPrefix addPrefix technique category tool }
  counts { created reopened moved unchanged closed ignored suppressed duplicate reviewable skipped }
  problems { pointer reason uri } problemCounts { reason count }
  closing { tool category outcome closed }
  changes(first: 50, after: $after, effects: $effects) { pageInfo { hasNextPage endCursor } nodes {
    effect at vulnerability { id where specific state severity { score level } finding { title } } } }
} }"""

COUNTS: Final[Mapping[str, str]] = {
    "created": "new",
    "reopened": "open again",
    "moved": "moved",
    "closed": "closed",
    "unchanged": "as before",
    "ignored": "left alone",
    "suppressed": "suppressed in the source",
    "duplicate": "said twice",
    "reviewable": "for a person to look at in the scanner",
    "skipped": "not usable",
}
"""By count: what it counts, as people read it."""
EFFECTS: Final[Mapping[str, str]] = {"created": "CREATED", "closed": "CLOSED", "reopened": "REOPENED", "moved": "MOVED"}
"""By what the address of the page calls them: the changes that an import tells one by one."""
OUTCOMES: Final[Mapping[str, str]] = {
    "DONE": "what the report no longer has was closed",
    "NOT_SUCCESSFUL": "nothing was closed where the tool says that it failed",
    "OFF": "nothing was to be closed",
    "UNPLACED_RESULTS": "nothing was closed, because some results could not be used",
}
"""By outcome of closing: what it means."""
FAILURES: Final[Mapping[str, str]] = {
    "abandoned": "It was interrupted and given up, after five attempts or because the next report came.",
    "not_allowed": "The person who began it, their permission or the root went on the way.",
    "too_many": "The group has as many vulnerabilities as it may have.",
}
"""By reason of a failure: what happened."""


class Counts(msgspec.Struct, frozen=True):
    """What came of the results."""

    created: int
    reopened: int
    moved: int
    unchanged: int
    closed: int
    ignored: int
    suppressed: int
    duplicate: int
    reviewable: int
    skipped: int


class Row(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An import in the list of its group."""

    id: str
    file_name: str
    format: str
    state: str
    reason: str | None
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    position: int
    root: Nickname
    counts: Counts


class Listed(msgspec.Struct, frozen=True):
    """A group with a part of its imports."""

    name: str
    imports: Connection[Row]


class Artifact(msgspec.Struct, frozen=True):
    """The image that the report is about."""

    name: str
    tag: str | None
    digest: str | None


class Options(msgspec.Struct, frozen=True, rename="camel"):
    """What was asked for."""

    close_missing: bool
    manifest: str | None
    strip_prefix: str | None
    add_prefix: str | None
    technique: str | None
    category: str | None
    tool: str | None


class Problem(msgspec.Struct, frozen=True):
    """A result that could not be used, or that is odd."""

    pointer: str
    reason: str
    uri: str | None


class ProblemCount(msgspec.Struct, frozen=True):
    """How many results have one problem."""

    reason: str
    count: int


class Closing(msgspec.Struct, frozen=True):
    """What was closed in one series of scans, or why nothing was."""

    tool: str
    category: str
    outcome: str
    closed: int


class Vulnerability(msgspec.Struct, frozen=True):
    """A vulnerability that an import changed, as it is now."""

    id: str
    where: str
    specific: str
    state: str
    severity: Severity | None
    finding: Titled


class Change(msgspec.Struct, frozen=True):
    """What an import did to a vulnerability."""

    effect: str
    at: datetime
    vulnerability: Vulnerability


class Import(Row, frozen=True, rename="camel", kw_only=True):
    """An import with all that is known of it. ``changes`` is ``None`` for who may not read histories."""

    sha256: str
    attempts: int
    group: Named
    artifact: Artifact | None
    options: Options
    problems: tuple[Problem, ...]
    problem_counts: tuple[ProblemCount, ...]
    closing: tuple[Closing, ...]
    changes: Connection[Change] | None


def told_counts(counts: Counts, names: Sequence[str] = tuple(COUNTS)) -> list[tuple[str, int, str]]:
    """Return name, number and meaning of each count that is not zero."""
    return [(name, number, COUNTS[name]) for name in names if (number := getattr(counts, name))]


def list_page(found: Listed) -> Shown:
    """Return what the list of the imports of a group shows."""
    return Shown(
        template="imports.html",
        values={"found": found.imports, "counted": told_counts, "named": tuple(EFFECTS)},
        group=found.name,
    )


def import_page(found: Import, effect: str | None = None) -> Shown:
    """Return what the page of an import shows; ``effect`` names the one kind of changes that is listed."""
    given = msgspec.structs.asdict(found.options)
    return Shown(
        template="import.html",
        values={
            "found": found,
            "failure": FAILURES.get(found.reason, found.reason) if found.reason else None,
            "counted": told_counts(found.counts),
            "effects": {name: getattr(found.counts, name) for name in EFFECTS if getattr(found.counts, name)},
            "effect": effect,
            "options": {name: value for name, value in given.items() if value is not None and name != "close_missing"},
            "outcomes": OUTCOMES,
        },
        group=found.group.name,
    )


def _effect(address: Address) -> str | None:
    given = address.only("effect")
    if given is not None and given not in EFFECTS:
        raise BadAddress(f"What an import changed is listed by what became of it: {', '.join(EFFECTS)}.")
    return given


def _asked(address: Address) -> Mapping[str, Any]:
    effect = _effect(address)
    return {
        "id": address.names["id"],
        "after": address.only("after"),
        "effects": None if effect is None else [EFFECTS[effect]],
    }


def _one(data: Mapping[str, Any], address: Address) -> Shown | None:
    found = msgspec.convert(data["import"], Import | None)
    return import_page(found, _effect(address)) if found else None


def _list(data: Mapping[str, Any], _address: Address) -> Shown | None:
    found = msgspec.convert(data["group"], Listed | None)
    return list_page(found) if found else None


LIST_PAGE: Final = Page(
    path="/groups/{name}/imports",
    query=LIST,
    ask=lambda address: {"name": address.names["name"], "after": address.only("after")},
    show=_list,
)
PAGE: Final = Page(path="/imports/{id:uuid}", query=ONE, ask=_asked, show=_one)
