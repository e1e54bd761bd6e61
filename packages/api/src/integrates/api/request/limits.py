"""What a query may ask for, counted before it is validated."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec
from graphql import DocumentNode, FieldNode, FragmentSpreadNode, SelectionNode, SelectionSetNode

from integrates.api.errors import Code, RequestError
from integrates.api.request.fold import Inner, fragments_of, operations_of, widest

INTROSPECTION: Final = frozenset({"__schema", "__type"})
"""The fields that are exempt from depth and cost, recognised by their names in the schema and not by aliases."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most that one request may ask for.

    ``repeats`` counts one response name in one selection set, and ``comparisons`` the steps of comparing fields of one name
    with each other, two for a pair. ``introspected`` counts what introspection shows, about 19,000 values for the full query of
    the usual tools: exempt from depth and cost, it would multiply unnoticed, and nothing cuts its execution. ``values`` counts
    those in variables, at every depth. Up to ``documents`` queries are kept by text, those of at most ``kept_characters``.
    """

    characters: int = 20_000
    tokens: int = 2_000
    depth: int = 12
    root_fields: int = 10
    aliases: int = 30
    directives: int = 30
    fragments: int = 50
    repeats: int = 30
    comparisons: int = 10_000
    introspected: int = 40_000
    cost: int = 50_000
    values: int = 10_000
    validation_errors: int = 5
    documents: int = 64
    kept_characters: int = 4_000


NOBODY: Final = Limits(characters=1_000, tokens=100)
"""The limits of queries of nobody in particular, who may ask for ``__typename`` only."""


def too_complex(what: str, allowed: int, actual: int, *, at_least: bool = False) -> RequestError:
    """Return the error that names the limit which the query passes, and what it has; ``at_least``: as far as was counted."""
    found = f"{actual:,} or more" if at_least else f"{actual:,}"
    return RequestError(Code.QUERY_TOO_COMPLEX, f"The query is too complex: more than {allowed:,} {what}: {found}.")


def _selection_sets(document: DocumentNode) -> Iterator[SelectionSetNode]:
    stack = [node.selection_set for node in (*operations_of(document), *fragments_of(document).values())]
    while stack:
        selection_set = stack.pop()
        yield selection_set
        nested = (getattr(node, "selection_set", None) for node in selection_set.selections)
        stack.extend(node for node in nested if node)


def _response_name(node: SelectionNode) -> str:
    match node:
        case FieldNode():
            return (node.alias or node.name).value
        case FragmentSpreadNode():
            return f"...{node.name.value}"
        case _:
            return "..."


def _repeats(document: DocumentNode) -> int:
    counts = (Counter(map(_response_name, found.selections)) for found in _selection_sets(document))
    return max((max(count.values(), default=0) for count in counts), default=0)


def _levels(node: FieldNode, _kind: str, inner: Inner) -> int:
    return 1 if node.name.value in INTROSPECTION else 1 + inner(node.selection_set, "")


def depth_of(document: DocumentNode) -> int:
    """Count the levels of fields on the deepest path, fragments followed."""
    return widest(document, _levels, lambda depths: max(depths, default=0))


def root_fields_of(document: DocumentNode) -> int:
    """Count the root fields of the widest operation, fragments followed."""
    return widest(document, lambda _node, _kind, _inner: 1, sum)


def _directives(document: DocumentNode) -> int:
    nodes = (node for found in _selection_sets(document) for node in found.selections)
    variables = (variable for node in operations_of(document) for variable in node.variable_definitions or ())
    bearers: Iterable[Any] = (*document.definitions, *nodes, *variables)
    return sum(len(getattr(node, "directives", None) or ()) for node in bearers)


def _aliases(document: DocumentNode) -> int:
    nodes = (node for found in _selection_sets(document) for node in found.selections)
    return sum(1 for node in nodes if isinstance(node, FieldNode) and node.alias)


def check(document: DocumentNode, limits: Limits) -> None:
    """Check everything that can be counted without the schema. Raise ``RequestError`` with QUERY_TOO_COMPLEX."""
    counted: Iterable[tuple[str, int, Callable[[DocumentNode], int]]] = (
        ("fragments", limits.fragments, lambda found: len(fragments_of(found))),
        ("directives", limits.directives, _directives),
        ("aliases", limits.aliases, _aliases),
        ("repetitions of one field", limits.repeats, _repeats),
        ("root fields", limits.root_fields, root_fields_of),
        ("levels", limits.depth, depth_of),
    )
    for what, allowed, count in counted:
        actual = count(document)
        if actual > allowed:
            raise too_complex(what, allowed, actual)
