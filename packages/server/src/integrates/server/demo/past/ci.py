"""The CI identity of a group, which comes with its token, and what it asked the gate.

Nobody has the secret of the token, so whoever tries it issues another one.
"""

from typing import Any, Final

from integrates.api.upload import in_memory
from integrates.db_model.access.rules import ci_identity
from integrates.server.demo.step import GUS, Act, Step, asked, mutation

_GROUP: Final = "webshop"
_ISSUE: Final = mutation("issueForcesToken", groupName="ID!")
_GATE: Final = mutation(
    "addForcesExecution",
    groupName="ID!",
    id="ID!",
    strictness="ForcesStrictness!",
    rootNickname="String",
    gitRepo="String",
    gitBranch="String",
    gitCommit="String",
    gitOrigin="String",
    log="Upload",
)
_LOG: Final = b"""Building the back end of the shop
142 tests, all of them pass
Asking the gate
"""


def _built(identity: str, strictness: str, repo: str, commit: str, **more: Any) -> Act:
    """Return the act of asking the gate about a build of a repository of the shop."""
    return asked(
        ci_identity(_GROUP),
        _GATE,
        groupName=_GROUP,
        id=identity,
        strictness=strictness,
        gitRepo=repo,
        gitBranch="main",
        gitCommit=commit,
        gitOrigin=f"https://git.demo.example/{repo}",
        **more,
    )


STEPS: Final = (
    Step(28, "a CI token issued", asked(GUS, _ISSUE, groupName=_GROUP)),
    Step(
        6.2,
        "a build that broke",
        _built(
            "backend-1204-1",
            "STRICT",
            "shop-backend",
            "9f0c1b7a5d3e2846a1b0c9d8e7f60514233241a0",
            rootNickname="backend",
            log=in_memory("build.log", _LOG),
        ),
    ),
    Step(
        5.7,
        "a build of everything, which passed because the gate was LAX",
        _built("nightly-88-1", "LAX", "shop", "c1e5d70b46a98f3257e0d1c2b3a4958607f6e5d4"),
    ),
    Step(
        4.6,
        "a build that passed",
        _built(
            "frontend-377-1", "STRICT", "shop-frontend", "07a3c5e9b1d2f4867859403b2c1d0e9f8a7b6c5d", rootNickname="frontend"
        ),
    ),
)
