"""The overviews: of whoever looks, of an organization, and of a group, with the figures that the API tells."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec

from integrates.server.pages.chart import FIELDS, charts_of
from integrates.server.pages.listing import VIEWS
from integrates.server.pages.page import Address, BadAddress, Page, Shown
from integrates.server.pages.part import Named, Nickname, Share, count_of
from integrates.server.pages.person import MOST
from integrates.server.pages.person import Organization as Membership
from integrates.server.pages.render import in_words

WEEK: Final = "WEEK"
STEPS: Final[Mapping[str, str]] = {"DAY": "by day", WEEK: "by week", "MONTH": "by month"}
"""By step of the charts: what people call it."""
_FIGURES: Final = "summary { open closed maxOpenScore openCvssf openByLevel { name count cvssf } }"
HOME_QUERY: Final = f"""{{ me {{
  email firstName lastName isConcurrentSession organizations {{ name userRole }} invitations {{ organizationName }}
  groups {{ name description userRole organization {{ name }} {_FIGURES} }}
}} }}"""
_CHARTS: Final = f"charts(from: $from, to: $to, step: $step) {{ {FIELDS} }}"
ORGANIZATION_QUERY: Final = f"""query ($name: String!, $from: Date, $to: Date, $step: ChartStep) {{ organization(name: $name) {{
  name country userRole groups {{ name description userRole {_FIGURES} }} {_CHARTS}
}} }}"""
GROUP_QUERY: Final = f"""query ($name: ID!, $from: Date, $to: Date, $step: ChartStep) {{ group(name: $name) {{
  name description tags userRole organization {{ name }} {_CHARTS}
  summary {{
    open closed submitted openFindings maxOpenScore openCvssf closedCvssf meanOpenAgeDays meanRemediateDays lastClosedAt
    openByLevel {{ name count cvssf }} treatment {{ name count cvssf }} verification {{ name count }} zeroRisk {{ name count }}
    meanRemediateByLevel {{ level days }}
  }}
  roots(state: ACTIVE) {{ nickname summary {{ open closed }} }}
  imports(first: 5) {{ nodes {{ id fileName state createdAt root {{ nickname }} counts {{ created reopened closed }} }} }}
}} }}"""
_SCORES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "CRITICAL": {"minScore": ("9.0",)},
    "HIGH": {"minScore": ("7.0",), "maxScore": ("8.9",)},
    "MEDIUM": {"minScore": ("4.0",), "maxScore": ("6.9",)},
    "LOW": {"maxScore": ("3.9",)},
}
"""By level, the worst first: the filter by score that lists its vulnerabilities."""
_OPEN: Final = VIEWS["Open"]


class Figures(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The figures of a group in a list of groups."""

    open: int
    closed: int
    max_open_score: float | None
    open_cvssf: float | None
    open_by_level: tuple[Share, ...]

    def at(self, level: str) -> int:
        """Return how many vulnerabilities of a level are open."""
        return count_of(self.open_by_level, level)


class Group(msgspec.Struct, frozen=True, rename="camel"):
    """A group in a list of groups."""

    name: str
    description: str
    user_role: str | None
    summary: Figures
    organization: Named | None = None


class Waiting(msgspec.Struct, frozen=True, rename="camel"):
    """An invitation."""

    organization_name: str


class Person(msgspec.Struct, frozen=True, rename="camel"):
    """Whoever looks."""

    email: str
    first_name: str | None
    last_name: str | None
    is_concurrent_session: bool
    organizations: tuple[Membership, ...]
    groups: tuple[Group, ...]
    invitations: tuple[Waiting, ...]


class Organization(msgspec.Struct, frozen=True, rename="camel"):
    """An organization with its groups, as far as whoever looks may read them."""

    name: str
    country: str | None
    user_role: str | None
    groups: tuple[Group, ...]


class Remediation(msgspec.Struct, frozen=True):
    """How long closing took."""

    level: str
    days: float | None


class Details(Figures, frozen=True, rename="camel", kw_only=True):
    """All figures of one group."""

    submitted: int | None
    open_findings: int | None
    closed_cvssf: float | None
    mean_open_age_days: float | None
    mean_remediate_days: float | None
    last_closed_at: datetime | None
    treatment: tuple[Share, ...]
    verification: tuple[Share, ...]
    zero_risk: tuple[Share, ...]
    mean_remediate_by_level: tuple[Remediation, ...]

    def days(self, level: str) -> float | None:
        """Return after how many days vulnerabilities of a level were closed, on average."""
        return next((one.days for one in self.mean_remediate_by_level if one.level == level), None)

    def waiting(self, shares: Sequence[Share]) -> int:
        """Return how many requests of a kind wait for an answer."""
        return count_of(shares, "REQUESTED", "ON_HOLD")


class Numbers(msgspec.Struct, frozen=True):
    """How many vulnerabilities a root has."""

    open: int
    closed: int


class Root(msgspec.Struct, frozen=True):
    """What is tested."""

    nickname: str
    summary: Numbers


class Counts(msgspec.Struct, frozen=True):
    """What an import changed."""

    created: int
    reopened: int
    closed: int


class Import(msgspec.Struct, frozen=True, rename="camel"):
    """One of the latest imports."""

    id: str
    file_name: str
    state: str
    created_at: datetime
    root: Nickname
    counts: Counts


