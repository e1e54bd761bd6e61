"""What every entity has."""

from datetime import datetime

import msgspec


class Entity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields that the engine sets; all other members of an entity are its aspects.

    ``version`` is 0 in memory before storing, 1 when first stored, and advances by 1 with each change. ``updated_at`` is the
    date of the newest revision; dates are aware. ``schema`` is the schema number under which the entity was stored, 0 before
    that. An entity whose number is greater than its facet's was written by a newer program, and is not changed (E14).
    """

    created_at: datetime
    created_by: str
    updated_at: datetime | None = None
    version: int = 0
    schema: int = 0


class Stamp(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who changes something, when, by which operation, and the id that all revisions of one call share.

    ``operation`` is the snake_case name of the mutation or job; ``by`` is an e-mail, ``service:forces:<group>`` or ``system``.
    """

    by: str
    at: datetime
    operation: str
    change_id: str
