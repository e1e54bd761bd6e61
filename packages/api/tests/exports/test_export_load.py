"""What is read for an export: of which roots, which vulnerabilities, in how many calls (domain section 21)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from integrates.api.exports import load
from integrates.api.exports.document import Entry, ExportFormat
from integrates.api.exports.load import collect, products_of, roots_of
from integrates.api.exports.registry import FORMATS
from integrates.api.exports.spool import Spool
from integrates.db_model import findings
from integrates.db_model.entity import command
from integrates.db_model.errors import Rejected
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.facet import IMPORT
from integrates.db_model.imports.types import (
    Import,
    ImportArtifact,
    ImportFile,
    ImportFormat,
    ImportOptions,
    ImportState,
    ImportStatus,
)
from integrates.db_model.roots.types import ImageLocation, Root
from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Page, Query, Store
from integrates.db_model.testing.pattern import following_patterns
from integrates.db_model.testing.scene import (
    FIRST,
    Stamping,
    add_finding,
    add_group,
    add_root,
    add_root_at,
    add_vulnerability,
    deactivate_root,
    ticking,
    uid,
)
from integrates.db_model.vulnerabilities import review, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Cycle,
    Vulnerability,
    VulnerabilityState,
    VulnerabilityStatus,
)
from integrates.db_model.vulnerabilities.word import Word

NOW = FIRST + timedelta(days=1)
CSV = FORMATS[ExportFormat.CSV]


@pytest.fixture
def store() -> Store:
    return following_patterns(memory_store(), design())


@pytest.fixture
def stamp() -> Stamping:
    return ticking()


@pytest.fixture
async def group(store: Store, stamp: Stamping) -> Group:
    return await add_group(store, "webshop", stamp)


async def told(store: Store, roots: Sequence[Root], *, history: bool = False) -> tuple[list[Entry], datetime | None]:
    form = replace(CSV, has_history=history)
    with Spool(lambda entry: (entry.vulnerability.location.where,)) as spool:
        newest = await collect(store, roots, form, spool, NOW)
        return list(spool), newest


async def changed(store: Store, one: Vulnerability, new: Vulnerability, stamp: Stamping) -> None:
    await command.update(store, VULNERABILITY, vulnerability_key(one.id), lambda _old, _at: new, stamp(), seen=one)


async def removed(store: Store, one: Vulnerability, why: RemovalJustification, stamp: Stamping) -> None:
    made = stamp()
    await changed(store, one, review.removed(one, why, by=made.by, at=made.at), stamp)


def drafted(new: Vulnerability) -> Vulnerability:
    state = VulnerabilityState(status=VulnerabilityStatus.SUBMITTED, at=new.state.at, by=new.state.by)
    return replace(new, state=state, cycle=Cycle(), tool=None)


async def test_what_is_told_and_what_is_not(store: Store, stamp: Stamping, group: Group) -> None:
    root, finding = await add_root(store, group, "backend", stamp), await add_finding(store, group, "R1", stamp)
    await add_vulnerability(store, finding, root, "a-open", stamp)
    safe = await add_vulnerability(store, finding, root, "b-safe", stamp)
    made = stamp()
    await changed(store, safe, rules.closed(safe, ClosingReason.VERIFIED, by=made.by, at=made.at), stamp)
    for where, why in (("c-false", "FALSE_POSITIVE"), ("d-excluded", "EXCLUSION"), ("e-error", "REPORTING_ERROR")):
        one = await add_vulnerability(store, finding, root, where, stamp)
        await removed(store, one, RemovalJustification(why), stamp)
    await add_vulnerability(store, finding, root, "f-draft", stamp, drafted)
    found, newest = await told(store, [root])
    assert [(one.vulnerability.location.where, one.word) for one in found] == [
        ("a-open", Word.UNDECIDED),
        ("b-safe", Word.FIXED),
        ("c-false", Word.FALSE_POSITIVE),
    ]
    assert {one.finding.id for one in found} == {finding.id}
    assert newest == max(one.at for one in found)


async def test_false_positives_of_a_removed_finding_are_told(store: Store, stamp: Stamping, group: Group) -> None:
    root, finding = await add_root(store, group, "backend", stamp), await add_finding(store, group, "R1", stamp)
    await add_vulnerability(store, finding, root, "a", stamp)
    await findings.remove(store, finding, {"justification": "FALSE_POSITIVE"}, stamp())
    found, _ = await told(store, [root])
    assert [(one.word, one.finding.id) for one in found] == [(Word.FALSE_POSITIVE, finding.id)]


async def test_all_roots_of_the_group_and_of_no_other(store: Store, stamp: Stamping, group: Group) -> None:
    other = await add_group(store, "cargo", stamp, organization="harbor")
    for owner in (group, other):
        finding = await add_finding(store, owner, f"R of {owner.name}", stamp)
        for number in range(7):
            root = await add_root(store, owner, f"root-{number}", stamp)
            await add_vulnerability(store, finding, root, f"{owner.name}/{number}", stamp)
    roots = await roots_of(store, "webshop")
    await deactivate_root(store, roots[0].id, stamp())
    found, _ = await told(store, await roots_of(store, "webshop"))
    assert [one.vulnerability.location.where for one in found] == [f"webshop/{number}" for number in range(7)]
    assert await told(store, []) == ([], None)


async def test_revisions_are_read_where_a_format_asks_for_them(store: Store, stamp: Stamping, group: Group) -> None:
    root, finding = await add_root(store, group, "backend", stamp), await add_finding(store, group, "R1", stamp)
    one = await add_vulnerability(store, finding, root, "a", stamp)
    made = stamp()
    await changed(store, one, rules.closed(one, ClosingReason.VERIFIED, by=made.by, at=made.at), stamp)
    await add_vulnerability(store, finding, root, "b", stamp)
    for history, expected in ((True, [[1, 2], [1]]), (False, [[], []])):
        found, _ = await told(store, [root], history=history)
        assert [[revision.version for revision in each.revisions] for each in found] == expected


async def test_as_many_as_may_be_and_one_more(
    store: Store, stamp: Stamping, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, finding = await add_root(store, group, "backend", stamp), await add_finding(store, group, "R1", stamp)
    for number in range(3):
        await add_vulnerability(store, finding, root, f"{number}", stamp)
    monkeypatch.setattr(load, "MAX_EXPORTED", 3)
    assert len((await told(store, [root]))[0]) == 3
    monkeypatch.setattr(load, "MAX_EXPORTED", 2)
    with pytest.raises(Rejected, match="too_large"):
        await told(store, [root])


async def test_calls_grow_with_pages_and_not_with_what_is_on_them(store: Store, stamp: Stamping, group: Group) -> None:
    root = await add_root(store, group, "backend", stamp)
    calls: list[str] = []

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        calls.append("query")
        return await store.query(queries)

    counting = replace(store, query=query)
    numbers = []
    for name in ("R1", "R2", "R3"):
        finding = await add_finding(store, group, name, stamp)
        for number in range(10):
            await add_vulnerability(store, finding, root, f"{name}/{number}", stamp)
        calls.clear()
        await told(counting, [root])
        numbers.append(len(calls))
    assert numbers == [1, 1, 1]


WEB = "registry.example/shop/web"


def imported(root: Root, name: str, digest: str | None, at: datetime, image: str = WEB) -> Import:
    return Import(
        id=uid(name),
        group_name=root.group_name,
        organization_id=root.organization_id,
        root_id=root.id,
        format=ImportFormat.TRIVY,
        file=ImportFile(file_name="scan.json", sha256="0" * 64, size=1),
        options=ImportOptions(),
        artifact=ImportArtifact(name=image, digest=digest),
        state=ImportState(status=ImportStatus.COMPLETED, at=at, by="hana@demo.example"),
        created_at=at,
        created_by="hana@demo.example",
    )


async def test_the_product_of_an_image_has_the_last_digest_that_an_import_names(
    store: Store, stamp: Stamping, group: Group
) -> None:
    image = await add_root_at(store, group, "web", stamp, ImageLocation(registry="registry.example", repository="shop/web"))
    backend = await add_root(store, group, "backend", stamp)
    scans = (
        ("first", "sha256:" + "1" * 64, WEB),
        ("second", "sha256:" + "2" * 64, WEB),
        ("third", None, WEB),
        ("of another image", "sha256:" + "4" * 64, "registry.example/shop/api"),
    )
    for name, digest, scanned in scans:
        made = stamp()
        await command.add(store, IMPORT, imported(image, name, digest, made.at, scanned), made)
    assert await products_of(store, [image, backend]) == {
        image.id: f"pkg:oci/web@sha256:{'2' * 64}?repository_url=registry.example/shop/web",
        backend.id: "pkg:generic/backend?vcs_url=git%2Bhttps://git.example/shop",
    }
