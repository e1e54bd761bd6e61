"""The tables of the permissions page, from the matrix and the schema: `python docs/matrix.py` writes them anew."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from graphql import DirectiveNode, FieldDefinitionNode, InterfaceTypeDefinitionNode, ObjectTypeDefinitionNode
from graphql.utilities import value_from_ast_untyped

from integrates.api.authorization.permissions import (
    PERMISSIONS,
    group_permissions,
    organization_permissions,
    platform_permissions,
)
from integrates.api.schema import definition
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.stakeholders.types import PlatformRole

PAGE: Final = Path(__file__).parent / "reference" / "permissions.md"
HELD: Final = "●"
LEVELS: Final[Mapping[str, tuple[Iterable[str], Callable[[Any], Collection[str]]]]] = {
    "group": (GroupRole, group_permissions),
    "organization": (OrganizationRole, organization_permissions),
    "platform": (PlatformRole, platform_permissions),
}
"""By the name of its table: the roles of a level, and the function that returns what one of them allows."""


def matrix(roles: Iterable[str], of: Callable[[Any], Collection[str]]) -> Iterator[str]:
    """Yield the lines of the table of a level: a row for each permission by name, a column for each role."""
    held = {role: of(role) for role in roles}
    yield f"| Permission | {' | '.join(held)} |"
    yield f"| --- |{' :-: |' * len(held)}"
    for name in sorted({name for names in held.values() for name in names}):
        yield f"| `{name}` |{''.join(f' {HELD} |' if name in held[role] else '  |' for role in held)}"


def _given(directive: DirectiveNode) -> Mapping[str, Any]:
    return {argument.name.value: value_from_ast_untyped(argument.value) for argument in directive.arguments or ()}


def needed(field: FieldDefinitionNode) -> Iterator[tuple[str, bool]]:
    """Yield the permissions that a field declares, each with whether the whole field needs it, or some of it does."""
    for directive in field.directives or ():
        given = _given(directive)
        if directive.name.value == "requires":
            yield given["permission"], True
        if directive.name.value == "partly":
            yield from ((name, False) for name in given["needs"])


def _fields() -> Iterator[tuple[str, FieldDefinitionNode]]:
    """Yield each field of the schema with its name as people ask for it: that of a query or mutation stands alone."""
    for node in definition().definitions:
        if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            owner = "" if node.name.value in {"Query", "Mutation"} else f"{node.name.value}."
            yield from ((f"{owner}{field.name.value}", field) for field in node.fields or ())


def fields() -> Iterator[str]:
    """Yield the lines of the table that tells which fields need a permission; in italics those of which some part does."""
    found: dict[str, list[str]] = {name: [] for name in sorted(PERMISSIONS)}
    for path, field in _fields():
        for name, is_whole in needed(field):
            found[name].append(f"`{path}`" if is_whole else f"*`{path}`*")
    yield "| Permission | Fields |"
    yield "| --- | --- |"
    for name, paths in found.items():
        yield f"| `{name}` | {', '.join(sorted(paths, key=lambda path: path.strip('*')))} |"


def page(text: str) -> str:
    """Return the text of the page with each table behind a comment that names it as it should be."""
    tables = {name: matrix(*level) for name, level in LEVELS.items()} | {"fields": fields()}
    for name, lines in tables.items():
        table = "".join(f"{line}\n" for line in lines)
        text, count = re.subn(rf"(<!-- {name}: [^\n]* -->\n\n)(?:\|[^\n]*\n)*", lambda found: found[1] + table, text)  # noqa: B023 -- called at once
        if count != 1:
            raise ValueError(f"{PAGE.name} has {count} places for the table {name}")
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
