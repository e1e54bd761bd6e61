"""The root that a scan is about, as the service knows it."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

import msgspec

from integrates.server.client.call import Session, data_of
from integrates.server.client.fault import Fault
from integrates.server.pipeline.fact import Facts

_ROOTS: Final = """query ($group: ID!) {
  group(name: $group) { name roots { __typename id nickname state ... on GitRoot { branch url } } }
}"""
_MOST_TOLD: Final = 10


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A root: its kind by the name of its type, and for a repository the branch that it stands for."""

    type: str = msgspec.field(name="__typename")
    id: str
    nickname: str
    state: str
    branch: str | None = None
    url: str | None = None


def target_of(session: Session, group: str, root: str) -> Target:
    """Return the root of that nickname or id. Raise :class:`Fault`, which tells what there is, when there is none."""
    found = data_of(session, _ROOTS, {"group": group}).get("group")
    if found is None:
        raise Fault(f"there is no group {group}, or the token does not let you see it")
    targets = msgspec.convert(found["roots"], tuple[Target, ...])
    known = next((one for one in targets if root in {one.nickname, one.id}), None)
    if known is None:
        raise Fault(_unknown(group, root, [one.nickname for one in targets]))
    return known


def _unknown(group: str, root: str, names: Sequence[str]) -> str:
    if near := get_close_matches(root, names, n=3):
        return f"{group} has no root {root}; did you mean {' or '.join(near)}?"
    if not names:
        return f"{group} has no root yet"
    more = f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""
    return f"{group} has no root {root}; there are {', '.join(sorted(names)[:_MOST_TOLD])}{more}"


def why_not_close(target: Target, facts: Facts) -> str | None:
    """Return why what a scan does not report may be there all the same; ``None`` when it is of the branch of the root.

    A scan of another branch proves nothing for that of the root, and so does one of a commit that is on no known branch. Where
    there is no git, it is taken for one of the root.
    """
    if target.branch is None or facts.branch == target.branch:
        return None
    if facts.branch:
        return f"this is the branch {facts.branch}, not {target.branch}"
    if facts.commit or facts.is_unread:
        return f"it is not known whether this is the branch {target.branch}"
    return None
