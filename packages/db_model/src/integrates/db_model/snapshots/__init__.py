"""Snapshots of groups: their figures at the ends of days, from which curves are drawn (domain section 22).

They are no entities: what they say follows from revisions, so they have no history of their own.
"""

from typing import TYPE_CHECKING

from integrates.db_model.package import offering_commands

if TYPE_CHECKING:
    from integrates.db_model.snapshots.commands import *  # noqa: F403 - what __getattr__ finds, for type checkers
else:
    __getattr__, __dir__ = offering_commands(__name__)
