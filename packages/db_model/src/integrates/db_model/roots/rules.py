"""What a GIT root may hold (domain section 3).

**Urls.** Normalising lower-cases scheme and host and drops credentials, trailing ``/`` and ``.git``. Credentials are
passwords everywhere, and user names too in https urls, where they often are tokens. The user name of ``ssh://user@host/path``
and ``user@host:path`` stays: it is public (mostly ``git``), and without it the repository cannot be reached. The two ssh forms
are not turned into each other, because their paths start at different directories.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import SplitResult

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.roots.types import Criticality, Root, RootKind, RootStatus
from integrates.db_model.values.check import Arguments, all_of, checked, choice, one_of, whole_of
from integrates.db_model.values.text import identifier, name, nickname, one_line, reasoning, shaped
from integrates.db_model.values.url import address, split_url, url_text
from integrates.db_model.vulnerabilities.types import VulnerabilityType

MAX_PATTERNS: Final = 50
MAX_PATTERN: Final = 200
MAX_BRANCH: Final = 255
DEACTIVATION_REASONS: Final = frozenset({"OTHER", "OUT_OF_SCOPE", "REGISTERED_BY_MISTAKE"})

_USER: Final = "[A-Za-z0-9_][A-Za-z0-9._~-]*"
_SCP_LIKE: Final = re.compile(rf"({_USER})@([^:/@\[\]]+|\[[^/@\[\]]+\]):(.+)")
_ENDING: Final = re.compile(r"(?<!/)(?<!\.git)(?:/|\.git)++\Z")
_BRANCH_CHARACTER: Final = r"[^\x00-\x20\x7f~^:?*\[\\]"
_RANGE: Final = re.compile("(.)-(.)")
_BRACKETS: Final = re.compile(r"\[(?:([!^]?\]?[^\]]*)\]|[^\]]*+\Z)")
_DANGLING: Final = re.compile(r"(?<!\\)(?:\\\\)*\\(?:/|\Z)")
_TYPES: Final = {
    RootKind.GIT: VulnerabilityType.LINES,
    RootKind.IP: VulnerabilityType.PORTS,
    RootKind.URL: VulnerabilityType.INPUTS,
}


def is_active(root: Root) -> bool:
    """Return whether new vulnerabilities and imports may name the root."""
    return root.state.status is RootStatus.ACTIVE


def may_hold(root: Root, kind: VulnerabilityType) -> bool:
    """Return whether the root can have a vulnerability of that type. A repository has LINES only: no environment urls yet."""
    return _TYPES[root.kind] is kind


def normalised_git_url(value: str, path: Sequence[str]) -> str:
    """Return the url of a git repository (https, ssh or ``user@host:path``), in the form in which it is stored and compared.

    A query or a fragment is ``bad_format``, because git has none.
    """
    text = url_text(value, path)
    if "?" in text or "#" in text:
        raise Rejected(Reason.BAD_FORMAT, path)
    scp_like = _SCP_LIKE.fullmatch(text)
    if scp_like:
        user, host, repository = scp_like.groups()
        return f"{user}@{_host(host.strip('[]'), path)}:{_repository(repository, path)}"
    return _normalised(split_url(text, path), path)


def _normalised(parts: SplitResult, path: Sequence[str]) -> str:
    if parts.scheme not in {"https", "ssh"} or not parts.hostname or not parts.path.startswith("/"):
        raise Rejected(Reason.BAD_FORMAT, path)
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{_user(parts, path)}{_host(parts.hostname, path)}{port}{_repository(parts.path, path)}"


def _user(parts: SplitResult, path: Sequence[str]) -> str:
    if parts.scheme == "https" or not parts.username:
        return ""
    return f"{shaped(parts.username, path, '.', _USER)}@"


def _host(text: str, path: Sequence[str]) -> str:
    host = address(text, path)
    return f"[{host}]" if ":" in host else host


def _repository(text: str, path: Sequence[str]) -> str:
    repository = _ENDING.sub("", text)
    if not repository or not {".", ".."}.isdisjoint(repository.split("/")):
        raise Rejected(Reason.BAD_FORMAT, path)
    return repository


def nickname_of(url: str) -> str:
    """Return the last segment of a normalised url: the nickname of a root without one of its own, if it is a valid one."""
    return re.split("[/:]", url)[-1]


def branch(value: str, path: Sequence[str]) -> str:
    """Return the name of a branch, by the rules of ``git check-ref-format --branch``."""
    text = shaped(one_line(value, path, low=1, high=MAX_BRANCH), path, _BRANCH_CHARACTER, ".+")
    if text.startswith("-") or text.endswith(".") or text == "@" or ".." in text or "@{" in text:
        raise Rejected(Reason.BAD_FORMAT, path)
    if any(not part or part.startswith(".") or part.endswith(".lock") for part in text.split("/")):
        raise Rejected(Reason.BAD_FORMAT, path)
    return text


def gitignore(patterns: Sequence[str], path: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns of what is out of scope, in their order, because later ones override earlier ones.

    Raise ``Rejected`` (``too_many_items``), or ``Rejections`` that name each pattern at fault by its index: as for other
    one-line texts, or ``bad_exclusion`` for one that excludes everything or is not a valid pattern.
    """
    return all_of(patterns, path, _pattern, MAX_PATTERNS)


