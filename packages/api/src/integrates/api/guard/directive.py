"""The directives that guard fields: ``@requires``, ``@authenticated`` and, on arguments, ``@names``."""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any, Final

import msgspec
from ariadne import SchemaDirectiveVisitor
from graphql import EnumValueNode, GraphQLArgument, GraphQLField, GraphQLInterfaceType, GraphQLObjectType

from integrates.api.authorization.scope import Scope
from integrates.api.context import Context, Info
from integrates.api.guard.target import FINDERS, Path, Sight, Target
from integrates.api.refusal import REFUSALS, Refusal, UserError, refusal, refusals
from integrates.api.resolve.attribute import Resolver
from integrates.db_model.errors import NotFound, Reason
from integrates.db_model.stakeholders.facet import STAKEHOLDER

_MUTATION: Final = "Mutation"
_NAMED: Final = "names"


class Rule(msgspec.Struct, frozen=True):
    """Who may use a field: the permission, the kind of the object that decides, and the argument that names it.

    ``named`` are further arguments that name objects, which must be visible and of the same group.
    """

    permission: str
    target: Target
    by: str | None
    named: Mapping[str, Target]


def _value(args: Mapping[str, Any], names: Mapping[str, str], argument: str) -> Any:
    return args.get(names[argument])


async def _sight(rule: Rule, context: Context, source: Any, args: Mapping[str, Any], names: Mapping[str, str]) -> Sight:
    value = source if rule.by is None else _value(args, names, rule.by)
    return await FINDERS[rule.target](context, value, args)


async def _unseen_named(
    rule: Rule, scope: Scope, context: Context, args: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[Path, ...]:
    given = [(argument, target) for argument, target in rule.named.items() if _value(args, names, argument) is not None]
    sights = [(argument, await FINDERS[target](context, _value(args, names, argument), args)) for argument, target in given]
    return tuple((argument,) for argument, sight in sights if sight.unseen or sight.scope.group != scope.group)


class Guard(msgspec.Struct, frozen=True):
    """A rule with the Python names of the field's arguments."""

    rule: Rule
    names: Mapping[str, str]

    async def verdict(self, context: Context, source: Any, args: Mapping[str, Any]) -> tuple[UserError, ...]:
        """Return why the caller may not use the field: first what is not visible, then a missing permission."""
        sight = await _sight(self.rule, context, source, args, self.names)
        below = () if self.rule.by is None else (self.rule.by,)
        named = await _unseen_named(self.rule, sight.scope, context, args, self.names)
        if unseen := (*((*below, *path) for path in sight.unseen), *named):
            return tuple(refusal(Reason.NOT_FOUND, path) for path in unseen)
        return () if self.rule.permission in sight.scope.permissions else (refusal(Reason.MISSING_PERMISSION, below),)


async def _awaited(value: Any) -> Any:
    return await value if isawaitable(value) else value


def _guarded_query(guard: Guard, resolve: Resolver) -> Resolver:
    """Answer ``null`` to those who may not use the field, whatever the reason."""

    async def guarded(source: Any, info: Info, **args: Any) -> Any:
        verdict = await guard.verdict(info.context, source, args)
        return None if verdict else await _awaited(resolve(source, info, **args))

    return guarded


def _told(error: Refusal, context: Context) -> tuple[UserError, ...]:
    """Return what the caller is told of an error; who was removed as a person in the meantime may do nothing any more."""
    if isinstance(error, NotFound) and (error.facet, error.identity) == (STAKEHOLDER.name, context.actor.email):
        return (refusal(Reason.MISSING_PERMISSION),)
    return refusals(error)


def _guarded_mutation(guard: Guard, resolve: Resolver) -> Resolver:
    """Answer refusals, of the guard or of the model, as ``errors`` of the payload."""

    async def guarded(source: Any, info: Info, **args: Any) -> Mapping[str, Any]:
        try:
            verdict = await guard.verdict(info.context, source, args)
            return {"errors": verdict} if verdict else {"errors": (), **await _awaited(resolve(source, info, **args))}
        except REFUSALS as error:
            return {"errors": _told(error, info.context)}

    return guarded


def _target(argument: GraphQLArgument) -> Target | None:
    """Read the ``@names`` of an argument."""
    nodes = (argument.ast_node.directives if argument.ast_node else None) or ()
    given = [value.value for node in nodes if node.name.value == _NAMED for value in node.arguments or ()]
    return next((Target(value.value) for value in given if isinstance(value, EnumValueNode)), None)


def _named(field: GraphQLField) -> dict[str, Target]:
    found = {name: _target(argument) for name, argument in field.args.items()}
    return {name: target for name, target in found.items() if target}


class Requires(SchemaDirectiveVisitor):
    """Wraps the resolver of a field so that it asks first."""

    def visit_field_definition(
        self, field: GraphQLField, object_type: GraphQLObjectType | GraphQLInterfaceType
    ) -> GraphQLField:
        """Guard the field."""
        rule = Rule(self.args["permission"], Target(self.args["of"]), self.args.get("by"), _named(field))
        guard = Guard(rule, {name: argument.out_name or name for name, argument in field.args.items()})
        wrap = _guarded_mutation if object_type.name == _MUTATION else _guarded_query
        if field.resolve is not None:
            field.resolve = wrap(guard, field.resolve)
        return field


class Authenticated(SchemaDirectiveVisitor):
    """Leaves the resolver as it is: nobody gets to execute anything without being authenticated."""

    def visit_field_definition(
        self,
        field: GraphQLField,
        object_type: GraphQLObjectType | GraphQLInterfaceType,  # noqa: ARG002 -- Ariadne's signature
    ) -> GraphQLField:
        """Keep the field."""
        return field
