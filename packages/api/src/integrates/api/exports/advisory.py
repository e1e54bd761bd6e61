"""Where an advisory is published, by the form of its id."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from msgspec import Struct


class Source(Struct, frozen=True):
    """Who publishes advisories, and the address of theirs; ``None`` when it is not known."""

    name: str
    address: str | None = None


_SOURCES: Final[Mapping[str, Source]] = {
    "CVE-": Source("NVD", "https://nvd.nist.gov/vuln/detail/"),
    "GHSA-": Source("GitHub", "https://github.com/advisories/"),
}
"""By what their ids begin with."""


def source_of(advisory_id: str, tool: str) -> Source:
    """Return who publishes the advisory of that id, which a tool told; the tool itself where the id does not say."""
    found = next((source for start, source in _SOURCES.items() if advisory_id.startswith(start)), None)
    return Source(found.name, f"{found.address}{quote(advisory_id, safe='')}") if found else Source(tool)
