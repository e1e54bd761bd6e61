"""The errors of the model and its stores. They carry data; texts for people are made at the edge that shows them."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

FailureReason: TypeAlias = Literal["exists", "missing", "stale", "out_of_bounds"]


class Failure(msgspec.Struct, frozen=True):
    """Why one change of a write was refused.

    ``position`` counts from 0 in the order of the write. ``version`` is the stored item's version where it is known
    (``exists`` and ``stale``), else ``None``.
    """

    position: int
    reason: FailureReason
    version: int | None = None


class IntegratesError(Exception):
    """The root of all errors that this package raises on purpose."""


class StoreError(IntegratesError):
    """An error of the store port."""


class Conflict(StoreError):
    """The expectation of at least one change of a write did not hold; nothing was written."""

    def __init__(self, failed: Sequence[Failure]) -> None:
        super().__init__(failed)
        self.failed = tuple(failed)


class InvalidCursor(StoreError):
    """The cursor is damaged, of another version or belongs to another query."""


class LimitExceeded(StoreError):
    """A limit of the port would be passed; nothing was sent. ``limit`` names it, e.g. ``item_bytes``."""

    def __init__(self, limit: str, actual: int, allowed: int) -> None:
        super().__init__(limit, actual, allowed)
        self.limit = limit
        self.actual = actual
        self.allowed = allowed


class Unavailable(StoreError):
    """The store did not answer in time, after all retries. A write may or may not have been done."""


class ModelError(IntegratesError):
    """An error of the entity layer."""


class NotFound(ModelError):
    """The entity does not exist (or was removed)."""

    def __init__(self, facet: str, identity: str) -> None:
        super().__init__(facet, identity)
        self.facet = facet
        self.identity = identity


class AlreadyExists(ModelError):
    """A uniqueness claim is taken. ``kind`` is the kind of claim, ``owner`` the id of its holder."""

    def __init__(self, kind: str, owner: str) -> None:
        super().__init__(kind, owner)
        self.kind = kind
        self.owner = owner


class Stale(ModelError):
    """The entity changed since it was read; nothing was written. ``current`` is its version now."""

    def __init__(self, facet: str, identity: str, current: int | None) -> None:
        super().__init__(facet, identity, current)
        self.facet = facet
        self.identity = identity
        self.current = current


class Raced(ModelError):
    """A parent, counter or claim changed while a change was being written; nothing was. Decide again and repeat."""


class Rejected(ModelError):
    """A rule of the domain refuses the values. ``rule`` is the stable word, ``path`` names the argument."""

    def __init__(self, rule: str, path: Sequence[str] = ()) -> None:
        super().__init__(rule, tuple(path))
        self.rule = rule
        self.path = tuple(path)


class Rejections(ModelError):
    """Several rules of one step refuse the values. ``refusals`` holds every one, in the order of the arguments."""

    def __init__(self, refusals: Sequence[Rejected]) -> None:
        super().__init__(tuple(refusals))
        self.refusals = tuple(refusals)


class Corrupt(ModelError):
    """A stored item is not what the model writes."""
