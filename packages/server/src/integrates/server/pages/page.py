"""A page for people as data: where it is, what it asks the API as whoever looks, and how the answer is shown."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from integrates.server.pages.render import render


class BadAddress(Exception):
    """The address of a page asks for what cannot be; the text says to the visitor what, and what would do."""


def utc_of(text: str) -> datetime:
    """Return the moment that a text tells in ISO 8601, in UTC, which it is in where it does not say.

    Raise ``ValueError`` for what is no moment, and ``OverflowError`` for one that is in no calendar in UTC.
    """
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """What a visitor asks a page for.

    ``path`` is that of the page, with the values of ``names`` in it, and ``given`` what its query string says: each value of
    each name, in their order, empty ones left out. ``at`` is the moment of the visit, in UTC.
    """

    path: str
    names: Mapping[str, str] = {}
    given: Mapping[str, tuple[str, ...]] = {}
    at: datetime

    def only(self, name: str) -> str | None:
        """Return the one value of a name in the query string, ``None`` without any. Raise :class:`BadAddress` for several."""
        values = self.given.get(name, ())
        if len(values) > 1:
            raise BadAddress(f"The address gives {name} more than once.")
        return values[0] if values else None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A page that is ready to be drawn: its template, and the values that stand in it.

    ``group`` is the name of the group that it is part of, of which it then has the tabs.
    """

    template: str
    values: Mapping[str, object]
    group: str | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page that shows what one query tells, to who is logged in.

    ``path`` is that of a route, with parameters such as ``{id:uuid}``. ``ask`` returns the variables of ``query`` for an
    address, or raises :class:`BadAddress`. ``show`` is given the data of the answer, and returns ``None`` when there is nothing
    that the visitor may see.
    """

    path: str
    query: str
    ask: Callable[[Address], Mapping[str, Any]]
    show: Callable[[Mapping[str, Any], Address], Shown | None]


TABS: Final[Mapping[str, str]] = {
    "": "Overview",
    "/vulnerabilities?states=VULNERABLE": "Vulnerabilities",
    "/findings": "Findings",
    "/imports": "Imports",
}
"""The tabs of a group: where each leads below the group's page, and what it is called. Lists begin with what is open."""


def with_query(path: str, given: Mapping[str, tuple[str, ...]], **changed: str | None) -> str:
    """Return the address of a page with a query string, in which some values are others, or are left out when ``None``."""
    kept = {name: values for name, values in given.items() if name not in changed}
    new = {name: (value,) for name, value in changed.items() if value is not None}
    query = urlencode({**kept, **new}, doseq=True)
    return f"{path}?{query}" if query else path


def drawn(shown: Shown, address: Address, form_token: str) -> str:
    """Return a page as HTML, in the frame of all pages for who is logged in. Its forms carry the token."""
    return render(
        shown.template,
        here=address,
        with_query=with_query,
        form_token=form_token,
        group_name=shown.group,
        tabs=[(f"/groups/{shown.group}{below}", title) for below, title in TABS.items()] if shown.group else (),
        **shown.values,
    )
