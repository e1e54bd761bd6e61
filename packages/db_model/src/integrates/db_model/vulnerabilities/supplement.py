"""What a bulk change of vulnerabilities decides, and writes, for all of them together, beside what it does to each."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from msgspec import Struct

from integrates.db_model.entity.bulk import Decision
from integrates.db_model.entity.facet import Given
from integrates.db_model.entity.plan import Needs, Plan
from integrates.db_model.vulnerabilities.types import Vulnerability

Decisions: TypeAlias = Mapping[int, Decision]
"""What is decided about each vulnerability, by position: the plan of its change, or the error that refuses it."""


class Supplement(Struct, frozen=True):
    """What ``change.change_all`` takes beside the function that alters each vulnerability.

    ``needs``   what has to be read for it, given the vulnerabilities as they were read
    ``applied`` the decisions about all vulnerabilities with its part in them: more changes in the transaction of a plan, or
                refusals. It is pure, and asked again with what is left after a lost race
    """

    needs: Callable[[Sequence[Vulnerability]], Needs]
    applied: Callable[[Decisions, Given], Decisions]


def combined(parts: Sequence[tuple[AbstractSet[str], Supplement]]) -> Supplement:
    """Return the supplement that has a part for some of the vulnerabilities, and another one for others.

    Each part stands with the ids of the vulnerabilities that it is about, which no other part is about.
    """

    def needed(found: Sequence[Vulnerability]) -> Needs:
        read = [part.needs([one for one in found if one.id in ids]) for ids, part in parts]
        return Needs(tuple(parent for one in read for parent in one.parents), tuple(key for one in read for key in one.items))

    def applied(decisions: Decisions, given: Given) -> Decisions:
        for ids, part in parts:
            own = {at: one for at, one in decisions.items() if isinstance(one, Plan) and one.entity.id in ids}
            decisions = {**decisions, **part.applied(own, given)}
        return decisions

    return Supplement(needed, applied)
