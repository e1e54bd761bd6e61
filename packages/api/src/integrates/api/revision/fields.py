"""Fields of revisions."""

from typing import Final

from integrates.api.resolve.binding import Binding
from integrates.db_model.entity.revision import Revision

BINDING: Final = Binding(shows={"Revision": Revision}, fields={"Revision": {"entity": "entity_key"}})