def _pattern(value: str, path: Sequence[str]) -> str:
    text = one_line(value, path, low=1, high=MAX_PATTERN)
    inverted = any(low > high for group in _BRACKETS.findall(text) for low, high in _RANGE.findall(group))
    if not text.strip("*?/.!") or inverted or _DANGLING.search(text):
        raise Rejected(Reason.BAD_EXCLUSION, path)
    return text


class GivenGitRoot(Struct, frozen=True, kw_only=True):
    """The checked arguments of a new GIT root."""

    url: str
    branch: str
    gitignore: tuple[str, ...] = ()
    nickname: str = ""
    criticality: Criticality = Criticality.MEDIUM


ARGUMENTS: Final = Arguments(
    GivenGitRoot,
    {
        "url": normalised_git_url,
        "branch": branch,
        "gitignore": gitignore,
        "nickname": nickname,
        "criticality": one_of(Criticality),
    },
)
"""What a new GIT root is given."""

_FIELDS: Final = whole_of(
    Root,
    {
        **ENTITY,
        "id": identifier,
        "group_name": name,
        "organization_id": identifier,
        "location.url": normalised_git_url,
        "location.branch": branch,
        "location.gitignore": gitignore,
        "info.nickname": nickname,
        "state.by": by,
        "state.reason": choice(DEACTIVATION_REASONS),
        "state.other": reasoning,
    },
)


def git_root(raw: Mapping[str, Any]) -> GivenGitRoot:
    """Return the normalised arguments of a new GIT root. A nickname that is left out is the last segment of the url.

    Raise ``Rejections`` with every refusal, or ``Rejected`` when that segment is not a valid nickname.
    """
    given = checked(ARGUMENTS, raw)
    return given if given.nickname else replace(given, nickname=nickname(nickname_of(given.url), ("nickname",)))


def whole(root: Root) -> Iterator[Rejected]:
    """Yield each refusal of a root in any state (E13)."""
    refused = _FIELDS(root)
    yield from refused or _relations(root)


def _relations(root: Root) -> Iterator[Rejected]:
    if root.kind is not RootKind.GIT:
        yield Rejected(Reason.INCONSISTENT, ("kind",))
    state = root.state
    if is_active(root) and state.reason is not None:
        yield Rejected(Reason.INCONSISTENT, ("state", "reason"))
    if not is_active(root) and state.reason is None:
        yield Rejected(Reason.REQUIRED, ("state", "reason"))
    if state.reason == "OTHER" and state.other is None:
        yield Rejected(Reason.REQUIRED, ("state", "other"))
    if is_active(root) and state.other is not None:
        yield Rejected(Reason.INCONSISTENT, ("state", "other"))
