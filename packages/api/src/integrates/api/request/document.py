"""From the text of a query to a document that may be executed. Documents are kept by their text."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import msgspec
from ariadne.validation.introspection_disabled import IntrospectionDisabledRule
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OverlappingFieldsCanBeMergedRule,
    TokenKind,
    ValuesOfCorrectTypeRule,
    parse,
    specified_rules,
    validate,
)

from integrates.api.errors import Code
from integrates.api.request.body import bad, is_number, is_sound
from integrates.api.request.limits import Limits, check, too_complex
from integrates.api.request.overlap import overlap_rule


class Invalid(Exception):
    """The query does not fit the schema. ``errors`` has at most as many as the limits allow."""

    def __init__(self, errors: tuple[GraphQLError, ...]) -> None:
        super().__init__(errors)
        self.errors = errors


class LiteralRule(ValuesOfCorrectTypeRule):
    """A literal that its type refuses has the code of a variable that its type refuses, whatever the type."""

    def report_error(self, error: GraphQLError) -> None:
        """Report the error with BAD_USER_INPUT."""
        super().report_error(GraphQLError(error.message, error.nodes, extensions={"code": Code.BAD_USER_INPUT}))


_RULES: Final = tuple(
    LiteralRule if rule is ValuesOfCorrectTypeRule else rule
    for rule in specified_rules
    if rule is not OverlappingFieldsCanBeMergedRule  # which runs before the others
)


class Parsed(msgspec.Struct, frozen=True, eq=False):
    """A query within the limits, which may not fit the schema. Equal to itself only: comparing documents takes long."""

    text: str
    document: DocumentNode


class Readers(msgspec.Struct, frozen=True):
    """Both raise ``RequestError`` and :class:`Invalid`.

    ``parsed`` reads any query within the limits, ``valid`` returns the document of one that fits the schema.
    """

    parsed: Callable[[str], Parsed]
    valid: Callable[[Parsed], DocumentNode]


_CHECKS: Final[Mapping[TokenKind, Callable[[str], bool]]] = {
    TokenKind.STRING: is_sound,
    TokenKind.BLOCK_STRING: is_sound,
    TokenKind.INT: is_number,
    TokenKind.FLOAT: is_number,
}
"""The check that a value in a query passes, by the kind of its token; strings are checked with their escapes resolved."""


def _are_values_sound(document: DocumentNode) -> bool:
    token = document.loc.start_token if document.loc else None
    while token:
        check_value = _CHECKS.get(token.kind)
        if check_value and not check_value(token.value or ""):
            return False
        token = token.next
    return True


def _parsed(text: str, limits: Limits) -> DocumentNode:
    if len(text) > limits.characters:
        raise too_complex("characters", limits.characters, len(text))
    try:
        document = parse(text, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        if "tokens" in error.message:
            raise too_complex("tokens", limits.tokens, limits.tokens + 1, at_least=True) from error
        raise Invalid((error,)) from error
    check(document, limits)
    if not _are_values_sound(document):
        raise bad("The query holds a text or number that is not taken.")
    return document


def new_readers(schema: GraphQLSchema, limits: Limits, *, introspection: bool) -> Readers:
    """Return the readers of a schema. Without ``introspection`` errors do not suggest names that exist."""
    rules = (*_RULES, *(() if introspection else (IntrospectionDisabledRule,)))
    overlap, most = overlap_rule(limits.comparisons), limits.validation_errors

    def parsed(text: str) -> Parsed:
        return Parsed(text, _parsed(text, limits))

    def valid(query: Parsed) -> DocumentNode:
        for some in ((overlap,), rules):  # the first, whose work grows fastest, is the only one that has a bound of its own
            errors = validate(schema, query.document, some, max_errors=most, hide_suggestions=not introspection)
            if errors:
                raise Invalid(tuple(errors[:most]))
        return query.document

    kept_parsed, kept_valid = lru_cache(maxsize=limits.documents)(parsed), lru_cache(maxsize=limits.documents)(valid)
    return Readers(
        lambda text: (kept_parsed if len(text) <= limits.kept_characters else parsed)(text),
        lambda query: (kept_valid if len(query.text) <= limits.kept_characters else valid)(query),
    )
