"""The reader of the JSON that is exported here, with what people decided about each vulnerability."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Raw, Struct

from integrates.api.decision_import.read.statement import WORDS, Decisions, OfPlace, Statement, parsed_date
from integrates.api.exports.trail.writer import NAME, VERSION
from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.error import BadFile, Defect, pointed
from integrates.api.imports.read.mend import NULL
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.decision_imports.decision import Saying
from integrates.db_model.decision_imports.types import DecisionFormat, SuppressionsAs
from integrates.db_model.vulnerabilities.types import VexJustification, VulnerabilityType
from integrates.db_model.vulnerabilities.word import Word

_SAYINGS: Final[Mapping[Word, Saying]] = {
    Word.ACCEPTANCE_REQUESTED: Saying.ACCEPTED_FOREVER,
    Word.ACCEPTED: Saying.ACCEPTED,
    Word.ACCEPTED_FOREVER: Saying.ACCEPTED_FOREVER,
    Word.FALSE_POSITIVE: Saying.NOT_AFFECTED,
    Word.FIXED: Saying.FIXED,
    Word.IN_PROGRESS: Saying.AFFECTED,
    Word.UNDECIDED: Saying.UNDECIDED,
    Word.ZERO_RISK: Saying.NOT_AFFECTED,
    Word.ZERO_RISK_REQUESTED: Saying.NOT_AFFECTED,
}


class Rule(Struct, frozen=True, gc=False, rename="camel"):
    """The kind of weakness: that of a tool, or one that a person reported."""

    finding_id: str | None = None
    tool: str | None = None
    rule_id: str | None = None


class Seen(Struct, frozen=True, gc=False, rename="camel"):
    """The tool that reported it, and its own identity of it."""

    name: str
    rule_id: str
    fingerprint: str | None = None


class Where(Struct, frozen=True, gc=False):
    """Where it is in its root."""

    type: VulnerabilityType
    where: str
    specific: str


class Tested(Struct, frozen=True, gc=False):
    """The root that it is in."""

    location: str


class Handled(Struct, frozen=True, gc=False, rename="camel"):
    """What is done about it."""

    justification: str | None = None
    accepted_until: str | None = None


class Claimed(Struct, frozen=True, gc=False, rename="camel"):
    """The claim that it does no harm."""

    justification: str | None = None
    vex_justification: VexJustification | None = None


class Told(Struct, frozen=True, gc=False, rename="camel"):
    """A vulnerability and the decisions about it."""

    word: Word
    root: Tested
    location: Where
    decided_at: str | None = None
    title: str | None = None
    rule: Rule | None = None
    tool: Seen | None = None
    treatment: Handled | None = None
    zero_risk: Claimed | None = None


class Trail(Struct, frozen=True, gc=False):
    """A whole file."""

    version: int
    vulnerabilities: tuple[Raw, ...]
    author: str | None = None


def detects(top: TopLevel) -> bool:
    """Return whether the file is ours."""
    return bytes(top_members(top).get("format", NULL)) == f'"{NAME}"'.encode()


def read(content: bytes, _suppressions_as: SuppressionsAs) -> Decisions:
    """Read an export. Raise ``TooLarge`` and ``BadFile``."""
    trail = made(Trail, content)
    if trail.version != VERSION:
        raise BadFile((Defect("/version", f"Expected {VERSION}:"),))
    statements = tuple(_statements(trail))
    return Decisions(format=DecisionFormat.JSON, author=trail.author or "", statements=statements)


def _statements(trail: Trail) -> Iterator[Statement]:
    for pointer, one in each_of(Told, trail.vulnerabilities, "/vulnerabilities"):
        says, claim, treatment = _SAYINGS[one.word], one.zero_risk or Claimed(), one.treatment or Handled()
        until = parsed_date(treatment.accepted_until) if says is Saying.ACCEPTED else None
        if says is Saying.ACCEPTED and until is None:
            raise BadFile((Defect(pointed(f"{pointer}/treatment", "acceptedUntil"), "Expected the date of its end:"),))
        is_claim = says is Saying.NOT_AFFECTED
        yield Statement(
            pointer=pointer,
            name=one.title or "",
            at=parsed_date(one.decided_at),
            says=says,
            words=WORDS[says] | {one.word},
            text=(claim.justification if is_claim else treatment.justification) or one.word.lower(),
            vex_justification=claim.vex_justification if is_claim else None,
            accepted_until=until,
            about=_place(one),
        )


def _place(one: Told) -> OfPlace:
    """Return where it is; one that no tool reported is known by its finding."""
    tool, at = one.tool, one.location
    return OfPlace(
        root=one.root.location,
        tool=tool.name if tool else None,
        rule_id=tool.rule_id if tool else (one.rule.finding_id if one.rule else None) or "",
        fingerprints=frozenset({tool.fingerprint} if tool and tool.fingerprint else ()),
        type=at.type,
        where=at.where,
        specific=at.specific,
    )
