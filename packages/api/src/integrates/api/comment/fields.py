"""Fields of comments, and the comments of findings and groups."""

from typing import Final

from integrates.api.authorization.visibility import sees_comment
from integrates.api.comment.mutations import MUTATIONS
from integrates.api.comment.page import comments_on_finding, comments_on_group
from integrates.api.context import Info
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.parent import permissions_for
from integrates.db_model.comments.facet import COMMENT, comment_key
from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.entity.loader import load


async def parent(source: Comment, info: Info) -> Comment | None:
    """Return the comment that is answered; one that the caller may not read looks like none."""
    if source.parent_id is None:
        return None
    found = await load(info.context.loaders, COMMENT, comment_key(source.parent_id))
    permissions = await permissions_for(source, info)
    return found if found and sees_comment(permissions, found) else None


BINDING: Final = Binding(
    shows={"Comment": Comment},
    fields={
        **MUTATIONS,
        "Comment": {"parent": parent, "at": "created_at", "by": "created_by"},
        "Finding": {"comments": comments_on_finding},
        "Group": {"comments": comments_on_group},
    },
    enums={"CommentType": CommentType},
)
