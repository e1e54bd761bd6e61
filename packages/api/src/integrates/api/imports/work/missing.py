"""Close-missing: what the series of a file no longer report (domain section 8)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from msgspec import Struct

from integrates.api.imports.read.observation import Scan, SeriesKey
from integrates.api.imports.work.chunk import given_by
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.plan import Plan as Decisions
from integrates.api.imports.work.plan import seen_in
from integrates.api.imports.work.series import closing_keys, spared_paths
from integrates.db_model.entity import read
from integrates.db_model.entity.facet import id_of
from integrates.db_model.entity.packing import fitting
from integrates.db_model.entity.plan import Plan, altered
from integrates.db_model.entity.types import Stamp
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.imports.commands import Destination
from integrates.db_model.imports.types import ImportOptions
from integrates.db_model.vulnerabilities import lists, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.load import load_vulnerabilities
from integrates.db_model.vulnerabilities.types import Source, Vulnerability


class Closing(Struct, frozen=True):
    """What decides about closing.

    ``series`` are those that close, ``spared`` the files that each of them leaves out, ``seen`` the categories in which each
    vulnerability of the plan was seen. What was reopened ``since`` the import began is left alone.
    """

    series: AbstractSet[SeriesKey]
    spared: Mapping[SeriesKey, AbstractSet[str]]
    seen: Mapping[str, AbstractSet[str]]
    since: datetime


class Unseen(Struct, frozen=True):
    """A vulnerability that some series do not see any more, its finding, and the categories of these series."""

    finding: Finding
    vulnerability: Vulnerability
    categories: frozenset[str]

    def is_closed(self) -> bool:
        """Return whether nothing sees it any more."""
        tool = self.vulnerability.tool
        return tool is not None and self.categories >= set(tool.categories)


class Page(Struct, frozen=True):
    """What one page of the root has missing, and where the next page begins; ``None`` after the last."""

    missing: tuple[Unseen, ...]
    after: str | None


def closing_by(scan: Scan, decisions: Decisions, options: ImportOptions, since: datetime) -> Closing:
    """Return what decides about closing in an import of a file that began then."""
    return Closing(closing_keys(scan, options), spared_paths(scan), seen_in(decisions), since)


def unseen_by(closing: Closing, vulnerability: Vulnerability) -> frozenset[str]:
    """Return the categories of the closing series that note the vulnerability and do not see it."""
    tool, opened_at = vulnerability.tool, vulnerability.cycle.opened_at
    if tool is None or vulnerability.source is not Source.MACHINE or not rules.is_open(vulnerability):
        return frozenset()
    if opened_at is not None and opened_at > closing.since:
        return frozenset()
    seen, where = closing.seen.get(vulnerability.id, frozenset()), vulnerability.location.where
    looked = (each for each in tool.categories if where not in closing.spared.get((tool.name, each), ()))
    return frozenset(each for each in looked if (tool.name, each) in closing.series and each not in seen)


async def page_of(job: Job, closing: Closing, after: str | None) -> Page:
    """Look at one page of what the root has; only ids are kept from page to page.

    What all closing series see needs no look.
    """
    (page,) = await job.store.query((lists.of_root(job.root_id, after=after),))
    closing_categories = {category for _, category in closing.series}
    ids = [id_of(item.key) for item in page.items]
    found = await load_vulnerabilities(
        job.store, [each for each in ids if not closing_categories <= closing.seen.get(each, set())]
    )
    missing = [(one, categories) for one in found if (categories := unseen_by(closing, one))]
    keys = [finding_key(one.finding_id) for one, _ in missing]
    findings = {each.id: each for each in await read.get_many(job.store, FINDING, keys) if each}
    known = (Unseen(findings[one.finding_id], one, which) for one, which in missing if one.finding_id in findings)
    return Page(tuple(known), page.cursors[-1] if page.has_next else None)


def closings(left: Sequence[Unseen], destination: Destination, stamp: Stamp, changes: int) -> tuple[Plan[Vulnerability], ...]:
    """Plan as many of the leading ones as fit one transaction of at most so many changes."""
    plans = [_plan(one, destination, stamp) for one in left[:changes]]
    return tuple(plans[: fitting(((made,) for made in plans), changes=changes)])


def _plan(one: Unseen, destination: Destination, stamp: Stamp) -> Plan[Vulnerability]:
    return altered(
        VULNERABILITY,
        one.vulnerability,
        lambda old, at: rules.unseen(old, one.categories, by=stamp.by, at=at),
        stamp,
        given_by(destination, one.finding),
    )


def closed_by(done: Sequence[Unseen]) -> Mapping[SeriesKey, int]:
    """Return how many each series closed: one that several lose at once counts for the first of them."""
    tools = (one.vulnerability.tool for one in done if one.is_closed())
    return Counter((tool.name, tool.categories[0]) for tool in tools if tool)
