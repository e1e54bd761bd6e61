"""Who is where somebody reports a vulnerability (domain section 4.1).

Claims are strongly consistent; lists find those that moved there or claim a fingerprint. What they name is read again by id.
"""

from collections.abc import Sequence
from functools import partial
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity import claim
from integrates.db_model.store.port import MAX_PAGE, Item, Key, Store
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import keeps_claim
from integrates.db_model.vulnerabilities.identity import first_claim, numbered_claims
from integrates.db_model.vulnerabilities.load import listed_ids, load_vulnerabilities
from integrates.db_model.vulnerabilities.rules import is_live
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityType

Place: TypeAlias = tuple[str, str, VulnerabilityType, str, str]
"""Root, finding, type, ``where`` and ``specific``."""


class Occupants(Struct, frozen=True):
    """Who is at the place of a new vulnerability.

    ``claims`` are those of the numbers of its identity, from 1 up to the first that nobody ever claimed. ``live`` have the
    place now; ``kept`` are removed and keep it.
    """

    claims: tuple[Item, ...]
    live: tuple[Vulnerability, ...]
    kept: tuple[Vulnerability, ...]


def place_of(one: Vulnerability) -> Place:
    """Return the place of a vulnerability, which only one of a finding and root may have when a person reports it."""
    return one.root_id, one.finding_id, one.type, one.location.where, one.location.specific


def _numbered(new: Vulnerability, number: int) -> Key:
    return first_claim(replace(new, number=number))


async def occupants(store: Store, new: Sequence[Vulnerability]) -> tuple[Occupants, ...]:
    """Return who is at the places of new vulnerabilities, in a few calls of the store however many they are.

    Of what is in their paths only that of their findings is read.
    """
    claims = await numbered_claims(store, [partial(_numbered, one) for one in new])
    paths = dict.fromkeys((one.root_id, one.location.where, one.finding_id) for one in new)
    listed = await listed_ids(store, [lists.of_root_and_path(*path, limit=MAX_PAGE) for path in paths])
    holders = (holder for items in claims for item in items if (holder := claim.holder_of(item)))
    met: dict[Place, list[Vulnerability]] = {}
    for one in await load_vulnerabilities(store, (*holders, *listed)):
        met.setdefault(place_of(one), []).append(one)
    return tuple(_occupants(each, tuple(met.get(place_of(one), ()))) for one, each in zip(new, claims, strict=True))


def _occupants(claims: tuple[Item, ...], there: tuple[Vulnerability, ...]) -> Occupants:
    live = tuple(one for one in there if is_live(one))
    return Occupants(claims, live, tuple(one for one in there if not is_live(one) and keeps_claim(one)))
