"""Where a GIT root may be (domain section 3).

**Urls.** Normalising lower-cases scheme and host and drops credentials, trailing ``/`` and ``.git``. Credentials are
passwords everywhere, and user names too in https urls, where they often are tokens. The user name of ``ssh://user@host/path``
and ``user@host:path`` stays: it is public (mostly ``git``), and without it the repository cannot be reached. The two ssh forms
are not turned into each other, because their paths start at different directories.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.check import all_of
from integrates.db_model.values.text import one_line, shaped
from integrates.db_model.values.url import address, bracketed, split_url, url_text

MAX_PATTERNS: Final = 50
MAX_PATTERN: Final = 200
MAX_BRANCH: Final = 255

_USER: Final = "[A-Za-z0-9_][A-Za-z0-9._~-]*"
_SCP_LIKE: Final = re.compile(rf"({_USER})@([^:/@\[\]]+|\[[^/@\[\]]+\]):(.+)")
_ENDING: Final = re.compile(r"(?<!/)(?<!\.git)(?:/|\.git)++\Z")
_BRANCH_CHARACTER: Final = r"[^\x00-\x20\x7f~^:?*\[\\]"
_RANGE: Final = re.compile("(.)-(.)")
_BRACKETS: Final = re.compile(r"\[(?:([!^]?\]?[^\]]*)\]|[^\]]*+\Z)")
_DANGLING: Final = re.compile(r"(?<!\\)(?:\\\\)*\\(?:/|\Z)")


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
    return bracketed(address(text, path))


def _repository(text: str, path: Sequence[str]) -> str:
    repository = _ENDING.sub("", text)
    if not repository or not {".", ".."}.isdisjoint(repository.split("/")):
        raise Rejected(Reason.BAD_FORMAT, path)
    return repository


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
