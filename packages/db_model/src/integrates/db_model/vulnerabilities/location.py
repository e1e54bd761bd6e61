"""Where a vulnerability may be: the limits of each type (domain sections 3 and 18). Validators as in ``values.text``."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.check import Check, Judge, Refusals, below, remembered, value_of
from integrates.db_model.values.text import integer, multi_line, one_line
from integrates.db_model.values.url import MAX_PORT, address, http_url
from integrates.db_model.vulnerabilities.advisory import named_package
from integrates.db_model.vulnerabilities.types import VulnerabilityLocation, VulnerabilityType

MAX_WHERE: Final = 1000
MAX_FIELD: Final = 1000
MAX_LINE: Final = 10_000_000
MAX_EXCERPT: Final = 2000
"""Most characters of ``snippet`` and ``detail``, to which ``values.text.excerpt`` cuts them."""

_OUTSIDE: Final = frozenset({"", ".", ".."})
_DRIVE: Final = re.compile("[A-Za-z]:/")


def normalisers(kind: VulnerabilityType) -> tuple[Check, Check]:
    """Return what brings ``where`` and ``specific`` of a type into the form in which they are stored, or refuses them."""
    match kind:
        case VulnerabilityType.LINES:
            return file_path, line
        case VulnerabilityType.PACKAGES:
            return file_path, named_package
        case VulnerabilityType.INPUTS:
            return page_url, field_name
        case VulnerabilityType.PORTS:
            return address, port
    assert_never(kind)


def file_path(value: str, path: Sequence[str]) -> str:
    """Return a relative path. It must stay below its root, and must not begin like a formula of a spreadsheet."""
    text = one_line(value, path, low=1, high=MAX_WHERE)
    if text.startswith("=") or "\\" in text or _DRIVE.match(text) or not _OUTSIDE.isdisjoint(text.split("/")):
        raise Rejected(Reason.BAD_FORMAT, path)
    return text


def line(value: str, path: Sequence[str]) -> str:
    """Return the number of a line without leading zeros; 0 means the whole file."""
    return str(integer(value, path, low=0, high=MAX_LINE))


def page_url(value: str, path: Sequence[str]) -> str:
    """Return an http or https url without query and fragment."""
    text = http_url(value, path, high=MAX_WHERE)
    if "?" in text or "#" in text:
        raise Rejected(Reason.BAD_FORMAT, path)
    return text


def field_name(value: str, path: Sequence[str]) -> str:
    """Return the name of a field."""
    return one_line(value, path, low=1, high=MAX_FIELD)


def port(value: str, path: Sequence[str]) -> str:
    """Return a port without leading zeros."""
    return str(integer(value, path, low=0, high=MAX_PORT))


def excerpted(value: str, path: Sequence[str]) -> str:
    """Return a ``snippet`` or ``detail``."""
    return multi_line(value, path, low=0, high=MAX_EXCERPT)


_JUDGES: Final[Mapping[VulnerabilityType, tuple[Judge, Judge]]] = {
    kind: (value_of(str, remembered(where)), value_of(str, remembered(specific)))
    for kind in VulnerabilityType
    for where, specific in (normalisers(kind),)
}


def location_refusals(kind: VulnerabilityType, location: VulnerabilityLocation) -> Refusals:
    """Return the refusals of ``where`` and ``specific``, which have to be in the form in which they are stored.

    Values of a wrong type are left out, because the field table of the vulnerability refuses them.
    """
    if type(kind) is not VulnerabilityType or type(location) is not VulnerabilityLocation:
        return ()
    found = tuple(
        judge(value) if type(value) is str else ()
        for judge, value in zip(_JUDGES[kind], (location.where, location.specific), strict=True)
    )
    return tuple(below(("location",), (tuple(below(("where", "specific"), found)),))) if any(found) else ()


def judged_by_type(value: str, _: Sequence[str]) -> str:
    """Return any text as it is. What ``where`` and ``specific`` may be depends on the type, see :func:`location_refusals`."""
    return value
