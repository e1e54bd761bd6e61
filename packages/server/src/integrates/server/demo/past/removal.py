"""What goes away: vulnerabilities that are none, and a root out of scope."""

from datetime import datetime
from functools import partial
from typing import Final

from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound
from integrates.db_model.roots.commands import deactivate
from integrates.server.demo.scan import LOCATIONS
from integrates.server.demo.stage import Skipped, Stage
from integrates.server.demo.step import GUS, REMY, Act, Items, Step, asked, mutation, reported, root_of
from integrates.server.process import clock

_REMOVE: Final = mutation("removeVulnerabilities", items="[VulnerabilityRef!]!", justification="RemovalJustification!")


def _removed(by: str, items: Items, why: str) -> Act:
    return asked(by, _REMOVE, items=items, justification=why)


async def _retire(root: str, stage: Stage, at: datetime) -> None:
    """Take a root out of scope, through the model: the API has no mutation for it yet."""
    stamp = Stamp(by=GUS, at=at, operation="deactivate_root", change_id=clock.new_id())
    try:
        await deactivate(stage.installation.store, root_of(root), "OUT_OF_SCOPE", stamp)
    except NotFound as error:
        raise Skipped(f"there is no root {root}") from error


STEPS: Final = (
    Step(25, "a false positive of the scanner", _removed(REMY, LOCATIONS[22:23], "FALSE_POSITIVE")),
    Step(57.5, "a capture reported twice", _removed(REMY, reported("payments", "capture_twice"), "DUPLICATED")),
    Step(107, "a key reported twice", _removed(GUS, reported("cargo", "signing_key_again"), "DUPLICATED")),
    Step(10, "a root out of scope", partial(_retire, "cargo/tracker")),
)
