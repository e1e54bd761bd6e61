"""Applying finding policies in the background, and taking up what an earlier process left unfinished."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from integrates.api.context import Call
from integrates.api.unfinished import look_at_each
from integrates.db_model.entity.work import LEASE
from integrates.db_model.errors import Gone
from integrates.db_model.finding_policies import commands
from integrates.db_model.finding_policies.rules import is_done
from integrates.db_model.finding_policies.work import Worker, carry_out
from integrates.db_model.store.port import Store

_INTERRUPTED: Final = "applying a finding policy was interrupted"
_LOG: Final = logging.getLogger("integrates.api")


async def _carried_out(worker: Worker, policy_id: str) -> None:
    """Apply a policy, and log the vulnerabilities that had to be left out."""
    done = await carry_out(worker, policy_id)
    for identity, error in done.refused.items() if done else ():
        _LOG.error("a finding policy cannot be applied to vulnerability %s", identity, exc_info=error)


async def applied(call: Call, policy_id: str) -> None:
    """Apply a policy after the answer; what interrupts that is logged, and the work is taken up again later."""
    try:
        await _carried_out(Worker(call.store, call.now, call.new_id()), policy_id)
    except Gone:
        raise
    except Exception as error:  # noqa: BLE001 -- nobody waits for it any more
        _LOG.warning(_INTERRUPTED, exc_info=error, extra={"request_id": call.request_id})


async def apply_unfinished(
    store: Store, now: Callable[[], datetime], new_id: Callable[[], str], is_stopping: Callable[[], bool]
) -> timedelta:
    """Apply every policy that has work left and no worker, one after another; return the time after which to look again.

    See :func:`integrates.api.unfinished.look_at_each`.
    """

    async def look(policy_id: str) -> timedelta:
        await _carried_out(Worker(store, now, new_id()), policy_id)
        return await _due_in(store, now, policy_id)

    return await look_at_each(await commands.unfinished_policies(store), look, is_stopping, interrupted=_INTERRUPTED)


async def _due_in(store: Store, now: Callable[[], datetime], policy_id: str) -> timedelta:
    """Return the time after which a policy has to be looked at again."""
    found = await commands.find(store, policy_id)
    if found is None or found.application is None or is_done(found.application):
        return LEASE
    return max(found.application.lease_until - now(), timedelta(0))
