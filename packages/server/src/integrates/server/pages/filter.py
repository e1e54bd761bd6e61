"""The filters of the API's lists in the query string of a page: one table, by which they are read and shown."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, TypeVar, assert_never

import msgspec

from integrates.db_model.findings.types import FindingStatus
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
from integrates.server.pages.page import Address, BadAddress, utc_of
from integrates.server.pages.render import in_words

Value = TypeVar("Value")
NONE: Final = "NONE"
"""What stands for the ``null`` of a list of states: those without one."""
AFTER: Final = "after"
"""The name by which the query string says after which cursor the list goes on."""


class Kind(Enum):
    """How a value is given."""

    SOME_OF = "some of"
    WHETHER = "whether"
    SCORE = "score"
    MOMENT = "moment"
    TEXT = "text"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a filter: its name in the API, what people call it, and its values where there are only some.

    ``is_first`` has it stand in the form where it is seen at once. ``example`` stands in an empty field.
    """

    name: str
    title: str
    kind: Kind
    options: Mapping[str, str] = {}
    is_first: bool = False
    example: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a form, with what the address gives for it."""

    field: Field
    given: tuple[str, ...]

    @property
    def is_day(self) -> bool:
        """Return whether a browser may offer a calendar: nothing but a date is given."""
        return not self.given or len(self.given[0]) == len("2026-01-31")


_SOURCES: Final[Mapping[str, str]] = {
    "ANALYST": "a tester",
    "CUSTOMER": "the organization",
    "ESCAPE": "somebody outside",
    "MACHINE": "a scanner",
}


def _some_of(
    name: str, title: str, kind: type[Enum], *, said: Callable[[str], str] = in_words, or_none: str = "", is_first: bool = False
) -> Field:
    values = {one.value: said(one.value) for one in kind if one.value != "DELETED"}
    options = values | ({NONE: or_none} if or_none else {})
    return Field(name=name, title=title, kind=Kind.SOME_OF, options=options, is_first=is_first)


def _text(name: str, title: str, example: str = "", *, is_first: bool = False) -> Field:
    return Field(name=name, title=title, kind=Kind.TEXT, example=example, is_first=is_first)


def _whether(name: str, title: str, yes: str, no: str, *, is_first: bool = False) -> Field:
    return Field(name=name, title=title, kind=Kind.WHETHER, options={"true": yes, "false": no}, is_first=is_first)


VULNERABILITIES: Final[Sequence[Field]] = (
    _text("text", "Text in place or title", "basket", is_first=True),
    _some_of("states", "State", VulnerabilityStatus, is_first=True),
    Field(name="minScore", title="Score from", kind=Kind.SCORE, is_first=True, example="7.0"),
    Field(name="maxScore", title="Score to", kind=Kind.SCORE, is_first=True, example="10.0"),
    _whether("isOverdue", "Overdue", "overdue", "not overdue", is_first=True),
    _whether("isUnassigned", "Assigned", "to nobody", "to somebody", is_first=True),
    _text("assigned", "Assigned to", "somebody@example.com"),
    _some_of("treatments", "Treatment", TreatmentStatus),
    _some_of("acceptances", "Request to accept it", AcceptanceStatus, or_none="not requested"),
    _some_of("verifications", "Checked again", VerificationStatus, or_none="not asked for"),
    _some_of("zeroRisks", "Claim of no risk", ZeroRiskStatus, or_none="not claimed"),
    _some_of("types", "Kind of place", VulnerabilityType),
    _some_of("techniques", "Technique", Technique),
    _some_of("sources", "Noticed by", Source, said=_SOURCES.__getitem__),
    _text("rootNickname", "Root", "backend"),
    _text("rootId", "Id of the root"),
    _text("tool", "Scanner", "bandit"),
    _text("ruleId", "Rule of the scanner", "B608"),
    _text("cve", "CVE", "CVE-2021-44228"),
    _text("cwe", "CWE", "CWE-89"),
    _text("package", "Package", "log4j-core"),
    _text("tag", "Tag", "payment"),
    _whether("isSuppressed", "Suppressed in the source", "suppressed", "not suppressed"),
    Field(name="openedSince", title="Open since, from", kind=Kind.MOMENT),
    Field(name="openedBefore", title="Open since before", kind=Kind.MOMENT),
    Field(name="closedSince", title="Safe since, from", kind=Kind.MOMENT),
    Field(name="acceptedUntilBefore", title="Accepted until before", kind=Kind.MOMENT),
)
"""The members of ``VulnerabilityFilter``."""
FINDINGS: Final[Sequence[Field]] = (
    _text("title", "Text in the title", "injection", is_first=True),
    _some_of("statuses", "Status", FindingStatus, is_first=True),
    Field(name="minScore", title="Score from", kind=Kind.SCORE, is_first=True, example="7.0"),
    Field(name="maxScore", title="Score to", kind=Kind.SCORE, is_first=True, example="10.0"),
    _text("cwe", "CWE", "CWE-89", is_first=True),
)
"""The members of ``FindingFilter``."""


def entries_of(fields: Sequence[Field], address: Address) -> tuple[Entry, ...]:
    """Return the fields of a form with what the address gives for them."""
    return tuple(Entry(field=one, given=address.given.get(one.name, ())) for one in fields)


def filter_given(fields: Sequence[Field], address: Address) -> Mapping[str, Any] | None:
    """Return what the address filters a list by, as the API takes it; ``None`` for nothing.

    Raise :class:`BadAddress` for what no field of the table takes, and for what is in no table: a filter that is left out
    unnoticed would show more than was meant.
    """
    known = {one.name: one for one in fields}
    unknown = [name for name in address.given if name not in known and name != AFTER]
    if unknown:
        raise BadAddress(f"There is no filter {unknown[0][:100]!r}. There are: {', '.join(known)}.")
    return {name: _read(known[name], address) for name in address.given if name != AFTER} or None


def _read(field: Field, address: Address) -> Any:
    if field.kind is Kind.SOME_OF:
        chosen = address.given[field.name]
        return [None if _chosen(field, each) == NONE else each for each in dict.fromkeys(chosen)]
    value = address.only(field.name) or ""
    match field.kind:
        case Kind.WHETHER:
            return _chosen(field, value) == "true"
        case Kind.SCORE:
            return _read_by(_score, field, value, "a score from 0 to 10, such as 7.5")
        case Kind.MOMENT:
            found = _read_by(utc_of, field, value, "a date such as 2026-01-31, or a moment such as 2026-01-31T12:00:00Z")
            return found.isoformat()
        case Kind.TEXT:
            return value
    assert_never(field.kind)


def _chosen(field: Field, value: str) -> str:
    if value not in field.options:
        raise BadAddress(f"{field.name} is one of {', '.join(field.options)}.")
    return value


def _read_by(read: Callable[[str], Value], field: Field, value: str, what: str) -> Value:
    try:
        return read(value)
    except (ValueError, OverflowError) as error:  # a moment of which the one in UTC is in no calendar overflows
        raise BadAddress(f"{field.name} is {what}.") from error


def _score(text: str) -> float:
    found = float(text)
    if not 0 <= found <= 10:  # noqa: PLR2004 -- the scale of CVSS
        raise ValueError(text)
    return found
