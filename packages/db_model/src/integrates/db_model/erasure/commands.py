"""Erasing a person: a pseudonym takes the place of the e-mail in state, revisions, keys and claims; names and stamps go.

This is the one place that rewrites what is immutable (domain rule E8). Nothing gets another version, and counters stay as they
are, because nobody's role, state or number changes. What is done is kept nowhere but in what is still to be done: repeating a
call that was cut off finishes it, under the pseudonym that a claim keeps until then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from operator import is_
from typing import Final, TypeAlias

import msgspec
from msgspec.structs import replace

from integrates.db_model.entity import claim, read, revision
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import Beside, claims_of, keys_of
from integrates.db_model.entity.packing import USUAL_BYTES
from integrates.db_model.entity.plan import effective_at, plan
from integrates.db_model.entity.transaction import write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.erasure.replacement import Pseudonym, in_item, pseudonym, without_names
from integrates.db_model.erasure.walk import Kept, everything_kept
from integrates.db_model.errors import Conflict, NotFound, Raced
from integrates.db_model.sessions.commands import session_claim
from integrates.db_model.sessions.record import sessions_of
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.removal import remove
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderState, StakeholderStatus
from integrates.db_model.store.port import ANYTHING, Change, Delete, Item, Key, Put, Store, Version
from integrates.db_model.store.rules import item_size
from integrates.db_model.tokens.usage import usage_key
from integrates.db_model.values.text import email as checked_email

_KIND: Final = "erasure"
_PASSES: Final = 5
Wait: TypeAlias = Callable[[float], Awaitable[object]]
"""Waits so many seconds."""
Unit = tuple[Change, ...]
"""Changes that are written together or not at all."""


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """The pseudonym of an erased person, and how many items were rewritten by this call."""

    pseudonym: str
    items: int


def erasure_claim(email: str) -> Key:
    """Return the key of the claim that leads from an e-mail to its pseudonym while an erasure is going on."""
    return claim.claim_key(_KIND, email)


async def erase(store: Store, email: str, stamp: Stamp, token: str, *, wait: Wait = asyncio.sleep) -> Erased:
    """Erase a person by their e-mail; return the pseudonym, which is made of the random hex digits ``token``.

    Who was not removed yet is removed first. Where lists may lag it waits until they show all that was written before. The
    erasure is recorded as the last revision of the pseudonym. Raise ``NotFound`` for somebody who was never known,
    ``Rejected`` (``last_manager``) as the removal does, before anything is written; ``Raced`` when others go on writing the
    e-mail.
    """
    identity = checked_email(email, ("email",))
    who = await _begun(store, identity, stamp, token)
    if store.index_delay:
        await wait(store.index_delay)
    items = 0
    for _ in range(_PASSES):
        changed = await _passed(store, who)
        items += changed
        if not changed:
            break
    else:
        raise Raced(identity)
    items += await _forgotten(store, identity)
    items += await _moved(store, who)
    await _recorded(store, who, stamp)
    return Erased(pseudonym=who.name, items=items)


async def _begun(store: Store, email: str, stamp: Stamp, token: str) -> Pseudonym:
    """Return the pseudonym of an erasure that was cut off, else a new one, once the person is removed.

    Who returned after everything had been moved gets a new one: the erasure before is recorded, and over.
    """
    key = erasure_claim(email)
    held, item = await store.get((key, stakeholder_key(email)))
    known = claim.holder_of(held)
    person = None if item is None else decoded(STAKEHOLDER, item)
    if person is not None and STAKEHOLDER.is_live(person):
        await remove(store, email, stamp)
    if known is not None and person is not None and await read.get_any(store, STAKEHOLDER, stakeholder_key(known)):
        await _recorded(store, Pseudonym(email=email, name=known), stamp)
        known = None
    if known is not None:
        return Pseudonym(email=email, name=known)
    if person is None:
        raise NotFound(STAKEHOLDER.name, email, ("email",))
    who = pseudonym(email, token)
    try:
        await store.write((claim.taken(key, _KIND, who.name, None),))
    except Conflict as error:  # somebody else erases the same person
        raise Raced(email) from error
    return who


async def _passed(store: Store, who: Pseudonym) -> int:
    """Rewrite everything but the person's own record; return how many items had the e-mail, rewritten or not."""
    changed = 0
    own = stakeholder_key(who.email)
    async for kept in everything_kept(store):
        if kept.item.key == own:
            continue
        units = [*await _reclaimed(store, kept, who), *_rewritten(kept, who)]
        changed += len(units)
        for changes in _packed(store, units):
            try:
                await store.write(changes)
            except Conflict:
                continue  # somebody has changed it meanwhile: the next pass reads it again
    return changed


def _unit(old: Item, new: Item) -> Unit:
    """Return the changes that put an item in place of another one, under another key where that had the e-mail."""
    if new.key == old.key:
        return (Put(new, Version(old.version)),)
    return (Put(new, ANYTHING), Delete(old.key, Version(old.version)))


