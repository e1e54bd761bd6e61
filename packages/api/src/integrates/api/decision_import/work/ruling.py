"""A statement in the form in which it is decided, with the words that are stored. Pure."""

from typing import Final

from integrates.api.decision_import.read.statement import Statement
from integrates.api.imports.read.text import block, line
from integrates.db_model.decision_imports.decision import Ruling
from integrates.db_model.values.text import MAX_REASONING, MIN_REASONING

_MAX_AUTHOR: Final = 200


def justification_of(statement: Statement, file_name: str, author: str) -> str:
    """Return ``From <file>, <author>, <date>: <text>``, as long as a justification has to be, and at most as long.

    What a file does not tell, its author or its date, is left out.
    """
    date = f"{statement.at:%Y-%m-%d}" if statement.at else ""
    origin = ", ".join(each for each in (file_name, line(author, _MAX_AUTHOR), date) if each)
    text = block(f"From {origin}: {block(statement.text, MAX_REASONING)}", MAX_REASONING)
    return text.ljust(MIN_REASONING, ".")


def ruling_of(statement: Statement, file_name: str, author: str) -> Ruling:
    """Return what is decided about each vulnerability that the statement decides about."""
    return Ruling(
        says=statement.says,
        words=statement.words,
        justification=justification_of(statement, file_name, author),
        vex_justification=statement.vex_justification,
        accepted_until=statement.accepted_until,
    )
