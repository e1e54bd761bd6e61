"""What every mutation needs: the stamp of its changes, and reads that see them afterwards."""

from integrates.api.context import Context
from integrates.db_model.entity.loader import forget
from integrates.db_model.entity.types import Stamp


def new_stamp(context: Context, operation: str) -> Stamp:
    """Return the stamp of one call, made now by the caller; ``operation`` is the snake_case name of the mutation."""
    call = context.call
    return Stamp(by=context.actor.email, at=call.now(), operation=operation, change_id=call.new_id())


def refresh(context: Context) -> None:
    """Drop what the request has read, so that what follows shows what is stored now."""
    forget(context.loaders)
    context.scopes.platform.clear_all()
    context.scopes.organizations.clear_all()
    context.scopes.groups.clear_all()
