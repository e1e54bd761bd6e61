"""Access of stakeholders to organizations and groups."""

from typing import TYPE_CHECKING

from integrates.db_model.package import offering_commands

if TYPE_CHECKING:
    from integrates.db_model.access.answer import *  # noqa: F403 - likewise
    from integrates.db_model.access.commands import *  # noqa: F403 - what __getattr__ finds, for type checkers
    from integrates.db_model.access.departure import *  # noqa: F403 - likewise
    from integrates.db_model.access.grant import *  # noqa: F403 - likewise
    from integrates.db_model.access.invite import *  # noqa: F403 - likewise
    from integrates.db_model.access.member import *  # noqa: F403 - likewise
else:
    __getattr__, __dir__ = offering_commands(__name__, "answer", "departure", "grant", "invite", "member")
