"""The numbers that the reference gives of the demo are those of the demo."""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrates.db_model.entity import read
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.listing import listing
from integrates.db_model.files.memory import memory_files
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.store.memory import memory_store
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.server.auth.secret import derive
from integrates.server.demo.fill import fill
from integrates.server.process.open import Installation

PAGE = (Path(__file__).parents[1] / "reference/demo.md").read_text()
NUMBERS = {name: int(number) for name, number in re.findall(r"^\| ([^|]+) \| (\d+) \|", PAGE, re.MULTILINE)}
"""The rows of the page that count something."""
OTHERS = {"events", "comments", "executions", "policies for findings", "imports"}
"""Those that count no vulnerabilities; the tests of the demo count these."""


def test_the_page_counts() -> None:
    assert len(NUMBERS) == 22
    assert NUMBERS.keys() > OTHERS


def words(one: Any) -> list[str]:
    """The rows of the page that a vulnerability counts in."""
    rows = [one.state.status]
    if one.state.status == "VULNERABLE":
        acceptance, treatment = one.treatment.acceptance_status, one.treatment.status
        rows.append("restored, REJECTED" if acceptance == "REJECTED" else ", ".join(filter(None, (treatment, acceptance))))
        rows += [f"verification {one.verification.status}"] if one.verification else []
        rows += [f"zero risk {one.zero_risk.status}"] if one.zero_risk else []
    return rows


async def test_the_rows_about_vulnerabilities_are_true() -> None:
    installation = Installation(memory_store(), memory_files(), lambda: derive(b"the secret of the tests, 32 bytes and more"))
    await fill(installation, datetime(2026, 6, 30, 12, tzinfo=UTC))
    counted: Counter[str] = Counter()
    for group in ("webshop", "payments", "cargo"):
        query = listing("finding", "findings_of_group", {"group_name": group})
        for finding in await read.everything(installation.store, FINDING, query):
            async for page in read.pages(installation.store, lists.of_finding(finding.id)):
                counted.update(word for item in page for word in words(decoded(VULNERABILITY, item)))
    assert dict(counted) == {name: number for name, number in NUMBERS.items() if name not in OTHERS}
