"""The comments that explain a bulk change of vulnerabilities, written in its transactions: one on each finding concerned.

A mutation says why it asks for something, or how it answers, in the words of a person. These words become a comment of the type
VERIFICATION or ZERO_RISK on the finding, in the same transaction as the first vulnerability of the finding that the call
changes::

    why = remarked(CommentType.VERIFICATION, justification, stamp, new_id)
    await vulnerabilities.change_all(store, wanted, alter, stamp, supplement=why)

It stays one comment, although a bulk change is written in chunks and some of it may be decided again: the plan of the first
vulnerability of a finding also puts the comment, and the plans of the others check that it is there. In the transaction of the
put, that check is met by it; in later ones the comment is stored. When the first vulnerability loses a race and its transaction
is written without it, the checks of the others fail like a lost race, and what is decided again has another first.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from integrates.db_model.comments.facet import COMMENT, comment_key
from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.entity.facet import Given, as_read
from integrates.db_model.entity.plan import Needs, Plan, besides, needs, plan, together
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import ModelError
from integrates.db_model.vulnerabilities.supplement import Decisions, Supplement
from integrates.db_model.vulnerabilities.types import Vulnerability


def remarked(kind: CommentType, content: str, stamp: Stamp, new_id: Callable[[], str]) -> Supplement:
    """Return the supplement that writes one comment on each finding of which a bulk change changes a vulnerability.

    ``stamp`` is that of the bulk change, and ``new_id`` makes the ids of comments. A finding takes them however many
    it has (:data:`integrates.db_model.comments.rules.MAX_COMMENTS`); when it does not, all of its vulnerabilities are refused.
    """
    return remarked_once(kind, content, stamp, cache(lambda _finding_id: new_id()))


def remarked_once(kind: CommentType, content: str, stamp: Stamp, id_on: Callable[[str], str]) -> Supplement:
    """Return the supplement of :func:`remarked`, of which each comment has an id that follows from that of its finding.

    So work that is cut off and goes on later does not comment on a finding again.
    """

    def comments_on(found: Iterable[Vulnerability]) -> dict[str, Comment]:
        return {
            one.finding_id: Comment(
                id=id_on(one.finding_id),
                group_name=one.group_name,
                organization_id=one.organization_id,
                finding_id=one.finding_id,
                type=kind,
                content=content,
                created_at=stamp.at,
                created_by=stamp.by,
            )
            for one in found
        }

    def needed(found: Sequence[Vulnerability]) -> Needs:
        new = comments_on(found).values()
        read = [needs(COMMENT, None, one) for one in new]
        items = (*(comment_key(one.id) for one in new), *(key for one in read for key in one.items))
        return Needs(tuple(parent for one in read for parent in one.parents), items)

    def applied(decisions: Decisions, given: Given) -> Decisions:
        changing = {at: made for at, made in sorted(decisions.items()) if isinstance(made, Plan) and made.own}
        wanted = comments_on(made.entity for made in changing.values())
        unwritten = {one: new for one, new in wanted.items() if given.items[comment_key(new.id)] is None}
        comments = {one: _planned(new, stamp, given) for one, new in unwritten.items()}
        first = {made.entity.finding_id: at for at, made in sorted(changing.items(), reverse=True)}
        return {
            **decisions,
            **{
                at: _joined(made, comments[made.entity.finding_id], is_first=first[made.entity.finding_id] == at)
                for at, made in changing.items()
                if made.entity.finding_id in comments
            },
        }

    return Supplement(needed, applied)


def _planned(new: Comment, stamp: Stamp, given: Given) -> Plan[Comment] | ModelError:
    try:
        return plan(COMMENT, None, new, stamp, given)
    except ModelError as error:
        return error


def _joined(
    change: Plan[Vulnerability], comment: Plan[Comment] | ModelError, *, is_first: bool
) -> Plan[Vulnerability] | ModelError:
    """Return the plan of a change that also writes the comment or, unless it is the first, requires that it is there."""
    if isinstance(comment, ModelError):
        return comment
    there = as_read(comment_key(comment.entity.id), comment.entity)
    return together(change, *(besides(comment) if is_first else (there,)))
