"""Reports of a made-up scanner about the demo's shop, as SARIF 2.1.0."""

from collections.abc import Collection
from hashlib import sha256
from typing import Any, Final

import msgspec

TOOL: Final = "Demo Scanner"


class Rule(msgspec.Struct, frozen=True):
    """What the scanner looks for; ``score`` from 0.0 to 10.0."""

    id: str
    title: str
    description: str
    help: str
    score: str
    cwe: str


class Location(msgspec.Struct, frozen=True):
    """Where the scanner finds a rule broken: the position of the rule in :data:`RULES`, a file and a line."""

    rule: int
    file: str
    line: int


RULES: Final = (
    Rule(
        "java/sql-injection",
        "SQL query built from text of a request",
        "Text of a request becomes part of a SQL statement instead of a parameter of it.",
        "Use a prepared statement and bind the text as a parameter.",
        "8.8",
        "CWE-89",
    ),
    Rule(
        "java/path-traversal",
        "File name taken from a request",
        "The name of a file comes from a request and may lead out of the folder that is meant.",
        "Look the file up by an id, or refuse names whose resolved path leaves the folder.",
        "7.5",
        "CWE-22",
    ),
    Rule(
        "java/weak-hash",
        "Password hashed with a fast algorithm",
        "A hash that is fast to compute is fast to guess once the table leaks.",
        "Hash passwords with Argon2id.",
        "5.9",
        "CWE-916",
    ),
    Rule(
        "java/log-injection",
        "Text of a request written to the log as it is",
        "Line breaks in the text forge entries of the log.",
        "Log structured values, or escape line breaks.",
        "3.1",
        "CWE-117",
    ),
)

_FILES: Final = (
    (0, "src/main/java/shop/catalogue/ArticleQuery.java", (41, 57, 88)),
    (0, "src/main/java/shop/order/OrderQuery.java", (33, 102, 134)),
    (0, "src/main/java/shop/customer/CustomerQuery.java", (29, 71)),
    (1, "src/main/java/shop/invoice/InvoiceDownload.java", (52, 60)),
    (1, "src/main/java/shop/media/ImageServlet.java", (38, 77, 93)),
    (2, "src/main/java/shop/customer/PasswordStore.java", (24, 48)),
    (2, "src/main/java/shop/staff/StaffLogin.java", (66,)),
    (3, "src/main/java/shop/web/RequestLog.java", (19, 27, 35)),
    (3, "src/main/java/shop/checkout/Checkout.java", (81, 117, 140)),
    (3, "src/main/java/shop/search/SearchPage.java", (44,)),
)
LOCATIONS: Final = tuple(Location(rule, file, line) for rule, file, lines in _FILES for line in lines)
"""Everything that the scanner ever found, 23 locations."""


def report(locations: Collection[Location]) -> bytes:
    """Return the SARIF document about these locations."""
    driver = {
        "name": TOOL,
        "version": "1.4.0",
        "informationUri": "https://scanner.demo.example",
        "rules": list(map(_rule, RULES)),
    }
    run = {"tool": {"driver": driver}, "results": list(map(_result, locations))}
    return msgspec.json.encode({"version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.description},
        "help": {"text": rule.help},
        "properties": {"security-severity": rule.score, "tags": ["security", f"external/cwe/{rule.cwe.lower()}"]},
    }


def _result(found: Location) -> dict[str, Any]:
    rule = RULES[found.rule]
    location = {"artifactLocation": {"uri": found.file}, "region": {"startLine": found.line}}
    mark = sha256(f"{rule.id} {found.file} {found.line}".encode()).hexdigest()[:16]
    return {
        "ruleId": rule.id,
        "message": {"text": rule.title},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"primaryLocationLineHash": f"{mark}:1"},
    }
