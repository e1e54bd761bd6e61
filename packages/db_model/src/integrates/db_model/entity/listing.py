"""Queries of the design's access patterns."""

from collections.abc import Mapping

from integrates.db_model.entity.facet import SHARDS, design_of
from integrates.db_model.store.port import MAX_PAGE, Query
from integrates.db_model.store.template import builder, key_prefix


def listing(
    facet: str,
    pattern: str,
    parts: Mapping[str, str],
    *,
    limit: int = MAX_PAGE,
    after: str | None = None,
    descending: bool = False,
) -> Query:
    """Return the query of an access pattern of a facet.

    ``parts`` give the variables of the partition key and as many leading ones of the sort key as narrow the list.
    """
    layout = design_of(facet)
    index = next(found.index for found in layout.patterns if found.name == pattern)
    template = layout.key if index is None else layout.indexes[index]
    return Query(
        pattern=pattern,
        table=layout.table,
        index=index,
        pk=builder(template.pk)(parts),
        sk_prefix=key_prefix(template.sk, parts) or None,
        limit=limit,
        after=after,
        descending=descending,
    )


def everywhere(facet: str, pattern: str, *, limit: int = MAX_PAGE) -> tuple[Query, ...]:
    """Return the queries that together walk a list which is spread over shards."""
    return tuple(listing(facet, pattern, {"shard": str(number)}, limit=limit) for number in range(SHARDS))
