"""Rules: what stands for the finding of a vulnerability in formats that know tools only."""

from typing import Final

from integrates.api.exports.document import Entry
from integrates.db_model.findings.types import ToolRule

OURS: Final = "integrates"
"""The tool of findings that no tool reported."""


def rule_of(entry: Entry) -> ToolRule:
    """Return the rule that a vulnerability is of: that of the tool, or one of our own that stands for the finding."""
    tool, finding = entry.vulnerability.tool, entry.finding
    if tool is not None:
        return ToolRule(tool=tool.name, rule_id=tool.rule_id)
    return finding.rule or ToolRule(tool=OURS, rule_id=finding.id)


def entry_key(entry: Entry) -> tuple[str, ...]:
    """Return by what entries are ordered: by rules, and in these by numbers, so that equal ones keep the order of these."""
    rule, found = rule_of(entry), entry.vulnerability
    return (rule.tool, rule.rule_id, f"{found.number:010}", found.location.where, f"{found.location.specific:0>10}")
