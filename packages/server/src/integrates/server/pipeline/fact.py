"""Facts of git that a pipeline knows: of its variables, a table, and of the checkout that it works in."""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from integrates.db_model.values.url import bracketed

MAX_FACT: Final = 500
"""Most characters of a fact that the service keeps."""
_HEADS: Final = "refs/heads/"
_REFS: Final = "refs/"
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{7,64}")
_BETWEEN_COLONS: Final = re.compile(r"(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>[^/].*)")
_GIT: Final = ".git"


class Facts(Struct, frozen=True, kw_only=True):
    """What is built: the repository by name, e.g. ``acme/shop``, its branch and commit, and where it comes from.

    ``branch`` is ``None`` when it is not known, or a tag is built; ``pipeline`` names the CI system, ``None`` elsewhere.
    ``is_unread`` tells that there is a repository of which git says nothing.
    """

    repo: str | None = None
    branch: str | None = None
    commit: str | None = None
    origin: str | None = None
    pipeline: str | None = None
    is_unread: bool = False


class System(Struct, frozen=True, kw_only=True):
    """How a CI system tells what it builds.

    ``sign`` is a variable that it sets, with the value by which it is known, empty for any. The others are templates of
    variables: the first whose variables are all set counts. ``tag`` names variables that are set when a tag is built, and so
    no branch. ``pull`` names those that have the branches from which and to which a pull request goes.
    ``remote`` stands before the name of a branch in a remote repository.
    """

    name: str
    sign: tuple[str, str]
    repo: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    commit: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    pull: tuple[str, str] | None = None
    remote: str = ""


