"""What is visible to a caller (V1, V4): pure rules over the permissions in a group."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from integrates.db_model.comments.rules import Author
from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.findings.types import FindingStatus
from integrates.db_model.vulnerabilities.rules import is_draft, is_hidden
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityStatus

DRAFTS: Final = frozenset({VulnerabilityStatus.SUBMITTED, VulnerabilityStatus.REJECTED})
"""The states of drafts."""
READ_DRAFTS: Final = "draft:read"
READ_HIDDEN: Final = "zero_risk:read"
READ_HISTORY: Final = "history:read"
READ_EVENTS: Final = "event:read"
READ_COMMENTS: Final = "comment:read"
_TYPES: Final[Mapping[CommentType, str]] = {
    CommentType.CONSULT: READ_COMMENTS,
    CommentType.OBSERVATION: "observation:read",
    CommentType.VERIFICATION: READ_COMMENTS,
    CommentType.ZERO_RISK: READ_HIDDEN,
}
"""The permission that reading comments of each type needs."""


def sees_vulnerability(permissions: AbstractSet[str], found: Vulnerability) -> bool:
    """Return whether the vulnerability is visible: drafts and hidden ones need a permission of their own."""
    return (
        "vulnerability:read" in permissions
        and (READ_DRAFTS in permissions or not is_draft(found))
        and (READ_HIDDEN in permissions or not is_hidden(found))
    )


def sees_finding(permissions: AbstractSet[str], status: FindingStatus) -> bool:
    """Return whether a finding of that status is visible."""
    return "finding:read" in permissions and (status is not FindingStatus.DRAFT or READ_DRAFTS in permissions)


def readable_types(permissions: AbstractSet[str]) -> frozenset[CommentType]:
    """Return the types of comments that are visible."""
    return frozenset(kind for kind, permission in _TYPES.items() if permission in permissions)


def sees_comment(permissions: AbstractSet[str], found: Comment) -> bool:
    """Return whether a comment on a visible object is visible."""
    return (READ_COMMENTS if found.type is None else _TYPES[found.type]) in permissions


def author_of(permissions: AbstractSet[str]) -> Author:
    """Return what somebody with these permissions may do as the author of a comment."""
    return Author(readable=readable_types(permissions), may_observe="observation:add" in permissions)
