"""Fields of roots."""

from typing import Any, Final

from integrates.api.authorization.sight import found
from integrates.api.context import Info
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.connection import Connection
from integrates.api.resolve.parent import group
from integrates.api.root.mutations import MUTATIONS
from integrates.api.summary.figure import Summary, summary
from integrates.api.vulnerability.page import of_root as vulnerabilities_of
from integrates.db_model.entity.loader import load_counts
from integrates.db_model.roots.facet import root_counters_key
from integrates.db_model.roots.types import Criticality, Root, RootStatus
from integrates.db_model.vulnerabilities.lists import of_root


def type_of(_source: Root, *_: Any) -> str:
    """Name the type of a root: so far all are branches of git repositories."""
    return "GitRoot"


async def figures(source: Root, info: Info) -> Summary:
    """Return the figures of the root, without those that need a score."""
    scope = await info.context.scopes.groups.load(source.group_name)
    numbers = await load_counts(info.context.loaders, (root_counters_key(source.id),))
    return summary(numbers, scope.permissions, info.context.call.now(), scored=False)


async def vulnerabilities(source: Root, info: Info, **args: Any) -> Connection:
    """Return the vulnerabilities of the root that the caller may see."""
    scope = await info.context.scopes.groups.load(source.group_name)
    keys = (root_counters_key(source.id),)
    return await vulnerabilities_of(info, source.id, args, of_root(source.id), permissions=scope.permissions, counters=keys)


BINDING: Final = Binding(
    shows={"GitRoot": Root},
    fields={
        "Query": {"root": found},
        **MUTATIONS,
        "GitRoot": {
            "group": group,
            "nickname": "info.nickname",
            "criticality": "info.criticality",
            "state": "state.status",
            "reason": "state.reason",
            "other": "state.other",
            "url": "location.url",
            "branch": "location.branch",
            "gitignore": "location.gitignore",
            "summary": figures,
            "vulnerabilities": vulnerabilities,
        },
    },
    enums={"Criticality": Criticality, "RootState": RootStatus},
)
