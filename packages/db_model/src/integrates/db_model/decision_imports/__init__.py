"""Imports of decisions that others made about vulnerabilities."""

from typing import TYPE_CHECKING

from integrates.db_model.package import offering_commands

if TYPE_CHECKING:
    from integrates.db_model.decision_imports.commands import *  # noqa: F403 - what __getattr__ finds, for type checkers
else:
    __getattr__, __dir__ = offering_commands(__name__)
