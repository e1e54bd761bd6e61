"""A wrapper that compares every query with the database design."""

from collections.abc import Sequence

from msgspec.structs import replace

from integrates.db_model.store.design import Design, FacetDesign, KeyTemplate, Pattern
from integrates.db_model.store.port import Page, Query, Store
from integrates.db_model.store.template import SEPARATOR, is_variable

_ANY_KEY = "entity"
"""The variable whose value is the whole key of another item, with its separators."""


def _begins(template: str, text: str) -> bool:
    """Return whether ``text`` is the beginning of a key that the template can make."""
    segments, found = template.split(SEPARATOR), text.split(SEPARATOR)
    if _ANY_KEY in segments[: len(found)]:
        return _begins(SEPARATOR.join(segments[: segments.index(_ANY_KEY)]), SEPARATOR.join(found[: segments.index(_ANY_KEY)]))
    whole = all(
        bool(one) if is_variable(segment) else one == segment for segment, one in zip(segments, found[:-1], strict=False)
    )
    last = segments[len(found) - 1 : len(found)]
    return whole and bool(last) and (is_variable(last[0]) or last[0].startswith(found[-1]))


def _fits(template: str, text: str) -> bool:
    """Return whether the template makes ``text`` for some values of its variables."""
    segments, found = template.split(SEPARATOR), text.split(SEPARATOR)
    long_enough = len(found) >= len(segments) if _ANY_KEY in segments else len(found) == len(segments)
    complete = is_variable(segments[-1]) or found[-1:] == segments[-1:]
    return long_enough and bool(text) and not text.endswith(SEPARATOR) and complete and _begins(template, text)


def _sort_keys(template: KeyTemplate, pattern: Pattern, query: Query) -> bool:
    ends = tuple(end for end in (query.sk_prefix, *(query.sk_between or ())) if end)
    wanted = pattern.sk_prefix.split(SEPARATOR) if pattern.sk_prefix else []
    narrow = all(_fits(SEPARATOR.join(wanted), SEPARATOR.join(end.split(SEPARATOR)[: len(wanted)])) for end in ends if wanted)
    return all(_begins(template.sk, end) for end in ends) and narrow and (bool(ends) or not wanted)


def _follows(query: Query, facet: FacetDesign, pattern: Pattern) -> bool:
    template = facet.key if pattern.index is None else facet.indexes[pattern.index]
    same = (query.pattern, query.table, query.index) == (pattern.name, facet.table, pattern.index)
    return same and _fits(template.pk, query.pk) and _sort_keys(template, pattern, query)


def check_query(query: Query, design: Design) -> None:
    """Raise ``ValueError`` unless the query follows the access pattern that it names: its table, index and key templates."""
    named = [(facet, each) for facet in design.facets.values() for each in facet.patterns if each.name == query.pattern]
    if not named:
        raise ValueError(f"unknown access pattern: {query.pattern!r}")
    if not any(_follows(query, facet, pattern) for facet, pattern in named):
        raise ValueError(f"the query does not follow its access pattern: {query!r}")


def following_patterns(store: Store, design: Design) -> Store:
    """Return a store whose queries must follow a known access pattern; others raise ``ValueError``."""

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        for each in queries:
            check_query(each, design)
        return await store.query(queries)

    return replace(store, query=query)
