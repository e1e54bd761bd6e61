"""``integrates ls``: groups, roots, findings and vulnerabilities, with every filter of the API."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
import typer

from integrates.server.cli.option import new_commands
from integrates.server.client.call import connected, data_of
from integrates.server.client.fault import Fault, explaining
from integrates.server.client.filter import FINDINGS, PLACES, ROOTS, VULNERABILITIES, filtered
from integrates.server.client.option import GroupOption, JsonOption, LimitOption, UrlOption
from integrates.server.client.output import Column, print_rows
from integrates.server.client.page import cut, nodes, reached
from integrates.server.client.remote import remote_of
from integrates.server.client.style import dim, score_style, state_style

LIMIT: Final = 100
COMMANDS: Final = new_commands("ls", "List groups, roots, findings or vulnerabilities.")
"""The commands ``integrates ls …``."""

PAGE: Final = "pageInfo { hasNextPage endCursor }"
GROUPS_QUERY: Final = """{ me { groups {
  id name description tags userRole organization { name } summary { open closed maxOpenScore }
} } }"""
LOCATION: Final = """... on GitRoot { url branch } ... on IPRoot { address } ... on URLRoot { protocol host port path query }
  ... on ImageRoot { registry repository tag }"""
ROOTS_QUERY: Final = f"""query ($group: ID!, $state: RootState) {{ group(name: $group) {{ roots(state: $state) {{
  __typename id nickname criticality state {LOCATION} summary {{ open closed }}
}} }} }}"""
FINDINGS_QUERY: Final = f"""query ($group: ID!, $filter: FindingFilter, $first: Int, $after: String) {{
  group(name: $group) {{ findings(filter: $filter, first: $first, after: $after) {{
    nodes {{
      id version title status cweIds releasedAt severity {{ score level }} rule {{ tool ruleId }} summary {{ open closed }}
    }} {PAGE}
  }} }}
}}"""
VULNERABILITY: Final = """id version state where specific type technique source commit tags
  severity { score level } finding { id title } root { id nickname }
  treatment { status acceptanceStatus acceptedUntil assigned } verification { status } zeroRisk { status }
  tool { name ruleId } advisory { id purl fixedVersion } reportedAt openedAt closedAt dueAt isOverdue"""
IN_GROUP: Final = f"""query ($of: ID!, $filter: VulnerabilityFilter, $first: Int, $after: String) {{
  group(name: $of) {{ vulnerabilities(filter: $filter, first: $first, after: $after) {{ nodes {{ {VULNERABILITY} }} {PAGE} }} }}
}}"""
IN_ORGANIZATION: Final = f"""query ($of: String!, $filter: VulnerabilityFilter, $first: Int, $after: String) {{
  organization(name: $of) {{
    vulnerabilities(filter: $filter, first: $first, after: $after) {{ nodes {{ {VULNERABILITY} }} {PAGE} }}
  }}
}}"""
IN_FINDING: Final = f"""query ($of: ID!, $filter: VulnerabilityFilter, $asOf: DateTime, $first: Int, $after: String) {{
  finding(id: $of) {{
    vulnerabilities(filter: $filter, asOf: $asOf, first: $first, after: $after) {{ nodes {{ {VULNERABILITY} }} {PAGE} }}
  }}
}}"""

Row = Mapping[str, Any]


def score_of(row: Row) -> object:
    """Return the score of what has a severity; ``None`` where nobody gave one."""
    severity = row.get("severity")
    return severity and severity["score"]


def location_of(root: Row) -> str:
    """Return where a root is, as people write it."""
    match root["__typename"]:
        case "GitRoot":
            return f"{root['url']} {root['branch']}"
        case "IPRoot":
            return str(root["address"])
        case "URLRoot":
            query = f"?{root['query']}" if root["query"] else ""
            return f"{root['protocol'].lower()}://{root['host']}:{root['port']}{root['path']}{query}"
        case "ImageRoot":
            tag = f":{root['tag']}" if root["tag"] else ""
            return f"{root['registry']}/{root['repository']}{tag}"
        case other:
            return str(other)


def more_of_treatment(row: Row) -> str:
    """Return until when a vulnerability is accepted, whether for good, or who works on it; else nothing."""
    treatment = row["treatment"]
    return str(treatment["acceptanceStatus"] or (treatment["acceptedUntil"] or "")[:10] or treatment["assigned"] or "")


_ID: Final = Column(title="ID", cell=lambda row: row["id"], below=True, style=dim)
GROUP_COLUMNS: Final[Sequence[Column]] = (
    Column(title="GROUP", cell=lambda row: row["name"], whole=True),
    Column(title="OPEN", cell=lambda row: row["summary"]["open"], right=True),
    Column(title="WORST", cell=lambda row: row["summary"]["maxOpenScore"], right=True, style=score_style),
    Column(title="ROLE", cell=lambda row: row["userRole"], whole=True),
    Column(title="ORGANIZATION", cell=lambda row: row["organization"] and row["organization"]["name"]),
    Column(title="DESCRIPTION", cell=lambda row: row["description"]),
)
ROOT_COLUMNS: Final[Sequence[Column]] = (
    Column(title="STATE", cell=lambda row: row["state"], whole=True, style=state_style),
    Column(title="KIND", cell=lambda row: row["__typename"].removesuffix("Root").upper(), whole=True),
    Column(title="CRITICALITY", cell=lambda row: row["criticality"], whole=True),
    Column(title="OPEN", cell=lambda row: row["summary"]["open"], right=True),
    Column(title="NICKNAME", cell=lambda row: row["nickname"]),
    Column(title="LOCATION", cell=location_of, below=True),
    _ID,
)
FINDING_COLUMNS: Final[Sequence[Column]] = (
    Column(title="SCORE", cell=score_of, right=True, style=score_style),
    Column(title="STATUS", cell=lambda row: row["status"], whole=True, style=state_style),
    Column(title="OPEN", cell=lambda row: row["summary"]["open"], right=True),
    Column(title="CLOSED", cell=lambda row: row["summary"]["closed"], right=True),
    Column(title="TITLE", cell=lambda row: row["title"]),
    _ID,
)
VULNERABILITY_COLUMNS: Final[Sequence[Column]] = (
    Column(title="SCORE", cell=score_of, right=True, style=score_style),
    Column(title="STATE", cell=lambda row: row["state"], whole=True, style=state_style),
    Column(title="TREATMENT", cell=lambda row: row["treatment"]["status"], most=20, style=state_style),
    Column(title="UNTIL, BY", cell=more_of_treatment, below=True),
    Column(title="WHERE", cell=lambda row: f"{row['where']} {row['specific']}"),
    Column(title="TITLE", cell=lambda row: row["finding"]["title"], below=True),
    _ID,
)


@COMMANDS.command("groups")
def list_my_groups(*, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List the groups that you are a member of, and those of organizations that you manage.

    \b
    integrates ls groups
    integrates ls groups --json | jq -r .name
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explaining(), connected(remote_of(url)) as session:
        print_rows(GROUP_COLUMNS, reached(data_of(session, GROUPS_QUERY), ("me", "groups")), as_json=as_json)


@COMMANDS.command("roots")
@filtered(ROOTS)
def list_roots(group: GroupOption, *, wanted: Row, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """List what is tested in a group.

    \b
    integrates ls roots --group webshop --state ACTIVE
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explaining(), connected(remote_of(url)) as session:
        data = data_of(session, ROOTS_QUERY, {"group": group, **wanted})
        print_rows(ROOT_COLUMNS, reached(data, ("group", "roots")), as_json=as_json)


