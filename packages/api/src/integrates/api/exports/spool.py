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


class Spool:
    """Takes entries in any order, and yields them by their keys, and by their ids where these are equal.

    They may be walked several times, once all are there. Only a part of them is in memory. What it wrote is gone when it is
    closed.
    """

    def __init__(self, key: Callable[[Entry], tuple[str, ...]], run: int = _RUN) -> None:
        self._key = key
        self._run = run
        self._file = TemporaryFile()  # noqa: SIM115 -- closed by __exit__
        self._size = 0
        self._runs: list[tuple[int, int]] = []
        self._waiting: list[tuple[bytes, bytes]] = []
        self._weight = 0
        self._findings: dict[str, tuple[int, int]] = {}
        self._finding = lru_cache(_KNOWN)(self._read_finding)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Drop everything."""
        self._file.close()

    def put(self, entry: Entry) -> None:
        """Take one more entry."""
        one, finding = entry.vulnerability, entry.finding
        if finding.id not in self._findings:
            text = _encode(finding)
            self._findings[finding.id] = (self._write(text), len(text))
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
            finding = self._finding(kept.vulnerability.finding_id)
            yield Entry(vulnerability=kept.vulnerability, finding=finding, word=kept.word, at=kept.at, revisions=kept.revisions)

    def _settle(self) -> None:
        """Write down what waits, in order."""
        if not self._waiting:
            return
        begin = self._size
        for key, text in sorted(self._waiting, key=itemgetter(0)):
            self._write(_SIZES.pack(len(key), len(text)) + key + text)
        self._runs.append((begin, self._size))
        self._waiting, self._weight = [], 0

    def _write(self, text: bytes) -> int:
        """Write at the end; return where that was."""
        begin = self._size
        self._size += self._file.write(text)
        return begin

    def _read(self, begin: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, begin)

    def _records(self, begin: int, end: int) -> Iterator[tuple[bytes, bytes]]:
        self._file.flush()
        while begin < end:
            of_key, of_text = _SIZES.unpack(self._read(begin, _SIZES.size))
            begin += _SIZES.size
            both = self._read(begin, of_key + of_text)
            yield both[:of_key], both[of_key:]
            begin += of_key + of_text

    def _read_finding(self, finding_id: str) -> Finding:
        self._file.flush()
        return _finding_of(self._read(*self._findings[finding_id]))
