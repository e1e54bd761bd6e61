"""Whole VEX documents (E13): a row for each bad value of each member."""

from msgspec.structs import replace
from packages.db_model.tests.rules.whole.value import AT, EVERY, HASH, ID, KEPT, Kind, Row, Take, below

from integrates.db_model.entity.types import Entity
from integrates.db_model.vex_documents.types import Edition, VexDocument, VexFormat

VEX_DOCUMENT = VexDocument(
    group_name="webshop",
    organization_id=ID,
    root_id=ID,
    format=VexFormat.OPENVEX,
    edition=Edition(document_version=1, content_sha256=HASH, at=AT),
    **KEPT,
)

GOOD: list[Entity] = [VEX_DOCUMENT, replace(VEX_DOCUMENT, root_id=None)]
KINDS: list[tuple[Entity, list[Kind]]] = [
    (
        VEX_DOCUMENT,
        [
            *(each for each in EVERY if each[0] != "state.at"),
            ("organization_id", "ids"),
            ("root_id", "ids"),
            ("group_name", "names"),
            ("edition.document_version", "numbers", 1, 1_000_000_000),
            ("edition.content_sha256", "hashes"),
            ("edition.at", "dates"),
        ],
    )
]
ROWS: list[tuple[Entity, list[Row]]] = [(VEX_DOCUMENT, [*below("format", ("OPENVEX", "wrong_type"), (None, "wrong_type"))])]
TAKEN: list[tuple[Entity, str, Take]] = []
