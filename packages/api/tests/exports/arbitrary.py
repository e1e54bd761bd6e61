"""Entries of exports, made by the rules of the model: whatever it takes, with odd texts among it."""

from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st
from packages.api.tests.exports.entry import BACKEND, BY, FIRST, GROUP, ORGANIZATION, STAMP

from integrates.api.exports.document import Entry
from integrates.db_model.errors import Rejected, Rejections
from integrates.db_model.findings.commands import new_finding
from integrates.db_model.findings.types import Finding, FindingDescription, ToolRule
from integrates.db_model.severities.rules import severity
from integrates.db_model.testing.scene import uid
from integrates.db_model.values import text as texts
from integrates.db_model.values.text import multi_line
from integrates.db_model.vulnerabilities.advisory import package_at
from integrates.db_model.vulnerabilities.location import file_path
from integrates.db_model.vulnerabilities.rules import Sighting, reported
from integrates.db_model.vulnerabilities.types import (
    Advisory,
    Fix,
    Mark,
    Relation,
    SeriesSuppression,
    Technique,
    Tool,
    Use,
    VulnerabilityLocation,
    VulnerabilityType,
)
from integrates.db_model.vulnerabilities.word import Word

WORDS = r"""= : %20 % ? # \ | @ {0} {{ " ä é 語 ' , [x](1) / . .. a B - + & ; ~ C: tcp: <b>"""
ODD = (*WORDS.split(), " ", "\x01")
PLAIN = "src/plain.py"


def storable(check: Any) -> st.SearchStrategy[str]:
    """Texts as the model would store them; a plain one in place of those that it refuses."""

    def stored(given: str) -> str:
        try:
            return str(check(given, ())) or PLAIN
        except (Rejected, Rejections):
            return PLAIN

    some = st.one_of(st.text(max_size=20), st.lists(st.sampled_from(ODD), max_size=8).map("".join))
    return some.map(stored)


def spaced(check: Any) -> st.SearchStrategy[str]:
    """Texts without blanks in a row, of which reading SARIF makes one in titles and in the names of series."""
    return storable(lambda given, path: check(" ".join(given.split()), path))


