"""The reasons that mutations answered in a test, held against those that the reference tells."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from graphql import FieldNode, OperationDefinitionNode, OperationType, parse

from integrates.api.reference.entry import Kind, reference_of
from integrates.api.reference.reason import ALWAYS, reasons_of
from integrates.api.schema import definition


@cache
def told() -> Mapping[str, frozenset[str]]:
    """Return the reasons, as the schema writes them, for which the reference says that each mutation may refuse."""
    mutations = (entry for entry in reference_of(definition()) if entry.kind is Kind.MUTATION)
    return {entry.name: frozenset(reason.name for reason in reasons_of(entry) | ALWAYS) for entry in mutations}


def untold(query: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Yield each mutation of a query that refused for a reason which the reference does not tell, with the reason."""
    data = body.get("data")
    if "mutation" not in query or not data:
        return
    for node in parse(query).definitions:
        if isinstance(node, OperationDefinitionNode) and node.operation is OperationType.MUTATION:
            for field in node.selection_set.selections:
                assert isinstance(field, FieldNode)
                payload = data.get(field.alias.value if field.alias else field.name.value) or {}
                reasons = (error["reason"] for error in payload.get("errors") or () if "reason" in error)
                yield from (f"{field.name.value}: {one}" for one in reasons if one not in told()[field.name.value])
