"""The directives that guard fields: ``@requires``, ``@authenticated`` and, on arguments, ``@names``."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import isawaitable
from typing import Any, Final, TypeAlias

import msgspec
from ariadne import SchemaDirectiveVisitor
from ariadne.utils import convert_camel_case_to_snake
from graphql import EnumValueNode, GraphQLArgument, GraphQLField, GraphQLInterfaceType, GraphQLObjectType, StringValueNode
from msgspec.structs import replace

from integrates.api.authorization.permissions import PERMISSIONS
from integrates.api.authorization.scope import scopes_within
from integrates.api.authorization.sight import Path, Sight
from integrates.api.context import Context, Info
from integrates.api.guard.target import FINDERS, Arguments, Target
from integrates.api.refusal import REFUSALS, Refusal, UserError, refusal, refusals
from integrates.api.resolve.attribute import Resolver
from integrates.api.resolve.change import refresh
from integrates.api.resolve.reference import check_number, item_paths
from integrates.db_model.errors import NotFound, Reason
from integrates.db_model.stakeholders.facet import STAKEHOLDER

_MUTATION: Final = "Mutation"
_QUERY: Final = "Query"
_SUBSCRIPTION: Final = "Subscription"
_NAMED: Final = "names"

Wrap: TypeAlias = Callable[["Guard", Resolver], Resolver]


class Guard(msgspec.Struct, frozen=True):
    """Who may use a field: the permission, the kind of the object that decides, and the argument that names it.

    ``by`` is empty where no argument does; several are lists of references, which together name objects of one group.
    ``named`` are further arguments that name objects, which must be visible and of the same group; ``each`` has the member that
    names one in each item of an argument that is a list, as the schema calls it. Arguments have their Python names here,
    ``shown`` maps them to the schema's.
    """

    permission: str
    target: Target
    by: tuple[str, ...]
    named: Mapping[str, Target]
    shown: Mapping[str, str]
    each: Mapping[str, str] = {}

    @property
    def path(self) -> Path:
        """The path of the argument that names the object, in the schema's names; empty without one, and for several lists."""
        return tuple(self.shown[name] for name in self.by) if len(self.by) == 1 else ()

    def lists(self, args: Arguments) -> Mapping[str, Sequence[Any]]:
        """Return the lists of references that name the objects, by argument in the schema's names; none for an id."""
        return {self.shown[name]: args[name] for name in self.by if isinstance(args.get(name), list)}

    def handed(self, args: Arguments) -> Arguments:
        """Return the arguments that the resolver still needs. Those that name objects are left out: it gets the objects.

        A list stays, because its items have more than references: the versions that the caller saw, or what is to be made.
        """
        return {
            name: value
            for name, value in args.items()
            if isinstance(value, list) or (name not in self.by and name not in self.named)
        }


async def _found(guard: Guard, context: Context, source: Any, args: Arguments) -> Sight[Any]:
    """Find the object, or the objects of all lists of references in turn; ``unseen`` has whole paths."""
    lists = guard.lists(args)
    if not lists:
        first = await FINDERS[guard.target](context, args.get(guard.by[0]) if guard.by else source, args)
        return replace(first, unseen=tuple((*guard.path, *path) for path in first.unseen))
    check_number(lists)
    named = item_paths(lists)
    first = await FINDERS[guard.target](context, [one for references in lists.values() for one in references], args)
    return replace(first, unseen=tuple(named[int(position)] for position, *_ in first.unseen))


async def look(guard: Guard, context: Context, source: Any, args: Arguments) -> Sight[Any]:
    """Find what the arguments of a field name; ``unseen`` has their paths in the schema's names.

    Further arguments name objects of the group of the first, so nothing above them is read: what is not of that group costs as
    much as what does not exist.
    """
    first = await _found(guard, context, source, args)
    given = [name for name in guard.named if args.get(name) is not None]
    within = replace(context, scopes=scopes_within(first.scope))
    named = {name: await _named(guard, name, within, args) for name in given}
    hidden = [path for found in named.values() for path, one in found.items() if one.unseen]
    single = {name: one.found for name, found in named.items() if name not in guard.each for one in found.values()}
    return replace(first, named=single, unseen=(*first.unseen, *hidden))


async def _named(guard: Guard, name: str, context: Context, args: Arguments) -> Mapping[Path, Sight[Any]]:
    """Find what a further argument names, by the paths that name it: one object, or one for each item of a list, all at once.

    Raise ``Rejected`` for a list that is too short or too long, before anything is read.
    """
    value, shown, find, path = args[name], guard.each.get(name), FINDERS[guard.named[name]], guard.shown[name]
    if shown is None:
        return {(path,): await find(context, value, args)}
    check_number({path: value})
    member = convert_camel_case_to_snake(shown)
    found = await asyncio.gather(*(find(context, item[member], args) for item in value))
    return {(path, str(at), shown): one for at, one in enumerate(found)}


def verdict(guard: Guard, seen: Sight[Any]) -> tuple[UserError, ...]:
    """Return why the caller may not use the field: first what is not visible, then a missing permission."""
    if seen.unseen:
        return tuple(refusal(Reason.NOT_FOUND, path) for path in seen.unseen)
    return () if guard.permission in seen.scope.permissions else (refusal(Reason.MISSING_PERMISSION, guard.path),)


