"""What ``integrates show`` asks for and shows, for each kind of object."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from integrates.server.client.listing import LOCATION, VULNERABILITY, location_of
from integrates.server.client.output import Column

Found = Mapping[str, Any]


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of object: the field of Query that finds it, by which argument, and what is shown of it.

    ``lines`` are short, one below the other; those that are empty are left out. ``texts`` have paragraphs of their own.
    """

    name: str
    argument: str = "id"
    fields: str
    title: Callable[[Found], str]
    lines: Sequence[Column]
    texts: Sequence[Column] = ()


def _line(title: str, *path: str) -> Column:
    return Column(title=title, cell=lambda found: at(found, path))


def _cell(title: str, cell: Callable[[Found], object]) -> Column:
    return Column(title=title, cell=cell)


def at(found: Any, path: Sequence[str]) -> Any:
    """Return what lies at a path of names; ``None`` where the path ends early."""
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def members_told(part: Found | None, *names: str) -> str | None:
    """Return what some members of a part say, in one line; ``None`` when there is no such part."""
    if part is None:
        return None
    return ", ".join(str(value) for name in names if (value := part.get(name)) is not None)


def _rounded(number: float | None) -> str | None:
    return None if number is None else f"{number:.1f}"


def _severity(found: Found) -> str | None:
    return members_told(found["severity"], "score", "level", "cvssV4", "cvssV3")


