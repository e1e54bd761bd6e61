"""What the page of a finding shows, as the API tells it to whoever looks."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import msgspec

from integrates.server.pages.markdown import markdown_together
from integrates.server.pages.page import Address, BadAddress, Page, Shown
from integrates.server.pages.part import Connection, Named, Nickname, Rating, Severity, Status

QUERY: Final = """query ($id: ID!, $after: String, $states: [VulnerabilityState!]) { finding(id: $id) {
  id title status description threat attackVectorDescription recommendation cweIds minTimeToRemediate
  severity { score level cvssV4 cvssV3 }
  rule { tool ruleId }
  releasedAt openAgeDays
  group { name }
  summary { open closed submitted rejected }
  evidences { slot description fileName mediaType size url at by }
  vulnerabilities(first: 50, after: $after, filter: {states: $states}) {
    pageInfo { hasNextPage endCursor }
    nodes { id where specific state isOverdue treatment { status } severity { score level } root { nickname } }
  }
  comments(first: 200) { pageInfo { hasNextPage } nodes { id type content at by parent { id } } }
} }"""


STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "open": ("VULNERABLE",),
    "safe": ("SAFE",),
    "drafts": ("SUBMITTED", "REJECTED"),
}
"""By what the address of the page calls them: the states of the places that are listed."""
OPEN: Final = "open"
_NAMED: Final[Mapping[str, str]] = {OPEN: "open", "safe": "safe", "drafts": "in review"}
"""By the same: what a page calls the list."""


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """The rule of a scanner whose reports it collects."""

    tool: str
    rule_id: str


class Numbers(msgspec.Struct, frozen=True):
    """How many places there are; those of drafts are unknown to who may not read them."""

    open: int | None
    closed: int | None
    submitted: int | None
    rejected: int | None


class Evidence(msgspec.Struct, frozen=True, rename="camel"):
    """A file that proves it; ``url`` is its path on this server."""

    slot: str
    description: str
    file_name: str
    media_type: str
    size: int
    url: str
    at: datetime
    by: str


class Place(msgspec.Struct, frozen=True, rename="camel"):
    """A vulnerability of it."""

    id: str
    where: str
    specific: str
    state: str
    is_overdue: bool
    treatment: Status
    severity: Severity | None
    root: Nickname


class Above(msgspec.Struct, frozen=True):
    """The comment that is answered."""

    id: str


class Comment(msgspec.Struct, frozen=True):
    """What somebody said about it."""

    id: str
    type: str
    content: str
    at: datetime
    by: str
    parent: Above | None


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """A finding. ``evidences`` and ``comments`` are ``None`` for who may not read them."""

    id: str
    title: str
    status: str
    description: str
    threat: str
    attack_vector_description: str
    recommendation: str
    cwe_ids: tuple[str, ...]
    min_time_to_remediate: int | None
    severity: Rating | None
    rule: Rule | None
    released_at: datetime | None
    open_age_days: int | None
    group: Named
    summary: Numbers
    evidences: tuple[Evidence, ...] | None
    vulnerabilities: Connection[Place]
    comments: Connection[Comment] | None


def finding_of(data: Mapping[str, Any]) -> Finding | None:
    """Return the finding in the data of the answer to :data:`QUERY`; ``None`` when there is none that the caller may see."""
    return msgspec.convert(data["finding"], Finding | None)


def _first(comment: Comment, known: Mapping[str, Comment]) -> str:
    """Return the id of the comment that began the thread, as far as it is known. A comment is older than its answers."""
    while comment.parent and comment.parent.id in known:
        comment = known[comment.parent.id]
    return comment.id


def threads(comments: Sequence[Comment]) -> Iterator[tuple[Comment, ...]]:
    """Yield the comments by thread: the one that began it, then all answers below it by date."""
    known = {one.id: one for one in comments}
    begun = {one.id: _first(one, known) for one in comments}
    order = {one.id: number for number, one in enumerate(comments)}
    for _, thread in groupby(sorted(comments, key=lambda one: order[begun[one.id]]), key=lambda one: begun[one.id]):
        yield tuple(thread)


_KINDS: Final[Mapping[str, str]] = {"image/": "image", "video/": "video"}


def kind_of(evidence: Evidence) -> str:
    """Return how a page shows a file: as an ``image``, a ``video``, or by a ``link``."""
    return next((kind for begin, kind in _KINDS.items() if evidence.media_type.startswith(begin)), "link")


def size_text(size: int) -> str:
    """Return a number of bytes as people read it: ``312 bytes``, ``1.5 KB``, ``2.0 MB``."""
    for unit, scale in (("MB", 1_000_000), ("KB", 1_000)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"


def effort(minutes: int) -> str:
    """Return the effort of a repair in hours and minutes."""
    hours, rest = divmod(minutes, 60)
    parts = (*((f"{hours} h",) if hours else ()), *((f"{rest} min",) if rest or not hours else ()))
    return " ".join(parts)


def _counts(numbers: Numbers) -> Mapping[str, int]:
    """Return how many places each list has, as far as there are any or the list is always there."""
    drafts = (numbers.submitted or 0) + (numbers.rejected or 0)
    return {OPEN: numbers.open or 0, "safe": numbers.closed or 0, **({"drafts": drafts} if drafts else {})}


def finding_page(found: Finding, listed: str = OPEN) -> Shown:
    """Return what the page of a finding shows; ``listed`` names the list of places that it has a part of."""
    comments = found.comments.nodes if found.comments else ()
    return Shown(
        template="finding.html",
        values={
            "found": found,
            "vector": found.severity and found.severity.vector,
            "effort": None if found.min_time_to_remediate is None else effort(found.min_time_to_remediate),
            "threads": list(threads(comments)),
            "shown": dict(zip((one.id for one in comments), markdown_together([one.content for one in comments]), strict=True)),
            "kind_of": kind_of,
            "size_text": size_text,
            "counts": _counts(found.summary),
            "named": _NAMED,
            "listed": listed,
        },
        group=found.group.name,
    )


def _listed(address: Address) -> str:
    given = address.only("state") or OPEN
    if given not in STATES:
        raise BadAddress(f"The places of a finding are listed by state: {', '.join(STATES)}.")
    return given


def _asked(address: Address) -> Mapping[str, Any]:
    return {"id": address.names["id"], "after": address.only("after"), "states": [*STATES[_listed(address)]]}


def _shown(data: Mapping[str, Any], address: Address) -> Shown | None:
    found = finding_of(data)
    return finding_page(found, _listed(address)) if found else None


PAGE: Final = Page(path="/findings/{id:uuid}", query=QUERY, ask=_asked, show=_shown)
