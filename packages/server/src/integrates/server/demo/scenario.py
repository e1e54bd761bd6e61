"""A past for the demo: what its people do, in the order of the dates."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from integrates.api.execute import new_api
from integrates.db_model.store.design import design
from integrates.server.demo.item import value_of
from integrates.server.demo.past import ci, comment, event, policy, removal, review, scanner, treatment, verification, zero_risk
from integrates.server.demo.stage import Skipped, Stage
from integrates.server.demo.step import Step
from integrates.server.process.open import Installation

logger = logging.getLogger(__name__)

_SUBJECTS: Final = (ci, review, removal, scanner, event, verification, zero_risk, treatment, policy, comment)
STEPS: Final[tuple[Step, ...]] = tuple(
    sorted((step for subject in _SUBJECTS for step in subject.STEPS), key=attrgetter("days"), reverse=True)
)
"""All steps, the first ones first."""


async def play(installation: Installation, end: datetime, steps: Iterable[Step] = STEPS) -> int:
    """Play the steps so that the demo ends at ``end``; return how many were skipped.

    A step whose entity is gone from the design is skipped with a warning.
    """
    demo = design().facets["vulnerability"].demo
    stage = Stage(installation, new_api(), end, frozenset(str(value_of(item["id"])) for item in demo))
    played = [await _played(stage, step) for step in steps]
    return played.count(False)


async def _played(stage: Stage, step: Step) -> bool:
    try:
        await step.act(stage, stage.end - timedelta(days=step.days))
    except Skipped as reason:
        logger.warning("demo: %s is skipped: %s", step.name, reason)
        return False
    return True
