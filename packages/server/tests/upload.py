"""How tests send a file to the API."""

import json
from collections.abc import Mapping
from typing import Any


def form(query: str, variables: Mapping[str, Any], content: bytes, name: str = "scan.sarif") -> dict[str, Any]:
    """The arguments of a request that asks with a file, which is the variable ``$file``."""
    operations = {"query": query, "variables": {**variables, "file": None}}
    return {
        "data": {"operations": json.dumps(operations), "map": json.dumps({"0": ["variables.file"]})},
        "files": {"0": (name, content)},
    }
