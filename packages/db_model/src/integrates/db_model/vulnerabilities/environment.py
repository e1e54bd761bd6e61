"""Pages of a GIT root: each lies below one of its environment urls when it is reported (end of domain section 3).

The facet of vulnerabilities uses these functions, so that no writer can leave them out. They ask the claims of the urls, not
the list of the root, because lists may lag. The environment url must be as it was read, so that it is not removed meanwhile.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from integrates.db_model.entity import claim
from integrates.db_model.entity.facet import Beside, Given, Needed, Parent, as_read
from integrates.db_model.entity.plan import Needs, stepwise
from integrates.db_model.environment_urls.facet import ENVIRONMENT_URL, environment_claims_above, environment_url_key
from integrates.db_model.environment_urls.rules import is_web
from integrates.db_model.environment_urls.types import EnvironmentUrl
from integrates.db_model.errors import Reason, Rejected, Rejections
from integrates.db_model.roots.facet import root_key
from integrates.db_model.roots.types import GitRoot, Root
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityType

_PAGES: Final = VulnerabilityType.INPUTS


def _is_concerned(old: Vulnerability | None, new: Vulnerability, given: Given) -> bool:
    return old is None and new.type is _PAGES and isinstance(given.known.get(root_key(new.root_id)), GitRoot)


def _needed(root_id: str, where: str, given: Given) -> tuple[Needed, ...]:
    """Return what is still to be read to know below which environment url a page lies: claims, then their holders."""
    claims = environment_claims_above(root_id, where)
    unread = tuple(key for key in claims if key not in given.items)
    if unread:
        return unread
    holders = (holder for key in claims if (holder := claim.holder_of(given.items[key])))
    keys = (environment_url_key(holder) for holder in holders)
    return tuple(Parent(facet=ENVIRONMENT_URL, key=key) for key in keys if key not in given.known)


def environment_above(root_id: str, where: str, given: Given) -> EnvironmentUrl | None:
    """Return the environment url of a root below which a page lies, the nearest one; ``None`` when there is none."""
    holders = (claim.holder_of(given.items.get(key)) for key in environment_claims_above(root_id, where))
    found = (given.known.get(environment_url_key(holder)) for holder in holders if holder)
    return next((one for one in found if isinstance(one, EnvironmentUrl) and is_web(one)), None)


def environments_needed(root: Root, places: Iterable[tuple[VulnerabilityType, str]]) -> Iterator[Needs]:
    """Yield what is to be read of the environment urls of a root before vulnerabilities are reported at places."""
    for where in dict.fromkeys(where for kind, where in places if kind is _PAGES and isinstance(root, GitRoot)):
        yield stepwise(partial(_needed, root.id, where))


def is_elsewhere(root: Root, kind: VulnerabilityType, where: str, given: Given) -> bool:
    """Return whether something is a page of a GIT root and lies below none of its environment urls."""
    return kind is _PAGES and isinstance(root, GitRoot) and environment_above(root.id, where, given) is None


def environment_follows(old: Vulnerability | None, new: Vulnerability, given: Given) -> tuple[Needed, ...]:
    """Return what a report of a page has still to read of the environment urls of its root."""
    return _needed(new.root_id, new.location.where, given) if _is_concerned(old, new, given) else ()


def environment_held(old: Vulnerability | None, new: Vulnerability, given: Given) -> tuple[Beside, ...]:
    """Require, for the report of a page of a GIT root, that the environment url below which it lies is as it was read.

    Raise ``Rejections`` (``outside_root``) when it lies below none.
    """
    if not _is_concerned(old, new, given):
        return ()
    found = environment_above(new.root_id, new.location.where, given)
    if found is None:
        raise Rejections((Rejected(Reason.OUTSIDE_ROOT, ("where",)),))
    return (as_read(environment_url_key(found.id), found),)
