"""The package urls of what is exported: products, which are roots, and the packages in them (domain section 21)."""

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from packageurl import PackageURL

from integrates.api.imports.read.package import purl_of
from integrates.db_model.roots.types import GitRoot, ImageRoot, Root
from integrates.db_model.vulnerabilities.types import Advisory

_GITHUB: Final = "github.com"
_PURL: Final = re.compile(r"pkg:[A-Za-z.+-][A-Za-z0-9.+-]*/[!-~]+")
"""What all formats take for a package url."""
_DIGITS: Final = 16
_SCP_LIKE: Final = re.compile(r"[^/@]+@(?P<host>[^:/]+):(?P<path>[^:]+)")


def product_of(root: Root, digest: str | None = None) -> str | None:
    """Return the package url of a root of which packages can be told, else ``None``.

    ``digest`` is that of the image that was imported last, where it is known.
    """
    match root:
        case ImageRoot():
            where = root.location
            name = where.repository.rpartition("/")[2]
            source = f"{where.registry}/{where.repository}"
            return PackageURL("oci", name=name, version=digest, qualifiers={"repository_url": source}).to_string()
        case GitRoot():
            return _repository(root).to_string()
        case _:
            return None


def _repository(root: GitRoot) -> PackageURL:
    host, path = _address(root.location.url)
    parts = path.strip("/").split("/")
    if host == _GITHUB and len(parts) == 2:  # noqa: PLR2004 -- owner and repository
        return PackageURL("github", namespace=parts[0], name=parts[1])
    return PackageURL("generic", name=root.info.nickname, qualifiers={"vcs_url": f"git+{root.location.url}"})


def _address(url: str) -> tuple[str, str]:
    """Return host and path of a normalised git url."""
    found = _SCP_LIKE.fullmatch(url)
    if found:
        return found["host"], found["path"]
    parts = urlsplit(url)
    return parts.hostname or "", parts.path


def package_url(advisory: Advisory) -> str:
    """Return the package url of the package that an advisory is about; a generic one where the tool gave none."""
    return _package_url(advisory.purl, advisory.package, advisory.vulnerable_version)


@lru_cache(maxsize=4_096)
def _package_url(given: str | None, name: str, version: str) -> str:
    """Return the first that is a package url to everybody: as given, of the name, of a digest where the name cannot be one."""
    digest = sha256(name.encode()).hexdigest()[:_DIGITS]
    found = purl_of(given)
    candidates = (
        found.to_dict() if found else {},
        {"type": "generic", "name": name, "version": version or None},
        {"type": "generic", "name": f"package-{digest}", "version": version or None},
        {"type": "generic", "name": f"package-{digest}"},
    )
    return next(text for each in candidates if (text := _spelled(each)))


def _spelled(parts: Mapping[str, Any]) -> str | None:
    """Return a package url that reads as it is written; ``None`` when the parts make none."""
    try:
        text = PackageURL(**parts).to_string()
        return text if _PURL.fullmatch(text) and PackageURL.from_string(text).to_string() == text else None
    except (ValueError, TypeError):
        return None
