"""The exported documents have the form that NoSQL Workbench and the code read."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

EXTENSIONS = {"IndexKeyAliases", "AccessPatterns", "Schema"}
VERSION = "DesignVersion"
PURGE = "TimeToLive"
MEMBERS = {
    "document": {"ModelName", "ModelMetadata", "DataModel"},
    "metadata": {"Author", "DateCreated", "DateLastModified", "Description", "AWSService", "Version"},
    "table": {
        "TableName",
        "KeyAttributes",
        "NonKeyAttributes",
        "TableFacets",
        "GlobalSecondaryIndexes",
        "TableData",
        "DataAccess",
        "BillingMode",
    },
    "facet": {"FacetName", "KeyAttributeAlias", "TableData", "NonKeyAttributes", "DataAccess"},
}
FacetOf = Callable[[str], Any]


@pytest.fixture(scope="module")
def facet(carried: Any) -> FacetOf:
    facets = {facet["FacetName"]: facet for table in carried["DataModel"] for facet in table["TableFacets"]}
    return lambda name: facets[name]


def without_extensions(document: Mapping[str, Any]) -> Mapping[str, Any]:
    def plain(table: Mapping[str, Any]) -> Mapping[str, Any]:
        facets = [{name: value for name, value in facet.items() if name not in EXTENSIONS} for facet in table["TableFacets"]]
        return {**{name: value for name, value in table.items() if name != PURGE}, "TableFacets": facets}

    members = {name: value for name, value in document.items() if name != VERSION}
    return {**members, "DataModel": [plain(table) for table in document["DataModel"]]}


def test_both_documents_say_the_same(document: Any, carried: Any) -> None:
    assert without_extensions(carried) == document
    assert VERSION in carried
    assert [table.get(PURGE) for table in carried["DataModel"]] == ["purge_at", None]
    assert all(facet.keys() >= EXTENSIONS for table in carried["DataModel"] for facet in table["TableFacets"])


def test_workbench_document_has_the_members_of_its_format_only(document: Any) -> None:
    assert document.keys() == MEMBERS["document"]
    assert document["ModelMetadata"].keys() == MEMBERS["metadata"]
    for table in document["DataModel"]:
        assert table.keys() == MEMBERS["table"]
        assert all(facet.keys() == MEMBERS["facet"] for facet in table["TableFacets"])


def test_tables_and_their_indexes(document: Any) -> None:
    indexes = {
        table["TableName"]: {
            index["IndexName"]: (
                index["KeyAttributes"]["PartitionKey"]["AttributeName"],
                index["KeyAttributes"]["SortKey"]["AttributeName"],
                index["Projection"]["ProjectionType"],
            )
            for index in table["GlobalSecondaryIndexes"]
        }
        for table in document["DataModel"]
    }
    assert indexes == {
        "integrates_vms": {f"gsi_{number}": (f"pk_{number}", f"sk_{number}", "ALL") for number in range(1, 9)},
        "integrates_vms_historic": {f"gsi_{number}": (f"pk_{number}", f"sk_{number}", "KEYS_ONLY") for number in (1, 2)},
    }


def test_every_attribute_of_a_facet_is_one_of_its_table(document: Any) -> None:
    for table in document["DataModel"]:
        known = [attribute["AttributeName"] for attribute in table["NonKeyAttributes"]]
        assert len(known) == len(set(known))
        assert all(set(facet["NonKeyAttributes"]) <= set(known) for facet in table["TableFacets"])


def test_a_sort_key_that_is_not_given_equals_the_partition_key(facet: FacetOf) -> None:
    assert facet("finding")["KeyAttributeAlias"] == {"PartitionKeyAlias": "FIN#id", "SortKeyAlias": "FIN#id"}
    assert facet("group_access")["KeyAttributeAlias"] == {
        "PartitionKeyAlias": "USER#email",
        "SortKeyAlias": "GROUP#group_name",
    }


def test_every_facet_can_be_read_by_key_and_uses_its_own_indexes_only(carried: Any) -> None:
    for table in carried["DataModel"]:
        for facet in table["TableFacets"]:
            patterns = {pattern["Name"]: pattern["Index"] for pattern in facet["AccessPatterns"]}
            assert patterns[f"{facet['FacetName']}_by_key"] is None
            assert set(patterns.values()) - {None} == facet["IndexKeyAliases"].keys()


def test_a_pattern_may_say_which_sort_keys_it_reads(facet: FacetOf) -> None:
    prefixes = {pattern["Name"]: pattern.get("SortKeyPrefix") for pattern in facet("vulnerability")["AccessPatterns"]}
    assert {name for name, prefix in prefixes.items() if prefix} == {"vulnerabilities_of_root_and_path"}
    assert facet("vulnerability")["IndexKeyAliases"]["gsi_2"]["SortKeyAlias"].startswith(
        prefixes["vulnerabilities_of_root_and_path"] or "nothing"
    )