class Imports(msgspec.Struct, frozen=True):
    """The latest imports."""

    nodes: tuple[Import, ...]


class GroupDetails(msgspec.Struct, frozen=True, rename="camel"):
    """A group with all that its overview shows."""

    name: str
    description: str
    tags: tuple[str, ...]
    user_role: str | None
    organization: Named | None
    summary: Details
    roots: tuple[Root, ...]
    imports: Imports


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table of figures: what it counts, its numbers, and the values of the query string that list it."""

    name: str
    title: str
    count: int
    cvssf: float | None = None
    days: float | None = None
    given: Mapping[str, tuple[str, ...]] | None = None


def level_rows(summary: Details) -> tuple[Row, ...]:
    """Return the open vulnerabilities by level, the worst first, then those that nobody has rated, if there are any."""
    by_name = {one.name: one for one in summary.open_by_level}
    rated = tuple(
        Row(
            name=name,
            title=name.lower(),
            count=by_name[name].count,
            cvssf=by_name[name].cvssf,
            days=summary.days(name),
            given={**_OPEN, **scores},
        )
        for name, scores in _SCORES.items()
    )
    rest = summary.open - sum(row.count for row in rated)
    return (*rated, *((Row(name="none", title="not rated", count=rest),) if rest else ()))


def treatment_rows(summary: Details) -> tuple[Row, ...]:
    """Return the open vulnerabilities by what is being done about them, the undecided ones first."""
    by_name = {one.name: one for one in summary.treatment}
    return tuple(
        Row(
            name=name,
            title=in_words(name),
            count=by_name[name].count,
            cvssf=by_name[name].cvssf,
            given={**_OPEN, "treatments": (name,)},
        )
        for name in ("UNTREATED", "IN_PROGRESS", "ACCEPTED", "ACCEPTED_UNDEFINED")
    )


def total(groups: Iterable[Group]) -> Figures:
    """Return the figures of all groups together."""
    each = [one.summary for one in groups]
    scores = [one.max_open_score for one in each if one.max_open_score is not None]
    return Figures(
        open=sum(one.open for one in each),
        closed=sum(one.closed for one in each),
        max_open_score=max(scores, default=None),
        open_cvssf=sum(one.open_cvssf or 0 for one in each),
        open_by_level=tuple(Share(name, sum(one.at(name) for one in each)) for name in _SCORES),
    )


def _most_exposed_first(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=lambda one: (-(one.summary.open_cvssf or 0), -one.summary.open, one.name)))


def _listed(groups: Sequence[Group]) -> Mapping[str, object]:
    """Return what the table of groups needs: those that are shown, of how many, their levels and their figures together."""
    ordered = _most_exposed_first(groups)
    return {"groups": ordered[:MOST], "left_out": max(0, len(ordered) - MOST), "levels": tuple(_SCORES), "total": total(groups)}


def _asked(address: Address) -> Mapping[str, Any]:
    """Return the object and the charts that are asked for. Raise ``BadAddress`` for what is no step or no day."""
    return {"name": address.names["name"], "step": _step(address), "from": _day(address, "from"), "to": _day(address, "to")}


def _step(address: Address) -> str:
    given = address.only("step") or WEEK
    if given not in STEPS:
        raise BadAddress(f"step is one of {', '.join(STEPS)}.")
    return given


def _day(address: Address, name: str) -> str | None:
    given = address.only(name)
    try:
        return date.fromisoformat(given).isoformat() if given else None
    except ValueError as error:
        raise BadAddress(f"{name} is a date such as 2026-01-31.") from error


def _charts(told: Mapping[str, Any], address: Address) -> Mapping[str, object]:
    """Return what the part with the charts needs; no charts without the permission."""
    return {"charts": charts_of(told["charts"]), "step": _step(address), "steps": STEPS}


def _home_shown(data: Mapping[str, Any], _address: Address) -> Shown:
    found = msgspec.convert(data["me"], Person)
    return Shown(template="home.html", values={"person": found, "most": MOST, **_listed(found.groups)})


def _organization_shown(data: Mapping[str, Any], address: Address) -> Shown | None:
    found = msgspec.convert(data["organization"], Organization | None)
    if found is None:
        return None
    values = {"organization": found, **_charts(data["organization"], address), **_listed(found.groups)}
    return Shown(template="organization.html", values=values)


def _group_shown(data: Mapping[str, Any], address: Address) -> Shown | None:
    found = msgspec.convert(data["group"], GroupDetails | None)
    if found is None:
        return None
    values = {
        "group": found,
        "levels": level_rows(found.summary),
        "treatments": treatment_rows(found.summary),
        **_charts(data["group"], address),
        "views": VIEWS,
    }
    return Shown(template="group.html", values=values, group=found.name)


HOME_PAGE: Final = Page(path="/home", query=HOME_QUERY, ask=lambda _address: {}, show=_home_shown)
ORGANIZATION_PAGE: Final = Page(
    path="/orgs/{name}",
    query=ORGANIZATION_QUERY,
    ask=_asked,
    show=_organization_shown,
)
GROUP_PAGE: Final = Page(path="/groups/{name}", query=GROUP_QUERY, ask=_asked, show=_group_shown)
