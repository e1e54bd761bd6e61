"""The reader of the JSON of gitleaks 8 (domain section 19, row *GITLEAKS*). What a secret is, is neither kept nor shown."""

import re
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Raw, Struct

from integrates.api.imports.read.decode import TopLevel, first_of, top_level
from integrates.api.imports.read.error import BadFile, Defect
from integrates.api.imports.read.identity import fingerprint
from integrates.api.imports.read.mask import MASKED, Json, Mask, elements, hidden, members, written
from integrates.api.imports.read.mend import NULL, decoded_or, parts_of
from integrates.api.imports.read.observation import Fingerprint, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.result import Paths, Result, Source, line_in, rooted_paths, scan_of
from integrates.api.imports.read.strict import each_of, made
from integrates.api.imports.read.weakness import HARD_CODED
from integrates.db_model.errors import Rejected
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.values.text import commit

_MEMBERS: Final = frozenset({"RuleID", "File", "StartLine"})
_OLD: Final = frozenset({"rule", "offender"})
"""Members of the reports of gitleaks 7."""
_WORD: Final = "high"
_REDACTED: Final = "REDACTED"
"""What gitleaks writes instead of a secret, when it is told to."""
_DIGEST: Final = "SecretDigest"
"""The member that we add: what a fingerprint keeps of a secret that is masked."""
_DIGITS: Final = 4
_SHORT_DIGEST: Final = re.compile(f"[0-9a-f]{{{_DIGITS}}}")
_TEXT: Final[msgspec.json.Decoder[str]] = msgspec.json.Decoder(str)


class Leak(Struct, frozen=True):
    """A secret, and where it is."""

    rule_id: str = msgspec.field(name="RuleID")
    file: str = msgspec.field(name="File")
    start_line: int = msgspec.field(name="StartLine")
    description: str | None = msgspec.field(default=None, name="Description")
    commit: str | None = msgspec.field(default=None, name="Commit")
    secret: str | None = msgspec.field(default=None, name="Secret")
    digest: Raw = msgspec.field(default=NULL, name=_DIGEST)


def detects(top: TopLevel) -> bool:
    """Return whether the file is that of gitleaks, of whatever version."""
    names = first_of(top).keys()
    return names >= _MEMBERS or names >= _OLD


def read(content: bytes, options: Options) -> Scan:
    """Read a report of gitleaks. Raise ``TooLarge`` and ``BadFile``."""
    if first_of(top_level(content)).keys() >= _OLD:
        raise BadFile((Defect("/0", "This is a report of gitleaks 7, gitleaks 8 is read:"),))
    find = rooted_paths(options)
    leaks = each_of(Leak, made(tuple[Raw, ...], content), "")
    source = Source(format=ImportFormat.GITLEAKS, tool="gitleaks")
    return scan_of(source, (_result(one, where, find) for where, one in leaks), options)


def _result(one: Leak, pointer: str, find: Paths) -> Result:
    where = find(one.file)
    return Result(
        pointer=pointer,
        rule_id=one.rule_id,
        at=line_in(one.file, find, one.start_line),
        uri=one.file,
        title=one.description,
        cwe=(HARD_CODED,),
        word=_WORD,
        fingerprint=_fingerprint(one, where) if where else None,
        commit=_hash(one.commit),
    )


def _fingerprint(one: Leak, where: str) -> Fingerprint | None:
    """Return the identity of a secret: in the history the commit that brought it, else the beginning of its SHA-256."""
    if one.commit:
        return fingerprint("commit", f"{one.rule_id}|{where}|{one.commit}|{one.start_line}")
    digest = _digest(one)
    return fingerprint("secret", f"{one.rule_id}|{where}|{digest}") if digest else None


def _hash(given: str | None) -> str | None:
    """Return the id of a commit, ``None`` for one that cannot be kept: that of a repository with SHA-256."""
    try:
        return commit(given, ()) if given else None
    except Rejected:
        return None


def _digest(one: Leak) -> str | None:
    if one.secret == MASKED:
        kept = decoded_or(_TEXT, one.digest, "")
        return kept if _SHORT_DIGEST.fullmatch(kept) else None
    if not one.secret or one.secret == _REDACTED:
        return None
    return sha256(one.secret.encode(errors="replace")).hexdigest()[:_DIGITS]


def _masked(value: Json) -> Json:
    """Return a result with the beginning of the SHA-256 of its secret beside it, which the fingerprint is made of."""
    one, found = made(Leak, value), _HIDING(value)
    digest, given = _digest(one), parts_of(found) or {}
    if one.secret == MASKED or (digest is None and _DIGEST not in given):
        return found
    return written({**given, _DIGEST: msgspec.json.encode(digest)})


_HIDING: Final[Mask] = members({"Secret": hidden, "Match": hidden, "Fragment": hidden})
"""Hides what shows a secret: itself, the text that matched, and the file that it was found in."""
masked: Final[Mask] = elements(_masked)
"""Hides the secrets of a report."""
