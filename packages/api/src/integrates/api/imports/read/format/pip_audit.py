"""The reader of `pip-audit --format json` (domain section 19, row *PIP_AUDIT*), both as an object and as a list."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Raw, Struct

from integrates.api.imports.read.collect import Nothing
from integrates.api.imports.read.decode import TopLevel, first_of, top_members
from integrates.api.imports.read.error import BadFile, Defect, pointed
from integrates.api.imports.read.limit import MAX_RESULTS
from integrates.api.imports.read.mend import elements_of, parts_of
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.package import Package, Vulnerable, names_of, package_result
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import Result, Source, paths, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.imports.types import ImportFormat

MANIFEST: Final = "requirements.txt"
ECOSYSTEM: Final = "pypi"
_OTHERS: Final = frozenset({"bomFormat", "reportSchema"})
"""Members of other formats that have dependencies."""


class Found(Struct, frozen=True):
    """A vulnerability of a package."""

    id: str | None = None
    aliases: tuple[str, ...] | None = None
    description: str | None = None
    fix_versions: tuple[str, ...] | None = None


class Dependency(Struct, frozen=True):
    """A package that was looked at, or why it was not."""

    name: str
    version: str | None = None
    vulns: tuple[Raw, ...] | None = None
    skip_reason: str | None = None


class Report(Struct, frozen=True):
    """A whole file that is an object."""

    dependencies: tuple[Raw, ...]


def detects(top: TopLevel) -> bool:
    """Return whether the file is that of pip-audit."""
    members = top_members(top)
    if "dependencies" not in members:
        return _is_dependency(first_of(top).keys())
    listed = elements_of(members["dependencies"]) if _OTHERS.isdisjoint(members) else None
    return listed is not None and all(_is_dependency((parts_of(one) or {}).keys()) for one in listed[:1])


def _is_dependency(names: Iterable[str]) -> bool:
    return "name" in names and ("vulns" in names or "skip_reason" in names)


def read(content: bytes, options: Options) -> Scan:
    """Read a report of pip-audit. Raise ``TooLarge`` and ``BadFile``.

    One in which every package was skipped, as when the service of advisories cannot be reached, is not complete.
    """
    listed = elements_of(content)
    pointer, given = ("/dependencies", made(Report, content).dependencies) if listed is None else ("", listed)
    complete = not given or any("vulns" in (parts_of(one) or {}) for one in given[:MAX_RESULTS])
    source = Source(format=ImportFormat.PIP_AUDIT, tool="pip-audit", complete=complete)
    return scan_of(source, _results(given, pointer, options), options)


def _results(given: Sequence[Raw], pointer: str, options: Options) -> Iterator[Result | Nothing]:
    manifest = options.manifest or MANIFEST
    where = paths(options)(manifest)
    for place, one in each_of(Dependency, given, pointer):
        if one.skip_reason is not None:
            yield Nothing.FINE
        elif one.vulns is None:
            raise BadFile((Defect(pointed(place, "vulns"), "The member is missing:"),))
        else:
            for below, found in each_of(Found, one.vulns, pointed(place, "vulns")):
                yield package_result(
                    Vulnerable(
                        pointer=below,
                        names=names_of(found.id, found.aliases or ()),
                        package=Package(name=one.name, version=one.version or "", ecosystem=ECOSYSTEM),
                        where=where,
                        uri=manifest,
                        description=found.description,
                        fixed=found.fix_versions or (),
                    )
                )
