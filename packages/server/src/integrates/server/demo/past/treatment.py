"""What is being done about vulnerabilities: work, acceptances for a time and for ever, and answers to requests for these."""

from datetime import datetime
from functools import partial
from typing import Any, Final

from integrates.server.demo.past.scanner import BACK, STILL
from integrates.server.demo.scan import LOCATIONS
from integrates.server.demo.stage import Stage
from integrates.server.demo.step import GUS, OLGA, URI, VERA, Act, Ahead, Items, Step, asked, mutation, reported
from integrates.server.process import clock
from integrates.server.process.expiry import expired_now

_TREAT: Final = mutation(
    "updateVulnerabilitiesTreatment",
    items="[VulnerabilityRef!]!",
    treatment="TreatmentStatus!",
    justification="String!",
    acceptedUntil="DateTime",
    assigned="String",
)
_ANSWER: Final = mutation(
    "handleVulnerabilitiesAcceptance", items="[VulnerabilityRef!]!", approve="Boolean!", justification="String!"
)

_ENDED, _AGAIN = LOCATIONS[11:12], LOCATIONS[12:13]
_LOGS: Final = LOCATIONS[16:21]
_TWICE: Final = "The page is only reachable from the office network until the relaunch."


def _treated(by: str, items: Items, to: str, why: str, **more: Any) -> Act:
    return asked(by, _TREAT, items=items, treatment=to, justification=why, **more)


_worked_on = partial(_treated, to="IN_PROGRESS")
_accepted = partial(_treated, to="ACCEPTED")
_asked_for_ever = partial(_treated, to="ACCEPTED_UNDEFINED")


def _answered(by: str, items: Items, why: str, *, approve: bool) -> Act:
    return asked(by, _ANSWER, items=items, approve=approve, justification=why)


async def _expire(stage: Stage, at: datetime) -> None:
    """End the acceptances that are over at that moment, as the hourly job does."""
    await expired_now(stage.installation.store, at, clock.new_id())


_WORK: Final = (
    Step(
        55,
        "work on the catalogue",
        _worked_on(VERA, STILL[:4], why="The team of the catalogue fixes these in its next sprint.", assigned=URI),
    ),
    Step(50, "work on the log", _worked_on(GUS, _LOGS[4:5], why="It becomes a structured entry soon.", assigned=URI)),
    Step(
        15,
        "work on the voucher",
        _worked_on(VERA, reported("webshop", "voucher_value"), why="I look the voucher up on the server."),
    ),
    Step(
        14,
        "work on shipping",
        _worked_on(URI, reported("webshop", "shipping_cost"), why="The cost will come from the table of carriers."),
    ),
    Step(
        13,
        "work on a webhook",
        _worked_on(URI, reported("payments", "webhook_settled"), why="A message whose signature does not fit is refused."),
    ),
    Step(
        5,
        "work on what came back",
        _worked_on(VERA, BACK[:1], why="The fix was lost in a merge; it comes back next week.", assigned=URI),
    ),
)
_FOR_A_TIME: Final = (
    Step(55.5, "an acceptance that ends", _accepted(VERA, _AGAIN, why=_TWICE, acceptedUntil=Ahead(-41))),
    Step(40.9, "the end of an acceptance", _expire),
    Step(12, "an acceptance for the second time", _accepted(VERA, _AGAIN, why=_TWICE, acceptedUntil=Ahead(15))),
    Step(
        21,
        "an acceptance that has ended",
        _accepted(VERA, _ENDED, why="The page goes away with the relaunch of the shop.", acceptedUntil=Ahead(-1)),
    ),
    Step(
        18,
        "an acceptance that ends soon",
        _accepted(VERA, _LOGS[:1], why="Only staff can reach this log; it is moved this month.", acceptedUntil=Ahead(3)),
    ),
    Step(
        11.5,
        "an acceptance of a session",
        _accepted(
            GUS,
            reported("webshop", "account_page"),
            why="The new login service replaces these sessions soon.",
            acceptedUntil=Ahead(18),
        ),
    ),
    Step(
        33,
        "an acceptance longer than aurora allows",
        _accepted(
            GUS,
            reported("cargo", "shipment_page"),
            why="The portal is rebuilt until the end of the quarter.",
            acceptedUntil=Ahead(45),
        ),
    ),
)
_FOR_EVER: Final = (
    Step(
        20,
        "a request for permanent acceptance",
        _asked_for_ever(VERA, _LOGS[3:4], why="The log is rendered escaped; forged lines cannot be mistaken."),
    ),
    Step(19, "its approval", _answered(GUS, _LOGS[3:4], "I have looked at how the log is rendered.", approve=True)),
    Step(16, "a request that is refused", _asked_for_ever(URI, _LOGS[4:5], why="Nobody reads the log of this page.")),
    Step(15.5, "its refusal", _answered(VERA, _LOGS[4:5], "The auditors do read it; please go on.", approve=False)),
    Step(
        9,
        "requests that wait for an answer",
        _asked_for_ever(URI, _LOGS[1:3], why="These two logs are rendered escaped, too."),
    ),
    Step(
        35,
        "a request in payments",
        _asked_for_ever(
            URI, reported("payments", "failed_refund"), why="A refund carries the last four digits only, which may be logged."
        ),
    ),
    Step(
        34,
        "its approval by olga",
        _answered(OLGA, reported("payments", "failed_refund"), "Agreed with the auditors of the card data.", approve=True),
    ),
    Step(
        28.5,
        "a request that olga refuses",
        _asked_for_ever(URI, reported("payments", "webhook_refunded"), why="Refunds are checked by hand each evening."),
    ),
    Step(
        28.4,
        "its refusal by olga",
        _answered(OLGA, reported("payments", "webhook_refunded"), "Each evening is too late for a refund.", approve=False),
    ),
    Step(
        3,
        "a request that olga has to answer",
        _asked_for_ever(URI, reported("payments", "failed_capture"), why="A capture carries a token instead of the number."),
    ),
)
STEPS: Final = (*_WORK, *_FOR_A_TIME, *_FOR_EVER)
