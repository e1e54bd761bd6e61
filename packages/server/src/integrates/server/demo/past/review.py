"""Evidence of what people report, and what reviewers say to their drafts."""

from base64 import b64decode
from typing import Any, Final

from integrates.api.upload import in_memory
from integrates.server.demo.step import GUS, HANA, REMY, RETO, Act, Items, Step, asked, finding_of, mutation, reported

_PROVE: Final = mutation("updateFindingEvidence", id="ID!", slot="FindingEvidenceSlot!", file="Upload", description="String")
_CONFIRM: Final = mutation("confirmVulnerabilities", items="[VulnerabilityRef!]!")
_REJECT: Final = mutation("rejectVulnerabilities", items="[VulnerabilityRef!]!", reasons="[RejectionReason!]!", other="String")
_SCORE: Final = mutation("updateVulnerabilitySeverity", id="ID!", cvssV4="String", cvssV3="String")
_LABEL: Final = mutation("updateVulnerabilityLabels", id="ID!", tags="[String!]", bugTrackingSystemUrl="String")

_PICTURE: Final = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
"""One pixel; the demo proves that evidence is kept, not what it shows."""
_RECORDS: Final = b"payment,amount,answer\n4711,0.01,settled\n4712,0.01,settled\n4713,0.01,settled\n"


def _proved(by: str, finding: str, slot: str, content: bytes, description: str) -> Act:
    file = in_memory(file_name=slot.lower(), content=content)
    return asked(by, _PROVE, id=finding_of(finding), slot=slot, file=file, description=description)


def _confirmed(by: str, items: Items) -> Act:
    return asked(by, _CONFIRM, items=items)


def _rejected(by: str, items: Items, *reasons: str, **more: Any) -> Act:
    return asked(by, _REJECT, items=items, reasons=list(reasons), **more)


_EVIDENCE: Final = (
    Step(
        139.2,
        "evidence of foreign shipments",
        _proved(HANA, "cargo/shipments_by_number", "EVIDENCE1", _PICTURE, "The delivery photo of somebody else."),
    ),
    Step(
        118.6,
        "evidence of prices",
        _proved(HANA, "webshop/price_from_browser", "EVIDENCE1", _PICTURE, "The confirmation of an order for one cent."),
    ),
    Step(
        109.2,
        "evidence of the key",
        _proved(RETO, "cargo/carrier_key_in_source", "EVIDENCE1", _PICTURE, "The answer to an order signed with the key."),
    ),
    Step(
        95.5,
        "evidence of sessions",
        _proved(
            RETO,
            "webshop/session_after_logout",
            "EXPLOITATION",
            b"curl --cookie session=COPIED https://shop.demo.example/account\n",
            "Opens the account after its owner has logged out.",
        ),
    ),
    Step(
        74.2,
        "evidence of webhooks",
        _proved(HANA, "payments/unsigned_webhooks", "RECORDS", _RECORDS, "Payments that were settled by invented messages."),
    ),
    Step(
        60.4,
        "evidence of card numbers",
        _proved(HANA, "payments/card_numbers_in_log", "EVIDENCE1", _PICTURE, "A line of the log, with the number blackened."),
    ),
    Step(
        39.5,
        "evidence of stack traces",
        _proved(HANA, "payments/verbose_errors", "EVIDENCE1", _PICTURE, "The answer of the terminal to an odd amount."),
    ),
)
_JUDGEMENT: Final = (
    Step(
        138,
        "review of shipments",
        _confirmed(
            GUS,
            reported(
                "cargo", "shipment_page", "shipment_label", "shipment_photos", "shipment_invoice", "scales_80", "scales_502"
            ),
        ),
    ),
    Step(
        117,
        "review of prices",
        _confirmed(
            REMY,
            reported("webshop", "cart_price", "voucher_value", "shipping_cost", "preview_price", "gift_wrap", "donation"),
        ),
    ),
    Step(108, "review of the key", _confirmed(GUS, reported("cargo", "signing_key", "test_key"))),
    Step(94, "review of sessions", _confirmed(REMY, reported("webshop", "account_page", "order_history", "wish_list"))),
    Step(
        73,
        "review of webhooks",
        _confirmed(REMY, reported("payments", "webhook_settled", "webhook_refunded", "webhook_disputed", "webhook_expired")),
    ),
    Step(
        59,
        "review of card numbers",
        _confirmed(REMY, reported("payments", "failed_capture", "failed_refund", "debug_dump", "retry_queue")),
    ),
    Step(38, "review of stack traces", _confirmed(REMY, reported("payments", "terminal_8080", "terminal_9000"))),
    Step(25.5, "review of another port", _confirmed(REMY, reported("payments", "terminal_8443"))),
    Step(37.5, "a rejected port", _rejected(REMY, reported("payments", "terminal_22"), "EVIDENCE", "CONSISTENCY")),
    Step(
        17.5,
        "a rejected draft of cargo",
        _rejected(GUS, reported("cargo", "photo_import"), "OTHER", other="Imports read photos that were checked before."),
    ),
    Step(2.5, "a rejected button", _rejected(REMY, reported("webshop", "logout_button"), "SCORING", "WRITING")),
)
_DETAILS: Final = (
    Step(
        137,
        "a severity of its own",
        asked(
            HANA,
            _SCORE,
            id=reported("cargo", "scales_502")[0],
            cvssV4="CVSS:4.0/AV:A/AC:L/AT:N/PR:L/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N",
        ),
    ),
    Step(
        72,
        "labels of a webhook",
        asked(
            HANA,
            _LABEL,
            id=reported("payments", "webhook_disputed")[0],
            tags=["chargeback"],
            bugTrackingSystemUrl="https://issues.demo.example/PAY-17",
        ),
    ),
)
STEPS: Final = (*_EVIDENCE, *_JUDGEMENT, *_DETAILS)
