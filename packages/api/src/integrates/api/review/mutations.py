"""Reporting, reviewing, reopening and removing vulnerabilities, and what people say of one."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.bulk import CHANGED, change_all, payload
from integrates.api.resolve.change import Payload, changing, new_stamp
from integrates.db_model import vulnerabilities
from integrates.db_model.findings.types import Finding
from integrates.db_model.vulnerabilities.intake import Reports
from integrates.db_model.vulnerabilities.justification import justified
from integrates.db_model.vulnerabilities.types import Vulnerability

Items: TypeAlias = Sequence[Mapping[str, Any]]


async def add_vulnerabilities(seen: Sight[Finding], info: Info, **given: Any) -> Payload:
    """Report vulnerabilities of one finding; they are drafts until they pass review."""
    context, reported = info.context, given["vulnerabilities"]
    identities = [context.call.new_id() for _ in reported]
    reports = Reports(finding=seen.found, given=reported, identities=identities, role=seen.scope.roles.group)
    outcome = await vulnerabilities.submit(context.store, reports, new_stamp(info))
    return payload(outcome, [("vulnerabilities", str(at)) for at in range(len(reported))], context.call)


async def confirm_vulnerabilities(seen: Sight[Sequence[Vulnerability]], info: Info, *, items: Items) -> Payload:
    """Release drafts: they are VULNERABLE from now on."""
    return await change_all(info, seen, items, vulnerabilities.confirm)


async def reject_vulnerabilities(seen: Sight[Sequence[Vulnerability]], info: Info, *, items: Items, **given: Any) -> Payload:
    """Send drafts back to those who reported them."""
    return await change_all(info, seen, items, partial(vulnerabilities.reject, given=given))


async def resubmit_vulnerabilities(seen: Sight[Sequence[Vulnerability]], info: Info, *, items: Items) -> Payload:
    """Submit rejected drafts again."""
    return await change_all(info, seen, items, vulnerabilities.resubmit)


async def reopen_vulnerabilities(seen: Sight[Sequence[Vulnerability]], info: Info, *, items: Items, **given: Any) -> Payload:
    """Begin new cycles of SAFE vulnerabilities."""
    return await change_all(info, seen, items, partial(vulnerabilities.reopen_all, why=justified(given)))


async def remove_vulnerabilities(seen: Sight[Sequence[Vulnerability]], info: Info, *, items: Items, **given: Any) -> Payload:
    """Remove vulnerabilities; the payload has their ids, because nothing else of them is shown any more."""
    done = await change_all(info, seen, items, partial(vulnerabilities.remove_all, given=given))
    return {"ids": [one.id for one in done.get(CHANGED) or ()] or None, "errors": done["errors"]}


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addVulnerabilities": add_vulnerabilities,
        "confirmVulnerabilities": confirm_vulnerabilities,
        "rejectVulnerabilities": reject_vulnerabilities,
        "removeVulnerabilities": remove_vulnerabilities,
        "reopenVulnerabilities": reopen_vulnerabilities,
        "resubmitVulnerabilities": resubmit_vulnerabilities,
        "updateVulnerabilityLabels": changing("vulnerability", vulnerabilities.label),
        "updateVulnerabilitySeverity": changing("vulnerability", vulnerabilities.score),
    }
}
