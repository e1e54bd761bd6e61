"""The lists of vulnerabilities: each function returns the query of one."""

from typing import Final

from integrates.db_model.entity.listing import listing
from integrates.db_model.store.port import MAX_PAGE, Item, Query
from integrates.db_model.vulnerabilities.facet import hidden_mark, path_digest
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

_FACET: Final = "vulnerability"
_OF_ROOT: Final = 2
"""The index that lists a root by path."""


def of_finding(finding_id: str, *, limit: int = MAX_PAGE, after: str | None = None) -> Query:
    """Return the query of all vulnerabilities of a finding, including removed ones, by id."""
    return listing(_FACET, "vulnerabilities_of_finding", {"finding_id": finding_id}, limit=limit, after=after)


def of_finding_in_state(
    finding_id: str, *, hidden: bool, state: VulnerabilityStatus, limit: int = MAX_PAGE, after: str | None = None
) -> Query:
    """Return the query of the vulnerabilities of a finding in one state, either hidden ones or the others, by date and id.

    The date is that of opening while VULNERABLE, that of closing while SAFE, else that of the state.
    """
    variables = {"finding_id": finding_id, "hidden": hidden_mark(hidden=hidden), "state": state.value}
    return listing(_FACET, "vulnerabilities_of_finding_by_state", variables, limit=limit, after=after)


def live_of_finding(finding_id: str, *, limit: int = MAX_PAGE) -> Query:
    """Return the query of the vulnerabilities of a finding in all states, hidden ones too, without those that were removed."""
    return listing(_FACET, "vulnerabilities_of_finding_by_state", {"finding_id": finding_id}, limit=limit)


def of_group_in_state(
    group_name: str, *, hidden: bool, state: VulnerabilityStatus, limit: int = MAX_PAGE, after: str | None = None
) -> Query:
    """Return the query of the vulnerabilities of a group in one state, either hidden ones or the others, by date and id.

    The date is that of opening while VULNERABLE, that of closing while SAFE, else that of the state.
    """
    variables = {"group_name": group_name, "hidden": hidden_mark(hidden=hidden), "state": state.value}
    return listing(_FACET, "vulnerabilities_of_group_by_state", variables, limit=limit, after=after)


def of_root(root_id: str, *, limit: int = MAX_PAGE, after: str | None = None) -> Query:
    """Return the query of all vulnerabilities of a root, by path, finding and id, with removed ones that keep their claim."""
    return listing(_FACET, "vulnerabilities_of_root", {"root_id": root_id}, limit=limit, after=after)


def of_root_in_state(
    root_id: str, *, hidden: bool, state: VulnerabilityStatus, limit: int = MAX_PAGE, after: str | None = None
) -> Query:
    """Return the query of the vulnerabilities of a root in one state, either hidden ones or the others, by date and id.

    The date is that of opening while VULNERABLE, that of closing while SAFE, else that of the state. Unlike in the list by
    path, what an import moves keeps its place in this one.
    """
    variables = {"root_id": root_id, "hidden": hidden_mark(hidden=hidden), "state": state.value}
    return listing(_FACET, "vulnerabilities_of_root_by_state", variables, limit=limit, after=after)


def of_root_and_path(
    root_id: str, where: str, finding_id: str | None = None, *, limit: int = MAX_PAGE, after: str | None = None
) -> Query:
    """Return the query of all vulnerabilities at one ``where`` of a root, with removed ones that keep their claim.

    They are those of one finding, or of all, ordered by finding and id. A few of another ``where`` may be among them, whose
    digest begins alike.
    """
    variables = {"root_id": root_id, "path": path_digest(where), **({"finding_id": finding_id} if finding_id else {})}
    return listing(_FACET, "vulnerabilities_of_root_and_path", variables, limit=limit, after=after)


def listed_path(item: Item) -> str:
    """Return the digest of ``where`` of an item of a list of a root."""
    return item.index_keys[_OF_ROOT].sk.split("#", 2)[1]


def assigned_to(email: str, *, group_name: str | None = None, limit: int = MAX_PAGE, after: str | None = None) -> Query:
    """Return the query of all vulnerabilities that are assigned to a person, in one group or in all, by group and id."""
    variables = {"assigned": email, **({"group_name": group_name} if group_name else {})}
    return listing(_FACET, "vulnerabilities_assigned_to", variables, limit=limit, after=after)


def held_by_event(event_id: str, *, limit: int = MAX_PAGE, after: str | None = None) -> Query:
    """Return the query of the vulnerabilities that wait for an event, by id."""
    return listing(_FACET, "vulnerabilities_held_by_event", {"event_id": event_id}, limit=limit, after=after)


def accepted_in_group(group_name: str, *, limit: int = MAX_PAGE, after: str | None = None) -> Query:
    """Return the query of the VULNERABLE and ACCEPTED ones of a group, including hidden ones, by end of acceptance and id."""
    return listing(_FACET, "acceptances_of_group_by_expiry", {"group_name": group_name}, limit=limit, after=after)
