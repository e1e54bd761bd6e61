"""Advisories of vulnerable packages: their limits, and the place that goes with them (domain sections 3 and 18)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.check import Check, Normaliser, distinct
from integrates.db_model.values.text import one_line
from integrates.db_model.vulnerabilities.types import Advisory, Tool, VulnerabilityLocation, VulnerabilityType

MAX_ID: Final = 200
"""Most characters of the id of an advisory, and of an alias."""
MAX_CVE: Final = 50
MAX_NAMES: Final = 50
"""Most CVEs, and most aliases."""
MAX_PACKAGE: Final = 500
MAX_VERSION: Final = 300
"""Most characters of a version, and of all versions that repair it."""
MAX_PURL: Final = 1000
MAX_SPECIFIC: Final = MAX_PACKAGE + len("@") + MAX_VERSION
OS: Final = "os"
"""The ``where`` of the packages of a distribution."""


def _text(high: int, low: int = 1) -> Check:
    return lambda value, path: one_line(value, path, low=low, high=high)


def _cve(values: Sequence[str], path: Sequence[str]) -> tuple[str, ...]:
    return distinct(values, path, _text(MAX_CVE), MAX_NAMES)


def _aliases(values: Sequence[str], path: Sequence[str]) -> tuple[str, ...]:
    return distinct(values, path, _text(MAX_ID), MAX_NAMES)


ADVISORY: Final[Mapping[str, Normaliser]] = {
    "advisory.id": _text(MAX_ID),
    "advisory.cve": _cve,
    "advisory.aliases": _aliases,
    "advisory.package": _text(MAX_PACKAGE),
    "advisory.vulnerable_version": _text(MAX_VERSION, low=0),
    "advisory.purl": _text(MAX_PURL),
    "advisory.fixed_version": _text(MAX_VERSION),
}
"""The rows of an advisory in the field table of a vulnerability."""


def package_at(package: str, version: str) -> str:
    """Return the ``specific`` of a package: ``name@version``, or ``name`` when the version is not known."""
    return f"{package}@{version}" if version else package


def named_package(value: str, path: Sequence[str]) -> str:
    """Return the ``specific`` of a package as somebody states it. Name and version have the limits of an advisory."""
    text = one_line(value, path, low=1, high=MAX_SPECIFIC)
    # Any `@` may be the one before the version, because names and versions can have one of their own: @scope/name, git@host.
    if len(text) > MAX_PACKAGE and "@" not in text[len(text) - 1 - MAX_VERSION : MAX_PACKAGE + 1]:
        raise Rejected(
            Reason.TOO_LONG, path, f"at most {MAX_PACKAGE:,} characters of the name and {MAX_VERSION:,} of the version"
        )
    return text


def goes_with(advisory: Advisory, location: VulnerabilityLocation) -> bool:
    """Return whether the advisory is about the package and the version at the location."""
    return location.specific == package_at(advisory.package, advisory.vulnerable_version)


def misadvised(
    kind: VulnerabilityType, location: VulnerabilityLocation, tool: Tool | None, advisory: Advisory | None
) -> Iterator[Rejected]:
    """Yield a refusal when a package that a tool reported has no advisory, or when the advisory is not about the location."""
    if advisory is None:
        if kind is VulnerabilityType.PACKAGES and tool is not None:
            yield Rejected(Reason.REQUIRED, ("advisory",))
    elif kind is not VulnerabilityType.PACKAGES:
        yield Rejected(Reason.INCONSISTENT, ("advisory",))
    elif not goes_with(advisory, location):
        yield Rejected(Reason.INCONSISTENT, ("advisory", "vulnerable_version"))
