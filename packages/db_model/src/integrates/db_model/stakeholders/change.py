"""Changes of stakeholders."""

from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.stakeholders.types import Stakeholder


def added(person: Stakeholder, stamp: Stamp) -> Plan[Stakeholder]:
    """Plan to store a new stakeholder; the key itself keeps the e-mail unique."""
    return planning.added(STAKEHOLDER, person, stamp)
