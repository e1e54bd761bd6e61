"""What every mutation needs: the stamp of its changes, and reads that see them afterwards."""

from integrates.api.request import Request
from integrates.db_model.entity.loader import forget
from integrates.db_model.entity.types import Stamp


def new_stamp(request: Request, operation: str) -> Stamp:
    """Return the stamp of one call, made now by the caller; ``operation`` is the snake_case name of the mutation."""
    context = request.context
    return Stamp(by=request.actor.email, at=context.now(), operation=operation, change_id=context.new_id())


def refresh(request: Request) -> None:
    """Drop what the request has read, so that what follows shows what is stored now."""
    forget(request.loaders)
    request.scopes.platform.clear_all()
    request.scopes.organizations.clear_all()
    request.scopes.groups.clear_all()
