"""Where the role of a person comes from: people, or the providers by which the person logs in. Pure.

Providers grant roles at each login (domain section 10.2). What people granted is never lowered by that, so the two have to be
told apart: by the history of the record, which says who made each change of the role.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from integrates.db_model.access.rank import Role, highest, outranks

PROVIDER: Final = "service:oidc:"
"""The beginning of the actor in whose name a provider grants; its name follows."""
_PEOPLE: Final = "people"
"""The source of what anybody but a provider granted: people, the operator, the system."""


def sources(past: Iterable[tuple[str, Role | None]]) -> Mapping[str, Role]:
    """Return the role that each source wants for the person. ``past`` has, oldest first, who made a version and the role in it.

    A person's decision replaces whatever was wanted before. A provider's adds to it, or withdraws: it goes back to what another
    source wants, or to no role.
    """
    wanted: dict[str, Role] = {}
    known: Role | None = None
    for by, role in past:
        if role is known:
            continue
        source = by if by.startswith(PROVIDER) else _PEOPLE
        others = {} if source is _PEOPLE or role is None else {name: each for name, each in wanted.items() if name != source}
        is_back = source is not _PEOPLE and role in others.values()
        wanted = others if role is None or is_back else {**others, source: role}
        known = role
    return wanted


def role_given(wanted: Mapping[str, Role], provider: str, given: Role | None) -> Role | None:
    """Return the role of a person to whom a provider gives this one, or none: it raises what others want, and lowers nothing.

    ``wanted`` is what :func:`sources` returns, ``provider`` the actor of the provider.
    """
    floor = highest(role for source, role in wanted.items() if source != provider)
    if given is None or floor is None:
        return given or floor
    return given if outranks(given, floor) else floor