async def _awaited(value: Awaitable[Any] | Any) -> Any:
    return await value if isawaitable(value) else value


def _guarded_field(guard: Guard, resolve: Resolver) -> Resolver:
    """Return the resolver of an object's field, with ``null`` for those who may not use the field, whatever the reason."""

    async def guarded(source: Any, info: Info, **args: Any) -> Any:
        seen = await look(guard, info.context, source, args)
        return None if verdict(guard, seen) else await _awaited(resolve(source, info, **args))

    return guarded


def _guarded_query(guard: Guard, resolve: Resolver) -> Resolver:
    """Return the resolver of a query, with ``null`` likewise; it gets what the guard has found as its source.

    That of a subscription is guarded likewise at each of its events.
    """

    async def guarded(_source: Any, info: Info, **args: Any) -> Any:
        seen = await look(guard, info.context, None, args)
        return None if verdict(guard, seen) else await _awaited(resolve(seen, info, **guard.handed(args)))

    return guarded


def _told(guard: Guard, error: Refusal, context: Context) -> tuple[UserError, ...]:
    """Return the errors for the caller.

    Who was removed as a person meanwhile is not found, and lacks every permission. An object that was removed meanwhile is told
    like one that the guard does not find.
    """
    if not isinstance(error, NotFound):
        return refusals(error)
    if (error.facet, error.identity) == (STAKEHOLDER.name, context.actor.email):
        return (refusal(Reason.MISSING_PERMISSION),)
    return refusals(error, guard.path)


def _guarded_mutation(guard: Guard, resolve: Resolver) -> Resolver:
    """Return the resolver of a mutation, with refusals of guard and model as ``errors``; it gets what the guard has found.

    Nothing that was read before a mutation is remembered after it, and each mutation of a request looks anew, also after one
    that was refused because of what others had changed.
    """

    async def guarded(_source: Any, info: Info, **args: Any) -> Mapping[str, Any]:
        refresh(info.context)
        try:
            seen = await look(guard, info.context, None, args)
            refused = verdict(guard, seen)
            done = {} if refused else await _awaited(resolve(seen, info, **guard.handed(args)))
        except REFUSALS as error:
            return {"errors": _told(guard, error, info.context)}
        refresh(info.context)
        return {"errors": refused, **done}

    return guarded


_WRAPS: Final[Mapping[str, Wrap]] = {_QUERY: _guarded_query, _SUBSCRIPTION: _guarded_query, _MUTATION: _guarded_mutation}


def _names(argument: GraphQLArgument) -> Mapping[str, str]:
    """Read the ``@names`` of an argument: ``object`` and, for lists, ``each``; nothing where there is none."""
    nodes = (argument.ast_node.directives if argument.ast_node else None) or ()
    given = (value for node in nodes if node.name.value == _NAMED for value in node.arguments or ())
    return {one.name.value: one.value.value for one in given if isinstance(one.value, EnumValueNode | StringValueNode)}


def _guard(path: str, field: GraphQLField, args: Mapping[str, Any]) -> Guard:
    names = {name: argument.out_name or name for name, argument in field.args.items()}
    by = args.get("by") or ()
    if unknown := [name for name in by if name not in names]:
        raise ValueError(f"@requires of {path} names the argument {unknown[0]}, which the field does not have")
    if args["permission"] not in PERMISSIONS:
        raise ValueError(f"@requires of {path} asks for {args['permission']}, which is no permission")
    given = {name: found for name, argument in field.args.items() if (found := _names(argument))}
    return Guard(
        permission=args["permission"],
        target=Target(args["of"]),
        by=tuple(names[name] for name in by),
        named={names[name]: Target(found["object"]) for name, found in given.items()},
        shown={out: name for name, out in names.items()},
        each={names[name]: found["each"] for name, found in given.items() if "each" in found},
    )


class Requires(SchemaDirectiveVisitor):
    """The directive ``@requires``: wraps the resolver of a field. Raise ``ValueError`` for a field that cannot be guarded."""

    def visit_field_definition(
        self, field: GraphQLField, object_type: GraphQLObjectType | GraphQLInterfaceType
    ) -> GraphQLField:
        """Guard the field."""
        path = f"{object_type.name}.{field.ast_node.name.value}" if field.ast_node else object_type.name
        if field.resolve is None:
            raise ValueError(f"@requires cannot guard {path}: the field has no resolver, so nothing would ask")
        field.resolve = _WRAPS.get(object_type.name, _guarded_field)(_guard(path, field, self.args), field.resolve)
        return field


class Authenticated(SchemaDirectiveVisitor):
    """The directive ``@authenticated``: changes nothing, because requests without an actor are refused before execution."""

    def visit_field_definition(
        self,
        field: GraphQLField,
        object_type: GraphQLObjectType | GraphQLInterfaceType,  # noqa: ARG002 -- Ariadne's signature
    ) -> GraphQLField:
        """Keep the field."""
        return field
