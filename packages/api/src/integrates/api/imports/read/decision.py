"""Files that tell what people decided about vulnerabilities, and not what a tool found: OpenVEX and CSAF."""

from integrates.api.decision_import.read import csaf, openvex
from integrates.api.imports.read.decode import TopLevel


def is_decision(top: TopLevel) -> bool:
    """Return whether the file is OpenVEX or CSAF. CycloneDX may tell either, and is read as what a tool found."""
    return openvex.detects(top) or csaf.detects(top)
