"""The schema with resolvers that answer anything: right values, missing ones, wrong ones, errors, at once or later.

What is answered depends on nothing but the object, the field and its arguments, so that all who execute find the same.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any, Final

import msgspec
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
)

from integrates.api.resolve.attribute import UNREAD, Near, Shown
from integrates.api.schema import new_schema

_MOMENT: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_SCALARS: Final[dict[str, Callable[[Random], Any]]] = {
    "String": lambda dice: f"text {dice.randrange(100)}",
    "ID": lambda dice: dice.choice(["one", "two", 3]),
    "Int": lambda dice: dice.choice([0, 1, 7, True, 2.0, 2**31 - 1]),
    "Float": lambda dice: dice.choice([0, 1.5, Decimal("7.5"), True]),
    "Boolean": lambda dice: dice.choice([True, False, 1]),
    "DateTime": lambda dice: _MOMENT.replace(day=dice.randrange(1, 28)),
    "Date": lambda dice: _MOMENT.date().replace(day=dice.randrange(1, 28)),
    "JSON": lambda _: {"a": [1, None]},
}
_ODD: Final[tuple[Callable[[str], Any], ...]] = (
    lambda seed: ValueError(f"shown {seed}"),
    lambda seed: 2**40 + len(seed),
    lambda _: "another text",
    lambda _: float("inf"),
    lambda _: object,
    lambda _: [],
    lambda _: {},
    lambda seed: Later(f"later {seed}"),
)
_RARE: Final = 8
"""How many times as rare missing values are where they are errors."""


class Rates(msgspec.Struct, frozen=True):
    """Of how many values in a hundred it is so that they are missing, wrong, an error, and not read yet."""

    missing: int
    odd: int
    failing: int
    unread: int


class Thing(msgspec.Struct, frozen=True):
    """An object of a type, all of whose fields follow from a seed."""

    kind: str
    seed: str
    rates: Rates


class Stray:
    """An object like a thing that is no struct."""

    def __init__(self, kind: str, seed: str, rates: Rates) -> None:
        self.kind, self.seed, self.rates = kind, seed, rates


class Later:
    """Something to wait for that may be awaited often."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return self.value


class Work:
    """A coroutine that begins when it is awaited: the library leaves some alone that Python would complain of."""

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self.begin = begin

    def __await__(self) -> Generator[Any, None, Any]:
        return self.begin().__await__()


class Failure(Exception):
    """What a resolver may raise."""


class Trap(Stray, Failure):
    """An error that could be read like a thing."""


class Promise(Stray):
    """Something to wait for that could be read like a thing."""

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return Thing(self.kind, f"{self.seed} kept", self.rates)


def _dice(seed: str) -> Random:
    return Random(seed)  # noqa: S311 -- nobody guesses these to do harm


def _happens(dice: Random, percent: float) -> bool:
    return dice.random() * 100 < percent


def made(kind: Any, seed: str, rates: Rates, schema: GraphQLSchema) -> Any:
    """Make a value for a type: mostly a right one."""
    dice = _dice(seed)
    if isinstance(kind, GraphQLNonNull):
        return None if _happens(dice, rates.missing / _RARE) else _made(kind.of_type, seed, rates, schema)
    return None if _happens(dice, rates.missing) else _made(kind, seed, rates, schema)


def _made(kind: Any, seed: str, rates: Rates, schema: GraphQLSchema) -> Any:
    dice = _dice(f"{seed}:value")
    if _happens(dice, rates.odd / 4):
        return dice.choice(_ODD)(seed)
    match kind:
        case GraphQLList():
            found = [made(kind.of_type, f"{seed}.{at}", rates, schema) for at in range(dice.randrange(4))]
            return dice.choice((tuple, list, list, tuple, list, frozenset_or_list))(found)
        case GraphQLEnumType():
            return "NO VALUE" if _happens(dice, rates.odd / 4) else dice.choice([one.value for one in kind.values.values()])
        case GraphQLInterfaceType():
            kinds = [one.name for one in schema.get_possible_types(kind)]
            name = "Group" if _happens(dice, rates.odd / 4) else dice.choice(kinds)
            return Thing(name, seed, rates)
        case GraphQLObjectType():
            return dice.choice([Stray, Trap, Promise] if _happens(dice, rates.odd) else [Thing])(kind.name, seed, rates)
        case _:
            return _SCALARS[kind.name](dice)


def frozenset_or_list(found: list[Any]) -> Any:
    """Return a list as something else that may be iterated, of which nobody knows that it is a list."""
    return dict.fromkeys(found).keys() if all(isinstance(one, str) for one in found) else found


class Chaos(msgspec.Struct, frozen=True):
    """A schema, and how often its resolvers were called, by field."""

    schema: GraphQLSchema
    calls: Counter[str]


def _seed_of(source: Any, name: str, args: dict[str, Any]) -> str:
    return f"{source.seed}/{name}{sorted(args.items()) if args else ''}"


def _read(schema: GraphQLSchema, name: str, field: GraphQLField, source: Any) -> Any:
    seed = _seed_of(source, name, {})
    if _happens(_dice(f"{seed}:read"), source.rates.failing / 2):
        raise Failure(f"cannot read {seed}")
    return made(field.type, seed, source.rates, schema)


def _find(read: Callable[[Any], Any], name: str, _context: Any, source: Any) -> Any:
    seed = _seed_of(source, name, {})
    if _happens(_dice(f"{seed}:near"), source.rates.unread):
        return UNREAD
    found = read(source)
    return UNREAD if found is None else found


async def _later(calls: Counter[str], seed: str, show: Callable[[], Any]) -> Any:
    dice = _dice(f"{seed}:later")
    for _ in range(dice.randrange(3)):
        await asyncio.sleep(0)
    calls[f"{seed} went on"] += 1
    return show()


def _resolver(chaos: Chaos, owner: str, name: str, field: GraphQLField) -> Callable[..., Any]:
    def resolve(source: Any, _info: Any, **args: Any) -> Any:
        seed = _seed_of(source, name, args)
        chaos.calls[f"{owner}.{name} {seed}"] += 1
        dice = _dice(f"{seed}:mode")

        def show() -> Any:
            if _happens(dice, source.rates.failing):
                raise Failure(f"cannot resolve {seed}")
            return made(field.type, seed, source.rates, chaos.schema)

        return Work(partial(_later, chaos.calls, seed, show)) if dice.random() < 0.5 else show()

    return resolve


def _near(chaos: Chaos, name: str, field: GraphQLField) -> Near:
    read = partial(_read, chaos.schema, name, field)

    def resolve(source: Any, _info: Any) -> Any:
        seed = _seed_of(source, name, {})
        is_unread = _happens(_dice(f"{seed}:near"), source.rates.unread)
        return Work(partial(_later, chaos.calls, seed, partial(read, source))) if is_unread else read(source)

    return Near(partial(_find, read, name), resolve)


def new_chaos() -> Chaos:
    """Return the schema of the API with other resolvers: what is shown without a resolver stays so, and likewise all else."""
    chaos = Chaos(new_schema(), Counter())
    for owner, kind in chaos.schema.type_map.items():
        if owner.startswith("__"):
            continue
        if isinstance(kind, GraphQLInterfaceType):
            kind.resolve_type = Shown(lambda source: source.kind)
        if isinstance(kind, GraphQLObjectType):
            for name, field in kind.fields.items():
                match field.resolve:
                    case Shown():
                        field.resolve = Shown(partial(_read, chaos.schema, name, field))
                    case Near():
                        field.resolve = _near(chaos, name, field)
                    case _:
                        field.resolve = _resolver(chaos, owner, name, field)
    return chaos
