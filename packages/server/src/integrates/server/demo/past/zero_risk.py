"""Claims that something does no harm, and the answers to them."""

from typing import Final

from integrates.server.demo.scan import LOCATIONS
from integrates.server.demo.step import REMY, URI, VERA, Act, Items, Step, asked, mutation, reported


def _document(verb: str) -> str:
    return mutation(f"{verb}VulnerabilitiesZeroRisk", items="[VulnerabilityRef!]!", justification="String!")


_REQUEST, _CONFIRM, _REJECT = map(_document, ("request", "confirm", "reject"))


_UNREACHABLE: Final = mutation(
    "requestVulnerabilitiesZeroRisk",
    items="[VulnerabilityRef!]!",
    justification="String!",
    vexJustification="VexJustification!",
)


def _said(document: str, by: str, items: Items, why: str) -> Act:
    return asked(by, document, items=items, justification=why)


def _never_run(by: str, items: Items, why: str) -> Act:
    word = "VULNERABLE_CODE_NOT_IN_EXECUTE_PATH"
    return asked(by, _UNREACHABLE, items=items, justification=why, vexJustification=word)


_PREVIEW: Final = reported("webshop", "preview_price")
_HISTORY: Final = reported("webshop", "order_history")
_BENCH: Final = reported("payments", "terminal_9000")

STEPS: Final = (
    Step(70, "a harmless preview", _said(_REQUEST, VERA, _PREVIEW, "The preview stores nothing and sells nothing.")),
    Step(68, "its confirmation", _said(_CONFIRM, REMY, _PREVIEW, "No order can be made of a preview.")),
    Step(62, "an allegedly harmless list", _said(_REQUEST, URI, _HISTORY, "The list shows old orders only.")),
    Step(61, "its rejection", _said(_REJECT, REMY, _HISTORY, "Old orders carry names and addresses.")),
    Step(30.5, "a harmless port", _never_run(URI, _BENCH, "Only the test bench can reach this port.")),
    Step(29.5, "the port confirmed", _said(_CONFIRM, REMY, _BENCH, "The switch lets the bench through and nobody else.")),
    Step(6.5, "a claim about a log", _said(_REQUEST, URI, LOCATIONS[21:22], "The text was checked two lines above.")),
    Step(
        5.2,
        "a claim about a tool",
        _said(_REQUEST, URI, reported("payments", "debug_dump"), "The tool runs on invented numbers only."),
    ),
)
