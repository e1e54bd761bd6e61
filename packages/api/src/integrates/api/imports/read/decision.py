"""Files that tell what people decided about vulnerabilities, and not what a tool found: OpenVEX and CSAF."""

from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.mend import NULL, parts_of


def is_decision(top: TopLevel) -> bool:
    """Return whether the file is OpenVEX or CSAF. CycloneDX may tell either, and is read as what a tool found."""
    members = top_members(top)
    is_openvex = "statements" in members and b"openvex" in bytes(members.get("@context", NULL))[:200]
    return is_openvex or "csaf_version" in (parts_of(members.get("document", NULL)) or {})
