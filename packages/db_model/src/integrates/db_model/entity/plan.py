"""Planning one change of one entity with all its consequences. Every change of an entity is planned here. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from integrates.db_model.entity import claim, revision
from integrates.db_model.entity.encoding import Attributes, attributes_of, check_readable, encoded
from integrates.db_model.entity.facet import UNREAD, Beside, E, Facet, Given, Needed, Parent, Unique, id_of, key_text, keys_of
from integrates.db_model.entity.rules import whole_stamp
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, ModelError, NotFound, Outdated, Reason, Rejected, Rejections
from integrates.db_model.store.body import Body
from integrates.db_model.store.port import ABSENT, Item, Key, Put, Version
from integrates.db_model.values.check import refuse
from integrates.db_model.values.instant import effective_date

T = TypeVar("T")


class Plan(msgspec.Struct, Generic[E], frozen=True, kw_only=True, gc=False):
    """One change of one entity, not yet written.

    ``entity`` is what will be stored, by the put ``own``; ``record`` puts its revision. ``beside`` are all other changes of the
    same transaction, each with the refusal when it fails. Without ``own`` the entity is as wanted already, and nothing is
    written.
    """

    facet: Facet[E]
    entity: E
    own: Put | None = None
    record: Put | None = None
    beside: tuple[Beside, ...] = ()


class Needs(msgspec.Struct, frozen=True):
    """What has to be read for a change: parents, and the keys of claims and counters.

    ``then`` returns what follows from what was read, to be read after it.
    """

    parents: tuple[Parent, ...] = ()
    items: tuple[Key, ...] = ()
    then: Callable[[Given], "Needs"] | None = None


def _exchanged(facet: Facet[E], old: E | None, new: E) -> tuple[dict[Key, Unique], dict[Key, Unique]]:
    """Return the claims before and after a change by their keys, none of which need be made when they are the same."""
    before, after = (() if one is None else facet.unique(one) for one in (old, new))
    if before == after:
        return {}, {}
    one, other = ({claim.claim_key(each.kind, *each.value): each for each in values} for values in (before, after))
    return one, other


def effective_at(stamp: Stamp, old: E | None) -> datetime:
    """Return the date of a change with that stamp (E6), which is later than that of the previous revision.

    Raise ``Rejections`` (``wrong_type``) when the stamp has no date.
    """
    if not isinstance(stamp.at, datetime):
        raise Rejections([Rejected(Reason.WRONG_TYPE, ("at",))])
    return effective_date(stamp.at, None if old is None else old.updated_at)


def _typed(facet: Facet[E], old: E | None, new: E, work: Callable[[], T]) -> T:
    """Return the result of work that reads members of an entity.

    Raise ``Rejections`` when it fails because a member is of a wrong type or against a rule, such as an empty id of a parent.
    """
    try:
        return work()
    except (AttributeError, TypeError, ValueError, RecursionError):
        check_readable(facet, new, encoded(attributes_of(new)))
        refuse(facet.check(facet.derived(old, new)))
        raise


def needs(facet: Facet[E], old: E | None, new: E) -> Needs:
    """Return what :func:`plan` has to be given for this change; nothing when the two are equal.

    Raise ``Rejections`` when that cannot be told, because a member is of a wrong type or against a rule of the entity.
    """
    return Needs() if new == old else _typed(facet, old, new, lambda: _needs(facet, old, new))


def _needs(facet: Facet[E], old: E | None, new: E) -> Needs:
    new = facet.derived(old, new)
    before, after = _exchanged(facet, old, new)
    gained, lost = (key for key in after if key not in before), (key for key in before if key not in after)
    parents = facet.within(old, new)
    for parent in parents:
        parent.key.pk.encode()  # an id that is no valid text would only be noticed by the store
    follows = partial(_following, facet, old, new)
    return Needs(parents, (*gained, *lost, *facet.reads(old, new)), partial(stepwise, follows))


def _following(facet: Facet[E], old: E | None, new: E, given: Given) -> tuple[Needed, ...]:
    return _typed(facet, old, new, lambda: facet.follows(old, new, given))


def stepwise(follows: Callable[[Given], tuple[Needed, ...]], given: Given = UNREAD) -> Needs:
    """Return what ``follows`` from what is ``given``, to be read, and then what follows from that too, until nothing does."""
    found = follows(given)
    if not found:
        return Needs()
    parents = tuple(each for each in found if isinstance(each, Parent))
    return Needs(parents, tuple(each for each in found if isinstance(each, Key)), partial(stepwise, follows))


def _stamped(facet: Facet[E], old: E | None, new: E, stamp: Stamp, given: Given) -> E:
    """Return the new entity with what is derived, imposed and set by the engine."""
    at = effective_at(stamp, old)
    return replace(
        _typed(facet, old, new, lambda: facet.imposed(old, facet.derived(old, new), given, at)),
        version=(old.version if old else 0) + 1,
        created_at=old.created_at if old else at,
        created_by=old.created_by if old else stamp.by,
        updated_at=at,
        schema=facet.schema,
    )


def _fixed(facet: Facet[E], old: E | None, new: E) -> Iterable[Rejected]:
    for path in facet.fixed if old is not None else ():
        read = attrgetter(path)
        if read(old) != read(new):
            yield Rejected(Reason.FIXED, tuple(path.split(".")))


def _check_parent(parent: Parent, given: Given) -> None:
    found = given.known[parent.key]
    if isinstance(found, ModelError):
        raise found
    if found is None:
        raise NotFound(parent.facet.name, id_of(parent.key), parent.path)
    refuse(parent.judge(found))


def held(parent: Parent, found: Any, stamp: Stamp) -> Beside:
    """Return the change that requires a parent to be as it was read. When it fails, a race was lost."""
    return Beside(parent.hold(parent.key, found, stamp))


def _taken(key: Key, wanted: Unique, owner: str, given: Given) -> Beside | AlreadyExists | None:
    known = claim.held_of(given.items.get(key))
    if known and not known.freed and known.owner == owner:
        return None
    if known and not known.freed and key not in given.vacant:
        return AlreadyExists(wanted.reason, wanted.path, known.owner)
    # A value that nobody ever held is taken when this fails. One that was freed or is vacant may be free again: decide again.
    lost = AlreadyExists(wanted.reason, wanted.path) if known is None else None
    return Beside(claim.taken(key, wanted.kind, owner, known), lost)


def _freed(key: Key, former: Unique, owner: str, given: Given) -> Beside | None:
    if key in given.vacant:  # another entity takes it in the same transaction
        return None
    known = claim.held_of(given.items[key])
    if known is None or known.freed or known.owner != owner:
        return None
    return Beside(claim.freed(key, former.kind, known))


def _claimed(facet: Facet[E], old: E | None, new: E, given: Given) -> Iterable[Beside]:
    """Return the changes that claim new values and free former ones. Raise the refusals of values that others hold."""
    before, after = _exchanged(facet, old, new)
    owner = facet.identity(new)
    taken = [_taken(key, after[key], owner, given) for key in after if key not in before]
    refused = [each for each in taken if isinstance(each, AlreadyExists)]
    if refused:
        raise refused[0] if len(refused) == 1 else Rejections(refused)
    freed = (_freed(key, before[key], owner, given) for key in before if key not in after)
    return (each for each in (*taken, *freed) if isinstance(each, Beside))


def _aspects(old: E | None, new: E, attributes: Attributes) -> Attributes:
    if old is None:
        return {name: value for name, value in attributes.items() if name not in revision.KEPT_FIELDS}
    names = (name for name in new.__struct_fields__ if name not in revision.KEPT_FIELDS)
    return {name: attributes.get(name) for name in names if getattr(old, name) != getattr(new, name)}


def _seen(parents: Iterable[Parent], given: Given) -> Mapping[str, int]:
    return {key_text(parent.key): given.known[parent.key].version for parent in parents}


def plan(facet: Facet[E], old: E | None, new: E, stamp: Stamp, given: Given = UNREAD) -> Plan[E]:
    """Return the plan that stores ``new`` in place of ``old`` (``None``: nothing is stored under its key) if that is unchanged.

    ``given`` holds what :func:`needs` names. The engine sets version, dates and schema number. When nothing else changes, the
    plan writes nothing.
    Raise ``Outdated`` when a newer program wrote ``old``; ``Rejections`` with every refusal of the stamp, of a member's type,
    of the entity's whole rule, of what may not change, or of a parent; ``NotFound`` when a parent does not exist;
    ``AlreadyExists`` when another entity holds a unique value (``Rejections`` for several values).
    """
    if new == old:
        return Plan(facet=facet, entity=new)
    if old is not None and old.schema > facet.schema:
        raise Outdated(facet.name, facet.identity(old), old.schema)
    refuse(whole_stamp(stamp))
    wanted = _stamped(facet, old, new, stamp, given)
    attributes = attributes_of(wanted)
    body = encoded(attributes)
    check_readable(facet, wanted, body)
    aspects = _aspects(old, wanted, attributes)
    if old is not None and not aspects:
        return Plan(facet=facet, entity=old)
    refuse((*facet.check(wanted), *_fixed(facet, old, wanted)))
    parents = facet.within(old, wanted)
    for parent in parents:
        _check_parent(parent, given)
    counted = facet.counted(old, wanted, given, stamp)  # before claims, because state decides before uniqueness (M5)
    key, listed = keys_of(facet, wanted)
    record = revision.item_of(facet, key, wanted, aspects, stamp, _seen(parents, given))
    return Plan(
        facet=facet,
        entity=wanted,
        own=Put(Item(key, wanted.version, Body(body), listed), ABSENT if old is None else Version(old.version)),
        record=Put(record, ABSENT),
        beside=(
            *(held(parent, given.known[parent.key], stamp) for parent in parents),
            *_claimed(facet, old, wanted, given),
            *counted,
        ),
    )


def altered(facet: Facet[E], old: E, alter: Callable[[E, datetime], E], stamp: Stamp, given: Given = UNREAD) -> Plan[E]:
    """Return the plan that stores what ``alter`` makes of the entity. It is pure and takes the effective date of the change."""
    return plan(facet, old, alter(old, effective_at(stamp, old)), stamp, given)


def together(made: Plan[E], *beside: Beside) -> Plan[E]:
    """Return the plan with more changes in its transaction. A plan that writes nothing stays as it is."""
    return replace(made, beside=(*made.beside, *beside)) if made.own else made


def besides(made: Plan[Any]) -> tuple[Beside, ...]:
    """Return the changes of a plan as changes beside another one; where the plan itself fails, a race was lost."""
    puts = (put for put in (made.own, made.record) if put)
    return (*map(Beside, puts), *made.beside)
