"""Secrets that SARIF files show: gitleaks writes them into its snippets, its version 7 also among the properties."""

from functools import reduce
from typing import Final

import msgspec

from integrates.api.imports.read.mask import Json, Mask, elements, hidden, members
from integrates.api.imports.read.mend import NULL, decoded_or, parts_of
from integrates.api.imports.read.sarif.run import name_of_tool

_TOOL: Final = "gitleaks"
_TEXT: Final[msgspec.json.Decoder[str]] = msgspec.json.Decoder(str)


def shows_secrets(tool: str) -> bool:
    """Return whether a tool, by the name that a file gives it, shows the secrets that its results are about."""
    return tool == _TOOL


def _masked_run(run: Json) -> Json:
    name = reduce(_member, ("tool", "driver", "name"), run)
    return _RUN(run) if shows_secrets(name_of_tool(decoded_or(_TEXT, name, None))) else run


def _member(value: Json, name: str) -> Json:
    return (parts_of(value) or {}).get(name, NULL)


_REGION: Final[Mask] = members({"snippet": members({"text": hidden, "rendered": hidden, "binary": hidden})})
_LOCATIONS: Final[Mask] = elements(
    members({"physicalLocation": members({"region": _REGION, "contextRegion": _REGION})}),
)
_RUN: Final[Mask] = members(
    {
        "results": elements(
            members(
                {"locations": _LOCATIONS, "relatedLocations": _LOCATIONS, "properties": members({"offender": hidden})},
            )
        )
    }
)
masked: Final[Mask] = members({"runs": elements(_masked_run)})
"""Hides the secrets of a file."""


def may_show(file: bytes) -> bool:
    """Return whether a file mentions the tool at all. Most do not, and need no closer look."""
    return _TOOL.encode() in file.lower()
