"""Fields of roots."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import found
from integrates.api.context import Info
from integrates.api.resolve.attribute import Resolver
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.connection import Connection
from integrates.api.resolve.parent import group
from integrates.api.root.mutations import MUTATIONS
from integrates.api.summary.figure import Summary, summary
from integrates.api.vulnerability.page import by_state
from integrates.db_model.entity.loader import load_counts
from integrates.db_model.roots.facet import root_counters_key
from integrates.db_model.roots.types import (
    Criticality,
    DeactivationReason,
    GitRoot,
    ImageRoot,
    IPRoot,
    Root,
    RootStatus,
    URLProtocol,
    URLRoot,
)
from integrates.db_model.vulnerabilities.lists import of_root_in_state


def type_of(source: Root) -> str:
    """Name the type that shows a root: like its class."""
    return type(source).__name__


async def figures(source: Root, info: Info) -> Summary:
    """Return the figures of the root, without those that need a score."""
    scope = await info.context.scopes.groups.load(source.group_name)
    numbers = await load_counts(info.context.loaders, (root_counters_key(source.id),))
    return summary(numbers, scope.permissions, info.context.call.now(), scored=False)


async def vulnerabilities(source: Root, info: Info, **args: Any) -> Connection:
    """Return the vulnerabilities of the root that the caller may see."""
    scope = await info.context.scopes.groups.load(source.group_name)
    query, keys = partial(of_root_in_state, source.id), (root_counters_key(source.id),)
    return await by_state(info, source.id, args, query, permissions=scope.permissions, counters=keys, scored=False)


_FIELDS: Final[Mapping[str, Resolver | str]] = {
    "group": group,
    "nickname": "info.nickname",
    "criticality": "info.criticality",
    "state": "state.status",
    "reason": "state.reason",
    "other": "state.other",
    "summary": figures,
    "vulnerabilities": vulnerabilities,
}
_LOCATIONS: Final[Mapping[type[Root], tuple[str, ...]]] = {
    GitRoot: ("url", "branch", "gitignore"),
    ImageRoot: ("registry", "repository", "tag"),
    IPRoot: ("address",),
    URLRoot: ("protocol", "host", "port", "path", "query"),
}
"""By the class of roots: what its type shows of the location."""

BINDING: Final = Binding(
    shows={kind.__name__: kind for kind in _LOCATIONS},
    fields={
        "Query": {"root": found},
        **MUTATIONS,
        **{kind.__name__: {**_FIELDS, **{name: f"location.{name}" for name in shown}} for kind, shown in _LOCATIONS.items()},
    },
    enums={
        "Criticality": Criticality,
        "DeactivationReason": DeactivationReason,
        "RootState": RootStatus,
        "URLProtocol": URLProtocol,
    },
)
