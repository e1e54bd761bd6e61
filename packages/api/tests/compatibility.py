"""What a change of the schema breaks for clients, and what was said of it in advance."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from graphql import DirectiveNode, DocumentNode, Node, build_ast_schema, find_breaking_changes, value_from_ast_untyped
from msgspec import Struct
from packages.api.tests.part import parts

NOTICE_DAYS: Final = 90
"""For how many days at least something stays after it was deprecated."""
_REASON: Final = re.compile(
    r"(?:Use `(?P<path>[^`]+)`(?: [^.]+)?|Nothing takes its place: [^.]+)\. "
    r"Goes on (?P<gone>\d{4}-\d{2}-\d{2}); deprecated on (?P<said>\d{4}-\d{2}-\d{2})\."
)
_LINES: Final = re.MULTILINE | re.DOTALL
_SECTION: Final = re.compile(r"^## \S+, (?P<day>unreleased|\d{4}-\d{2}-\d{2})$(?P<text>.*?)(?=^## |\Z)", _LINES)
_BREAKS: Final = re.compile(r"^### What breaks$(?P<text>.*?)(?=^### |\Z)", _LINES)
_ROW: Final = re.compile(r"^\| (?P<change>[^|]+?) \| (?P<why>[^|]+?) \|$", re.MULTILINE)
_HEAD: Final = 2
"""Rows of a table that are its head: the names of the columns, and the line below."""


class Release(Struct, frozen=True):
    """What the newest section of a changelog says: its date, none before the release, and why each break is made."""

    day: date | None
    breaks: Mapping[str, str]


def _applied(node: Node) -> dict[str, dict[str, Any]]:
    """Return the directives of a part of a schema, each with its arguments."""
    found: tuple[DirectiveNode, ...] = getattr(node, "directives", None) or ()
    return {
        one.name.value: {given.name.value: value_from_ast_untyped(given.value) for given in one.arguments or ()}
        for one in found
    }


def _deprecations(document: DocumentNode) -> dict[str, str]:
    """Return the reason of everything that is deprecated, empty where none is given."""
    applied = ((path, _applied(node)) for path, node in parts(document).items())
    return {path: found["deprecated"].get("reason", "") for path, found in applied if "deprecated" in found}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _unfit(reason: str, known: Mapping[str, Node]) -> str | None:
    """Tell what is wrong with the reason of a deprecation."""
    match = _REASON.fullmatch(reason)
    if match is None:
        return "say: Use `Type.field`. Goes on 2027-06-01; deprecated on 2026-11-27."
    if match["path"] and match["path"] not in known:
        return f"there is no {match['path']}"
    gone, said = _day(match["gone"]), _day(match["said"])
    if gone is None or said is None:
        return "there is no such day"
    return None if (gone - said).days >= NOTICE_DAYS else f"goes in less than {NOTICE_DAYS} days"


def unfit(document: DocumentNode) -> dict[str, str]:
    """Tell which deprecations do not say what to use instead and when they go, or go too soon."""
    known = parts(document)
    found = {path: _unfit(reason, known) for path, reason in _deprecations(document).items()}
    return {path: fault for path, fault in found.items() if fault}


def _gone(reason: str | None) -> date | None:
    """Return the day that a deprecation names."""
    match = _REASON.fullmatch(reason or "")
    return _day(match["gone"]) if match else None


def hasty(old: DocumentNode, new: DocumentNode, day: date | None) -> tuple[str, ...]:
    """Name what goes, or is said to go, before the day that the last release named. No day: there is no release yet."""
    promises = {path: gone for path, reason in _deprecations(old).items() if (gone := _gone(reason))}
    later, known = _deprecations(new), parts(new)
    removed = (path for path, gone in promises.items() if path not in known and day is not None and day < gone)
    sooner = (path for path, gone in promises.items() if (moved := _gone(later.get(path))) and moved < gone)
    return (*removed, *sooner)


def _needed(applied: Mapping[str, Mapping[str, Any]]) -> str:
    """Name the permission that a field asks for."""
    rule = applied.get("requires")
    return str(rule["permission"]) if rule else "authenticated" if "authenticated" in applied else "none"


def _tightened(path: str, old: Node, new: Node) -> Iterator[str]:
    """Tell what a caller could do at this place, and perhaps cannot any more."""
    before, after = _applied(old), _applied(new)
    if _needed(before) != _needed(after) and _needed(after) != "none":
        yield f"{path} asks for {_needed(after)} instead of {_needed(before)}."
    had, has = ({*one.get("partly", {}).get("needs", ())} for one in (before, after))
    yield from (f"{path} shows or does less without {permission}." for permission in sorted(has - had))
    most, most_now = (one.get("most", {}).get("items") for one in (before, after))
    if most_now is not None and (most is None or most_now < most):
        yield f"{path} takes at most {most_now} items."


def breaks(old: DocumentNode, new: DocumentNode) -> tuple[str, ...]:
    """Tell what worked with the old schema and perhaps does not with the new: names, types, permissions, lengths of lists."""
    shapes = find_breaking_changes(build_ast_schema(old), build_ast_schema(new))
    known = parts(new)
    both = ((path, node, known[path]) for path, node in parts(old).items() if path in known)
    return (*(change.description for change in shapes), *(text for one in both for text in _tightened(*one)))


def release(changelog: str) -> Release:
    """Read the newest section of a changelog. Raise ``ValueError`` when there is none with a heading as it should be."""
    section = _SECTION.search(changelog)
    if section is None:
        raise ValueError("no section `## VERSION, unreleased` or `## VERSION, YYYY-MM-DD`")
    table = _BREAKS.search(section["text"])
    rows = list(_ROW.finditer(table["text"]))[_HEAD:] if table else []
    day = None if section["day"] == "unreleased" else date.fromisoformat(section["day"])
    return Release(day, {row["change"].strip("`"): row["why"] for row in rows})
