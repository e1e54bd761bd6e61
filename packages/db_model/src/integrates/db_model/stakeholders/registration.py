"""What is noted about a person who has logged in."""

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Raced, Rejected, Stale
from integrates.db_model.stakeholders.commands import new_stakeholder, welcomed
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.rules import is_live
from integrates.db_model.stakeholders.types import PlatformRole, Stakeholder, StakeholderInfo
from integrates.db_model.store.port import Store
from integrates.db_model.values.text import person_text


class Named(Struct, frozen=True, kw_only=True):
    """Who has logged in, as the provider tells; ``email`` in lower case."""

    email: str
    first_name: str | None = None
    last_name: str | None = None


def registered(old: Stakeholder, named: Named) -> Stakeholder:
    """Return a known person as one who has logged in. Names that the person has stay; one that breaks a rule is left out."""
    info = replace(
        old.info,
        first_name=old.info.first_name or _name(named.first_name),
        last_name=old.info.last_name or _name(named.last_name),
    )
    return replace(old, info=info, access=replace(old.access, is_registered=True))


def _name(text: str | None) -> str | None:
    try:
        return text and person_text(text, ("name",))
    except Rejected:
        return None


async def register(store: Store, named: Named, stamp: Stamp, *, is_open: bool) -> Stakeholder | None:
    """Note that a person has logged in; return the person as stored.

    Somebody unknown or removed becomes a new user when registration ``is_open``; else nothing is written, and ``None``
    returned. Raise ``Raced`` when others change the person all the time.
    """

    async def attempt() -> Stakeholder | None:
        old = await read.get_any(store, STAKEHOLDER, stakeholder_key(named.email))
        if old is not None and is_live(old):
            return await command.committed(store, STAKEHOLDER, old, registered(old, named), stamp)
        if not is_open:
            return None
        new = new_stakeholder(StakeholderInfo(email=named.email), PlatformRole.USER, stamp)
        present = await welcomed(store, old, new, stamp)
        return await command.committed(store, STAKEHOLDER, old, registered(present, named), stamp)

    return await repeated(attempt, on=(Raced, Stale))