SYSTEMS: Final[tuple[System, ...]] = (
    System(
        name="GitHub Actions",
        sign=("GITHUB_ACTIONS", "true"),
        repo=("{GITHUB_REPOSITORY}",),
        branch=("{GITHUB_HEAD_REF}", "{GITHUB_REF}"),
        commit=("{GITHUB_SHA}",),
        origin=("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}",),
        pull=("GITHUB_HEAD_REF", "GITHUB_BASE_REF"),
    ),
    System(
        name="GitLab CI",
        sign=("GITLAB_CI", ""),
        repo=("{CI_PROJECT_PATH}",),
        branch=("{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", "{CI_COMMIT_BRANCH}"),
        commit=("{CI_COMMIT_SHA}",),
        origin=("{CI_PROJECT_URL}", "{CI_REPOSITORY_URL}"),
        tag=("CI_COMMIT_TAG",),
        pull=("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
    ),
    System(
        name="Azure Pipelines",
        sign=("TF_BUILD", ""),
        repo=("{BUILD_REPOSITORY_NAME}",),
        branch=("{SYSTEM_PULLREQUEST_SOURCEBRANCH}", "{BUILD_SOURCEBRANCH}"),
        commit=("{SYSTEM_PULLREQUEST_SOURCECOMMITID}", "{BUILD_SOURCEVERSION}"),
        origin=("{BUILD_REPOSITORY_URI}",),
        pull=("SYSTEM_PULLREQUEST_SOURCEBRANCH", "SYSTEM_PULLREQUEST_TARGETBRANCH"),
    ),
    System(
        name="Bitbucket Pipelines",
        sign=("BITBUCKET_BUILD_NUMBER", ""),
        repo=("{BITBUCKET_REPO_FULL_NAME}",),
        branch=("{BITBUCKET_BRANCH}",),
        commit=("{BITBUCKET_COMMIT}",),
        origin=("{BITBUCKET_GIT_HTTP_ORIGIN}", "{BITBUCKET_GIT_SSH_ORIGIN}"),
        tag=("BITBUCKET_TAG",),
        pull=("BITBUCKET_BRANCH", "BITBUCKET_PR_DESTINATION_BRANCH"),
    ),
    System(
        name="CircleCI",
        sign=("CIRCLECI", ""),
        repo=("{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}",),
        branch=("{CIRCLE_BRANCH}",),
        commit=("{CIRCLE_SHA1}",),
        origin=("{CIRCLE_REPOSITORY_URL}",),
        tag=("CIRCLE_TAG",),
    ),
    System(
        name="Travis CI",
        sign=("TRAVIS", "true"),
        repo=("{TRAVIS_REPO_SLUG}",),
        branch=("{TRAVIS_PULL_REQUEST_BRANCH}", "{TRAVIS_BRANCH}"),
        commit=("{TRAVIS_PULL_REQUEST_SHA}", "{TRAVIS_COMMIT}"),
        tag=("TRAVIS_TAG",),
        pull=("TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH"),
    ),
    System(
        name="Buildkite",
        sign=("BUILDKITE", "true"),
        branch=("{BUILDKITE_BRANCH}",),
        commit=("{BUILDKITE_COMMIT}",),
        origin=("{BUILDKITE_REPO}",),
        tag=("BUILDKITE_TAG",),
        pull=("BUILDKITE_BRANCH", "BUILDKITE_PULL_REQUEST_BASE_BRANCH"),
    ),
    System(
        name="Woodpecker CI",
        sign=("CI", "woodpecker"),
        repo=("{CI_REPO}",),
        branch=("{CI_COMMIT_SOURCE_BRANCH}", "{CI_COMMIT_BRANCH}"),
        commit=("{CI_COMMIT_SHA}",),
        origin=("{CI_REPO_CLONE_URL}", "{CI_REPO_URL}"),
        tag=("CI_COMMIT_TAG",),
        pull=("CI_COMMIT_SOURCE_BRANCH", "CI_COMMIT_TARGET_BRANCH"),
    ),
    System(
        name="Drone",
        sign=("DRONE", "true"),
        repo=("{DRONE_REPO}",),
        branch=("{DRONE_SOURCE_BRANCH}", "{DRONE_BRANCH}"),
        commit=("{DRONE_COMMIT_SHA}",),
        origin=("{DRONE_GIT_HTTP_URL}", "{DRONE_REPO_LINK}"),
        tag=("DRONE_TAG",),
    ),
    System(
        name="AWS CodeBuild",
        sign=("CODEBUILD_BUILD_ID", ""),
        branch=("{CODEBUILD_WEBHOOK_HEAD_REF}",),
        commit=("{CODEBUILD_RESOLVED_SOURCE_VERSION}",),
        origin=("{CODEBUILD_SOURCE_REPO_URL}",),
    ),
    System(
        name="Jenkins",
        sign=("JENKINS_URL", ""),
        branch=("{CHANGE_BRANCH}", "{BRANCH_NAME}", "{GIT_LOCAL_BRANCH}", "{GIT_BRANCH}"),
        commit=("{GIT_COMMIT}",),
        origin=("{GIT_URL}", "{GIT_URL_1}"),
        tag=("TAG_NAME",),
        pull=("CHANGE_BRANCH", "CHANGE_TARGET"),
        remote="origin/",
    ),
    System(
        name="TeamCity",
        sign=("TEAMCITY_VERSION", ""),
        commit=("{BUILD_VCS_NUMBER}",),
    ),
)
"""The CI systems that are known. The first whose sign is set counts; Jenkins late: what it starts inherits its variables."""

_VARIABLE: Final = re.compile(r"\{(\w+)\}")


def facts_of(variables: Mapping[str, str], checkout: Facts | None = None, given: Facts | None = None) -> Facts:
    """Return what is built: each fact as ``given``, else as the CI system says, else as it is in the checkout.

    What is no branch, no commit or cannot be shown is left out, and addresses lose what they have of passwords and tokens.
    """
    system = next((one for one in SYSTEMS if _is_there(one, variables)), None)
    said = _said(system, variables) if system else Facts()
    sources = [source for source in (given, said, checkout) if source is not None]
    named = [source for source in sources if source is not checkout] if system and _is_elsewhere(system, variables) else sources

    def first(name: str) -> str | None:
        told = named if name == "branch" else sources
        return next((text for source in told if (text := _clean(getattr(source, name)))), None)

    origin = public_address(first("origin") or "")[:MAX_FACT] or None
    return Facts(
        repo=first("repo") or repo_of(origin or "") or None,
        branch=first("branch"),
        commit=next((text for text in [first("commit")] if text and _COMMIT.fullmatch(text)), None),
        origin=origin,
        pipeline=said.pipeline,
        is_unread=any(source.is_unread for source in sources),
    )


def _is_there(system: System, variables: Mapping[str, str]) -> bool:
    name, value = system.sign
    found = variables.get(name, "")
    return found == value if value else bool(found)


def _said(system: System, variables: Mapping[str, str]) -> Facts:
    return Facts(
        repo=_filled(system.repo, variables),
        branch=None if _is_elsewhere(system, variables) else branch_of(_filled(system.branch, variables) or "", system.remote),
        commit=_filled(system.commit, variables),
        origin=_filled(system.origin, variables),
        pipeline=system.name,
    )


def _is_elsewhere(system: System, variables: Mapping[str, str]) -> bool:
    """Return whether what is built is of no branch of the repository: a tag, or a pull request of a fork.

    One that goes from a branch to a branch of the same name comes from a fork: no repository has two of one name.
    """
    source, target = (_short(variables.get(name, "")) for name in system.pull or ("", ""))
    return any(variables.get(name) for name in system.tag) or bool(source and source == target)


def _short(ref: str) -> str:
    return ref.removeprefix(_HEADS)


def _filled(templates: Iterable[str], variables: Mapping[str, str]) -> str | None:
    """Return the first template whose variables are all set, with their values."""
    for template in templates:
        if all(variables.get(name) for name in _VARIABLE.findall(template)):
            return _VARIABLE.sub(lambda found: variables[found[1]], template)
    return None


def branch_of(ref: str, remote: str = "") -> str | None:
    """Return the branch that a ref or name means, ``None`` for a tag, a merge of a pull request, or nothing."""
    if ref.startswith(_REFS) and not ref.startswith(_HEADS):
        return None
    return _short(ref).removeprefix(remote) or None


def public_address(origin: str) -> str:
    """Return the address of a repository without user, password and query: pipelines clone with tokens in it.

    A short one such as ``git@git.example:acme/shop.git`` becomes a url. Empty for what is no address.
    """
    short = _BETWEEN_COLONS.fullmatch(origin)
    if short and "://" not in origin:
        return f"ssh://{short['host']}/{short['path']}"
    try:
        parts = urlsplit(origin)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if not parts.scheme or not parts.hostname:
        return ""
    return urlunsplit((parts.scheme, f"{bracketed(parts.hostname)}{port}", parts.path, "", ""))


def repo_of(origin: str) -> str:
    """Return the name of a repository as its address ends, e.g. ``acme/shop``."""
    path = urlsplit(origin).path.strip("/").removesuffix(_GIT)
    return "/".join(path.split("/")[-2:])


def _clean(text: str | None) -> str:
    """Return the text as far as it is kept; empty when it has characters that cannot be shown."""
    found = (text or "").strip()
    return found[:MAX_FACT] if found.isprintable() else ""
