"""What a root is made of: the arguments that people give, and back (domain section 11.2).

An update is a root made anew of its own arguments and of those that are given.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, assert_never

from msgspec import Struct

from integrates.db_model.roots.git import branch, gitignore, normalised_git_url
from integrates.db_model.roots.host import ip, url_location, url_of
from integrates.db_model.roots.image import image_reference, reference_of
from integrates.db_model.roots.types import (
    Criticality,
    GitLocation,
    GitRoot,
    ImageLocation,
    ImageRoot,
    IPLocation,
    IPRoot,
    Location,
    Root,
    RootInfo,
    RootKind,
    URLLocation,
    URLRoot,
)
from integrates.db_model.values.check import Arguments, Normaliser, checked, one_of
from integrates.db_model.values.text import nickname


class GivenGitRoot(Struct, frozen=True, kw_only=True):
    """The checked arguments of a GIT root."""

    url: str
    branch: str
    gitignore: tuple[str, ...] = ()
    nickname: str = ""
    criticality: Criticality = Criticality.MEDIUM


class GivenImageRoot(Struct, frozen=True, kw_only=True):
    """The checked arguments of an IMAGE root."""

    reference: ImageLocation
    nickname: str = ""
    criticality: Criticality = Criticality.MEDIUM


class GivenIPRoot(Struct, frozen=True, kw_only=True):
    """The checked arguments of an IP root."""

    address: str
    nickname: str
    criticality: Criticality = Criticality.MEDIUM


class GivenURLRoot(Struct, frozen=True, kw_only=True):
    """The checked arguments of a URL root."""

    url: URLLocation
    nickname: str
    criticality: Criticality = Criticality.MEDIUM


Given: TypeAlias = GivenGitRoot | GivenImageRoot | GivenIPRoot | GivenURLRoot
_INFO: Final[Mapping[str, Normaliser]] = {"nickname": nickname, "criticality": one_of(Criticality)}
ARGUMENTS: Final[Mapping[RootKind, Arguments[Any]]] = {
    RootKind.GIT: Arguments(GivenGitRoot, {"url": normalised_git_url, "branch": branch, "gitignore": gitignore, **_INFO}),
    RootKind.IMAGE: Arguments(GivenImageRoot, {"reference": image_reference, **_INFO}),
    RootKind.IP: Arguments(GivenIPRoot, {"address": ip, **_INFO}),
    RootKind.URL: Arguments(GivenURLRoot, {"url": url_location, **_INFO}),
}
"""What a root of each kind is given."""


def described(kind: RootKind, raw: Mapping[str, Any]) -> tuple[Location, RootInfo]:
    """Return where a root is and what it is called.

    Without a nickname, a repository or an image is called by the last part of its name. Raise ``Rejections`` with every
    refusal, or ``Rejected`` when that part is not a valid nickname.
    """
    given: Given = checked(ARGUMENTS[kind], raw)
    location, name = _located(given)
    return location, RootInfo(nickname=given.nickname or nickname(name, ("nickname",)), criticality=given.criticality)


def _located(given: Given) -> tuple[Location, str]:
    """Return the location, and the nickname of a root that is given none."""
    match given:
        case GivenGitRoot():
            return GitLocation(url=given.url, branch=given.branch, gitignore=given.gitignore), last_part(given.url)
        case GivenImageRoot():
            return given.reference, last_part(given.reference.repository)
        case GivenIPRoot():
            return IPLocation(address=given.address), given.nickname
        case GivenURLRoot():
            return given.url, given.nickname
        case _:
            assert_never(given)


def last_part(name: str) -> str:
    """Return the last part of a normalised git url, or of the repository of an image."""
    return re.split("[/:]", name)[-1]


def arguments_of(root: Root) -> Mapping[str, Any]:
    """Return the arguments that the root would be made of."""
    return {**_place_of(root), "nickname": root.info.nickname, "criticality": root.info.criticality}


def _place_of(root: Root) -> Mapping[str, Any]:
    match root:
        case GitRoot():
            return {"url": root.location.url, "branch": root.location.branch, "gitignore": root.location.gitignore}
        case ImageRoot():
            return {"reference": reference_of(root.location)}
        case IPRoot():
            return {"address": root.location.address}
        case URLRoot():
            return {"url": url_of(root.location)}
        case _:
            assert_never(root)
