"""Reading people."""

from functools import partial
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.connection import TOGETHER, Connection, Walk, connected, each, entities
from integrates.api.resolve.search import searched
from integrates.db_model.entity.listing import everywhere
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.stakeholders.types import Stakeholder


def has_text(person: Stakeholder, text: str) -> bool:
    """Return whether the text is in the e-mail or in the name, first name before last name."""
    name = " ".join(part for part in (person.info.first_name, person.info.last_name) if part)
    return any(text.casefold() in part.casefold() for part in (person.email, name))


async def stakeholders(_source: Any, info: Info, **args: Any) -> Connection:
    """Return the people of the platform."""
    text = searched(args.get("text"), "text")

    stretches = everywhere(STAKEHOLDER.name, "stakeholders_of_platform")
    read = entities(info.context, STAKEHOLDER)
    walk = Walk(stretches=stretches, read=read, keep=each(partial(has_text, text=text)) if text else None, together=TOGETHER)
    return await connected(info, "", args, walk)


QUERIES: Final[Fields] = {"Query": {"stakeholders": stakeholders}}