def _rewritten(kept: Kept, who: Pseudonym) -> Iterator[Unit]:
    """Yield the changes that take the e-mail out of an entity: last the item, by which a repetition finds what a cut has left.

    Its past goes from the end, so that what is left of it still begins with the first revision.
    """
    for old in (*kept.beside, *reversed(kept.records)):
        new = in_item(old, who)
        if new is not old:
            yield _unit(old, new)
    new = in_item(kept.item, who)
    if new is not kept.item:
        key, listed = keys_of(kept.facet, decoded(kept.facet, new))
        yield _unit(kept.item, replace(new, key=key, index_keys=listed))


def _all_claims(kept: Kept) -> dict[Key, str]:
    """Return what an entity claims or has ever claimed."""
    past = revision.states(kept.facet, [revision.of_item(record) for record in kept.records])
    states = (*past, decoded(kept.facet, kept.item))
    return {key: kind for state in states for key, kind in claims_of(kept.facet, state).items()}


async def _reclaimed(store: Store, kept: Kept, who: Pseudonym) -> list[Unit]:
    """Return the changes that take the claims of values with the e-mail away, and claim the values without it."""
    clean = replace(kept, item=in_item(kept.item, who), records=[in_item(record, who) for record in kept.records])
    if clean.item is kept.item and all(map(is_, clean.records, kept.records)):
        return []
    before, after = _all_claims(kept), _all_claims(clean)
    entity = decoded(kept.facet, clean.item)
    fresh = {key: kind for key, kind in claims_of(kept.facet, entity).items() if key not in before}
    gone = [key for key in before if key not in after]
    pairs = zip(gone, await store.get(gone), strict=True)
    held = ((key, claim.held_of(found)) for key, found in pairs)
    owner = kept.facet.identity(entity)
    return [_handed(key, known, before[key], fresh) for key, known in held if known is not None and known.owner == owner]


def _handed(key: Key, held: claim.Held, kind: str, fresh: Mapping[Key, str]) -> Unit:
    """Return the changes that delete a claim and, unless it was free, take those of the same kind in its place."""
    taken = (other for other, wanted in fresh.items() if wanted == kind and not held.freed)
    puts = (Put(claim.taken(other, kind, held.owner, None).item, ANYTHING) for other in taken)
    return (Delete(key, Version(held.version)), *puts)


def _packed(store: Store, units: Sequence[Unit]) -> Iterator[list[Change]]:
    """Yield the changes of as many units as a transaction of the store takes."""
    together: list[Change] = []
    size = 0
    for unit in units:
        own = sum(item_size(change.item) for change in unit if isinstance(change, Put))
        if together and (len(together) + len(unit) > store.max_changes or size + own > USUAL_BYTES):
            yield together
            together, size = [], 0
        together, size = [*together, *unit], size + own
    if together:
        yield together


async def _forgotten(store: Store, email: str) -> int:
    """Delete what is no entity and belongs to the person alone: sessions, with their claim, and the stamp of the last login."""
    keys = [item.key async for page in read.pages(store, sessions_of(email)) for item in page]
    keys += [session_claim(email), usage_key("USER", email)]
    there = [key for key, item in zip(keys, await store.get(keys), strict=True) if item is not None]
    for changes in _packed(store, [(Delete(key, ANYTHING),) for key in there]):
        await store.write(changes)
    return len(there)


async def _moved(store: Store, who: Pseudonym) -> int:
    """Put the person's own record under the pseudonym, without names: the revisions first, so that a cut leaves the record."""
    own = stakeholder_key(who.email)
    records = (await read.records_of_each(store.query, [own], limit=100))[own]
    (item,) = await store.get((own,))
    units = [_unit(old, _nameless(old, who)) for old in records]
    if item is not None:
        new = _nameless(item, who)
        key, listed = keys_of(STAKEHOLDER, decoded(STAKEHOLDER, new))
        units.append(_unit(item, replace(new, key=key, index_keys=listed)))
    for changes in _packed(store, units):
        try:
            await store.write(changes)
        except Conflict as error:
            raise Raced(who.email) from error
    return len(units)


def _nameless(item: Item, who: Pseudonym) -> Item:
    new = in_item(item, who)
    return replace(new, attributes=without_names(new.attributes))


async def _recorded(store: Store, who: Pseudonym, stamp: Stamp) -> None:
    """Record the erasure at the pseudonym, and end it by deleting the claim that leads from the e-mail to it."""
    old: Stakeholder | None = await read.get_any(store, STAKEHOLDER, stakeholder_key(who.name))
    if old is None:
        raise Raced(who.email)
    state = StakeholderState(status=StakeholderStatus.DELETED, at=effective_at(stamp, old), by=stamp.by)
    made = plan(STAKEHOLDER, old, replace(old, state=state), stamp)
    ended = Delete(erasure_claim(who.email), ANYTHING)
    await write(store, (made,), (Beside(ended),))
