"""Changes of stakeholders."""

from integrates.db_model import entity
from integrates.db_model.entity import Plan
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.types import Stamp


def added(person: Stakeholder, stamp: Stamp) -> Plan[Stakeholder]:
    """Plan to store a new stakeholder; the key itself keeps the e-mail unique."""
    return entity.added(STAKEHOLDER, person, stamp)
