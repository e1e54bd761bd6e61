"""What the engine knows of an entity: its keys in the design, and everything that a change of it brings along.

A facet is data and pure functions. Every change of an entity is planned by :func:`integrates.db_model.entity.plan.plan`, which
takes the claims, parents, counters and rules from the facet, so that no caller can leave them out.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Any, Final, Generic, TypeAlias, TypeVar, get_args

import msgspec

from integrates.db_model.entity.claim import Kind, claim_key
from integrates.db_model.entity.counter import shard_of
from integrates.db_model.entity.types import Entity, Stamp
from integrates.db_model.errors import ModelError, Reason, Rejected
from integrates.db_model.store.design import FacetDesign, KeyTemplate, design
from integrates.db_model.store.port import Change, Check, IndexKey, Item, Key, Version
from integrates.db_model.store.template import SEPARATOR, builder, variables

E = TypeVar("E", bound=Entity)
P = TypeVar("P", bound=Entity)
SHARDS: Final = 16
_JOINT: Final = "|"
"""What joins two keys in the text of both; neither an id nor an e-mail has it."""

Variable = Callable[[Any], str | None]
"""Returns the value of a template's variable for an entity; ``None`` keeps it out of the indexes whose template has it."""
Lift = Callable[[dict[str, Any]], dict[str, Any]]
"""A pure function from attributes, or some aspects, of one schema number to those of the next."""


class Audit(msgspec.Struct, frozen=True, gc=False):
    """The group and the organization under which a revision is listed for audit, where there are any."""

    group: str | None = None
    organization: str | None = None


class Unique(msgspec.Struct, frozen=True, gc=False):
    """A value (one text or several) that only one entity may hold, and the refusal when another entity holds it."""

    kind: Kind
    value: tuple[str, ...]
    reason: Reason
    path: tuple[str, ...] = ()


class Beside(msgspec.Struct, frozen=True, gc=False):
    """A change in the same transaction as an entity's own, and the refusal when it fails; without one a race was lost then."""

    change: Change
    refusal: ModelError | None = None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What was read for a change (see :func:`integrates.db_model.entity.plan.needs`).

    ``known`` maps keys of parents to the entities: to ``None`` for one that does not exist or was removed, to an error of the
    model for one that cannot be read. ``items`` are claims and counters. ``vacant`` has the keys of claims that may be taken
    from their holder, e.g. because the holder has expired; the holder, when it changes in the same transaction, does not free
    them itself.
    """

    known: Mapping[Key, Any] = {}
    items: Mapping[Key, Item | None] = {}
    vacant: frozenset[Key] = frozenset()


UNREAD: Final = Given()
"""What was read for a change before anything was."""


Judge: TypeAlias = Callable[[P], Iterable[Rejected]]
"""Yields the refusals of a parent when something below it changes."""


def anything_goes(_parent: Any) -> tuple[()]:
    """Refuse nothing."""
    return ()


def _as_read(parent_key: Key, parent: Entity, _stamp: Stamp) -> Change:
    """Return the check that refuses the write when the parent has changed in any way."""
    return Check(parent_key, Version(parent.version))


def _nothing(*_: Any) -> tuple[()]:
    return ()


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """An entity that has to exist, and to stay as it was read, while a change below it is written.

    ``path`` names the argument that is refused when there is no such parent. ``judge`` yields refusals of the parent, e.g. when
    it belongs to another tenant. ``hold`` returns the change that fails when the parent is no longer as it was read: a check of
    its version, or the gate in its counters that takes the place of that check.
    """

    facet: "Facet[Any]"
    key: Key
    path: tuple[str, ...] = ()
    judge: Judge[Any] = anything_goes
    hold: Callable[[Key, Any, Stamp], Change] = _as_read


Needed: TypeAlias = Parent | Key
"""What has to be read for a change: an entity, or the key of a claim or counter."""


def _unchanged(_old: Any, new: Any, _given: Given, _at: datetime) -> Any:
    return new


class Facet(msgspec.Struct, Generic[E], frozen=True, kw_only=True, eq=False):
    """How entities of one type are stored, and what changes with them.

    ``name``       the facet's name in the design
    ``type``       the struct of the entity, or the union of the structs of its kinds, which a tag tells apart
    ``audit``      the group and organization under which its revisions are listed
    ``is_live``    whether it was not removed
    ``identity``   its id as people know it, which errors tell and claims store
    ``variables``  the variables of key templates that are no fields of the entity. An index lists an entity exactly when all
                   variables of its template are set
    ``fixed``      dotted paths of what never changes after creation
    ``derived``    sets what follows from a change, given as the old entity (``None`` for a new one) and the new one
    ``unique``     the values that it claims
    ``within``     the parents that a change needs
    ``reads``      the keys of the counters that a change has to read
    ``follows``    what else a change has to read, which only what was read before tells; nothing once all of it is there
    ``imposed``    sets what other objects impose on a change, given what was read and the date of the change
    ``counted``    what a change adds to counters
    ``check``      every refusal of the entity's whole rule
    ``schema``     the number of the form that this program writes (E14)
    ``lifts``      by schema number, the function that leads from that form to the next
    """

    name: str
    type: type[E] | UnionType
    audit: Callable[[E], Audit]
    is_live: Callable[[E], bool] = lambda _: True
    identity: Callable[[E], str] = attrgetter("id")
    variables: Mapping[str, Variable] = {}
    fixed: tuple[str, ...] = ("id",)
    derived: Callable[[E | None, E], E] = lambda _, new: new
    unique: Callable[[E], tuple[Unique, ...]] = _nothing
    within: Callable[[E | None, E], tuple[Parent, ...]] = _nothing
    reads: Callable[[E | None, E], tuple[Key, ...]] = _nothing
    follows: Callable[[E | None, E, Given], tuple[Needed, ...]] = _nothing
    imposed: Callable[[E | None, E, Given, datetime], E] = _unchanged
    counted: Callable[[E | None, E, Given, Stamp], tuple[Beside, ...]] = _nothing
    check: Callable[[E], Iterable[Rejected]] = _nothing
    schema: int = 1
    lifts: Mapping[int, Lift] = {}


def structs_of(facet: Facet[Any]) -> tuple[type[Entity], ...]:
    """Return the struct of a facet's entities; several where they are of several kinds."""
    return get_args(facet.type) or (facet.type,)


