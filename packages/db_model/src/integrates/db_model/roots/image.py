"""The name of an image, read as docker reads it: ``registry.example:5000/shop/web:1.2`` (domain section 18).

What stands before the first ``/`` is the registry when it has a dot or a colon, or is ``localhost``; without a registry it is
docker's own, where an image without ``/`` belongs to ``library``. The grammar is that of
https://github.com/distribution/reference (``ParseNormalizedNamed``), but for four points: the registry is kept in lower case, a
word with capital letters is none, an image without tag is that of any tag and not of ``latest``, and a digest is dropped,
because each build has another.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.roots.types import ImageLocation
from integrates.db_model.values.text import one_line, shaped
from integrates.db_model.values.url import MAX_PORT, address, bracketed

MAX_REFERENCE: Final = 1000
MAX_REPOSITORY: Final = 255
MAX_REGISTRY: Final = 255
DOCKER: Final = "docker.io"
"""The registry of a name that has none."""

_ALIASES: Final = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
"""Other hosts of docker's registry, which tools write."""
_REFERENCE: Final = re.compile(
    r"(?P<name>[^@]*?)(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,})?"
)
_CHARACTER: Final = r"[A-Za-z0-9._:/@+\[\]-]"
_REPOSITORY: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
_REGISTRY: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]+)(?::([1-9][0-9]{0,4}))?")
_TAG: Final = "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_ID: Final = re.compile("(?:sha256:)?[0-9a-f]{64}")
"""The id of an image, which names no repository."""
_SHORT_ID: Final = re.compile("[0-9a-f]{12}")
"""What docker shows of an id. It might be a name, but hardly that of an image that was scanned."""
_FILE: Final = re.compile(
    r"(?:[./~]|(?:dir|file|fs|oci|oci-archive|oci-dir|docker-archive|pkg|purl|repo|rootfs|sbom|singularity|snap|vm):).*"
    r"|.*\\.*|.*\.(?:tar|tar\.[a-z0-9]+|tgz|zip|sif|json|xml|iso|img)",
    re.DOTALL | re.IGNORECASE,
)
"""What is a path, or another thing than an image: it begins like one, or ends like the name of a file."""
_SOURCE: Final = re.compile(r"(?:docker|podman|containerd|registry|oci-registry):(?://)?(?P<reference>.+)")
"""A name with the place from where the tool took the image (grype, syft, skopeo)."""


def image_reference(text: str, path: Sequence[str]) -> ImageLocation:
    """Return where an image is, given its name as people write it after ``docker pull``.

    Raise ``Rejected`` as for other texts: ``bad_format`` for what is no such name, such as a url or the id of an image.
    """
    given = shaped(one_line(text, path, low=1, high=MAX_REFERENCE), path, _CHARACTER, ".+")
    found = _REFERENCE.fullmatch(given)
    if found is None or _ID.fullmatch(given):
        raise Rejected(Reason.BAD_FORMAT, path)
    first, slash, rest = found["name"].partition("/")
    has_registry = bool(slash) and _is_registry(first)
    host, name = (registry(first, path), rest) if has_registry else (DOCKER, found["name"])
    if host == DOCKER and "/" not in name:
        name = f"library/{name}"
    return ImageLocation(registry=host, repository=repository(name, path), tag=found["tag"])


def _is_registry(text: str) -> bool:
    return text.lower() == "localhost" or not {".", ":"}.isdisjoint(text)


def registry(value: str, path: Sequence[str]) -> str:
    """Return the host of a registry, with its port where it has one, in lower case; docker's own under one name."""
    text = one_line(value, path, low=1, high=MAX_REGISTRY)
    found = _REGISTRY.fullmatch(text)
    if found is None or int(found[2] or 0) > MAX_PORT or not _is_registry(text):
        raise Rejected(Reason.BAD_FORMAT, path)
    host = address(found[1].strip("[]"), path)
    if (":" in host) != found[1].startswith("["):
        raise Rejected(Reason.BAD_FORMAT, path)
    named = bracketed(host)
    whole = named if found[2] is None else f"{named}:{found[2]}"
    return DOCKER if whole in _ALIASES else whole


def repository(value: str, path: Sequence[str]) -> str:
    """Return the name of a repository in a registry."""
    return shaped(one_line(value, path, low=1, high=MAX_REPOSITORY), path, "[A-Za-z0-9._/-]", _REPOSITORY)


def image_tag(value: str, path: Sequence[str]) -> str:
    """Return the tag of an image."""
    return shaped(one_line(value, path, low=1, high=128), path, "[A-Za-z0-9._-]", _TAG)


def reference_of(location: ImageLocation) -> str:
    """Return the whole name of an image: what :func:`image_reference` reads back."""
    name = f"{location.registry}/{location.repository}"
    return name if location.tag is None else f"{name}:{location.tag}"


def names_other_image(artifact: str, location: ImageLocation) -> bool:
    """Return whether an artifact, as a tool names what it has scanned, is certainly an image of another repository.

    Tag and digest do not matter. The path of an archive or a directory, the id of an image and whatever else is no name of an
    image name no other image; nor does a text that may be read in two ways, one of which fits (``registry:5000/web``).
    """
    text = artifact.strip()
    if len(text) > MAX_REFERENCE or _FILE.fullmatch(text) or _SHORT_ID.fullmatch(text):
        return False
    named = tuple(_named(text))
    return bool(named) and all((one.registry, one.repository) != (location.registry, location.repository) for one in named)


def _named(text: str) -> Iterator[ImageLocation]:
    """Yield each image that a text may name: as it stands, and without the source that a tool puts in front of it."""
    source = _SOURCE.fullmatch(text)
    for one in (text, source["reference"]) if source else (text,):
        try:
            yield image_reference(one, ())
        except Rejected:
            continue
