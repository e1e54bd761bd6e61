"""What waits for whoever looks: what is assigned to them, overdue ones first, and requests that they may answer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from integrates.server.pages.filter import AFTER
from integrates.server.pages.page import Address, BadAddress, Page, Shown, with_query
from integrates.server.pages.part import CHECKS, Connection, Named, Nickname, Severity, Share, Status, Titled, count_of

MOST: Final = 100
"""So many kinds of requests are shown; an admin may have any number of groups."""
OVERDUE: Final = "overdue"
"""The name by which the query string asks for all overdue ones, a part at a time."""
QUERY: Final = """query ($after: String, $isOverdue: Boolean!, $isWhole: Boolean!) { me {
  overdue: assignedVulnerabilities(first: 50, filter: {states: [VULNERABLE], isOverdue: true}) @include(if: $isWhole) {
    ...Part
  }
  listed: assignedVulnerabilities(first: 50, after: $after, filter: {states: [VULNERABLE], isOverdue: $isOverdue}) { ...Part }
  groups @include(if: $isWhole) {
    name permissions summary { submitted acceptance { name count } verification { name count } zeroRisk { name count } }
  }
} }
fragment Part on VulnerabilityConnection { pageInfo { hasNextPage endCursor } nodes {
  id where specific dueAt isOverdue severity { score level } finding { title } root { nickname } group { name }
  treatment { status } verification { status }
} }"""


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """A vulnerability that is assigned to the visitor."""

    id: str
    where: str
    specific: str
    due_at: datetime | None
    is_overdue: bool
    severity: Severity | None
    finding: Titled
    root: Nickname
    group: Named
    treatment: Status
    verification: Status | None


class Figures(msgspec.Struct, frozen=True, rename="camel"):
    """How many requests of each kind a group has."""

    submitted: int | None
    acceptance: tuple[Share, ...]
    verification: tuple[Share, ...]
    zero_risk: tuple[Share, ...]


class Group(msgspec.Struct, frozen=True):
    """A group with its requests, and what the visitor may do there."""

    name: str
    permissions: tuple[str, ...]
    summary: Figures


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the visitor; overdue ones and groups are left out where one list alone is asked for."""

    overdue: Connection[Row] | None = None
    listed: Connection[Row]
    groups: tuple[Group, ...] = ()


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of request: what one and several are called, who may answer it, how many there are, and the list of them."""

    one: str
    several: str
    permission: str
    count: Callable[[Figures], int]
    given: Mapping[str, tuple[str, ...]]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one kind in one group, that the visitor may answer, and the address of the list of them."""

    group: str
    text: str
    count: int
    href: str


KINDS: Final[Sequence[Kind]] = (
    Kind(
        one="acceptance to decide about",
        several="acceptances to decide about",
        permission="vulnerability:handle_acceptance",
        count=lambda found: count_of(found.acceptance, "SUBMITTED"),
        given={"states": ("VULNERABLE",), "acceptances": ("SUBMITTED",)},
    ),
    Kind(
        one="claim of no risk to decide about",
        several="claims of no risk to decide about",
        permission="zero_risk:confirm",
        count=lambda found: count_of(found.zero_risk, "REQUESTED"),
        given={"states": ("VULNERABLE",), "zeroRisks": ("REQUESTED",)},
    ),
    Kind(
        one="repair to check",
        several="repairs to check",
        permission="vulnerability:verify",
        count=lambda found: count_of(found.verification, "REQUESTED"),
        given={"states": ("VULNERABLE",), "verifications": ("REQUESTED",)},
    ),
    Kind(
        one="draft to review",
        several="drafts to review",
        permission="vulnerability:confirm",
        count=lambda found: found.submitted or 0,
        given={"states": ("SUBMITTED",)},
    ),
)
"""What somebody may be asked for, in the order in which it is shown."""


def requests_in(group: Group) -> tuple[Request, ...]:
    """Return what the visitor is asked for in a group: kinds of which there are some, and which they may answer."""
    path = f"/groups/{group.name}/vulnerabilities"
    return tuple(
        Request(
            group=group.name,
            text=kind.one if count == 1 else kind.several,
            count=count,
            href=with_query(path, kind.given),
        )
        for kind in KINDS
        if kind.permission in group.permissions and (count := kind.count(group.summary))
    )


def _asked(address: Address) -> Mapping[str, Any]:
    unknown = sorted(address.given.keys() - {AFTER, OVERDUE})
    if unknown:
        raise BadAddress(f"There is nothing called {unknown[0][:100]!r} here. There are: {AFTER}, {OVERDUE}.")
    if address.only(OVERDUE) not in {None, "true"}:
        raise BadAddress(f"{OVERDUE} is true, or left out.")
    return {"after": address.only(AFTER), "isOverdue": OVERDUE in address.given, "isWhole": not address.given}


def _shown(data: Mapping[str, Any], address: Address) -> Shown:
    found = msgspec.convert(data["me"], Me)
    requests = tuple(one for group in found.groups for one in requests_in(group))
    values = {
        "me": found,
        "requests": requests[:MOST],
        "checks": CHECKS,
        "left_out": max(0, len(requests) - MOST),
        "is_whole": not address.given,
        "only_overdue": OVERDUE in address.given,
        "all_overdue": with_query(address.path, {OVERDUE: ("true",)}),
    }
    return Shown(template="todo.html", values=values)


PAGE: Final = Page(path="/todo", query=QUERY, ask=_asked, show=_shown)