def shard(identity: str) -> str:
    """Return the shard of an item in a list that is spread over ``SHARDS`` partitions, because it has no natural one."""
    return str(shard_of(identity, SHARDS))


@cache
def design_of(name: str) -> FacetDesign:
    """Return the design of the facet of that name."""
    return design().facets[name]


def key_of(name: str, values: Mapping[str, str]) -> Key:
    """Return the key of an item of the named facet, given the values of the variables of its key template."""
    return _key(design_of(name), values)


def _key(facet: FacetDesign, values: Mapping[str, str]) -> Key:
    pk = builder(facet.key.pk)(values)
    return Key(pk, pk if facet.key.sk == facet.key.pk else builder(facet.key.sk)(values), facet.table)


def index_key(template: KeyTemplate, values: Mapping[str, str]) -> IndexKey:
    """Return the key of an item in an index, given the values of the variables of the index's template."""
    return IndexKey(builder(template.pk)(values), builder(template.sk)(values))


def _index_builder(template: KeyTemplate) -> Callable[[Mapping[str, str]], IndexKey]:
    """Return :func:`index_key` for one template, which need not be looked up again for every item."""
    pk, sk = builder(template.pk), builder(template.sk)
    return lambda values: IndexKey(pk(values), sk(values))


class _KeyDesign(msgspec.Struct, frozen=True, eq=False):
    """The design of a facet with what building keys needs: how each variable is read, and what each index is built of."""

    design: FacetDesign
    variables: tuple[tuple[str, Variable], ...]
    indexes: tuple[tuple[int, Callable[[Mapping[str, str]], IndexKey], tuple[str, ...]], ...]


def _variables_of(template: KeyTemplate) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*variables(template.pk), *variables(template.sk))))


@cache
def _key_design(facet: Facet[Any]) -> _KeyDesign:
    found = design_of(facet.name)
    indexes = tuple((number, _index_builder(each), _variables_of(each)) for number, each in sorted(found.indexes.items()))
    names = dict.fromkeys((*_variables_of(found.key), *(name for _, _, needed in indexes for name in needed)))
    return _KeyDesign(found, tuple((name, facet.variables.get(name) or attrgetter(name)) for name in names), indexes)


def keys_of(facet: Facet[E], entity: E) -> tuple[Key, dict[int, IndexKey]]:
    """Return the key under which the entity is stored, and its keys in the indexes that list it."""
    own = _key_design(facet)
    values = {name: value for name, read in own.variables if (value := read(entity)) is not None}
    listed = {number: build(values) for number, build, needed in own.indexes if all(map(values.__contains__, needed))}
    return _key(own.design, values), listed


def entity_key(facet: Facet[E], entity: E) -> Key:
    """Return the key under which the entity is stored."""
    return keys_of(facet, entity)[0]


def claims_of(facet: Facet[E], entity: E) -> dict[Key, Kind]:
    """Return the keys of what the entity claims, each with what must be unique."""
    return {claim_key(each.kind, *each.value): each.kind for each in facet.unique(entity)}


def key_text(stored: Key) -> str:
    """Return the text of an entity's key, as revisions have it: the partition key, and the sort key where the two differ."""
    return stored.pk if stored.pk == stored.sk else f"{stored.pk}{_JOINT}{stored.sk}"


def key_in(text: str) -> Key:
    """Return the key of an entity from its text: the inverse of :func:`key_text`."""
    pk, _, sk = text.partition(_JOINT)
    return Key(pk, sk or pk)


def id_in(text: str) -> str:
    """Return the id, as people know it, in the text of an entity's key: of an access, the e-mail of the person."""
    return text.partition(_JOINT)[0].partition(SEPARATOR)[2]


def id_of(stored: Key) -> str:
    """Return the id, as people know it, of the entity with that key: what ``Facet.identity`` returns of the entity itself."""
    return stored.pk.partition(SEPARATOR)[2]


def as_read(stored: Key, entity: Entity) -> Beside:
    """Return the change that requires the entity with that key to be as it was read. When it fails, a race was lost."""
    return Beside(Check(stored, Version(entity.version)))
