"""Comparing the fields of one name in a query, with a bound of what that may take."""

from typing import Any

from graphql import OverlappingFieldsCanBeMergedRule, ValidationContext, ValidationRule
from graphql.validation.validate import ValidationAbortedError

from integrates.api.request.limits import too_complex


def overlap_rule(most: int) -> type[ValidationRule]:
    """Return the rule that fields of one name can be merged, which raises ``RequestError`` (QUERY_TOO_COMPLEX) beyond a bound.

    It compares each field with each other of its name, again on each level above: its time grows with the square of
    repetitions, and more where they are nested. It counts its work itself: two for a pair of fields, one for other steps.
    """

    class Bounded(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = most

        def enter_selection_set(self, *args: Any) -> None:
            try:
                super().enter_selection_set(*args)
            except ValidationAbortedError:
                if self.rule_context.remaining_complexity_budget < 0:
                    raise too_complex("comparisons of fields", most, most + 1, at_least=True) from None
                raise

    return Bounded
