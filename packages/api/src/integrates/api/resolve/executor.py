"""Executing plain fields without what the library does for each field: of a page nine of ten fields are attributes.

graphql-core makes an info, a path and several checks for each field of each object. A field that only shows what the object, or
another one that has been read, holds needs none of them. Here such fields of an object are read at once, and lists of such
objects too. Whatever is not plain sailing, such as a resolver, an error or a missing value, graphql-core executes as ever, so
that answers are the same; nothing but plain reading is ever done twice.

The library calls the methods that are overridden here non-public: its version is pinned, and tests compare all answers.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import msgspec
from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    TypeNameMetaFieldDef,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path

from integrates.api.resolve.attribute import Near, Shown
from integrates.api.resolve.completion import (
    Complete,
    Completion,
    Step,
    of_kinds,
    of_leaf,
    of_list,
    of_object,
    optional,
    remembered,
    shown,
)

Answered: TypeAlias = dict[str, Any]


class Plan(msgspec.Struct, frozen=True):
    """What is selected of a type: fields that are read at once, and the others. ``names`` has all in their order."""

    steps: tuple[Step, ...]
    others: GroupedFieldSet
    names: tuple[str, ...]


def _joined(names: Iterable[str], found: Mapping[str, Any], rest: Mapping[str, Any]) -> Answered:
    return {name: found[name] if name in found else rest[name] for name in names if name in found or name in rest}


def _tried(complete: Complete, value: Any) -> Any:
    """Return the value completed, or ``None`` when the library has to do it, which meets the same error, if it is one."""
    with suppress(Exception):
        return complete(value)
    return None


class PlainExecutor(Executor[None]):
    """graphql-core's executor with a shorter way for plain fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plans: dict[tuple[GraphQLObjectType, int], tuple[GroupedFieldSet, Plan]] = {}

    def build_per_event_executor(self, payload: Any) -> Executor[None]:
        """Return an executor for an event, which remembers nothing of other events."""
        executor: Executor[None] = super().build_per_event_executor(payload)
        vars(executor)["plans"] = {}
        return executor

    def build_response(self, data: Answered | None) -> Any:
        """Return the response. What has been shown is forgotten: the executor itself stays until the collector finds it."""
        self.plans.clear()
        return super().build_response(data)

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: None,
    ) -> AwaitableOrValue[Answered]:
        """Return the fields of an object, or something to wait for that returns them."""
        plan = self._plan(parent_type, grouped_field_set)
        found: Answered | None = _tried(partial(shown, plan.steps), source_value)
        if found is None:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        if not plan.others:
            return found
        rest = super().execute_fields(parent_type, source_value, path, plan.others, position_context)
        if isinstance(rest, dict):
            return _joined(plan.names, found, rest)

        async def later() -> Answered:
            return _joined(plan.names, found, await rest)

        return later()

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: None,
    ) -> AwaitableOrValue[list[Any]]:
        """Return the items of a list, or something to wait for that returns them."""
        completion = self._completion(item_type, field_details_list)
        found: list[Any] | None = _tried(of_list(completion).complete, items) if completion else None
        if found is not None:
            return found
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def _plan(self, kind: GraphQLObjectType, grouped: GroupedFieldSet) -> Plan:
        known = self.plans.get((kind, id(grouped)))
        if known is None:
            steps = {name: self._step(kind, name, details) for name, details in grouped.items()}
            plan = Plan(
                tuple(step for step in steps.values() if step),
                {name: grouped[name] for name, step in steps.items() if not step},
                tuple(grouped),
            )
            self.plans[kind, id(grouped)] = known = (grouped, plan)  # kept, so that no other set gets its identity
        return known[1]

    def _step(self, kind: GraphQLObjectType, name: str, details: FieldDetailsList) -> Step | None:
        """Return how to read a field at once; ``None`` when it has to be executed."""
        field = self.schema.get_field(kind, details[0].node.name.value)
        if field is None or field.args or self.middleware_manager:
            return None
        if field is TypeNameMetaFieldDef:
            return Step(name, lambda _: kind.name, str, repr)
        if not isinstance(field.resolve, Shown | Near):
            return None
        completion = self._completion(field.type, details)
        if completion is None:
            return None
        if isinstance(field.resolve, Shown):
            return Step(name, field.resolve.read, *completion)
        is_leaf = is_leaf_type(get_named_type(field.type))
        return Step(name, partial(field.resolve.find, self.context_value), *(completion if is_leaf else remembered(completion)))

    def _completion(self, kind: GraphQLOutputType, details: FieldDetailsList) -> Completion | None:
        """Return how values of a type are completed at once; ``None`` when that takes more than reading."""
        if isinstance(kind, GraphQLNonNull):
            return self._required(kind.of_type, details)
        inner = self._required(kind, details)
        return optional(inner) if inner else None

    def _required(self, kind: GraphQLOutputType, details: FieldDetailsList) -> Completion | None:
        if isinstance(kind, GraphQLList):
            item = self._completion(kind.of_type, details)
            return of_list(item) if item else None
        if is_leaf_type(kind):
            return of_leaf(kind)
        if isinstance(kind, GraphQLObjectType):
            show = self._show(kind, details)
            return of_object(show) if show else None
        return self._of_abstract(kind, details)

    def _of_abstract(self, kind: GraphQLOutputType, details: FieldDetailsList) -> Completion | None:
        if not is_abstract_type(kind) or not isinstance(kind.resolve_type, Shown):
            return None
        shows = {one.name: show for one in self.schema.get_possible_types(kind) if (show := self._show(one, details))}
        return of_kinds(kind.resolve_type.read, shows) if len(shows) == len(self.schema.get_possible_types(kind)) else None

    def _show(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Complete | None:
        """Return how objects of a type are shown at once; ``None`` when some of their fields have to be executed."""
        if kind.is_type_of:
            return None
        try:
            grouped = self.collect_subfields(kind, details).grouped_field_set
        except (GraphQLError, RecursionError):  # which the library reports for the first object that has these fields
            return None
        plan = self._plan(kind, grouped)
        return None if plan.others else partial(shown, plan.steps)
