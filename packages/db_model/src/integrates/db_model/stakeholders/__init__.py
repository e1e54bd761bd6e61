"""Stakeholders: people."""

from typing import TYPE_CHECKING

from integrates.db_model.package import offering_commands

if TYPE_CHECKING:
    from integrates.db_model.stakeholders.commands import *  # noqa: F403 - what __getattr__ finds, for type checkers
    from integrates.db_model.stakeholders.removal import *  # noqa: F403 - likewise
else:
    __getattr__, __dir__ = offering_commands(__name__, "removal")
