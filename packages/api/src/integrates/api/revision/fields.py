"""Fields of revisions."""

from typing import Final

from integrates.api.resolve import connection
from integrates.api.resolve.attribute import Fields

FIELDS: Final[Fields] = {"Revision": {"entity": "entity_key"}, **connection.fields_of("RevisionConnection")}
