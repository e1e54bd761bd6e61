"""Reading what the statements of a file may be about."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from integrates.api.authorization.visibility import READ_HIDDEN
from integrates.api.decision_import.work.job import DecisionJob
from integrates.api.decision_import.work.match import Candidate, Match, candidate, known_of, matching, meant_by
from integrates.api.exports.load import roots_of
from integrates.db_model.decision_imports.decision import Decider
from integrates.db_model.entity import read
from integrates.db_model.store.port import Query
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

_STATES: Final = (VulnerabilityStatus.VULNERABLE, VulnerabilityStatus.SAFE)
"""What others may say something about; of drafts nobody outside knows."""


def _queries(job: DecisionJob, *, sees_hidden: bool) -> Iterator[Query]:
    for hidden in (False, True) if sees_hidden else (False,):
        for state in _STATES:
            if job.root_id is None:
                yield lists.of_group_in_state(job.group_name, hidden=hidden, state=state)
            else:
                yield lists.of_root_in_state(job.root_id, hidden=hidden, state=state)


async def surveyed(job: DecisionJob, decider: Decider, renew: Callable[[], Awaitable[None]]) -> Match:
    """Return which vulnerabilities the statements decide about, of those that the caller may see.

    The lists are walked page by page, and of what a statement may be about only as much is kept as tells which one decides.
    ``renew`` is called after each page, so that the lease does not end meanwhile.
    """
    roots = await roots_of(job.store, job.group_name)
    found = await asyncio.to_thread(matching, job.decisions.statements, known_of(roots), job.root_id)
    candidates: dict[str, Candidate] = {}
    for query in _queries(job, sees_hidden=READ_HIDDEN in decider.permissions):
        async for items in read.pages(job.store, query):
            some = (read.live(VULNERABILITY, item) for item in items)
            candidates |= {one.id: one for each in some if each is not None and (one := candidate(found, each)) is not None}
            await renew()
    return await asyncio.to_thread(meant_by, found, tuple(candidates.values()))
