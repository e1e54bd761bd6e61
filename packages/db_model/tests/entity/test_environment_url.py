"""Environment urls: each once in a root, a hundred at most, and pages that are reported below them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model import environment_urls
from integrates.db_model.entity import command, read
from integrates.db_model.environment_urls.facet import (
    ENVIRONMENT_URL,
    ENVIRONMENT_URLS,
    environment_url_key,
    environment_urls_of_root,
)
from integrates.db_model.environment_urls.rules import MAX_ENVIRONMENT_URLS
from integrates.db_model.environment_urls.types import CloudName, EnvironmentUrl, EnvironmentUrlType
from integrates.db_model.errors import AlreadyExists, NotFound, Rejected, Rejections, Stale
from integrates.db_model.roots.facet import root_counters_key
from integrates.db_model.roots.types import ImageLocation, IPLocation, Location, Root, URLLocation, URLProtocol
from integrates.db_model.store.port import Change, Store
from integrates.db_model.testing.scene import (
    add_environment_url,
    add_root_at,
    add_vulnerability,
    deactivate_root,
    uid,
)
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.types import ClosingReason, Vulnerability, VulnerabilityType

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

STAGING = "https://staging.example/app"
PAGE = "https://staging.example/app/login"
INPUTS = VulnerabilityType.INPUTS


async def number(store: Store, root: Root) -> int:
    """Return how many environment urls the counter of a root says."""
    (item,) = await store.get((root_counters_key(root.id),))
    found = item.attributes.get(ENVIRONMENT_URLS, 0) if item else 0
    assert isinstance(found, int)
    return found


async def page(house: House, store: Store, where: str = PAGE) -> Vulnerability:
    """Report a page in the root."""
    return await add_vulnerability(store, house.finding, house.root, where, house.stamp, type=INPUTS)


async def test_one_is_stored_found_again_and_removed(store: Store, house: House) -> None:
    made = await add_environment_url(store, house.root, "https://Staging.example:443/app", house.stamp)
    assert (made.url, made.include, made.cloud_name, made.version) == (STAGING, True, None, 1)
    assert await read.get(store, ENVIRONMENT_URL, environment_url_key(made.id)) == made
    assert await read.everything(store, ENVIRONMENT_URL, environment_urls_of_root(house.root.id)) == (made,)
    assert await number(store, house.root) == 1
    assert await house.is_exact()
    gone = await environment_urls.remove(store, made, house.stamp())
    assert (gone.state.status, gone.version) == ("DELETED", 2)
    assert await read.get(store, ENVIRONMENT_URL, environment_url_key(made.id)) is None
    assert await read.everything(store, ENVIRONMENT_URL, environment_urls_of_root(house.root.id)) == ()
    assert [one.aspects.keys() >= {"state"} for one in await read.history(store, environment_url_key(made.id))] == [True, True]
    assert await number(store, house.root) == 0
    assert await house.is_exact()


async def test_one_that_was_removed_is_none_any_more(store: Store, house: House) -> None:
    made = await add_environment_url(store, house.root, STAGING, house.stamp)
    await environment_urls.remove(store, made, house.stamp())
    with pytest.raises(NotFound):
        await environment_urls.remove(store, replace(made, version=1), house.stamp())
    assert await number(store, house.root) == 0


async def test_a_stale_version_removes_nothing(store: Store, house: House) -> None:
    made = await add_environment_url(store, house.root, STAGING, house.stamp)
    with pytest.raises(Stale):
        await environment_urls.remove(store, made, house.stamp(), expected_version=7)
    assert await number(store, house.root) == 1


async def test_of_two_that_remove_one_at_once_one_does(store: Store, house: House) -> None:
    made = await add_environment_url(store, house.root, STAGING, house.stamp)
    removing = (environment_urls.remove(store, made, house.stamp()) for _ in range(2))
    found = await asyncio.gather(*removing, return_exceptions=True)
    assert [isinstance(one, NotFound) for one in found].count(True) == 1
    assert await number(store, house.root) == 0
    assert await house.is_exact()


@pytest.mark.parametrize("again", [STAGING, f"{STAGING}/", "HTTPS://STAGING.example:443/app"])
async def test_a_url_is_that_of_one_only_until_it_is_removed(store: Store, house: House, again: str) -> None:
    first = await add_environment_url(store, house.root, STAGING, house.stamp)
    with pytest.raises(AlreadyExists) as caught:
        await environment_urls.create(store, house.root, {"url": again, "url_type": "URL"}, house.stamp(), uid("again"))
    assert (str(caught.value), caught.value.owner) == ("url_taken (url)", first.id)
    await environment_urls.remove(store, first, house.stamp())
    second = await environment_urls.create(store, house.root, {"url": again, "url_type": "URL"}, house.stamp(), uid("again"))
    assert second.id != first.id
    assert await house.is_exact()


async def test_of_two_that_add_one_url_at_once_one_is_refused(store: Store, house: House) -> None:
    given = {"url": STAGING, "url_type": "URL"}
    adding = (environment_urls.create(store, house.root, given, house.stamp(), uid(name)) for name in "ab")
    found = await asyncio.gather(*adding, return_exceptions=True)
    assert sorted(str(one) for one in found if isinstance(one, BaseException)) == ["url_taken (url)"]
    assert await number(store, house.root) == 1


async def test_two_roots_may_run_at_one_url(store: Store, house: House) -> None:
    other = await add_root_at(store, house.group, "other", house.stamp, replace(house.root.location, branch="other"))
    await add_environment_url(store, house.root, STAGING, house.stamp)
    await add_environment_url(store, other, STAGING, house.stamp)
    assert (await number(store, house.root), await number(store, other)) == (1, 1)


async def test_a_root_has_a_hundred(store: Store, house: House) -> None:
    made = [await add_environment_url(store, house.root, f"https://{each}.example", house.stamp) for each in range(100)]
    assert MAX_ENVIRONMENT_URLS == len(made) == await number(store, house.root)
    with pytest.raises(Rejected, match="too_many 100 environment urls of a root"):
        await add_environment_url(store, house.root, STAGING, house.stamp)
    await environment_urls.remove(store, made[0], house.stamp())
    both = (add_environment_url(store, house.root, f"https://new{each}.example", house.stamp) for each in range(2))
    found = await asyncio.gather(*both, return_exceptions=True)
    assert [str(one) for one in found if isinstance(one, BaseException)] == ["too_many 100 environment urls of a root"]
    assert await number(store, house.root) == 100
    assert await house.is_exact()


OTHERS: dict[str, Location] = {
    "IMAGE": ImageLocation(registry="docker.io", repository="library/ubuntu"),
    "IP": IPLocation(address="192.0.2.7"),
    "URL": URLLocation(protocol=URLProtocol.HTTPS, host="shop.example", port=443, path="/"),
}


@pytest.mark.parametrize("place", OTHERS.values(), ids=OTHERS)
async def test_only_a_repository_runs_somewhere(store: Store, house: House, place: Location) -> None:
    other = await add_root_at(store, house.group, "other", house.stamp, place)
    with pytest.raises(Rejections, match=r"^wrong_root_kind \(root_id\)$"):
        await add_environment_url(store, other, STAGING, house.stamp)
    await deactivate_root(store, other.id, house.stamp())
    with pytest.raises(Rejections, match=r"^wrong_root_kind \(root_id\), inactive_root \(root_id\)$"):
        await add_environment_url(store, other, STAGING, house.stamp)
    assert await number(store, other) == 0


async def test_a_new_one_needs_an_active_root_and_its_end_does_not(store: Store, house: House) -> None:
    made = await add_environment_url(store, house.root, STAGING, house.stamp)
    await deactivate_root(store, house.root.id, house.stamp())
    with pytest.raises(Rejections, match=r"^inactive_root \(root_id\)$"):
        await add_environment_url(store, house.root, "https://new.example", house.stamp)
    await environment_urls.remove(store, made, house.stamp())
    assert await number(store, house.root) == 0


async def test_that_a_root_is_inactive_is_told_before_what_is_taken(store: Store, house: House) -> None:
    await add_environment_url(store, house.root, STAGING, house.stamp)
    await deactivate_root(store, house.root.id, house.stamp())
    with pytest.raises(Rejections, match=r"^inactive_root \(root_id\)$"):
        await environment_urls.create(store, house.root, {"url": STAGING, "url_type": "URL"}, house.stamp(), uid("again"))


async def test_a_root_that_goes_out_of_scope_meanwhile_gets_none(store: Store, house: House, intrude: Intrude) -> None:
    async def before(at: int, _: Sequence[Change]) -> None:
        if at == 1:
            await deactivate_root(store, house.root.id, house.stamp())

    with pytest.raises(Rejections, match="inactive_root"):
        await add_environment_url(intrude(store, before), house.root, STAGING, house.stamp)
    assert await number(store, house.root) == 0
    assert await house.is_exact()


async def test_a_removed_group_gets_none(store: Store, house: House) -> None:
    await house.remove_group()
    with pytest.raises(NotFound):
        await add_environment_url(store, house.root, STAGING, house.stamp)


async def test_a_root_of_another_tenant_gets_none(store: Store, house: House) -> None:
    made = house.stamp()
    foreign = replace(house.root, group_name=house.other.name, organization_id=house.other.organization_id)
    with pytest.raises(Rejections, match="wrong_parent"):
        await environment_urls.create(store, foreign, {"url": STAGING, "url_type": "URL"}, made, uid("foreign"))


async def test_nothing_of_one_ever_changes(store: Store, house: House) -> None:
    made = await add_environment_url(store, house.root, "account", house.stamp, EnvironmentUrlType.CLOUD, cloud_name="AWS")
    changes: dict[str, object] = {"url": "other", "cloud_name": CloudName.GCP, "include": False}
    for member, value in changes.items():

        def alter(old: EnvironmentUrl, _: object, member: str = member, value: object = value) -> EnvironmentUrl:
            return replace(old, **{member: value})

        with pytest.raises(Rejections, match=rf"^fixed \({member}\)$"):
            await command.update(store, ENVIRONMENT_URL, environment_url_key(made.id), alter, house.stamp())


async def test_a_page_below_one_is_reported(store: Store, house: House) -> None:
    await add_environment_url(store, house.root, STAGING, house.stamp)
    found = await page(house, store)
    assert (found.type, found.root_id) == (INPUTS, house.root.id)
    assert await house.is_exact()


HOLDING_NONE = {
    "nothing": ("https://other.example", EnvironmentUrlType.URL, {}),
    "a sibling": ("https://staging.example/ap", EnvironmentUrlType.URL, {}),
    "a deeper one": (f"{PAGE}/x", EnvironmentUrlType.URL, {}),
    "a database": (STAGING, EnvironmentUrlType.DATABASE, {}),
    "an application": (STAGING, EnvironmentUrlType.APK, {}),
    "a cloud": (STAGING, EnvironmentUrlType.CLOUD, {"cloud_name": "AWS"}),
}


@pytest.mark.parametrize(("url", "kind", "members"), HOLDING_NONE.values(), ids=HOLDING_NONE)
async def test_a_page_elsewhere_is_refused(
    store: Store, house: House, url: str, kind: EnvironmentUrlType, members: dict[str, str]
) -> None:
    await add_environment_url(store, house.root, url, house.stamp, kind, **members)
    with pytest.raises(Rejections, match=r"^outside_root \(where\)$"):
        await page(house, store)
    assert await house.is_exact()


async def test_a_page_below_one_of_another_root_is_refused(store: Store, house: House) -> None:
    other = await add_root_at(store, house.group, "other", house.stamp, replace(house.root.location, branch="other"))
    await add_environment_url(store, other, STAGING, house.stamp)
    with pytest.raises(Rejections, match=r"^outside_root \(where\)$"):
        await page(house, store)


async def test_an_outer_one_takes_the_page_when_the_inner_is_of_another_type_or_removed(store: Store, house: House) -> None:
    await add_environment_url(store, house.root, "https://staging.example", house.stamp)
    await add_environment_url(store, house.root, STAGING, house.stamp, EnvironmentUrlType.APK)
    inner = await add_environment_url(store, house.root, PAGE, house.stamp)
    await environment_urls.remove(store, inner, house.stamp())
    await page(house, store)


async def test_one_that_is_not_tested_takes_pages_too(store: Store, house: House) -> None:
    await add_environment_url(store, house.root, STAGING, house.stamp, include=False)
    await page(house, store)


async def test_nothing_is_reported_below_one_that_was_removed_and_what_is_there_stays(store: Store, house: House) -> None:
    made = await add_environment_url(store, house.root, STAGING, house.stamp)
    known = await page(house, store)
    await environment_urls.remove(store, made, house.stamp())
    with pytest.raises(Rejections, match=r"^outside_root \(where\)$"):
        await page(house, store, f"{PAGE}/again")
    await vulnerabilities.close(store, known.id, ClosingReason.VERIFIED, house.stamp())
    assert await house.is_exact()
    await add_environment_url(store, house.root, f"{STAGING}/", house.stamp)
    await page(house, store, f"{PAGE}/again")


async def test_one_that_is_removed_while_a_page_is_reported_refuses_it(store: Store, house: House, intrude: Intrude) -> None:
    made = await add_environment_url(store, house.root, STAGING, house.stamp)

    async def before(at: int, _: Sequence[Change]) -> None:
        if at == 1:
            await environment_urls.remove(store, made, house.stamp())

    with pytest.raises(Rejections, match=r"^outside_root \(where\)$"):
        await page(house, intrude(store, before))
    assert await house.is_exact()


async def test_one_that_another_replaces_meanwhile_takes_the_page_at_the_second_look(
    store: Store, house: House, intrude: Intrude
) -> None:
    made = await add_environment_url(store, house.root, STAGING, house.stamp)

    async def before(at: int, _: Sequence[Change]) -> None:
        if at == 1:
            await environment_urls.remove(store, made, house.stamp())
            await add_environment_url(store, house.root, "https://staging.example", house.stamp)

    await page(house, intrude(store, before))
    assert await house.is_exact()
