"""The formats of exports."""

from collections.abc import Mapping
from typing import Final

from integrates.api.exports.document import ExportFormat, Format
from integrates.api.exports.sarif.writer import SARIF
from integrates.api.exports.sheet import CSV
from integrates.api.exports.trail.writer import JSON
from integrates.api.exports.vex.csaf import CSAF
from integrates.api.exports.vex.cyclonedx import CYCLONEDX
from integrates.api.exports.vex.openvex import OPENVEX

FORMATS: Final[Mapping[ExportFormat, Format]] = {
    ExportFormat.CSAF_VEX: CSAF,
    ExportFormat.CSV: CSV,
    ExportFormat.CYCLONEDX_VEX: CYCLONEDX,
    ExportFormat.JSON: JSON,
    ExportFormat.OPENVEX: OPENVEX,
    ExportFormat.SARIF: SARIF,
}
"""Every format that is written."""
