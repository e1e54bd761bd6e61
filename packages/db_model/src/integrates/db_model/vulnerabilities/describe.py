"""What people say of a vulnerability: its labels, and a severity of its own (domain section 11.2)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec.structs import asdict, replace

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.types import Finding
from integrates.db_model.severities.rules import VECTORS, assessed
from integrates.db_model.values.check import Arguments, checked, refuse
from integrates.db_model.values.text import tags
from integrates.db_model.values.url import http_url
from integrates.db_model.vulnerabilities.rules import is_hidden, is_released
from integrates.db_model.vulnerabilities.types import Labels, Vulnerability

LABELS: Final = Arguments(Labels, {"tags": tags, "bug_tracking_system_url": http_url})
"""What people attach to a vulnerability."""


def labelled(old: Vulnerability, given: Mapping[str, Any]) -> Vulnerability:
    """Return the vulnerability with other labels: what is not ``given`` stays, ``None`` takes it away.

    Raise ``Rejections`` for arguments at fault, else ``not_released`` or ``hidden``.
    """
    labels = checked(LABELS, {**asdict(old.labels), **given})
    refuse(_unlabelled(old))
    return replace(old, labels=labels)


def _unlabelled(old: Vulnerability) -> Iterator[Rejected]:
    if not is_released(old):
        yield Rejected(Reason.NOT_RELEASED)
    if is_hidden(old):
        yield Rejected(Reason.HIDDEN)


def rescored(old: Vulnerability, finding: Finding, given: Mapping[str, str | None]) -> Vulnerability:
    """Return the vulnerability with the severity of the vectors that a person gives; without any it inherits the finding's.

    The vectors are one assessment: one that is left out or ``None`` is taken away. The score of a tool stays beside them. Raise
    ``Rejections`` (``bad_vector``), else ``hidden``, or ``no_severity`` when the finding has none to inherit.
    """
    inherits = all(given.get(name) is None for name in VECTORS)
    own = None if inherits else assessed(old.severity, given)
    refuse(_unscored(old, is_without=own is None and finding.severity is None))
    return replace(old, severity=own)


def _unscored(old: Vulnerability, *, is_without: bool) -> Iterator[Rejected]:
    if is_without:
        yield Rejected(Reason.NO_SEVERITY)
    if is_hidden(old):
        yield Rejected(Reason.HIDDEN)
