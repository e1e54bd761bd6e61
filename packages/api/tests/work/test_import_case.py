"""Small files, one need of a user each: what a root says after they were imported one after another (domain section 8)."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from integrates.api.imports.read.error import BadFile
from integrates.db_model.errors import Rejections
from integrates.db_model.imports.types import ImportCounts, ImportOptions
from integrates.db_model.vulnerabilities.types import Treatment, TreatmentStatus, Vulnerability

CASES = Path(__file__).parent / "cases"


class Step(Struct, frozen=True):
    """A file, the counts it should give, and the options it is imported with."""

    file: str
    counts: dict[str, int]
    options: dict[str, Any] = {}


def step(file: str, *, options: dict[str, Any] | None = None, **counts: int) -> Step:
    return Step(file, counts, options or {})


DONE: dict[str, tuple[Step, ...]] = {
    "01 one constant text as every fingerprint": (
        step("01-placeholder-fingerprint.1.sarif", created=3),
        step("01-placeholder-fingerprint.2.sarif", unchanged=2, closed=1),
    ),
    "02 equal line hash in two files": (
        step("02-equal-line-hash-two-files.1.sarif", created=2),
        step("02-equal-line-hash-two-files.2.sarif", unchanged=1, closed=1),
    ),
    "04 lines move, one is fixed": (
        step("04-moved-lines.1.sarif", created=3),
        step("04-moved-lines.2.sarif", moved=2, closed=1),
    ),
    "05 UTF-8 with byte order mark": (step("05-utf8-bom.sarif", created=1),),
    "07b stripPrefix as path": (step("07-absolute-paths.sarif", created=2, options={"strip_prefix": "/home/ci/build/shop"}),),
    "07c stripPrefix as file url": (
        step("07-absolute-paths.sarif", created=2, options={"strip_prefix": "file:///home/ci/build/shop/"}),
    ),
    "10 absolute url below the base of the run": (step("10-base-is-root.sarif", created=1),),
    "11 absolute url below the working directory": (step("11-working-directory.sarif", created=1),),
    "12 chain of bases": (step("12-base-chain.sarif", created=1),),
    "13 percent-encoded, then plain": (
        step("13-percent-and-space.1.sarif", created=2),
        step("13-percent-and-space.2.sarif", unchanged=2),
    ),
    "14 windows paths": (step("14-windows.sarif", created=3, options={"strip_prefix": r"D:\a\1\s"}),),
    "14b drive in lower case": (step("14-windows.sarif", created=3, options={"strip_prefix": r"d:\a\1\s"}),),
    "17b rooted path with stripPrefix": (step("17-rooted.sarif", created=1, options={"strip_prefix": "/"}),),
    "18 one CVE in two packages of an image": (step("18-image-two-packages.sarif", created=2),),
    "21 only a logical location": (step("21-logical-only.sarif", created=1),),
    "22 rule in an extension": (step("22-rules-in-extension.sarif", created=1),),
    "23 level of the rule": (step("23-level-of-rule.sarif", created=1),),
    "26 line -1": (step("26-line-minus-one.sarif", created=2),),
    "27 line 12.0": (step("27-line-float.sarif", created=1),),
    "28 line 0": (step("28-line-zero.sarif", created=1),),
    "29 null for everything": (step("29-nulls.sarif", created=1),),
    "31 long rule that nobody means": (step("31-long-rule-id-unused.sarif", created=1),),
    "32 long rule that somebody means": (step("32-long-rule-id-used.sarif", created=2),),
    "34 2,100 rules described": (step("34-many-rules.sarif", created=1),),
    "36 not successful": (
        step("35-partial-failure.1.sarif", created=2),
        step("36-execution-failed.2.sarif", unchanged=1),
    ),
    "37 one tool twice": (
        step("37-two-projects.1.sarif", created=1),
        step("37-two-projects.2.sarif", created=1, closed=1),
    ),
    "37 with category": (
        step("37-two-projects.1.sarif", created=1, options={"category": "a/"}),
        step("37-two-projects.2.sarif", created=1, options={"category": "b/"}),
    ),
    "38 automationDetails": (step("38-category.1.sarif", created=1), step("38-category.2.sarif", created=1)),
    "39 renamed tool": (
        step("39-renamed-tool.1.sarif", created=1),
        step("39-renamed-tool.2.sarif", created=1),
    ),
    "39 renamed tool, named": (
        step("39-renamed-tool.1.sarif", created=1, options={"tool": "scanner"}),
        step("39-renamed-tool.2.sarif", unchanged=1, options={"tool": "scanner"}),
    ),
    "40 two columns": (step("40-two-columns.1.sarif", created=2),),
    "41 two rules on one line": (step("41-two-rules-one-line.sarif", created=2),),
    "42 offsets only": (step("42-offsets-only.sarif", created=2),),
    "43 suppressed later": (
        step("43-suppressed-later.1.sarif", created=1),
        step("43-suppressed-later.2.sarif", suppressed=1),
    ),
    "45 closed, then seen again": (
        step("35-partial-failure.1.sarif", created=2),
        step("45-reopen.2.sarif", closed=2),
        step("35-partial-failure.1.sarif", reopened=2),
    ),
    "46 pull request": (
        step("35-partial-failure.1.sarif", created=2),
        step("46-pull-request.2.sarif", unchanged=1, options={"close_missing": False}),
    ),
    "47 message of 200 kB": (step("47-huge-message.sarif", created=1),),
    "48 two runs": (step("48-two-runs-equal.sarif", created=2, duplicate=1),),
    "51 no rule": (step("51-no-rule-id.sarif", created=1),),
    "52 message by id": (step("52-message-id-only.sarif", created=1),),
    "53 shift with snippets": (
        step("53-shift-with-snippet.1.sarif", created=2),
        step("53-shift-with-snippet.2.sarif", moved=2),
    ),
    "54 suppressed elsewhere": (
        step("35-partial-failure.1.sarif", created=2),
        step("54-suppressed-elsewhere.2.sarif", unchanged=1, suppressed=1),
    ),
    "56 gzip": (step("56-gzip.sarif.gz", created=1),),
    "57 no runs": (step("35-partial-failure.1.sarif", created=2), step("57-empty-runs.2.sarif")),
    "58 all fingerprints change": (
        step("58-fingerprint-new-name.1.sarif", created=2),
        step("58-fingerprint-new-name.2.sarif", unchanged=2),
    ),
    "60 kinds": (step("60-level-none-kind.sarif", created=1, reviewable=2),),
    "61 severity as a word": (step("61-security-severity-text.sarif", created=1),),
    "63 shift by the distance of two": (
        step("63-shift-by-spacing.1.sarif", created=2),
        step("63-shift-by-spacing.2.sarif", moved=2),
    ),
    "64 one column left": (
        step("64-one-column-left.1.sarif", created=2),
        step("64-one-column-left.2.sarif", unchanged=1, closed=1),
    ),
    "65 copies in two series": (
        step("65-copies-in-two-series.a.sarif", created=1),
        step("65-copies-in-two-series.b.sarif", created=1),
        step("65-copies-in-two-series.a.sarif", unchanged=1),
    ),
}

# Where each place of the first step is after the last one, and whether it is open: written down from what the files say.
STAYS: dict[str, dict[str, str]] = {
    "01 one constant text as every fingerprint": {
        "app/a.py 10": "app/a.py 10 SAFE",
        "app/a.py 20": "app/a.py 20 VULNERABLE",
        "app/a.py 30": "app/a.py 30 VULNERABLE",
    },
    "02 equal line hash in two files": {"web/a.js 5": "web/a.js 5 SAFE", "web/b.js 9": "web/b.js 9 VULNERABLE"},
    "04 lines move, one is fixed": {
        "a.c 10": "a.c 10 SAFE",
        "a.c 20": "a.c 27 VULNERABLE",
        "a.c 30": "a.c 37 VULNERABLE",
    },
    "53 shift with snippets": {"a.py 10": "a.py 13 VULNERABLE", "a.py 20": "a.py 23 VULNERABLE"},
    "58 all fingerprints change": {"a.py 4": "a.py 4 VULNERABLE", "a.py 9": "a.py 9 VULNERABLE"},
    "63 shift by the distance of two": {"src/a.py 10": "src/a.py 20 VULNERABLE", "src/a.py 20": "src/a.py 30 VULNERABLE"},
    "64 one column left": {"src/a.py 5:3": "src/a.py 5:3 SAFE", "src/a.py 5:7": "src/a.py 5:7 VULNERABLE"},
    "65 copies in two series": {"svc-a/x.py 1": "svc-a/x.py 1 VULNERABLE"},
}

NOWHERE = (
    "07-absolute-paths.sarif",
    "17-rooted.sarif",
    "20-no-location.sarif",
    "59-url-in-git-root.sarif",
)
UNREADABLE = ("06-utf16le.sarif", "44-duplicate-member.sarif", "49-latin1.sarif")


def content(file: str) -> bytes:
    return (CASES / file).read_bytes()


def counted(counts: ImportCounts) -> dict[str, int]:
    found = {name: getattr(counts, name) for name in counts.__struct_fields__}
    return {name: number for name, number in found.items() if number and name != "skipped"}


@pytest.mark.parametrize("name", DONE)
async def test_case(world: Any, name: str) -> None:
    for each in DONE[name]:
        found = await world.imported(content(each.file), ImportOptions(**each.options))
        assert (each.file, counted(found.progress.counts)) == (each.file, each.counts)
    assert await world.is_counted()


def place(vulnerability: Vulnerability) -> str:
    column = vulnerability.tool.mark.start_column if vulnerability.tool else None
    line = f"{vulnerability.location.where} {vulnerability.location.specific}"
    return line if column is None else f"{line}:{column}"


def treated(old: Vulnerability) -> Vulnerability:
    """Return the vulnerability with a treatment that names the place it was set at."""
    by = "uri@demo.example"
    wanted = Treatment(
        status=TreatmentStatus.IN_PROGRESS, assigned=by, justification=f"Treated at {place(old)}", at=old.state.at, by=by
    )
    return replace(old, treatment=wanted)


@pytest.mark.parametrize("name", STAYS)
async def test_a_treatment_stays_with_its_weakness(world: Any, name: str) -> None:
    first, *rest = DONE[name]
    await world.imported(content(first.file), ImportOptions(**first.options))
    for each in await world.vulnerabilities():
        await world.alter(each.id, treated)
    for each in rest:
        await world.imported(content(each.file), ImportOptions(**each.options))
    after = await world.vulnerabilities()
    found = {each.treatment.justification: f"{place(each)} {each.state.status.value}" for each in after}
    stays = {f"Treated at {before}": now for before, now in STAYS[name].items()}
    assert {said: now for said, now in found.items() if said is not None} == stays


@pytest.mark.parametrize("file", NOWHERE)
async def test_nothing_placed(world: Any, file: str) -> None:
    with pytest.raises(Rejections) as refused:
        await world.imported(content(file))
    assert {one.reason.value for one in refused.value.refusals} == {"nothing_placed"}
    assert await world.stored_files() == []


async def test_nothing_placed_after_a_good_scan_closes_nothing(world: Any) -> None:
    await world.imported(content("08-all-skipped.1.sarif"))
    with pytest.raises(Rejections):
        await world.imported(content("08-all-skipped.2.sarif"))
    assert {each.state.status.value for each in await world.vulnerabilities()} == {"VULNERABLE"}


@pytest.mark.parametrize("file", UNREADABLE)
async def test_unreadable(world: Any, file: str) -> None:
    with pytest.raises(BadFile):
        await world.imported(content(file))
