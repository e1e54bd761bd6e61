"""What the work of one import of decisions needs: the statements, the group, the caller, and the effects it may use."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec

from integrates.api.authorization.actor import Actor
from integrates.api.authorization.scope import new_scopes, read_ahead, scope_below
from integrates.api.authorization.token import may_still_call
from integrates.api.context import Call
from integrates.api.decision_import.read.statement import Decisions
from integrates.api.vulnerability.treat import requester_of
from integrates.db_model.decision_imports.decision import Decider
from integrates.db_model.entity.loader import new_loaders
from integrates.db_model.entity.types import Stamp
from integrates.db_model.files.port import Files
from integrates.db_model.policies.rules import effective
from integrates.db_model.store.port import Store

IMPORT: Final = "decision:import"
OPERATION: Final = "import_decisions"
"""The operation in the revisions of what is decided."""


class DecisionJob(msgspec.Struct, frozen=True, kw_only=True):
    """One import of decisions at work.

    ``decider`` looks again at the group, the caller's ``decision:import`` and token, and returns ``None`` when one of them
    does not allow the import any more. ``now`` returns an aware UTC date and ``new_id`` a UUID.
    """

    store: Store
    files: Files
    decisions: Decisions
    group_name: str
    organization_id: str
    root_id: str | None
    by: str
    token_id: str | None
    change_id: str
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    decider: Callable[[], Awaitable[Decider | None]]

    def stamp(self) -> Stamp:
        """Return the stamp of a change made now."""
        return Stamp(by=self.by, at=self.now(), operation=OPERATION, change_id=self.change_id)


def _decider(call: Call, actor: Actor, organization_id: str, group_name: str) -> Callable[[], Awaitable[Decider | None]]:
    """Return a function that reads anew, past all loaders, what the caller may decide in the group."""

    async def look() -> Decider | None:
        loaders = new_loaders(call.store)
        scope, may_call, _ = await asyncio.gather(
            scope_below(new_scopes(loaders, actor), organization_id, group_name),
            may_still_call(loaders, actor, call.now()),
            read_ahead(loaders, actor, organization_id, group_name),
        )
        if scope.group is None or scope.organization is None or not may_call or IMPORT not in scope.permissions:
            return None
        return Decider(
            requester=requester_of(actor, scope.permissions, scope.permissions),
            permissions=scope.permissions,
            policies=effective(scope.organization.policies, scope.group.policies),
        )

    return look


class Within(msgspec.Struct, frozen=True, kw_only=True):
    """Where decisions are made: in a group, or in one of its roots."""

    group_name: str
    organization_id: str
    root_id: str | None


def new_decision_job(call: Call, actor: Actor, decisions: Decisions, within: Within, change_id: str) -> DecisionJob:
    """Return the job of making decisions in the name of the caller."""
    return DecisionJob(
        store=call.store,
        files=call.files,
        decisions=decisions,
        group_name=within.group_name,
        organization_id=within.organization_id,
        root_id=within.root_id,
        by=actor.email,
        token_id=actor.token_id,
        change_id=change_id,
        now=call.now,
        new_id=call.new_id,
        decider=_decider(call, actor, within.organization_id, within.group_name),
    )
