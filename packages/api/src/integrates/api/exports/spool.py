"""Entries in order, however many there are: most of them wait in a file that nobody else can open."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from heapq import merge
from operator import itemgetter
from struct import Struct as Layout
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final, Self

import msgspec

from integrates.api.exports.document import Entry
from integrates.db_model.entity.revision import Revision
from integrates.db_model.findings.types import Finding
from integrates.db_model.vulnerabilities.types import Vulnerability
from integrates.db_model.vulnerabilities.word import Word

_RUN: Final = 4 * 1024 * 1024
"""Bytes of entries that are sorted in memory at once."""
_SIZES: Final = Layout("<QQ")
_KNOWN: Final = 256
"""Findings that are kept in memory."""


class _Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An entry in the file, without its finding, which many entries have in common."""

    vulnerability: Vulnerability
    word: Word
    at: datetime
    revisions: tuple[Revision, ...]


_encode: Final = msgspec.msgpack.Encoder().encode
_kept_of: Final = msgspec.msgpack.Decoder(_Kept).decode
_finding_of: Final = msgspec.msgpack.Decoder(Finding).decode


class _Heap:
    """A file that nobody else can open, to whose end things are written."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 -- closed by close
        self.size = 0

    def close(self) -> None:
        """Drop everything."""
        self._file.close()

    def write(self, text: bytes) -> int:
        """Write at the end; return where that was."""
        begin = self.size
        self.size += self._file.write(text)
        return begin

    def read(self, begin: int, size: int) -> bytes:
        """Return what was written there."""
        return os.pread(self._file.fileno(), size, begin)

    def flush(self) -> None:
        """Let what was written be read."""
        self._file.flush()


class _Shelf:
    """The findings of entries, each once, in the file."""

    def __init__(self, heap: _Heap) -> None:
        self._heap = heap
        self._places: dict[str, tuple[int, int]] = {}
        self.find = lru_cache(_KNOWN)(self._find)

    def keep(self, finding: Finding) -> None:
        """Keep a finding, unless it is there."""
        if finding.id not in self._places:
            text = _encode(finding)
            self._places[finding.id] = (self._heap.write(text), len(text))

    def _find(self, finding_id: str) -> Finding:
        return _finding_of(self._heap.read(*self._places[finding_id]))


class Spool:
    """Takes entries in any order, and yields them by their keys, and by their ids where these are equal.

    They may be walked several times, once all are there. Only a part of them is in memory. What it wrote is gone when it is
    closed.
    """

    def __init__(self, key: Callable[[Entry], tuple[str, ...]], run: int = _RUN) -> None:
        self._key = key
        self._run = run
        self._heap = _Heap()
        self._shelf = _Shelf(self._heap)
        self._runs: list[tuple[int, int]] = []
        self._waiting: list[tuple[bytes, bytes]] = []
        self._weight = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Drop everything."""
        self._heap.close()

    def put(self, entry: Entry) -> None:
        """Take one more entry."""
        one = entry.vulnerability
        self._shelf.keep(entry.finding)
        key = "\0".join((*self._key(entry), one.id)).encode()
        kept = _encode(_Kept(one, entry.word, entry.at, entry.revisions))
        self._waiting.append((key, kept))
        self._weight += len(key) + len(kept)
        if self._weight >= self._run:
            self._settle()

    def __iter__(self) -> Iterator[Entry]:
        """Walk the entries from the first one."""
        self._settle()
        for _, text in merge(*(self._records(*run) for run in self._runs), key=itemgetter(0)):
            kept = _kept_of(text)
            finding = self._shelf.find(kept.vulnerability.finding_id)
            yield Entry(vulnerability=kept.vulnerability, finding=finding, word=kept.word, at=kept.at, revisions=kept.revisions)

    def _settle(self) -> None:
        """Write down what waits, in order."""
        if self._waiting:
            begin = self._heap.size
            for key, text in sorted(self._waiting, key=itemgetter(0)):
                self._heap.write(_SIZES.pack(len(key), len(text)) + key + text)
            self._runs.append((begin, self._heap.size))
            self._waiting, self._weight = [], 0
        self._heap.flush()

    def _records(self, begin: int, end: int) -> Iterator[tuple[bytes, bytes]]:
        while begin < end:
            of_key, of_text = _SIZES.unpack(self._heap.read(begin, _SIZES.size))
            begin += _SIZES.size
            both = self._heap.read(begin, of_key + of_text)
            yield both[:of_key], both[of_key:]
            begin += of_key + of_text
