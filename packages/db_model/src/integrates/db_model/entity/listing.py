"""The queries of the design's access patterns."""

from collections.abc import Mapping

from integrates.db_model.entity.facet import SHARDS, design_of
from integrates.db_model.store.port import MAX_PAGE, Query
from integrates.db_model.store.template import builder, key_prefix


def listing(
    facet: str,
    pattern: str,
    values: Mapping[str, str],
    *,
    limit: int = MAX_PAGE,
    after: str | None = None,
    descending: bool = False,
) -> Query:
    """Return the query of an access pattern of a facet.

    ``values`` are those of the variables of the partition key, and of the first variables of the sort key, by which the list
    is narrowed.
    """
    design = design_of(facet)
    index = next(found.index for found in design.patterns if found.name == pattern)
    template = design.key if index is None else design.indexes[index]
    return Query(
        pattern=pattern,
        table=design.table,
        index=index,
        pk=builder(template.pk)(values),
        sk_prefix=key_prefix(template.sk, values) or None,
        limit=limit,
        after=after,
        descending=descending,
    )


def everywhere(facet: str, pattern: str, *, limit: int = MAX_PAGE) -> tuple[Query, ...]:
    """Return the queries of a list that is spread over shards, one for each shard."""
    return tuple(listing(facet, pattern, {"shard": str(number)}, limit=limit) for number in range(SHARDS))
