"""VEX documents: which editions of what is told about a group, or about a root of it, were published."""

from typing import TYPE_CHECKING

from integrates.db_model.package import offering_commands

if TYPE_CHECKING:
    from integrates.db_model.vex_documents.commands import *  # noqa: F403 - what __getattr__ finds, for type checkers
else:
    __getattr__, __dir__ = offering_commands(__name__)
