"""What people ask and answer about vulnerabilities, for machines that try it in any order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from msgspec.structs import replace

from integrates.db_model import vulnerabilities
from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.entity.types import Stamp
from integrates.db_model.policies.rules import effective
from integrates.db_model.policies.types import Policies
from integrates.db_model.store.port import Store
from integrates.db_model.testing.scene import HANA, address_of
from integrates.db_model.vulnerabilities.acceptance import acceptance_answer
from integrates.db_model.vulnerabilities.justification import justified
from integrates.db_model.vulnerabilities.treatment import Order, Requester, asked
from integrates.db_model.vulnerabilities.types import TreatmentStatus

PEOPLE: Final = (HANA, address_of("gus"))
WHY = justified({"justification": "because of good reasons"})
NewId: TypeAlias = Callable[[], str]
Command: TypeAlias = Callable[[Store, Sequence[Reference], Stamp, NewId], Awaitable[Written | Refused]]


def _treating(status: TreatmentStatus) -> Command:
    async def treat(store: Store, wanted: Sequence[Reference], stamp: Stamp, _: NewId) -> Written | Refused:
        until = stamp.at + timedelta(days=1) if status is TreatmentStatus.ACCEPTED else None
        given = {"treatment": status, "justification": WHY.justification, "accepted_until": until}
        requester = Requester(email=stamp.by, may_assign=True, may_accept_forever=True, assigned_may_be=True)
        policies = replace(effective(Policies(), Policies()), max_acceptance_severity=Decimal(10))
        order = Order(request=asked(given), requester=requester, policies=policies)
        return await vulnerabilities.treat(store, wanted, order, stamp)

    return treat


def _answering(*, approve: bool) -> Command:
    answer = acceptance_answer({"approve": approve, "justification": WHY.justification})

    async def handle(store: Store, wanted: Sequence[Reference], stamp: Stamp, _: NewId) -> Written | Refused:
        return await vulnerabilities.answer_acceptance(store, wanted, answer, stamp)

    return handle


async def _request(store: Store, wanted: Sequence[Reference], stamp: Stamp, new_id: NewId) -> Written | Refused:
    return await vulnerabilities.request_verification(store, wanted, WHY, stamp, new_id=new_id)


async def _verify(store: Store, wanted: Sequence[Reference], stamp: Stamp, new_id: NewId) -> Written | Refused:
    """Close the first and leave the others open."""
    closed = frozenset(one.id for one in wanted[:1])
    return await vulnerabilities.verify(store, wanted, closed, WHY, stamp, new_id=new_id)


async def _claim(store: Store, wanted: Sequence[Reference], stamp: Stamp, new_id: NewId) -> Written | Refused:
    return await vulnerabilities.request_zero_risk(store, wanted, WHY, stamp, new_id=new_id)


async def _confirm(store: Store, wanted: Sequence[Reference], stamp: Stamp, new_id: NewId) -> Written | Refused:
    return await vulnerabilities.confirm_zero_risk(store, wanted, WHY, stamp, new_id=new_id)


async def _reject(store: Store, wanted: Sequence[Reference], stamp: Stamp, new_id: NewId) -> Written | Refused:
    return await vulnerabilities.reject_zero_risk(store, wanted, WHY, stamp, new_id=new_id)


COMMANDS: Final[Mapping[str, Command]] = {
    **{f"treat {status}": _treating(status) for status in TreatmentStatus},
    "approve": _answering(approve=True),
    "refuse": _answering(approve=False),
    "request": _request,
    "verify": _verify,
    "claim": _claim,
    "confirm": _confirm,
    "reject": _reject,
}


async def triage(store: Store, ids: Sequence[str], number: int, stamp: Stamp, new_id: NewId) -> str | None:
    """Have one of two people do the thing of that number; return its name when it was done, ``None`` when it was refused.

    The number behind the last command has the acceptances end that are over by then.
    """
    name = [*COMMANDS, "expire"][number % (len(COMMANDS) + 1)]
    if name == "expire":
        ended = await vulnerabilities.expire_everywhere(store, stamp.at + timedelta(days=2), replace(stamp, by="system"))
        return name if ended.done else None
    by = PEOPLE[number // (len(COMMANDS) + 1) % len(PEOPLE)]
    made = await COMMANDS[name](store, [Reference(each) for each in ids], replace(stamp, by=by), new_id)
    return name if isinstance(made, Written) and made.entities else None