@COMMANDS.command("findings")
@filtered(FINDINGS)
def list_findings(
    group: GroupOption, *, wanted: Row, limit: LimitOption = LIMIT, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """List the kinds of weaknesses of a group.

    \b
    integrates ls findings --group webshop --status VULNERABLE --min-score 7
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explaining(), connected(remote_of(url)) as session:
        given = {"group": group, "filter": wanted or None}
        rows = nodes(session, FINDINGS_QUERY, given, "group", "findings", most=limit and limit + 1)
        print_rows(FINDING_COLUMNS, cut(rows, limit), as_json=as_json)


@COMMANDS.command("vulnerabilities")
@filtered((*PLACES, *VULNERABILITIES))
def list_vulnerabilities(
    *,
    wanted: Row,
    ids: Annotated[
        bool, typer.Option("--ids", help="Print ids alone, a line each, for `treat` and `request-verification`.")
    ] = False,
    limit: LimitOption = LIMIT,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List vulnerabilities of a group, a finding or an organization: those that fit all filters.

    Those of confirmed zero risks are left out unless --zero-risk asks for them.

    \b
    integrates ls vulnerabilities --group webshop --state VULNERABLE --treatment UNTREATED --min-score 7
    integrates ls vulnerabilities --group webshop --tool bandit --opened-since 2026-01-31 --json
    integrates ls vulnerabilities --group webshop --verification NONE --ids --limit 0
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explaining(), connected(remote_of(url)) as session:
        place, places = named_place(wanted), {each.member for each in PLACES}
        members = {name: value for name, value in wanted.items() if name not in places}
        given = {**place.given, "filter": members or None}
        rows = cut(nodes(session, place.query, given, *place.path, most=limit and limit + 1), limit)
        if ids:
            for row in rows:
                typer.echo(row["id"])
        else:
            print_rows(VULNERABILITY_COLUMNS, rows, as_json=as_json)


class Place(msgspec.Struct, frozen=True):
    """Of what vulnerabilities are listed: the query, its variables, and where the list lies in the data."""

    query: str
    given: Row
    path: tuple[str, ...]


def named_place(named: Row) -> Place:
    """Return the one place that was named. A group counts only when nothing else is named: the environment may name one.

    Raise :class:`Fault` for none, for several, and for a moment of anything but a finding.
    """
    group, finding, organization, as_of = (named.get(each.member) for each in PLACES)
    if finding and not organization:
        return Place(IN_FINDING, {"of": finding, "asOf": as_of}, ("finding", "vulnerabilities"))
    if organization and not finding and not as_of:
        return Place(IN_ORGANIZATION, {"of": organization}, ("organization", "vulnerabilities"))
    if group and not as_of and not finding and not organization:
        return Place(IN_GROUP, {"of": group}, ("group", "vulnerabilities"))
    raise Fault("one of --group, --finding and --organization is expected, and --as-of with --finding only")
