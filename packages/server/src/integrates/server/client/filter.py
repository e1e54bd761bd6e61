"""The filters of the API's lists as options of commands: one table each, of which options, help and what is sent are made."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from inspect import Parameter, signature
from typing import Annotated, Any, Final

import msgspec
import typer

from integrates.db_model.findings.types import FindingStatus
from integrates.db_model.roots.types import RootStatus
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    Source,
    Technique,
    TreatmentStatus,
    VerificationStatus,
    VulnerabilityStatus,
    VulnerabilityType,
    ZeroRiskStatus,
)

NONE: Final = "NONE"
"""What stands for the ``null`` of a list of states: those without one."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a filter: its name in the API, and the type and settings of the option that gives it."""

    member: str
    kind: Any
    option: Any

    @property
    def parameter(self) -> str:
        """The name of the parameter of a function that takes the option."""
        return "".join(f"_{each.lower()}" if each.isupper() else each for each in self.member)


def moment(text: str) -> str:
    """Return a moment as the API wants it, from a date or a moment in ISO 8601; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("a date like 2026-01-31, or a moment like 2026-01-31T12:00:00+02:00, is expected") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def choices(kind: Any, *more: str, without: frozenset[str] = frozenset()) -> Any:
    """Return the values of an enumeration of the model as those of an option, with more, and without some."""
    names: Any = {name: name for name in (*(each.value for each in kind), *more) if name not in without}
    return StrEnum(f"{kind.__name__}Choice", names)


def _one_of(member: str, name: str, kind: Any, help_text: str) -> Filter:
    named = ", ".join(kind)
    told = f"{help_text.rstrip('.')}: {named}. Several times for several."
    option = typer.Option(name, case_sensitive=False, metavar=name[2:].upper(), help=told, show_default=False)
    return Filter(member=member, kind=list[kind] | None, option=option)


def _text(member: str, name: str, help_text: str) -> Filter:
    return Filter(member=member, kind=str | None, option=typer.Option(name, metavar="TEXT", help=help_text, show_default=False))


def _score(member: str, name: str, help_text: str) -> Filter:
    option = typer.Option(name, metavar="SCORE", min=0.0, max=10.0, help=help_text, show_default=False)
    return Filter(member=member, kind=float | None, option=option)


def _when(member: str, name: str, help_text: str) -> Filter:
    option = typer.Option(name, metavar="DATE", parser=moment, help=help_text, show_default=False)
    return Filter(member=member, kind=str | None, option=option)


def _whether(member: str, name: str, opposite: str, help_text: str) -> Filter:
    return Filter(
        member=member, kind=bool | None, option=typer.Option(f"{name}/{opposite}", help=help_text, show_default=False)
    )


ROOTS: Final[Sequence[Filter]] = (
    Filter(
        member="state",
        kind=RootStatus | None,
        option=typer.Option(
            "--state",
            case_sensitive=False,
            metavar="STATE",
            help=f"In this state: {', '.join(RootStatus)}.",
            show_default=False,
        ),
    ),
)
FINDINGS: Final[Sequence[Filter]] = (
    _one_of("statuses", "--status", FindingStatus, "In this state."),
    _text("title", "--title", "With this text in the title, ignoring case."),
    _text("cwe", "--cwe", "With this id of the Common Weakness Enumeration, as CWE-89."),
    _score("minScore", "--min-score", "With at least this score."),
    _score("maxScore", "--max-score", "With at most this score."),
)
_STATES: Final = choices(VulnerabilityStatus, without=frozenset({"DELETED"}))
PLACES: Final[Sequence[Filter]] = (
    Filter(
        member="group",
        kind=str | None,
        option=typer.Option(
            "--group", metavar="NAME", envvar="INTEGRATES_GROUP", help="Those of this group.", show_default=False
        ),
    ),
    _text("finding", "--finding", "Those of the finding of this id."),
    _text("organization", "--organization", "Those of the groups of this organization, by name."),
    _when("asOf", "--as-of", "With --finding: as they were then."),
)
"""Of what vulnerabilities are listed: one of these, which are no members of the filter."""
VULNERABILITIES: Final[Sequence[Filter]] = (
    _one_of("states", "--state", _STATES, "In this state, VULNERABLE or SAFE when left out."),
    _one_of("treatments", "--treatment", TreatmentStatus, "With this treatment."),
    _one_of("acceptances", "--acceptance", choices(AcceptanceStatus, NONE), "With this state of a request to accept it."),
    _one_of("verifications", "--verification", choices(VerificationStatus, NONE), "With this state of checking again."),
    _one_of("zeroRisks", "--zero-risk", choices(ZeroRiskStatus, NONE), "With this state of a claim of no risk."),
    _one_of("types", "--type", VulnerabilityType, "Of this type."),
    _one_of("techniques", "--technique", Technique, "Found by this technique."),
    _one_of("sources", "--source", Source, "Found by this."),
    _score("minScore", "--min-score", "With at least this score."),
    _score("maxScore", "--max-score", "With at most this score."),
    _text("rootNickname", "--root", "In roots of this nickname."),
    _text("rootId", "--root-id", "In the root of this id."),
    _text("tool", "--tool", "Reported by the scanner of this name."),
    _text("ruleId", "--rule", "Reported by this rule of a scanner."),
    _text("cve", "--cve", "With an advisory of this id, as CVE-2021-44228."),
    _text("cwe", "--cwe", "Whose finding has this id, as CWE-89."),
    _text("package", "--package", "In the package of this name."),
    _text("tag", "--tag", "With this tag."),
    _text("assigned", "--assigned", "Assigned to the person of this e-mail."),
    _text("text", "--text", "With this text in where, specific or the title."),
    _whether("isUnassigned", "--unassigned", "--no-unassigned", "Assigned to nobody, or to somebody."),
    _whether("isOverdue", "--overdue", "--no-overdue", "Whether the days for repairing it are over."),
    _whether("isSuppressed", "--suppressed", "--no-suppressed", "Whether all scans that see it say that it does not count."),
    _when("openedSince", "--opened-since", "VULNERABLE since that moment or later."),
    _when("openedBefore", "--opened-before", "VULNERABLE since before that moment."),
    _when("closedSince", "--closed-since", "SAFE since that moment or later."),
    _when("acceptedUntilBefore", "--accepted-until-before", "Accepted until a date before that moment."),
)


def filtered(filters: Sequence[Filter]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a table; the command gets what was given as ``wanted``, by member of the API."""
    of_table = {each.parameter: each for each in filters}

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        def run(**given: Any) -> None:
            wanted = {each.member: _sent(given.pop(name)) for name, each in of_table.items()}
            command(**given, wanted={name: value for name, value in wanted.items() if value is not None})

        own = [each for name, each in signature(command).parameters.items() if name != "wanted"]
        first = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in own if each.kind is not Parameter.KEYWORD_ONLY]
        last = [each for each in own if each.kind is Parameter.KEYWORD_ONLY]
        options = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[each.kind, each.option])
            for name, each in of_table.items()
        ]
        parameters = [*first, *options, *last]
        run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        run.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]  # inspect looks at it
        return run

    return decorated


def _sent(value: Any) -> Any:
    """Return the value of an option as it stands in variables; ``None`` when it was not given."""
    if isinstance(value, list | tuple):
        return [None if each == NONE else _sent(each) for each in value] or None
    return value.value if isinstance(value, StrEnum) else value
