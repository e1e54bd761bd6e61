"""What the dialog shows in which people decide what is done about vulnerabilities, and what it asks the API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from integrates.server.pages.decide import ARGUMENTS, CHOICES, Form, Reference, Typed, until_of
from integrates.server.pages.page import Shown
from integrates.server.pages.part import Severity, Titled
from integrates.server.pages.vulnerability import Group, Revision, told_of, treated

TREAT: Final = """mutation ($items: [VulnerabilityRef!]!, $treatment: TreatmentStatus!, $justification: String!,
    $acceptedUntil: DateTime, $assigned: String) {
  updateVulnerabilitiesTreatment(items: $items, treatment: $treatment, justification: $justification,
      acceptedUntil: $acceptedUntil, assigned: $assigned) {
    vulnerabilities { id } errors { code reason message path } } }"""
_ONE: Final = """fragment one on Vulnerability { id version where specific state finding { title } severity { score level }
  group { name permissions } treatment { status acceptanceStatus acceptedUntil assigned justification at by } """
_HISTORY: Final = "history(first: 500) { nodes { version at by operation aspects } } "
TOGETHER: Final = 10
"""So many vulnerabilities are read by one query, and with their histories a part of that."""
WITH_HISTORY: Final = 5
_FOREVER: Final = "vulnerability:accept_forever"
STALE: Final = "STALE_VERSION"
NOT_OPEN: Final = "It is not open, so nothing can be decided about it."


def items_query(count: int, *, history: bool = False) -> str:
    """Return the query for so many vulnerabilities by the ids ``i0`` …, which are told as ``v0`` …."""
    declared = ", ".join(f"$i{number}: ID!" for number in range(count))
    wanted = " ".join(f"v{number}: vulnerability(id: $i{number}) {{ ...one }}" for number in range(count))
    return f"query ({declared}) {{ {wanted} }} {_ONE}{_HISTORY if history else ''}}}"


class Treatment(msgspec.Struct, frozen=True, rename="camel"):
    """What is done about it."""

    status: str
    acceptance_status: str | None
    accepted_until: str | None
    assigned: str | None
    justification: str | None
    at: datetime
    by: str


class History(msgspec.Struct, frozen=True):
    """The changes of it, the first 500."""

    nodes: tuple[Revision, ...]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A vulnerability that somebody decides about, as it is now."""

    id: str
    version: int
    where: str
    specific: str
    state: str
    finding: Titled
    severity: Severity | None
    group: Group
    treatment: Treatment
    history: History | None = None

    @property
    def is_open(self) -> bool:
        """Whether something can be decided about it."""
        return self.state == "VULNERABLE"

    @property
    def told(self) -> str:
        """What is done about it, in words."""
        return treated(msgspec.structs.asdict(self.treatment))


def items_of(data: Mapping[str, Any]) -> tuple[Item, ...]:
    """Return the vulnerabilities in the answer to :func:`items_query`, as far as the person may see them."""
    found = msgspec.convert(list(data.values()), tuple[Item | None, ...])
    return tuple(one for one in found if one)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a form: the ids that were changed, sentences about arguments and about items, and which were stale."""

    changed: frozenset[str] = frozenset()
    arguments: Mapping[str, str] = {}
    items: Mapping[str, str] = {}
    stale: frozenset[str] = frozenset()

    @property
    def is_done(self) -> bool:
        """Whether nothing was refused."""
        return not self.arguments and not self.items


def outcome_of(payload: Mapping[str, Any], chosen: Sequence[Reference]) -> Outcome:
    """Return what came of a form, from the payload of the mutation."""
    arguments, items = dict[str, str](), dict[str, str]()
    stale = frozenset[str]()
    for error in payload["errors"]:
        first, *rest = error["path"] or ["items"]
        if first in ARGUMENTS:
            arguments = {ARGUMENTS[first]: error["message"], **arguments}
        elif rest:
            identity = chosen[int(rest[0])].id
            items = {identity: error["message"], **items}
            stale |= {identity} if error["reason"] == STALE else frozenset()
        else:
            arguments = {"item": error["message"], **arguments}
    changed = frozenset(one["id"] for one in payload["vulnerabilities"] or ())
    return Outcome(changed=changed, arguments=arguments, items=items, stale=stale)


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """What others changed since the person looked: the change that decided about it until then, and each change since."""

    before: Revision | None
    changes: tuple[Revision, ...]

    @property
    def treatment(self) -> Mapping[str, Any]:
        """What was done about it then, as the store has it; empty when the history does not tell."""
        found: Mapping[str, Any] = self.before.aspects["treatment"] if self.before else {}
        return found

    @property
    def told(self) -> str | None:
        """What was done about it then, in words."""
        return treated(self.treatment) if self.treatment else None


def conflict_of(item: Item, version: int) -> Conflict:
    """Return what became of a vulnerability since that version of it."""
    revisions = item.history.nodes if item.history else ()
    known = [one for one in revisions if one.version <= version and one.aspects.get("treatment")]
    return Conflict(before=known[-1] if known else None, changes=tuple(one for one in revisions if one.version > version))


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One vulnerability in the form: what the form carries of it, how it is now, if known, and what is to be said about it."""

    reference: Reference
    item: Item | None
    is_chosen: bool
    refusal: str | None = None
    conflict: Conflict | None = None


def first_lines(items: Sequence[Item]) -> tuple[Line, ...]:
    """Return the lines of a form that nobody has sent yet: what is open is ticked."""

    def line(one: Item) -> Line:
        refusal = None if one.is_open else NOT_OPEN
        return Line(reference=Reference(one.id, one.version), item=one, is_chosen=one.is_open, refusal=refusal)

    return tuple(map(line, items))


def lines_again(form: Form, items: Sequence[Item], outcome: Outcome) -> tuple[Line, ...]:
    """Return the lines of a form that comes back, without those that were changed.

    What was stale carries the version of now, so that the person can decide again, knowing what others changed.
    """
    known, chosen = {one.id: one for one in items}, set(form.chosen)

    def line(sent: Reference) -> Line:
        item, is_stale = known.get(sent.id), sent.id in outcome.stale
        return Line(
            reference=Reference(sent.id, item.version) if item and is_stale else sent,
            item=item,
            is_chosen=sent in chosen,
            refusal=outcome.items.get(sent.id),
            conflict=conflict_of(item, sent.version) if item and is_stale else None,
        )

    return tuple(line(sent) for sent in form.shown if sent.id not in outcome.changed)


def typed_told(typed: Typed) -> str | None:
    """Return what was chosen in words, as treatments are told; ``None`` when it is no whole choice."""
    if typed.treatment not in CHOICES:
        return None
    try:
        until = until_of(typed)
    except ValueError:
        until = None
    return treated(
        {"status": typed.treatment, "accepted_until": until and until.isoformat(), "assigned": typed.assigned.strip() or None}
    )


def form_page(
    group: str,
    lines: Sequence[Line],
    typed: Typed,
    outcome: Outcome = Outcome(),  # noqa: B008 - it is frozen
    *,
    saved: Sequence[Item] = (),
    notice: str | None = None,
) -> Shown:
    """Return what the form shows, with what was typed and what is wrong with it; ``saved`` were changed already."""
    permissions = {name for line in lines if line.item for name in line.item.group.permissions}
    may_forever = _FOREVER in permissions or typed.treatment == "ACCEPTED_UNDEFINED"
    return Shown(
        template="treatment.html",
        values={
            "lines": lines,
            "typed": typed,
            "typed_told": typed_told(typed),
            "choices": {name: text for name, text in CHOICES.items() if may_forever or name != "ACCEPTED_UNDEFINED"},
            "outcome": outcome,
            "told_of": told_of,
            "saved": saved,
            "notice": notice,
        },
        group=group,
    )


def done_page(group: str, saved: Sequence[Item], typed: Typed, left: int) -> Shown:
    """Return what is shown when all that was chosen was changed; ``left`` others of the form were not ticked."""
    return Shown(template="treated.html", values={"saved": saved, "typed_told": typed_told(typed), "left": left}, group=group)
