"""The reader of ZAP's traditional JSON reports (domain section 19, row *ZAP*)."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

import msgspec
from msgspec import Raw, Struct

from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.location import location_at, page_at
from integrates.api.imports.read.markup import plain
from integrates.api.imports.read.mend import parts_of
from integrates.api.imports.read.observation import Scan, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import EXTERNAL, MAX_TEXT, Result, Source, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.location import MAX_EXCERPT
from integrates.db_model.vulnerabilities.types import Suppression

_MAX_MARKUP: Final = 3 * MAX_TEXT
_WORDS: Final[Mapping[str, str]] = {"3": "high", "2": "medium", "1": "low", "0": "info"}
_FALSE_POSITIVE: Final = "0"


class Instance(Struct, frozen=True):
    """Where an alert was raised."""

    uri: str | None = None
    method: str | None = None
    param: str | None = None
    attack: str | None = None
    evidence: str | None = None


class Alert(Struct, frozen=True):
    """A weakness of a site."""

    alert_ref: str | tuple[Raw, ...] | None = msgspec.field(default=None, name="alertRef")
    plugin_id: str | int | None = msgspec.field(default=None, name="pluginid")
    name: str | None = None
    desc: str | None = None
    solution: str | None = None
    cwe_id: str | int | None = msgspec.field(default=None, name="cweid")
    risk_code: str | int | None = msgspec.field(default=None, name="riskcode")
    confidence: str | int | None = None
    instances: tuple[Raw, ...] | None = None


class Site(Struct, frozen=True):
    """What was attacked."""

    alerts: tuple[Raw, ...] | None = None


class Report(Struct, frozen=True):
    """A whole file."""

    version: str = msgspec.field(name="@version")
    site: Raw


def detects(top: TopLevel) -> bool:
    """Return whether the file is ZAP's."""
    return {"@version", "site"} <= top_members(top).keys()


def read(content: bytes, options: Options) -> Scan:
    """Read a report of ZAP. Raise ``TooLarge`` and ``BadFile``."""
    return scan_of(Source(format=ImportFormat.ZAP, tool="zap"), _results(made(Report, content).site), options)


def _sites(site: Raw) -> Iterator[tuple[str, Site]]:
    if parts_of(site) is not None:
        yield "/site", made(Site, site, "/site")
    else:
        yield from each_of(Site, made(tuple[Raw, ...], site, "/site"), "/site")


def _results(site: Raw) -> Iterator[Result]:
    page = cache(page_at)  # many alerts are about one page
    for pointer, one in _sites(site):
        for above, alert in each_of(Alert, one.alerts or (), f"{pointer}/alerts"):
            described = _described(alert, above)
            if not alert.instances:
                yield described
            for place, instance in each_of(Instance, alert.instances or (), f"{above}/instances"):
                found = page(instance.uri) if instance.uri else None
                yield msgspec.structs.replace(
                    described,
                    pointer=place,
                    at=location_at(found, 0, (instance.param or "",)) if instance.uri else SkipReason.NO_LOCATION,
                    uri=instance.uri,
                    detail=_detail(instance),
                )


def _described(alert: Alert, pointer: str) -> Result:
    """Return what holds for each instance of an alert."""
    is_false = str(alert.confidence) == _FALSE_POSITIVE
    return Result(
        pointer=pointer,
        rule_id=(alert.alert_ref if isinstance(alert.alert_ref, str) else None) or str(alert.plugin_id or ""),
        at=SkipReason.NO_LOCATION,
        title=alert.name,
        description=plain(alert.desc, _MAX_MARKUP),
        recommendation=plain(alert.solution, _MAX_MARKUP),
        cwe=(alert.cwe_id,),
        word=_WORDS.get(str(alert.risk_code)),
        suppression=Suppression(kind=EXTERNAL, justification="False positive.") if is_false else None,
    )


def _detail(instance: Instance) -> str:
    told = (("Method", instance.method), ("Attack", instance.attack), ("Evidence", instance.evidence))
    return "\n".join(f"{name}: {text}" for name, given in told if (text := (given or "")[:MAX_EXCERPT].strip()))
