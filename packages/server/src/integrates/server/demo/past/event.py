"""What keeps people from testing, and what is held by it."""

from typing import Final

from integrates.server.demo.step import HANA, URI, Step, asked, mutation, named, reported

_HOLD: Final = mutation("requestVulnerabilitiesHold", items="[VulnerabilityRef!]!", eventId="ID!")
_REQUEST: Final = mutation("requestEventVerification", id="ID!", comments="String!")
_SOLVE: Final = mutation("solveEvent", id="ID!", reason="SolvingReason!", other="String")
_HELD: Final = reported("webshop", "cart_price", "voucher_value")

STEPS: Final = (
    Step(8, "two verifications held", asked(HANA, _HOLD, items=_HELD, eventId=named("event", "webshop/test_shop_down"))),
    Step(
        2,
        "a solution to look at",
        asked(URI, _REQUEST, id=named("event", "payments/no_credentials"), comments="The new account works."),
    ),
    Step(
        9.9,
        "an event solved",
        asked(HANA, _SOLVE, id=named("event", "cargo/tracker_not_cloned"), reason="RESOURCE_REMOVED_FROM_SCOPE"),
    ),
)
