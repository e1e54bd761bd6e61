"""What a GIT root may be (domain section 3).

**Urls.** Normalising lower-cases scheme and host and drops credentials, trailing ``/`` and ``.git``. Credentials are
passwords everywhere, and user names too in https urls, where they often are tokens. The user name of ``ssh://user@host/path``
and ``user@host:path`` stays: it is public (mostly ``git``), and without it the place cannot be reached. The two ssh forms
are not turned into each other, because their paths start at different directories.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult

from integrates.db_model.errors import Rejected
from integrates.db_model.roots.types import Root, RootKind, RootStatus
from integrates.db_model.values import address, each, one_line, shaped, split_url, url_text
from integrates.db_model.vulnerabilities.types import VulnerabilityType

MAX_PATTERNS: Final = 50
MAX_PATTERN: Final = 200
MAX_BRANCH: Final = 255

_SCHEMES: Final = frozenset({"https", "ssh"})
_USER: Final = "[A-Za-z0-9_][A-Za-z0-9._~-]*"
_SCP_LIKE: Final = re.compile(rf"({_USER})@([^:/@]+|\[[^\]/@]+\]):(?!//)(.+)")
_ENDING: Final = re.compile(r"(?:/|\.git)+\Z")
_BRANCH_REFUSED: Final = r"\x00-\x20\x7f~^:?*\[\\"
_BRANCH: Final = rf"(?!-|@\Z)(?!.*(?:\.\.|@\{{|//))(?!(?:.*/)?\.)(?!.*\.lock(?:/|\Z))[^/](?:.*[^/.])?"
