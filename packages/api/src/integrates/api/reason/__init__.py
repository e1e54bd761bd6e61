"""Why something is refused: one table of all reasons, with the code, the sentence and the explanation of each."""

from collections.abc import Mapping
from typing import Final

from integrates.api.meaning import Meaning
from integrates.api.reason.life import LIFE_REASONS
from integrates.api.reason.object import OBJECT_REASONS
from integrates.api.reason.value import VALUE_REASONS
from integrates.db_model.errors import Reason

REASONS: Final[Mapping[Reason, Meaning]] = {**VALUE_REASONS, **OBJECT_REASONS, **LIFE_REASONS}
"""The one table of reasons: messages, the enumeration of the schema and the reference of the handbook are made of it."""


def enumeration() -> str:
    """Return the enumeration of all reasons in GraphQL's language."""
    values = "\n".join(f'  "{one.code}: {one.explanation}."\n  {reason.name}' for reason, one in sorted(REASONS.items()))
    return f'"Stable reason of a refusal, for programs to switch on."\nenum Reason {{\n{values}\n}}\n'