_STORED: Final[Sequence[Column]] = (
    _line("version", "version"),
    _cell("stored", lambda found: members_told(found, "createdAt", "createdBy")),
)
_OPEN: Final[Sequence[Column]] = (
    _line("open", "summary", "open"),
    _line("closed", "summary", "closed"),
    _line("worst score", "summary", "maxOpenScore"),
)
_VULNERABILITY: Final = Detail(
    name="vulnerability",
    fields=f"""{VULNERABILITY} createdAt createdBy stateReasons cycles temporaryAcceptances bugTrackingSystemUrl snippet detail
      group {{ name }} severity {{ cvssV4 cvssV3 }} treatment {{ by at justification requestedBy }}
      verification {{ at by justification }} zeroRisk {{ at by justification }}
      advisory {{ package vulnerableVersion fix relation use }}""",
    title=lambda found: f"{found['finding']['title']} in {found['where']} {found['specific']}",
    lines=(
        _line("id", "id"),
        _line("state", "state"),
        _cell("reasons", lambda found: found["stateReasons"]),
        _cell("severity", _severity),
        _cell(
            "treatment",
            lambda found: members_told(found["treatment"], "status", "acceptanceStatus", "acceptedUntil", "assigned"),
        ),
        _cell("decided", lambda found: members_told(found["treatment"], "at", "by", "justification")),
        _cell("verification", lambda found: members_told(found["verification"], "status", "at", "by", "justification")),
        _cell("zero risk", lambda found: members_told(found["zeroRisk"], "status", "at", "by", "justification")),
        _line("group", "group", "name"),
        _cell("finding", lambda found: f"{found['finding']['title']} ({found['finding']['id']})"),
        _cell("root", lambda found: f"{found['root']['nickname']} ({found['root']['id']})"),
        _cell("kind", lambda found: members_told(found, "type", "technique", "source")),
        _cell("tool", lambda found: members_told(found["tool"], "name", "ruleId")),
        _cell("advisory", lambda found: members_told(found["advisory"], "id", "purl")),
        _cell("package", lambda found: members_told(found["advisory"], "package", "vulnerableVersion", "relation", "use")),
        _cell("fixed in", lambda found: members_told(found["advisory"], "fixedVersion")),
        _line("commit", "commit"),
        _line("tags", "tags"),
        _line("talked about", "bugTrackingSystemUrl"),
        _line("reported", "reportedAt"),
        _line("opened", "openedAt"),
        _line("closed", "closedAt"),
        _line("due", "dueAt"),
        _line("overdue", "isOverdue"),
        _line("times opened", "cycles"),
        _line("times accepted", "temporaryAcceptances"),
        *_STORED,
    ),
    texts=(_line("Detail", "detail"), _line("Code", "snippet")),
)
_FINDING: Final = Detail(
    name="finding",
    fields="""id version createdAt createdBy title status cweIds description threat attackVectorDescription recommendation
      releasedAt ageDays openAgeDays minTimeToRemediate group { name } rule { tool ruleId }
      severity { score level cvssV4 cvssV3 } summary { open closed maxOpenScore }""",
    title=lambda found: str(found["title"]),
    lines=(
        _line("id", "id"),
        _line("status", "status"),
        _cell("severity", _severity),
        *_OPEN,
        _line("group", "group", "name"),
        _line("weakness", "cweIds"),
        _cell("rule", lambda found: members_told(found["rule"], "tool", "ruleId")),
        _line("released", "releasedAt"),
        _line("days since", "ageDays"),
        _line("days open", "openAgeDays"),
        _line("minutes to repair", "minTimeToRemediate"),
        *_STORED,
    ),
    texts=(
        _line("Description", "description"),
        _line("Threat", "threat"),
        _line("Attack", "attackVectorDescription"),
        _line("Recommendation", "recommendation"),
    ),
)
_ROOT: Final = Detail(
    name="root",
    fields=f"""__typename id version createdAt createdBy nickname criticality state reason other group {{ name }}
      {LOCATION} summary {{ open closed }}""",
    title=lambda found: f"{found['nickname']} of {found['group']['name']}",
    lines=(
        _line("id", "id"),
        _cell("kind", lambda found: found["__typename"]),
        _cell("location", location_of),
        _line("state", "state"),
        _cell("reason", lambda found: members_told(found, "reason", "other")),
        _line("criticality", "criticality"),
        _line("open", "summary", "open"),
        _line("closed", "summary", "closed"),
        *_STORED,
    ),
)
_EVENT: Final = Detail(
    name="event",
    fields="""id version createdAt createdBy type description eventDate state solvingReason other group { name }
      root { nickname id }""",
    title=lambda found: f"{found['type']} in {found['group']['name']}",
    lines=(
        _line("id", "id"),
        _line("state", "state"),
        _line("happened", "eventDate"),
        _line("root", "root", "nickname"),
        _cell("solved by", lambda found: members_told(found, "solvingReason", "other")),
        *_STORED,
    ),
    texts=(_line("Description", "description"),),
)
_IMPORT: Final = Detail(
    name="import",
    fields="""id version createdAt createdBy format fileName sha256 state position attempts finishedAt reason
      group { name } root { nickname id } problemCounts { reason count }
      counts { created reopened moved unchanged closed ignored suppressed duplicate skipped }""",
    title=lambda found: f"{found['fileName']} into {found['root']['nickname']} of {found['group']['name']}",
    lines=(
        _line("id", "id"),
        _cell("state", lambda found: members_told(found, "state", "reason")),
        _line("format", "format"),
        _line("sha256", "sha256"),
        _cell("counts", lambda found: [f"{number} {name}" for name, number in found["counts"].items() if number]),
        _cell("problems", lambda found: [f"{each['count']} {each['reason']}" for each in found["problemCounts"]]),
        _line("finished", "finishedAt"),
        *_STORED,
    ),
)
_DECISION_IMPORT: Final = Detail(
    name="decisionImport",
    fields="""id version createdAt createdBy format fileName sha256 suppressionsAs dryRun state position attempts finishedAt
      reason group { name } root { nickname id } counts { requested applied unchanged unmatched refused }""",
    title=lambda found: f"Decisions of {found['fileName']} for {found['group']['name']}",
    lines=(
        _line("id", "id"),
        _cell("state", lambda found: members_told(found, "state", "reason")),
        _line("root", "root", "nickname"),
        _line("format", "format"),
        _line("sha256", "sha256"),
        _line("dry run", "dryRun"),
        _cell("counts", lambda found: [f"{number} {name}" for name, number in found["counts"].items() if number]),
        _line("finished", "finishedAt"),
        *_STORED,
    ),
)
_GROUP: Final = Detail(
    name="group",
    argument="name",
    fields="""id version createdAt createdBy name description language tags userRole context disambiguation
      organization { name }
      summary { open closed maxOpenScore openCvssf submitted hidden meanOpenAgeDays meanRemediateDays lastClosedAt }""",
    title=lambda found: str(found["name"]),
    lines=(
        _line("description", "description"),
        _line("organization", "organization", "name"),
        _line("your role", "userRole"),
        *_OPEN,
        _line("exposure", "summary", "openCvssf"),
        _line("drafts", "summary", "submitted"),
        _line("zero risks", "summary", "hidden"),
        _cell("mean days open", lambda found: _rounded(at(found, ("summary", "meanOpenAgeDays")))),
        _cell("mean days to repair", lambda found: _rounded(at(found, ("summary", "meanRemediateDays")))),
        _line("last closed", "summary", "lastClosedAt"),
        _line("language", "language"),
        _line("tags", "tags"),
        *_STORED,
    ),
    texts=(_line("Context", "context"), _line("Not meant", "disambiguation")),
)
OBJECTS: Final[Sequence[Detail]] = (_VULNERABILITY, _FINDING, _ROOT, _EVENT, _IMPORT, _DECISION_IMPORT, _GROUP)
"""The kinds, each with the field of Query that finds it."""
