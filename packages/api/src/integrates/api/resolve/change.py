"""What every mutation needs: the stamp of its changes, commands of the model, and reads that see what they changed."""

from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any, Protocol, TypeAlias

from graphql.pyutils import camel_to_snake

from integrates.api.authorization.sight import Sight
from integrates.api.context import Context, Info
from integrates.api.resolve.attribute import Resolver
from integrates.db_model.entity.loader import forget
from integrates.db_model.entity.types import Stamp
from integrates.db_model.store.port import Store

Payload: TypeAlias = Mapping[str, Any]
"""The payload of a mutation by the names of its fields. Without ``errors``, the guard adds an empty list of them."""


class Command(Protocol):
    """A command of the model that was given all but the store and the stamp, as by :func:`functools.partial`."""

    def __call__(self, store: Store, /, *, stamp: Stamp) -> Awaitable[Any]:
        """Change the store and return the entity as it is then."""


class Change(Protocol):
    """A command of the model that changes one object, as raw arguments say, which it checks."""

    def __call__(
        self, store: Store, /, *, seen: Any, given: Mapping[str, Any], stamp: Stamp, expected_version: int | None
    ) -> Awaitable[Any]:
        """Change the object that is ``seen`` as it was just read, and return it as it is then."""


def new_stamp(info: Info) -> Stamp:
    """Return the stamp of one call of a mutation: made now, by the caller, with the name of the mutation as operation."""
    context = info.context
    operation = camel_to_snake(info.field_name)
    return Stamp(by=context.actor.email, at=context.call.now(), operation=operation, change_id=context.call.new_id())


def refresh(context: Context) -> None:
    """Drop what the request has read, so that what follows shows what is stored now."""
    forget(context.loaders)
    context.computed.clear_all()
    context.scopes.platform.clear_all()
    context.scopes.organizations.clear_all()
    context.scopes.groups.clear_all()


async def changed(info: Info, name: str, command: Command) -> Payload:
    """Run a command and return the payload with the entity that it returns under a name."""
    return {name: await command(info.context.store, stamp=new_stamp(info))}


async def ended(info: Info, command: Command, by: str = "id") -> Payload:
    """Run a command that ends an object and return the payload, which shows nothing else of it than its id.

    ``by`` is the attribute that people know the object by.
    """
    return {"id": getattr(await command(info.context.store, stamp=new_stamp(info)), by)}


def changing(name: str, command: Change) -> Resolver:
    """Return the resolver of a mutation that changes the object which the guard has found; its payload has it under a name."""

    async def change(seen: Sight[Any], info: Info, *, expected_version: int | None = None, **given: Any) -> Payload:
        return await changed(info, name, partial(command, seen=seen.found, given=given, expected_version=expected_version))

    return change
