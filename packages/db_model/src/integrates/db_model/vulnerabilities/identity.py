"""The identity of a vulnerability: the hash that it claims when it is first stored (domain section 4.1).

It is made of the tool's fingerprint or, without one, of the location at that time. It never changes afterwards, even when the
vulnerability moves or gets another fingerprint. A number tells apart those with equal fingerprints or locations.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import count, islice, takewhile
from typing import Final

import msgspec

from integrates.db_model.entity.claim import claim_key, holder_of
from integrates.db_model.store.port import Item, Key, Store
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityType

_FINGERPRINT: Final = "fp"
_MAX_STRIDE: Final = 64


def identity_hash(  # pylint: disable=too-many-positional-arguments # the parts of the hash, in its order
    root_id: str,
    finding_id: str,
    kind: VulnerabilityType,
    where: str,
    specific: str,
    fingerprint: str | None,
    number: int,
) -> str:
    """Return the identity: the SHA-256 in hex of the JSON list of what identifies, without blanks, in UTF-8."""
    identifying = (_FINGERPRINT, fingerprint) if fingerprint else (where, specific)
    return sha256(msgspec.json.encode((root_id, finding_id, kind.value, *identifying, number))).hexdigest()


def first_identity(new: Vulnerability) -> str:
    """Return the identity of a vulnerability that is first stored in this form."""
    location, fingerprint = new.location, new.tool.fingerprint if new.tool else None
    return identity_hash(new.root_id, new.finding_id, new.type, location.where, location.specific, fingerprint, new.number)


def identity_claim(value: str) -> Key:
    """Return the key of the claim of an identity."""
    return claim_key("vulnerability_identity", value)


def first_claim(new: Vulnerability) -> Key:
    """Return the key of the claim of a vulnerability that is first stored in this form."""
    return identity_claim(first_identity(new))


async def numbered_claims(store: Store, wanted: Sequence[Callable[[int], Key]]) -> tuple[tuple[Item, ...], ...]:
    """Return, for each new vulnerability, the claim items of its numbers from 1 up to the first number without one.

    ``wanted`` has a function for each new vulnerability, from a number to the key of the claim that it would make with it. Each
    call of the store asks for as many numbers as all calls before, since mostly the first or second is free.
    """
    found: dict[int, tuple[Item, ...]] = dict.fromkeys(range(len(wanted)), ())
    left, asked = list(found), 0
    while left:
        stride = min(max(1, asked), _MAX_STRIDE)
        keys = [wanted[each](len(found[each]) + step) for each in left for step in range(1, stride + 1)]
        items = iter(await store.get(keys))
        runs = {each: tuple(islice(items, stride)) for each in left}
        met = {each: tuple(item for item in takewhile(lambda one: one is not None, run) if item) for each, run in runs.items()}
        found = {**found, **{each: (*found[each], *more) for each, more in met.items()}}
        left = [each for each in left if len(met[each]) == stride]
        asked += stride
    return tuple(found.values())


def free_numbers(claims: Sequence[Item]) -> Iterator[int]:
    """Yield the numbers that new vulnerabilities take: those whose claims were freed, lowest first, then those after the last.

    ``claims`` are those of the numbers from 1 on.
    """
    yield from (number for number, item in enumerate(claims, 1) if holder_of(item) is None)
    yield from count(len(claims) + 1)
