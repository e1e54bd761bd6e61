"""Publishing VEX documents: a new edition only when the content differs (domain section 21)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import read
from integrates.db_model.entity.listing import listing
from integrates.db_model.errors import NotFound, Rejections
from integrates.db_model.store.port import Page, Query
from integrates.db_model.testing.scene import FIRST, add_root, uid
from integrates.db_model.vex_documents.commands import Content, publish
from integrates.db_model.vex_documents.facet import VEX_DOCUMENT, vex_document_key
from integrates.db_model.vex_documents.types import Edition, VexDocument, VexFormat

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House

DAY = timedelta(days=1)
ONE, OTHER = "1" * 64, "2" * 64


def content(sha256: str, days: int = 1, root_id: str | None = None, form: VexFormat = VexFormat.OPENVEX) -> Content:
    return Content(root_id=root_id, format=form, sha256=sha256, at=FIRST + DAY * days)


def edition(number: int, sha256: str, days: int) -> Edition:
    return Edition(document_version=number, content_sha256=sha256, at=FIRST + DAY * days)


async def stored(house: House, root_id: str | None = None) -> VexDocument | None:
    return await read.get(house.store, VEX_DOCUMENT, vex_document_key("webshop", root_id, VexFormat.OPENVEX))


async def test_only_other_content_makes_an_edition(house: House) -> None:
    given = [(ONE, 1), (ONE, 2), (OTHER, 3), (OTHER, 3), (ONE, 4)]
    made = [await publish(house.store, house.group, content(*each), house.stamp()) for each in given]
    first, second, third = edition(1, ONE, 1), edition(2, OTHER, 3), edition(3, ONE, 4)
    assert made == [(first,), (first,), (first, second), (first, second), (first, second, third)]
    found = await stored(house)
    assert found is not None
    assert (found.version, found.edition, found.root_id, found.group_name) == (3, third, None, "webshop")


async def test_the_date_of_an_edition_never_goes_back(house: House) -> None:
    await publish(house.store, house.group, content(ONE, 5), house.stamp())
    made = await publish(house.store, house.group, content(OTHER, 2), house.stamp())
    assert made == (edition(1, ONE, 5), edition(2, OTHER, 5))


async def test_each_root_and_each_format_has_editions_of_its_own(house: House) -> None:
    about = [content(ONE), content(ONE, root_id=house.root.id), content(OTHER, form=VexFormat.CSAF_VEX)]
    for each in about:
        assert len(await publish(house.store, house.group, each, house.stamp())) == 1
    of_group, of_other = (
        listing(VEX_DOCUMENT.name, "vex_documents_of_group", {"group_name": name}) for name in ("webshop", house.other.name)
    )
    listed = await read.everything(house.store, VEX_DOCUMENT, of_group)
    assert {(one.root_id, one.format) for one in listed} == {(each.root_id, each.format) for each in about}
    assert await read.everything(house.store, VEX_DOCUMENT, of_other) == ()


async def test_of_two_at_once_each_gets_an_edition_with_its_content(house: House) -> None:
    for old in (ONE, None):
        shas = [f"{number}{old or ''}"[:64].ljust(64, "0") for number in range(4)]
        made = await asyncio.gather(*(publish(house.store, house.group, content(sha256), house.stamp()) for sha256 in shas))
        assert [editions[-1].content_sha256 for editions in made] == shas
        for editions in made:
            assert [one.document_version for one in editions] == list(range(1, len(editions) + 1))


async def test_the_same_content_at_once_is_one_edition(house: House) -> None:
    made = await asyncio.gather(*(publish(house.store, house.group, content(ONE), house.stamp()) for _ in range(4)))
    assert set(made) == {(edition(1, ONE, 1),)}


async def test_a_root_of_another_tenant_is_refused(house: House) -> None:
    foreign = await add_root(house.store, house.other, "foreign", house.stamp)
    with pytest.raises(Rejections, match="wrong_parent"):
        await publish(house.store, house.group, content(ONE, root_id=foreign.id), house.stamp())
    with pytest.raises(NotFound):
        await publish(house.store, house.group, content(ONE, root_id=uid("none")), house.stamp())
    assert await stored(house, foreign.id) is None


async def test_what_somebody_publishes_meanwhile_is_no_edition_of_mine(house: House) -> None:
    published: list[int] = []

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        if not published:
            published.append(1)
            await publish(house.store, house.group, content(OTHER), house.stamp())
        return await house.store.query(queries)

    made = await publish(replace(house.store, query=query), house.group, content(ONE), house.stamp())
    assert made == (edition(1, ONE, 1),)
    found = await stored(house)
    assert found is not None
    assert found.edition.document_version == 2
