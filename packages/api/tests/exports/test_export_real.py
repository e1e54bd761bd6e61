"""Reports of real tools, imported, and exported as VEX: the judges of the formats find nothing wrong.

The files are not part of the repository: INTEGRATES_FORMAT_SAMPLES names their folder.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.exports.judge import JUDGES
from packages.api.tests.exports.test_round_trip_format import counts_of, root_in
from packages.api.tests.test_import_sample import EXPECTED, sample

from integrates.api.exports.document import ExportFormat
from integrates.api.exports.make import Export, Missing, Wanted, exported
from integrates.db_model.entity import read
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_root

if TYPE_CHECKING:
    from packages.api.tests.conftest import World


async def made(world: World, kind: ExportFormat, root: str | None) -> Any:
    wanted = Wanted(format=kind, group_name="webshop", root=root, server="https://integrates.example")
    async with exported(world.call("vera"), wanted) as found:
        return json.loads(found.file.read()) if isinstance(found, Export) else found


def said_of(kind: ExportFormat, document: Any) -> set[tuple[str, str]]:
    """Return the advisories and packages that a document tells of."""
    match kind:
        case ExportFormat.OPENVEX:
            return {
                (one["vulnerability"]["name"], one["products"][0]["subcomponents"][0]["@id"]) for one in document["statements"]
            }
        case ExportFormat.CYCLONEDX_VEX:
            purls = {one["bom-ref"]: one["purl"] for one in document["components"]}
            return {(one["id"], purls[one["affects"][0]["ref"]]) for one in document["vulnerabilities"]}
        case _:
            tree = document["product_tree"]
            purls = {one["product_id"]: one["product_identification_helper"]["purl"] for one in tree["full_product_names"]}
            parts = {one["full_product_name"]["product_id"]: one["product_reference"] for one in tree["relationships"]}
            return {
                (one.get("cve") or one["ids"][0]["text"], purls[parts[product]])
                for one in document["vulnerabilities"]
                for products in one["product_status"].values()
                for product in products
            }


@pytest.mark.parametrize("name", EXPECTED)
async def test_what_is_told_of_a_report_passes_the_judges(world: World, name: str) -> None:
    content, place = sample(name), EXPECTED[name][0]
    root = await root_in(world, "webshop", "vera", place)
    await counts_of(world, "webshop", "hana", root, content)
    stored = await read.everything(world.store, VULNERABILITY, of_root(root))
    packages = {one.advisory.id for one in stored if one.advisory}
    told = []
    for kind, judge in JUDGES.items():
        for about in (root, None):
            document = await made(world, kind, about)
            if document is Missing.NOTHING:
                assert not packages
                continue
            judge(json.dumps(document))
            told.append(said_of(kind, document))
    assert all(one == told[0] for one in told)
    assert {advisory for one in told for advisory, _ in one} == packages
