"""All pages that show what one query tells, in the one list that routes and rates are made of."""

from collections.abc import Sequence
from typing import Final

from integrates.server.pages import finding, imports, listing, overview, todo, vulnerability
from integrates.server.pages.page import Page

PAGES: Final[Sequence[Page]] = (
    finding.PAGE,
    imports.LIST_PAGE,
    imports.PAGE,
    listing.FINDINGS_PAGE,
    listing.VULNERABILITIES_PAGE,
    overview.GROUP_PAGE,
    overview.HOME_PAGE,
    overview.ORGANIZATION_PAGE,
    todo.PAGE,
    vulnerability.PAGE,
)
"""The pages, each by its own path."""


def first_part(path: str) -> str:
    """Return the first part of a path with its slash, ``/groups`` of ``/groups/{name}``."""
    return "/" + path.split("/")[1]
