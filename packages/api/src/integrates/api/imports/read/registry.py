"""The formats that are read, and the one way from the bytes of a file to what it says."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

from msgspec import Struct

from integrates.api.imports.read.check import BYTE_ORDER_MARK
from integrates.api.imports.read.decision import is_decision
from integrates.api.imports.read.decode import TopLevel
from integrates.api.imports.read.error import BadFile, Defect
from integrates.api.imports.read.form import Form, content_of
from integrates.api.imports.read.format import (
    bandit,
    checkov,
    cyclonedx,
    dependency_check,
    generic_csv,
    generic_json,
    gitleaks,
    grype,
    npm_audit,
    nuclei,
    osv,
    pip_audit,
    semgrep,
    trivy,
    zap,
)
from integrates.api.imports.read.mask import Mask
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Detector, Options, Reader
from integrates.api.imports.read.sarif import leak
from integrates.api.imports.read.sarif import reader as sarif
from integrates.api.imports.read.unpack import unpacked
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.imports.types import ImportFormat


class Format(Struct, frozen=True):
    """How files of a format are recognised and read.

    ``nothing`` is what its tool writes when it found nothing and that could be of any format: it is read when the caller says
    what it is. ``mask`` hides the secrets that files of the format show, of those that ``may_show`` any at first sight.
    """

    detects: Detector
    read: Reader
    nothing: frozenset[bytes] = frozenset()
    mask: Mask | None = None
    may_show: Callable[[bytes], bool] = bool


FORMATS: Final[Mapping[ImportFormat, Format]] = {
    ImportFormat.BANDIT: Format(bandit.detects, bandit.read),
    ImportFormat.CHECKOV: Format(checkov.detects, checkov.read),
    ImportFormat.CYCLONEDX: Format(cyclonedx.detects, cyclonedx.read),
    ImportFormat.DEPENDENCY_CHECK: Format(dependency_check.detects, dependency_check.read),
    ImportFormat.GENERIC_CSV: Format(generic_csv.detects, generic_csv.read),
    ImportFormat.GENERIC_JSON: Format(generic_json.detects, generic_json.read),
    ImportFormat.GITLEAKS: Format(gitleaks.detects, gitleaks.read, frozenset({b"[]", b"null"}), gitleaks.masked),
    ImportFormat.GRYPE: Format(grype.detects, grype.read),
    ImportFormat.NPM_AUDIT: Format(npm_audit.detects, npm_audit.read),
    ImportFormat.NUCLEI: Format(nuclei.detects, nuclei.read, nothing=frozenset({b"", b"[]"})),
    ImportFormat.OSV: Format(osv.detects, osv.read),
    ImportFormat.PIP_AUDIT: Format(pip_audit.detects, pip_audit.read),
    ImportFormat.SARIF: Format(sarif.detects, sarif.read, mask=leak.masked, may_show=leak.may_show),
    ImportFormat.SEMGREP: Format(semgrep.detects, semgrep.read),
    ImportFormat.TRIVY: Format(trivy.detects, trivy.read, mask=trivy.masked),
    ImportFormat.ZAP: Format(zap.detects, zap.read),
}
"""Every format that is read. A file is of the one whose detector says so."""

_EMPTY: Final = b"[]"


def detected(top: TopLevel) -> ImportFormat:
    """Return the format of a file with that top level.

    Raise ``Rejected`` (``unknown_format``) when it is of none that is read, or of several.
    """
    found = [each for each, one in FORMATS.items() if one.detects(top)]
    if len(found) != 1:
        raise _unknown()
    return found[0]


def _unknown() -> Rejected:
    return Rejected(Reason.UNKNOWN_FORMAT, ("file",), f"give `format`, one of {', '.join(FORMATS)}")


def read(content: bytes, options: Options) -> Scan:
    """Read a file of any format that is read. Raise ``TooLarge``, ``BadFile`` and ``Rejected``.

    The whole file, unpacked, is looked at first for bad JSON, then for its format, then by the reader of that.
    """
    text = unpacked(content)
    said = _said(text)
    if options.format is not None and said in FORMATS[options.format].nothing:
        return FORMATS[options.format].read(_EMPTY, options)
    if options.format is None and not said:
        raise _unknown()
    given = content_of(text)
    if is_decision(given.top):
        raise Rejected(Reason.IS_DECISION, ("file",))
    kind = detected(given.top) if options.format is None else _as_asked(given.top, options.format)
    try:
        return FORMATS[kind].read(given.text, options)
    except BadFile as error:
        raise BadFile([_in_line(one, given.form, text) for one in error.defects]) from None


def _said(text: bytes) -> bytes:
    """Return a file without blanks around it and without a mark at its beginning."""
    return text.removeprefix(BYTE_ORDER_MARK).strip()


def _as_asked(top: TopLevel, kind: ImportFormat) -> ImportFormat:
    """Return the format that the caller says. Raise ``BadFile`` when the file is not of that."""
    if not FORMATS[kind].detects(top):
        raise BadFile((Defect("", f"The file is not of the format {kind}."),))
    return kind


def _in_line(defect: Defect, form: Form, text: bytes) -> Defect:
    """Return the defect with the number of its line, where each line is a JSON text of its own; blank ones count as well."""
    _, index, *below = defect.pointer.split("/") if form is Form.LINES and defect.pointer else ("", "")
    if not index.isdecimal():
        return defect
    numbers = (number for number, line in enumerate(text.splitlines(), 1) if line.strip())
    number = next(islice(numbers, int(index), None))
    return Defect("".join(f"/{one}" for one in below), f"In line {number}: {defect.message}")
