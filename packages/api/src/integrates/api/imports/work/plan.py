"""The plan of an import: which result is of which vulnerability, decided once for the whole file (domain section 8)."""

from collections.abc import Mapping
from hashlib import sha256

import msgspec
from msgspec import Struct

from integrates.db_model.files.port import Files, read_all
from integrates.db_model.vulnerabilities.types import MatchBy


class Decision(Struct, frozen=True, array_like=True, gc=False):
    """The vulnerability of the result with the ordinal.

    ``number`` is that of a new one, 0 for one that exists. ``id`` is empty when the result is suppressed and of none.
    ``is_crowded`` tells that others of the rule share the place. ``categories`` are those of the series that see it.
    """

    ordinal: int
    id: str
    by: MatchBy
    categories: tuple[str, ...]
    number: int = 0
    is_crowded: bool = False


class Plan(Struct, frozen=True):
    """Every decision, by ascending ordinal."""

    decisions: tuple[Decision, ...]


def by_ordinal(plan: Plan) -> Mapping[int, Decision]:
    """Return the decisions by the ordinals of their results."""
    return {one.ordinal: one for one in plan.decisions}


def seen_in(plan: Plan) -> Mapping[str, frozenset[str]]:
    """Return for each vulnerability of the plan the categories whose scans see it."""
    found: dict[str, frozenset[str]] = {}
    for one in plan.decisions:
        found[one.id] = found.get(one.id, frozenset()) | set(one.categories)
    return found


def _key(import_id: str, digest: str) -> str:
    return f"imports/{import_id}.{digest}.plan"


async def keep(files: Files, import_id: str, plan: Plan) -> str:
    """Store a plan and return its SHA-256, under which it is found again: another worker may have made another one."""
    content = msgspec.json.encode(plan)
    digest = sha256(content).hexdigest()
    await files.put(_key(import_id, digest), content)
    return digest


async def kept(files: Files, import_id: str, digest: str) -> Plan:
    """Read the plan with that SHA-256. Raise ``NotFound`` when it is gone."""
    return msgspec.json.decode(await read_all(files.get(_key(import_id, digest))), type=Plan)


async def forget(files: Files, import_id: str, digest: str) -> None:
    """Delete a plan that nobody needs any more."""
    await files.delete(_key(import_id, digest))
