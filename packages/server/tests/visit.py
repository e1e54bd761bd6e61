"""A service with one provider, and a browser in front of it."""

from typing import Any

import httpx
from packages.server.tests.conftest import ORIGIN, World
from packages.server.tests.liar import CLIENT, EVA, Liar

from integrates.db_model.entity import read
from integrates.db_model.stakeholders.commands import add, new_stakeholder
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import PlatformRole, Stakeholder, StakeholderInfo
from integrates.db_model.store.port import Store
from integrates.server.auth.provider import ClientAuth, Provider, RoleRule
from integrates.server.settings import Settings

COOKIE, ATTEMPT = "integrates_session", "integrates_login"
SECRET = "the secret of the client"


class Visit(World):
    """A service with one provider, and a browser."""

    def __init__(self, store: Store, liar: Liar, settings: Settings, *roles: RoleRule, **given: Any) -> None:
        provider = Provider(
            name="corp",
            title="Corp",
            issuer=liar.issuer,
            client_id=CLIENT,
            client_auth=given.get("client_auth", ClientAuth.BASIC),
            secret=SECRET,
            scopes=("openid", "email", "profile"),
            groups_claim="groups",
            roles=roles,
        )
        self.liar, self.written = liar, 0
        liar.now = self.seconds
        super().__init__(store, settings, {"corp": provider})
        self.browser = self.client(headers={"origin": ORIGIN})

    async def known(self, email: str = EVA) -> None:
        stamp = self.stamp("system")
        await add(self.store, new_stakeholder(StakeholderInfo(email=email), PlatformRole.USER, stamp), stamp)

    async def begin(self, path: str = "/", **more: str) -> str:
        """Go to the provider; return the address to which it sends the browser back."""
        answer = await self.browser.get("/login", params={"provider": "corp", "next": path, **more})
        assert answer.status_code == 303, answer.text
        async with httpx.AsyncClient() as outside:
            back = await outside.get(answer.headers["location"])
        return back.headers["location"].removeprefix(ORIGIN)

    async def login(self, path: str = "/") -> httpx.Response:
        return await self.browser.get(await self.begin(path))

    async def person(self, email: str = EVA) -> Stakeholder | None:
        return await read.get(self.store, STAKEHOLDER, stakeholder_key(email))


def page(answer: httpx.Response, status: int, *words: str) -> None:
    """It is a page that says what to do, with the id of the request, and nobody is logged in."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert all(word in answer.text for word in (*words, answer.headers["x-request-id"]))
    assert COOKIE not in answer.cookies


BAD = "This login cannot be completed"
DOWN = "The login provider does not answer as it should"
