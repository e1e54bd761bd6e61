"""The database design that travels inside this package, exported from the CUE files under ``schemas/``."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from integrates.db_model.store.port import Table


class KeyTemplate(msgspec.Struct, frozen=True):
    """The templates of a partition key and a sort key (see :mod:`integrates.db_model.store.template`)."""

    pk: str
    sk: str


class Pattern(msgspec.Struct, frozen=True):
    """An access pattern: a walk over the table (``index`` is ``None``) or over one of its indexes."""

    name: str
    index: int | None
    sk_prefix: str | None = None


class FacetDesign(msgspec.Struct, frozen=True, kw_only=True):
    """The design of one kind of item: its keys, indexes and access patterns, and its ``demo`` items as DynamoDB JSON.

    ``schema`` is the number of the form in which its items are written now.
    """

    name: str
    schema: int
    table: Table
    key: KeyTemplate
    indexes: Mapping[int, KeyTemplate]
    patterns: tuple[Pattern, ...]
    demo: tuple[Mapping[str, Any], ...]


class TableDesign(msgspec.Struct, frozen=True):
    """The design of a table: what each of its indexes projects, by the number of the index.

    ``purge`` is the attribute with the second since 1970 from which an item may be deleted by a store that can do so by itself.
    """

    name: Table
    indexes: Mapping[int, Literal["ALL", "KEYS_ONLY"]]
    purge: str | None = None


class Design(msgspec.Struct, frozen=True):
    """All tables and facets by name. ``anchor`` is the date to which the dates of the demo data relate.

    ``version`` differs between designs with other tables, indexes or keys: a store of another version has to be migrated first.
    """

    version: int
    tables: Mapping[str, TableDesign]
    facets: Mapping[str, FacetDesign]
    anchor: str


_Number: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]


class _KeyAlias(msgspec.Struct, rename="pascal"):
    partition_key_alias: str
    sort_key_alias: str


class _AccessPattern(msgspec.Struct, rename="pascal"):
    name: str
    index: str | None
    sort_key_prefix: str | None = None


class _Facet(msgspec.Struct, rename="pascal"):
    facet_name: str
    schema: _Number
    key_attribute_alias: _KeyAlias
    table_data: tuple[dict[str, Any], ...] = ()
    index_key_aliases: dict[str, _KeyAlias] = {}
    access_patterns: tuple[_AccessPattern, ...] = ()


class _Projection(msgspec.Struct, rename="pascal"):
    projection_type: Literal["ALL", "KEYS_ONLY"]


class _Index(msgspec.Struct, rename="pascal"):
    index_name: str
    projection: _Projection


class _Table(msgspec.Struct, rename="pascal"):
    table_name: Table
    table_facets: tuple[_Facet, ...]
    global_secondary_indexes: tuple[_Index, ...] = ()
    time_to_live: str | None = None


class _Metadata(msgspec.Struct, rename="pascal"):
    date_created: str


class _Document(msgspec.Struct, rename="pascal"):
    design_version: _Number
    model_metadata: _Metadata
    data_model: tuple[_Table, ...]


def _index_number(name: str) -> int:
    return int(name.removeprefix("gsi_"))


def _template(alias: _KeyAlias) -> KeyTemplate:
    return KeyTemplate(alias.partition_key_alias, alias.sort_key_alias)


def _pattern(pattern: _AccessPattern) -> Pattern:
    index = None if pattern.index is None else _index_number(pattern.index)
    return Pattern(pattern.name, index, pattern.sort_key_prefix)


def _facet(table: Table, facet: _Facet) -> FacetDesign:
    return FacetDesign(
        name=facet.facet_name,
        schema=facet.schema,
        table=table,
        key=_template(facet.key_attribute_alias),
        indexes={_index_number(name): _template(alias) for name, alias in facet.index_key_aliases.items()},
        patterns=tuple(_pattern(pattern) for pattern in facet.access_patterns),
        demo=facet.table_data,
    )


def _table(table: _Table) -> TableDesign:
    indexes = {_index_number(index.index_name): index.projection.projection_type for index in table.global_secondary_indexes}
    return TableDesign(table.table_name, indexes, table.time_to_live)


def parsed(document: bytes) -> Design:
    """Return the design in an exported document. Raise ``msgspec.ValidationError`` when the document has another form."""
    read = msgspec.json.decode(document, type=_Document)
    return Design(
        read.design_version,
        {table.table_name: _table(table) for table in read.data_model},
        {facet.facet_name: _facet(table.table_name, facet) for table in read.data_model for facet in table.table_facets},
        read.model_metadata.date_created,
    )


@cache
def design() -> Design:
    """Return the design that this package carries."""
    return parsed(files("integrates.db_model.store").joinpath("design.json").read_bytes())
