"""Numbers that tell apart vulnerabilities which would have equal identities (domain section 4.1)."""

from collections.abc import Callable, Sequence

from integrates.db_model.entity import claim
from integrates.db_model.store.port import Item, Key, Store


async def numbered_claims(
    store: Store, wanted: Sequence[Callable[[int], Key]], *, begin: int = 1
) -> tuple[tuple[Item, ...], ...]:
    """Return the claim items of the numbers from ``begin`` up to the first without any.

    ``wanted`` are functions from a number to the key of the claim that a new vulnerability would make with it.
    """
    found: list[tuple[Item, ...]] = [() for _ in wanted]
    left = list(range(len(wanted)))
    while left:
        items = await store.get([wanted[each](begin + len(found[each])) for each in left])
        pairs = [(each, item) for each, item in zip(left, items, strict=True) if item is not None]
        for each, item in pairs:
            found[each] = (*found[each], item)
        left = [each for each, _ in pairs]
    return tuple(found)


def free_number(claims: Sequence[Item]) -> int:
    """Return the lowest number that nobody holds: of a claim that was freed, else the one after all."""
    free = (number for number, item in enumerate(claims, 1) if claim.holder_of(item) is None)
    return next(free, len(claims) + 1)
