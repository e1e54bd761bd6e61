"""What goes away: vulnerabilities that are none, and a root out of scope."""

from typing import Final

from integrates.server.demo.scan import LOCATIONS
from integrates.server.demo.step import GUS, REMY, Act, Items, Step, asked, mutation, reported, root_of

_REMOVE: Final = mutation("removeVulnerabilities", items="[VulnerabilityRef!]!", justification="RemovalJustification!")
_RETIRE: Final = mutation("deactivateRoot", id="ID!", reason="DeactivationReason!")


def _removed(by: str, items: Items, why: str) -> Act:
    return asked(by, _REMOVE, items=items, justification=why)


STEPS: Final = (
    Step(25, "a false positive of the scanner", _removed(REMY, LOCATIONS[22:23], "FALSE_POSITIVE")),
    Step(57.5, "a capture reported twice", _removed(REMY, reported("payments", "capture_twice"), "DUPLICATED")),
    Step(107, "a key reported twice", _removed(GUS, reported("cargo", "signing_key_again"), "DUPLICATED")),
    Step(10, "a root out of scope", asked(GUS, _RETIRE, id=root_of("cargo/tracker"), reason="OUT_OF_SCOPE")),
)
