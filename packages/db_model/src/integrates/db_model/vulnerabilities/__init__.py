"""Vulnerabilities: single locations where a finding occurs."""

from typing import TYPE_CHECKING

from integrates.db_model.package import offering_commands

if TYPE_CHECKING:
    from integrates.db_model.vulnerabilities.commands import *  # noqa: F403 - what __getattr__ finds, for type checkers
    from integrates.db_model.vulnerabilities.expiry import *  # noqa: F403 - likewise
    from integrates.db_model.vulnerabilities.intake import *  # noqa: F403 - likewise
    from integrates.db_model.vulnerabilities.life import *  # noqa: F403 - likewise
    from integrates.db_model.vulnerabilities.triage import *  # noqa: F403 - likewise
else:
    __getattr__, __dir__ = offering_commands(__name__, "expiry", "intake", "life", "triage")
