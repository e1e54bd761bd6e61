"""Fields of evidence."""

from typing import Final

from integrates.api.resolve.attribute import Shown
from integrates.api.resolve.binding import Binding
from integrates.db_model.evidences.rules import owner_in
from integrates.db_model.evidences.types import Evidence, EvidenceSlot

PATH: Final = "/evidence"
"""Where the server answers with files of evidence."""


def _url(source: Evidence) -> str:
    return f"{PATH}/{owner_in(source.file_name)}/{source.file_name}"


BINDING: Final = Binding(
    shows={"Evidence": Evidence}, fields={"Evidence": {"url": Shown(_url)}}, enums={"EvidenceSlot": EvidenceSlot}
)
