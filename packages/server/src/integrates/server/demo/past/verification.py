"""Checking again whether something is repaired: requests, answers, and one that came back."""

from typing import Any, Final

from integrates.server.demo.step import HANA, RETO, URI, VERA, Act, Items, Step, asked, mutation, reported

_REQUEST: Final = mutation("requestVulnerabilitiesVerification", items="[VulnerabilityRef!]!", justification="String!")
_VERIFY: Final = mutation(
    "verifyVulnerabilities", open="[VulnerabilityRef!]!", closed="[VulnerabilityRef!]!", justification="String!"
)
_REOPEN: Final = mutation("reopenVulnerabilities", items="[VulnerabilityRef!]!", justification="String!")


def _requested(by: str, items: Items, why: str) -> Act:
    return asked(by, _REQUEST, items=items, justification=why)


def _verified(by: str, why: str, **answers: Any) -> Act:
    return asked(by, _VERIFY, **{"open": (), "closed": (), **answers}, justification=why)


_GIFT: Final = reported("webshop", "gift_wrap")
_PAID: Final = reported("webshop", "donation", "gift_wrap")
_KEYS: Final = reported("cargo", "signing_key", "test_key")
_HELD: Final = reported("webshop", "cart_price", "voucher_value")

STEPS: Final = (
    Step(100, "repaired extras", _requested(URI, _PAID, "Prices of extras come from the catalogue now.")),
    Step(98, "extras checked", _verified(RETO, "A changed price is ignored.", closed=_PAID)),
    Step(40, "an extra that came back", asked(RETO, _REOPEN, items=_GIFT, justification="The new form sends the price again.")),
    Step(6, "the extra repaired again", _requested(URI, _GIFT, "The new form sends the article only.")),
    Step(80, "a repaired wish list", _requested(URI, reported("webshop", "wish_list"), "The list asks for the session now.")),
    Step(
        78,
        "the wish list checked",
        _verified(RETO, "The copied cookie leads to the login.", closed=reported("webshop", "wish_list")),
    ),
    Step(12.5, "shipping repaired", _requested(URI, reported("webshop", "shipping_cost"), "The cost is looked up now.")),
    Step(
        10.5,
        "shipping still broken",
        _verified(HANA, "A negative cost is still taken as it is.", open=reported("webshop", "shipping_cost")),
    ),
    Step(9.5, "cart and voucher repaired", _requested(VERA, _HELD, "Both are computed on the server since release 4.2.")),
    Step(50, "a webhook repaired", _requested(URI, reported("payments", "webhook_expired"), "The signature is checked first.")),
    Step(
        48,
        "the webhook checked",
        _verified(HANA, "A signature of zeros is answered with 401.", closed=reported("payments", "webhook_expired")),
    ),
    Step(
        4,
        "another webhook repaired",
        _requested(URI, reported("payments", "webhook_settled"), "The signature is checked here, too."),
    ),
    Step(45, "the queue repaired", _requested(URI, reported("payments", "retry_queue"), "The number is masked in the queue.")),
    Step(44, "the queue checked", _verified(HANA, "The queue shows stars only.", closed=reported("payments", "retry_queue"))),
    Step(90, "the key replaced", _requested(RETO, _KEYS, "The carrier has a new key, which is in the secret store.")),
    Step(88, "the key checked", _verified(HANA, "An order signed with the old key is refused.", closed=_KEYS)),
    Step(32, "labels repaired", _requested(HANA, reported("cargo", "shipment_label"), "The developers ask for a look.")),
    Step(
        31.5,
        "labels still broken",
        _verified(RETO, "The label of the next number still opens.", open=reported("cargo", "shipment_label")),
    ),
    Step(5.5, "photos repaired", _requested(HANA, reported("cargo", "shipment_photos"), "Release 7 checks the owner.")),
)
