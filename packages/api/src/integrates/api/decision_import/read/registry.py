"""The formats of decisions that are read, and the one way from the bytes of a file to what it says."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from integrates.api.decision_import.read import csaf, cyclonedx, openvex, own, sarif
from integrates.api.decision_import.read.statement import Decisions, Reader, weight
from integrates.api.imports.read.decode import TopLevel
from integrates.api.imports.read.error import BadFile, Defect
from integrates.api.imports.read.form import Form, content_of
from integrates.api.imports.read.format import cyclonedx as bills
from integrates.api.imports.read.limit import MAX_RESULTS, MAX_VALUES, enforce
from integrates.api.imports.read.reader import Detector
from integrates.api.imports.read.sarif import reader as reports
from integrates.api.imports.read.unpack import unpacked
from integrates.db_model.decision_imports.types import DecisionFormat, SuppressionsAs
from integrates.db_model.errors import Reason, Rejected


class Format(Struct, frozen=True):
    """How files of a format are recognised and read."""

    detects: Detector
    read: Reader


FORMATS: Final[Mapping[DecisionFormat, Format]] = {
    DecisionFormat.CSAF_VEX: Format(csaf.detects, csaf.read),
    DecisionFormat.CYCLONEDX_VEX: Format(bills.detects, cyclonedx.read),
    DecisionFormat.JSON: Format(own.detects, own.read),
    DecisionFormat.OPENVEX: Format(openvex.detects, openvex.read),
    DecisionFormat.SARIF: Format(reports.detects, sarif.read),
}
"""Every format that is read. A file is of the one whose detector says so."""


def read_decisions(content: bytes, kind: DecisionFormat | None, suppressions_as: SuppressionsAs) -> Decisions:
    """Read a file of that format, or of the one it looks like. Raise ``TooLarge``, ``BadFile``, ``Rejected``.

    The whole file, unpacked, is looked at first for bad JSON, then for its format, then by the reader of that.
    """
    given = content_of(unpacked(content))
    if given.form is not Form.JSON:
        raise BadFile((Defect("", "The file is not one JSON text."),))
    found = FORMATS[_recognised(given.top) if kind is None else _confirmed(given.top, kind)].read(given.text, suppressions_as)
    enforce("too_many_results", len(found.statements), MAX_RESULTS)
    enforce("too_many_values", sum(map(weight, found.statements)), MAX_VALUES)
    return found


def _recognised(top: TopLevel) -> DecisionFormat:
    found = [each for each, one in FORMATS.items() if one.detects(top)]
    if len(found) != 1:
        raise Rejected(Reason.UNKNOWN_FORMAT, ("file",), f"give `format`, one of {', '.join(FORMATS)}")
    return found[0]


def _confirmed(top: TopLevel, kind: DecisionFormat) -> DecisionFormat:
    if not FORMATS[kind].detects(top):
        raise BadFile((Defect("", f"The file is not of the format {kind}."),))
    return kind
