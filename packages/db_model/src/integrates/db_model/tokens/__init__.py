"""Access tokens of people and of the CI identities of groups."""

from typing import TYPE_CHECKING

from integrates.db_model.package import offering_commands

if TYPE_CHECKING:
    from integrates.db_model.tokens.ci import *  # noqa: F403 - what __getattr__ finds, for type checkers
    from integrates.db_model.tokens.commands import *  # noqa: F403 - likewise
else:
    __getattr__, __dir__ = offering_commands(__name__, "ci")
