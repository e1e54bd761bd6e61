"""Runs: one for each tool and category, filled result by result; a run of many results is kept packed until it is written."""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from integrates.api.exports.document import Entry
from integrates.api.exports.piece import json_text
from integrates.api.exports.root import location_parts, location_text
from integrates.api.exports.rule import OURS, rule_of
from integrates.api.exports.sarif.result import told_result
from integrates.api.exports.sarif.rule import descriptor_of, present
from integrates.api.imports.read.observation import SeriesKey
from integrates.db_model.roots.types import GitRoot, Root
from integrates.db_model.values.url import uri_of

_FASTEST: Final = 1
Json: TypeAlias = Mapping[str, Any]


class Run:
    """The results of one tool and category so far, the rules that they mean, and the roots that they are in."""

    def __init__(self, series: SeriesKey, server: str) -> None:
        self.series = series
        self.server = server
        self.rules: dict[str, tuple[int, bytes]] = {}
        self.roots: dict[str, Root] = {}
        self._packing = zlib.compressobj(_FASTEST)
        self._packed: list[bytes] = []
        self._is_empty = True

    def add(self, entry: Entry, root: Root) -> None:
        """Add the result of a vulnerability."""
        identity = rule_of(entry).rule_id
        if identity not in self.rules:
            self.rules[identity] = (len(self.rules), json_text(descriptor_of(identity, entry.finding)))
        self.roots.setdefault(root.info.nickname, root)
        comma = b"" if self._is_empty else b","
        self._is_empty = False
        shown_at = f"{self.server}/vulnerabilities/{entry.vulnerability.id}"
        told = told_result(entry, root, self.series[1], (identity, self.rules[identity][0]))
        content = json_text({**told, "hostedViewerUri": shown_at})
        self._packed.append(self._packing.compress(comma + content))

    def written(self) -> Iterator[bytes]:
        """Yield the ``run`` in parts."""
        name, category = self.series
        yield b'{"tool":{"driver":{"name":' + json_text(name) + b',"rules":['
        yield b",".join(content for _, content in self.rules.values())
        yield b"]}},"
        yield json_text(_about(category, list(self.roots.values())))[1:-1]
        yield b',"results":['
        unpacking = zlib.decompressobj()
        for part in (*self._packed, self._packing.flush()):
            yield unpacking.decompress(part)
        yield unpacking.flush() + b"]}"


def _about(category: str, roots: list[Root]) -> Json:
    return present(
        automationDetails=present(id=category),
        originalUriBaseIds={one.info.nickname: {"description": {"text": location_text(one)}} for one in roots},
        versionControlProvenance=[_provenance(one) for one in roots if isinstance(one, GitRoot)],
        properties={OURS: {"roots": {one.info.nickname: {"kind": one.kind.value, **location_parts(one)} for one in roots}}},
    )


def _provenance(root: GitRoot) -> Json:
    mapped = {"uriBaseId": root.info.nickname}
    return {"repositoryUri": _repository_uri(root.location.url), "branch": root.location.branch, "mappedTo": mapped}


def _repository_uri(url: str) -> str:
    """Return the url of a repository as a uri, also where git writes it in its own short form."""
    if "://" in url:
        return uri_of(url)
    host, _, path = url.partition(":")
    return uri_of(f"ssh://{host}/{path.lstrip('/')}")
