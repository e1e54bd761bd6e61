"""What an inspection finds."""

from enum import StrEnum

import msgspec


class Fault(StrEnum):
    """What kind of difference there is between an entity and what is stored beside it."""

    CLAIM_EXTRA = "CLAIM_EXTRA"
    CLAIM_MISSING = "CLAIM_MISSING"
    CLAIM_OF_ANOTHER = "CLAIM_OF_ANOTHER"
    COUNTER = "COUNTER"
    ENTITY_MISSING = "ENTITY_MISSING"
    GATE = "GATE"
    INDEX_KEY = "INDEX_KEY"
    OUTDATED = "OUTDATED"
    PARENT_MISSING = "PARENT_MISSING"
    REVISION_DIFFERS = "REVISION_DIFFERS"
    REVISION_EXTRA = "REVISION_EXTRA"
    REVISION_INDEX_KEY = "REVISION_INDEX_KEY"
    REVISION_MISSING = "REVISION_MISSING"
    RULE = "RULE"
    SNAPSHOT = "SNAPSHOT"
    UNREADABLE = "UNREADABLE"


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference.

    ``entity`` is the text of the key of the entity, or of the counter, that it is about, and ``at`` says where in it: an index,
    the kind of a claim, the version of a revision, an aspect, the path of a rule, a number of a counter. ``expected`` follows
    from the entities, ``found`` is what is stored; either is left out when there is nothing.
    """

    fault: Fault
    entity: str
    at: str = ""
    expected: str | int | None = None
    found: str | int | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a part of an inspection has compared, and the differences there."""

    entities: int = 0
    counters: int = 0
    differences: tuple[Difference, ...] = ()
