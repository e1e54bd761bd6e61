"""Scans to measure with: SARIF documents that look like those of a real scanner, the same bytes each time."""

import json
from collections.abc import Sequence
from typing import Any

_TEXT = "The value comes from a request and reaches the statement unchecked; use a parameter instead of text in place %d."


def _rule(number: int) -> dict[str, Any]:
    return {
        "id": f"java.security.rule-{number}",
        "shortDescription": {"text": f"Weakness number {number} of the generated scan"},
        "fullDescription": {"text": "What a scanner says of a rule in a sentence or two, so that rows have a real size."},
        "defaultConfiguration": {"level": ("error", "warning", "note")[number % 3]},
        "properties": {"tags": [f"external/cwe/cwe-{79 + number}"]},
    }


def _result(number: int, rules: int) -> dict[str, Any]:
    file = f"src/main/java/org/example/module{number % 100}/Case{number:05}.java"
    place = {"artifactLocation": {"uri": file}, "region": {"startLine": number % 500 + 1}}
    return {
        "ruleId": f"java.security.rule-{number % rules}",
        "message": {"text": _TEXT % number},
        "locations": [{"physicalLocation": place}],
    }


def sarif(numbers: Sequence[int], rules: int, tool: str = "generated") -> bytes:
    """Return a SARIF 2.1.0 file of the results of these numbers, each at a place of its own and of one of so many rules.

    A number is the same result in each file with as many rules.
    """
    driver = {"name": tool, "rules": [_rule(number) for number in range(rules)]}
    run = {"tool": {"driver": driver}, "results": [_result(number, rules) for number in numbers]}
    return json.dumps({"version": "2.1.0", "runs": [run]}).encode()