def maybe(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What may be left out."""
    return st.one_of(st.none(), some)


excerpts = maybe(storable(partial(multi_line, low=0, high=2_000)))
digests = maybe(st.integers(0, 9).map(lambda one: f"{one:064x}"))
numbers = maybe(st.integers(0, 2**53 - 1))
SCORES = st.integers(0, 100).map(lambda one: (Decimal(one) / 10).quantize(Decimal("0.1")))
FINGERPRINTS = maybe(
    st.one_of(
        storable(texts.fingerprint),
        st.sampled_from(
            ["a=b", "primaryLocationLineHash=1:2", "src/a.py:v1=c=d", "src/a.py:=", "=x", "x=", "os|pkg:deb/a", "f" * 64]
        ),
    )
)
MARKS = st.builds(
    Mark,
    logical=digests,
    location_message=digests,
    start_column=numbers,
    char_offset=numbers,
    byte_offset=numbers,
    message=digests,
)
ADVISORIES = st.builds(
    Advisory,
    id=storable(texts.rule_id),
    cve=st.lists(st.sampled_from(["CVE-2020-1", "CVE-2021-22"]), unique=True).map(tuple),
    aliases=st.lists(storable(texts.rule_id), max_size=2, unique=True).map(tuple),
    package=storable(texts.rule_id),
    vulnerable_version=st.one_of(st.just(""), storable(texts.rule_id)),
    purl=maybe(st.just("pkg:npm/debug@1")),
    fixed_version=maybe(storable(texts.rule_id)),
    fix=st.sampled_from(Fix),
    relation=st.sampled_from(Relation),
    use=st.sampled_from(Use),
)
HOSTS = ["192.0.2.7", "2001:db8::1", "a-b.example", "host_1"]
PAGES = [
    "https://shop.example/",
    "http://Shop.example:8080/A b".replace(" ", "%20"),
    "https://[2001:db8::1]/x;y",
    "https://ü.example/é",
    'https://shop.example/a[0]/{b}|"c"^`/%zz/%41',
]


@st.composite
def locations(draw: Any, kind: VulnerabilityType, advisory: Advisory) -> VulnerabilityLocation:
    """Places of a type."""
    paths = storable(file_path).filter(lambda path: len(path) > len("C:"))  # a drive alone is no path to any reader
    match kind:
        case VulnerabilityType.LINES:
            where = draw(paths)
            specific = str(draw(st.one_of(st.just(0), st.integers(0, 10_000_000))))
        case VulnerabilityType.PACKAGES:
            where, specific = draw(paths), package_at(advisory.package, advisory.vulnerable_version)
        case VulnerabilityType.INPUTS:
            where, specific = draw(st.sampled_from(PAGES)), draw(st.one_of(st.just("general"), spaced(texts.rule_id)))
        case _:
            where, specific = draw(st.sampled_from(HOSTS)), str(draw(st.integers(0, 65_535)))
    commits = maybe(st.just("a" * 40))
    return VulnerabilityLocation(
        where=where, specific=specific, commit=draw(commits), snippet=draw(excerpts), detail=draw(excerpts)
    )


@st.composite
def sightings(draw: Any, rule: ToolRule, category: str) -> Sighting:
    """What a result of a rule may say."""
    kind, advisory = draw(st.sampled_from(VulnerabilityType)), draw(ADVISORIES)
    said = draw(maybe(st.tuples(spaced(texts.suppression_kind), excerpts)))
    suppressions = (SeriesSuppression(category=category, kind=said[0], justification=said[1]),) if said else ()
    return Sighting(
        type=kind,
        technique=draw(st.sampled_from(Technique)),
        location=draw(locations(kind, advisory)),
        tool=Tool(
            name=rule.tool,
            categories=(category,),
            rule_id=rule.rule_id,
            fingerprint=draw(FINGERPRINTS),
            mark=draw(MARKS),
            suppressions=suppressions,
        ),
        advisory=advisory if kind is VulnerabilityType.PACKAGES else None,
        severity=draw(maybe(SCORES.map(lambda score: severity(tool_score=score)))),
    )


@st.composite
def findings(draw: Any, number: int) -> Finding:
    """Findings of rules of tools."""
    name = spaced(texts.tool_name).map(str.lower).map(lambda one: str(texts.tool_name(one, ())))
    rule = ToolRule(tool=draw(name), rule_id=f"{draw(storable(texts.rule_id))}#{number}")
    return new_finding(
        uid(f"finding {number}"),
        FindingDescription(
            title=draw(spaced(texts.title)),
            description=draw(storable(texts.finding_description)),
            recommendation=draw(storable(texts.finding_text)),
            cwe_ids=draw(st.lists(st.sampled_from(["CWE-7", "CWE-79", "CWE-1004"]), unique=True).map(tuple)),
        ),
        STAMP,
        group_name=GROUP.name,
        organization_id=ORGANIZATION.id,
        rule=rule,
        severity=severity(tool_score=draw(SCORES)),
    )


@st.composite
def entries(draw: Any) -> list[Entry]:
    """Some vulnerabilities of one root."""
    found: list[Entry] = []
    for number in range(draw(st.integers(1, 3))):
        finding = draw(findings(number))
        assert finding.rule is not None
        category = draw(st.one_of(st.just(""), spaced(texts.category).map(lambda one: f"{one}/")))
        for _ in range(draw(st.integers(1, 3))):
            sighting = draw(sightings(finding.rule, category))
            new = reported(uid(f"vulnerability {len(found)}"), finding, BACKEND.id, sighting, by=BY, at=FIRST)
            found.append(Entry(vulnerability=new, finding=finding, word=Word.UNDECIDED, at=FIRST))
    return found
