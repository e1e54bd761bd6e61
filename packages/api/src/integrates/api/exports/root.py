"""Roots: where they are, in one text, by which others recognise them, and in parts."""

from collections.abc import Mapping
from typing import Any

import msgspec

from integrates.db_model.roots.types import GitRoot, ImageRoot, IPRoot, Root, URLRoot


def location_text(root: Root) -> str:
    """Return where a root is, in one text: equal for roots at one location, in whatever group."""
    match root:
        case GitRoot(location=git):
            return f"{git.url}#{git.branch}"
        case IPRoot(location=host):
            return host.address
        case URLRoot(location=url):
            return f"{url.protocol.lower()}://{url.host}:{url.port}{url.path}{f'?{url.query}' if url.query else ''}"
        case ImageRoot(location=image):
            return f"{image.registry}/{image.repository}{f':{image.tag}' if image.tag else ''}"


def location_parts(root: Root) -> Mapping[str, Any]:
    """Return the parts of where a root is, which have a value, without what it excludes."""
    parts = msgspec.to_builtins(root.location)
    return {name: value for name, value in parts.items() if name != "gitignore" and value is not None}
