"""The formats that are read, and the one way from the bytes of a file to what it says."""

from collections.abc import Mapping
from typing import Final

from integrates.api.imports.read.check import checked
from integrates.api.imports.read.decode import TopLevel, top_level
from integrates.api.imports.read.error import BadFile, Defect
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Detector, Options, Reader
from integrates.api.imports.read.sarif import reader as sarif
from integrates.api.imports.read.unpack import unpacked
from integrates.db_model.imports.types import ImportFormat

READERS: Final[Mapping[ImportFormat, Reader]] = {ImportFormat.SARIF: sarif.read}
"""The reader of every format."""

DETECTORS: Final[Mapping[ImportFormat, Detector]] = {ImportFormat.SARIF: sarif.detects}
"""How every format is recognised. A file is of the one format whose detector says so."""


def detected(top: TopLevel) -> ImportFormat:
    """Return the format of a file with that top level. Raise ``BadFile`` when it is of none that is read, or of several."""
    found = [each for each, detects in DETECTORS.items() if detects(top)]
    if len(found) != 1:
        raise BadFile((Defect("", f"The file is in no known format. The formats that are read: {', '.join(DETECTORS)}."),))
    return found[0]


def read(content: bytes, options: Options) -> Scan:
    """Read a file of any format that is read. Raise ``TooLarge``, ``BadFile`` and ``Rejected``.

    The whole file, unpacked, is looked at first for bad JSON, then for its format, then by the reader of that.
    """
    text = checked(unpacked(content))
    return READERS[detected(top_level(text))](text, options)
