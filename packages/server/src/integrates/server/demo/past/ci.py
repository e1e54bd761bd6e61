"""The CI identity of a group, which comes with its token; nobody has the secret, so whoever tries it issues another one."""

from typing import Final

from integrates.server.demo.step import GUS, Step, asked, mutation

_ISSUE: Final = mutation("issueForcesToken", groupName="ID!")

STEPS: Final = (Step(28, "a CI token issued", asked(GUS, _ISSUE, groupName="webshop")),)
