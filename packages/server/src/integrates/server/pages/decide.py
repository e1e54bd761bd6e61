"""The form in which people decide what is done about vulnerabilities: what was sent, and what is wrong with it. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

PERMISSION: Final = "vulnerability:treat"
"""What one needs in a group to decide about its vulnerabilities."""
MOST: Final = 100
"""So many vulnerabilities are decided about at once."""
_MOST_FIELDS: Final = 2 * MOST + 10
_ITEM: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([1-9][0-9]{0,8})", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DAY: Final = timedelta(days=1) - timedelta(seconds=1)

CHOICES: Final[Mapping[str, str]] = {
    "IN_PROGRESS": "Somebody works on the repair",
    "ACCEPTED": "The risk is accepted until a date",
    "ACCEPTED_UNDEFINED": "The risk is accepted for good, once somebody else has approved",
    "UNTREATED": "Nobody has decided: take the decision back",
}
"""By treatment: what it means."""
ARGUMENTS: Final[Mapping[str, str]] = {
    "treatment": "treatment",
    "justification": "justification",
    "acceptedUntil": "accepted_until",
    "assigned": "assigned",
}
"""By the name that the API gives an argument: the member of :class:`Typed`."""


class BadForm(Exception):
    """What was sent is not the form of the page."""


class Reference(msgspec.Struct, frozen=True):
    """A vulnerability as the person saw it, who decides about it."""

    id: str
    version: int


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What the person chose and wrote, as it was sent."""

    treatment: str = ""
    justification: str = ""
    accepted_until: str = ""
    assigned: str = ""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A form that was sent: the vulnerabilities that it showed, those of them that are decided about, and the token."""

    shown: tuple[Reference, ...]
    chosen: tuple[Reference, ...]
    typed: Typed
    token: str


def _reference(text: str) -> Reference:
    found = _ITEM.fullmatch(text)
    if found is None:
        raise BadForm
    return Reference(found[1], int(found[2]))


def read_form(body: bytes, token: str) -> Form:
    """Read the body of a form, whose token has that name. Raise :class:`BadForm` for what the page does not send."""
    try:
        given = parse_qs(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, encoding="utf-8", errors="strict"
        )
    except ValueError as error:
        raise BadForm from error
    shown = tuple(dict.fromkeys(map(_reference, given.get("shown", ()))))
    chosen = tuple(dict.fromkeys(map(_reference, given.get("item", ()))))
    if not shown or len(shown) > MOST or not set(chosen) <= set(shown) or len({one.id for one in shown}) < len(shown):
        raise BadForm
    single = {name: values[-1] for name, values in given.items()}
    return Form(
        shown=shown,
        chosen=chosen,
        typed=Typed(**{name: single.get(name, "").replace("\r\n", "\n") for name in ARGUMENTS.values()}),
        token=single.get(token, ""),
    )


def until_of(typed: Typed) -> datetime | None:
    """Return the last second of the date until which a risk is accepted, in UTC. Raise ``ValueError`` for what is no date."""
    text = typed.accepted_until.strip()
    if not text:
        return None
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text).replace(tzinfo=UTC) + _DAY


def mistakes(form: Form) -> Mapping[str, str]:
    """Return what is wrong that the API could not say, by member of what was typed; ``item`` for what is ticked."""
    found = {}
    if not form.chosen:
        found["item"] = "Tick at least one of them."
    if form.typed.treatment not in CHOICES:
        found["treatment"] = "Choose what is done."
    found.update(_misfits(form.typed))
    try:
        until_of(form.typed)
    except ValueError:
        found["accepted_until"] = "Write the date like 2026-12-31."
    return found


def _misfits(typed: Typed) -> Iterator[tuple[str, str]]:
    """Yield what is typed that does not go with the choice: the API calls it out of range, which tells a person little."""
    if typed.treatment in CHOICES and typed.treatment != "ACCEPTED" and typed.accepted_until.strip():
        yield "accepted_until", "Leave the date out: only a risk that is accepted until a date has one."
    if typed.treatment == "UNTREATED" and typed.assigned.strip():
        yield "assigned", "Leave it empty: where nobody has decided, nobody is assigned."


def variables_of(form: Form) -> Mapping[str, Any]:
    """Return what the API is told of a form without :func:`mistakes`."""
    until, typed = until_of(form.typed), form.typed
    return {
        "items": [{"id": one.id, "expectedVersion": one.version} for one in form.chosen],
        "treatment": typed.treatment,
        "justification": typed.justification,
        "acceptedUntil": until and until.isoformat(),
        "assigned": typed.assigned.strip() or None,
    }
