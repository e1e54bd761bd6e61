"""What is built: facts of git from the variables of CI systems and from a checkout."""

import os
import subprocess
from pathlib import Path

import pytest

from integrates.server.pipeline.checkout import Checkout, files_of, is_unread, read_checkout
from integrates.server.pipeline.fact import MAX_FACT, SYSTEMS, Facts, System, branch_of, facts_of, public_address, repo_of

SHA = "3f2c1a9d0e4b5a6978c1d2e3f40516273849a0b1"
SHOP = "https://git.example/acme/shop"
BUILDS = [
    (
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_SHA": SHA,
            "GITHUB_SERVER_URL": "https://git.example",
        },
        Facts(repo="acme/shop", branch="main", commit=SHA, origin=SHOP, pipeline="GitHub Actions"),
    ),
    (
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_HEAD_REF": "cart",
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_SHA": SHA,
        },
        Facts(repo="acme/shop", branch="cart", commit=SHA, pipeline="GitHub Actions"),
    ),
    (
        {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_REF": "refs/tags/v1", "GITHUB_SHA": SHA},
        Facts(repo="acme/shop", commit=SHA, pipeline="GitHub Actions"),
    ),
    (
        {
            "GITLAB_CI": "true",
            "CI_PROJECT_PATH": "acme/shop",
            "CI_COMMIT_BRANCH": "main",
            "CI_COMMIT_SHA": SHA,
            "CI_PROJECT_URL": SHOP,
            "CI_REPOSITORY_URL": "https://gitlab-ci-token:secret@git.example/acme/shop.git",
        },
        Facts(repo="acme/shop", branch="main", commit=SHA, origin=SHOP, pipeline="GitLab CI"),
    ),
    (
        {"GITLAB_CI": "true", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "cart", "CI_COMMIT_SHA": SHA, "CI_PROJECT_URL": SHOP},
        Facts(repo="acme/shop", branch="cart", commit=SHA, origin=SHOP, pipeline="GitLab CI"),
    ),
    (
        {"GITLAB_CI": "true", "CI_COMMIT_TAG": "v1", "CI_COMMIT_BRANCH": "v1", "CI_COMMIT_SHA": SHA},
        Facts(commit=SHA, pipeline="GitLab CI"),
    ),
    (
        {
            "TF_BUILD": "True",
            "BUILD_REPOSITORY_NAME": "shop",
            "BUILD_SOURCEBRANCH": "refs/heads/team/cart",
            "BUILD_SOURCEVERSION": SHA,
            "BUILD_REPOSITORY_URI": "https://acme@git.example/acme/shop",
        },
        Facts(repo="shop", branch="team/cart", commit=SHA, origin=SHOP, pipeline="Azure Pipelines"),
    ),
    (
        {
            "TF_BUILD": "True",
            "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/cart",
            "BUILD_SOURCEBRANCH": "refs/pull/7/merge",
            "BUILD_SOURCEVERSION": SHA,
        },
        Facts(branch="cart", commit=SHA, pipeline="Azure Pipelines"),
    ),
    (
        {
            "BITBUCKET_BUILD_NUMBER": "7",
            "BITBUCKET_REPO_FULL_NAME": "acme/shop",
            "BITBUCKET_BRANCH": "main",
            "BITBUCKET_COMMIT": SHA,
            "BITBUCKET_GIT_HTTP_ORIGIN": SHOP,
        },
        Facts(repo="acme/shop", branch="main", commit=SHA, origin=SHOP, pipeline="Bitbucket Pipelines"),
    ),
    (
        {
            "CIRCLECI": "true",
            "CIRCLE_PROJECT_USERNAME": "acme",
            "CIRCLE_PROJECT_REPONAME": "shop",
            "CIRCLE_BRANCH": "main",
            "CIRCLE_SHA1": SHA,
            "CIRCLE_REPOSITORY_URL": "git@git.example:acme/shop.git",
        },
        Facts(repo="acme/shop", branch="main", commit=SHA, origin="ssh://git.example/acme/shop.git", pipeline="CircleCI"),
    ),
    (
        {
            "TRAVIS": "true",
            "TRAVIS_REPO_SLUG": "acme/shop",
            "TRAVIS_PULL_REQUEST_BRANCH": "cart",
            "TRAVIS_BRANCH": "main",
            "TRAVIS_COMMIT": SHA,
        },
        Facts(repo="acme/shop", branch="cart", commit=SHA, pipeline="Travis CI"),
    ),
    (
        {"BUILDKITE": "true", "BUILDKITE_BRANCH": "main", "BUILDKITE_COMMIT": SHA, "BUILDKITE_REPO": f"{SHOP}.git"},
        Facts(repo="acme/shop", branch="main", commit=SHA, origin=f"{SHOP}.git", pipeline="Buildkite"),
    ),
    (
        {
            "CI": "woodpecker",
            "CI_REPO": "acme/shop",
            "CI_COMMIT_BRANCH": "main",
            "CI_COMMIT_SOURCE_BRANCH": "cart",
            "CI_COMMIT_SHA": SHA,
            "CI_REPO_CLONE_URL": SHOP,
        },
        Facts(repo="acme/shop", branch="cart", commit=SHA, origin=SHOP, pipeline="Woodpecker CI"),
    ),
    (
        {
            "DRONE": "true",
            "DRONE_REPO": "acme/shop",
            "DRONE_BRANCH": "main",
            "DRONE_COMMIT_SHA": SHA,
            "DRONE_GIT_HTTP_URL": SHOP,
        },
        Facts(repo="acme/shop", branch="main", commit=SHA, origin=SHOP, pipeline="Drone"),
    ),
    (
        {
            "CODEBUILD_BUILD_ID": "shop:1",
            "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/main",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": SHA,
            "CODEBUILD_SOURCE_REPO_URL": SHOP,
        },
        Facts(repo="acme/shop", branch="main", commit=SHA, origin=SHOP, pipeline="AWS CodeBuild"),
    ),
    (
        {
            "JENKINS_URL": "https://ci.example",
            "GIT_BRANCH": "origin/main",
            "GIT_COMMIT": SHA,
            "GIT_URL": "https://bot:secret@git.example/acme/shop.git?token=secret#secret",
        },
        Facts(repo="acme/shop", branch="main", commit=SHA, origin=f"{SHOP}.git", pipeline="Jenkins"),
    ),
    (
        {
            "JENKINS_URL": "https://ci.example",
            "CHANGE_BRANCH": "cart",
            "BRANCH_NAME": "PR-7",
            "GIT_COMMIT": SHA,
            "GIT_URL_1": SHOP,
        },
        Facts(repo="acme/shop", branch="cart", commit=SHA, origin=SHOP, pipeline="Jenkins"),
    ),
    (
        {"JENKINS_URL": "https://ci.example", "TAG_NAME": "v1", "BRANCH_NAME": "v1", "GIT_COMMIT": SHA},
        Facts(commit=SHA, pipeline="Jenkins"),
    ),
    ({"TEAMCITY_VERSION": "2026.1", "BUILD_VCS_NUMBER": SHA}, Facts(commit=SHA, pipeline="TeamCity")),
    ({"CI": "true", "HOME": "/home/me"}, Facts()),
]


@pytest.mark.parametrize("variables, expected", BUILDS)
def test_each_ci_system_tells_what_it_builds(variables: dict[str, str], expected: Facts) -> None:
    assert facts_of(variables) == expected
    assert "secret" not in repr(facts_of(variables))


def test_every_system_is_tried() -> None:
    assert {expected.pipeline for _, expected in BUILDS} == {None, *(system.name for system in SYSTEMS)}


@pytest.mark.parametrize("system", [one for one in SYSTEMS if one.pull], ids=lambda one: str(one.name))
@pytest.mark.parametrize("target, is_fork", [("main", True), ("refs/heads/main", True), ("next", False), ("", False)])
def test_a_pull_request_from_a_branch_to_one_of_the_same_name_is_of_a_fork(system: System, target: str, is_fork: bool) -> None:
    """Only what the repository itself has on a branch counts as that branch, whatever else is checked out under its name."""
    sign, value = system.sign
    variables = {sign: value or "1", **dict(zip(system.pull or (), ("main", target), strict=False))}
    assert facts_of(variables, Facts(branch="main")).branch == (None if is_fork else "main")
    assert facts_of(variables, given=Facts(branch="said")).branch == "said"


@pytest.mark.parametrize("system", [one for one in SYSTEMS if one.tag], ids=lambda one: str(one.name))
def test_a_tag_is_no_branch_whatever_is_checked_out(system: System) -> None:
    sign, value = system.sign
    assert facts_of({sign: value or "1", system.tag[0]: "v1"}, Facts(branch="main")).branch is None


def test_that_git_says_nothing_is_known() -> None:
    assert facts_of({}, Facts(is_unread=True)) == Facts(is_unread=True)
    assert facts_of({}, Facts(is_unread=True), Facts(branch="main")) == Facts(branch="main", is_unread=True)


CHECKOUT = Facts(branch="local", commit="b" * 40, origin="https://me:pw@git.example/me/fork.git")


def test_a_system_counts_before_the_checkout_and_what_is_given_before_both() -> None:
    system = {"GITLAB_CI": "1", "CI_COMMIT_BRANCH": "main"}
    found = facts_of(system, CHECKOUT, Facts(commit="c" * 40))
    assert found == Facts(
        repo="me/fork", branch="main", commit="c" * 40, origin="https://git.example/me/fork.git", pipeline="GitLab CI"
    )
    assert facts_of(system, CHECKOUT, Facts(branch="asked")).branch == "asked"
    assert facts_of({}, CHECKOUT).branch == "local"
    assert facts_of({}) == Facts()


@pytest.mark.parametrize("branch", ["main\x1b[2J", "a\nb", "\u202egnp.exe", "   "])
def test_what_cannot_be_shown_is_left_out(branch: str) -> None:
    assert facts_of({}, given=Facts(branch=branch, repo="shop")) == Facts(repo="shop")


def test_no_fact_is_longer_than_the_service_keeps() -> None:
    long = "x" * (MAX_FACT + 1)
    found = facts_of({}, given=Facts(repo=long, branch=long, commit=long, origin=long))
    assert found == Facts(repo="x" * MAX_FACT, branch="x" * MAX_FACT)
    assert [len(facts_of({}, given=Facts(origin=f"{one}{long}")).origin or "") for one in (f"{SHOP}/", "a.b:c/")] == [500, 500]


@pytest.mark.parametrize("commit", ["HEAD", "abc123", "g" * 40, "a" * 65, f"{SHA} "[:-2] + "?"])
def test_what_is_no_commit_is_left_out(commit: str) -> None:
    assert facts_of({}, given=Facts(commit=commit)).commit is None


@pytest.mark.parametrize(
    "ref, remote, branch",
    [
        ("refs/heads/a/b", "", "a/b"),
        ("main", "", "main"),
        ("origin/main", "origin/", "main"),
        ("origin/main", "", "origin/main"),
        ("refs/tags/v1", "", None),
        ("refs/pull/1/merge", "", None),
        ("", "", None),
    ],
)
def test_a_ref_means_a_branch(ref: str, remote: str, branch: str | None) -> None:
    assert branch_of(ref, remote) == branch


@pytest.mark.parametrize(
    "origin, address",
    [
        ("https://user:secret@git.example:8443/a/b.git", "https://git.example:8443/a/b.git"),
        ("ssh://git@git.example/a/b.git", "ssh://git.example/a/b.git"),
        ("git@git.example:a/b.git", "ssh://git.example/a/b.git"),
        ("https://x:y@[2001:db8::1]/a/b", "https://[2001:db8::1]/a/b"),
        ("https://git.example:port/a", ""),
        ("/srv/git/shop.git", ""),
        ("../shop", ""),
        ("", ""),
    ],
)
def test_an_address_shows_no_password(origin: str, address: str) -> None:
    assert public_address(origin) == address


@pytest.mark.parametrize(
    "origin, repo", [(f"{SHOP}.git", "acme/shop"), ("https://g.example/a/b/c", "b/c"), ("https://g.example/a", "a"), ("", "")]
)
def test_a_repository_is_called_as_its_address_ends(origin: str, repo: str) -> None:
    assert repo_of(origin) == repo


def git(folder: Path, *arguments: str) -> None:
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(["git", *who, *arguments], cwd=folder, env={**os.environ, **own}, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a commit on the branch `cart`, and with a file that git does not know yet."""
    top = tmp_path / "shöp"
    (top / "web").mkdir(parents=True)
    git(top, "init", "--initial-branch", "cart")
    git(top, "remote", "add", "origin", "https://me:pw@git.example/acme/shop.git")
    (top / ".gitignore").write_text("*.log\n")
    (top / "web" / "ä b.js").write_text("")
    git(top, "add", "--all")
    git(top, "commit", "--message", "first")
    (top / "new.py").write_text("")
    (top / "noise.log").write_text("")
    return top


def checkout(folder: Path) -> Checkout:
    found = read_checkout(folder, os.environ)
    assert found is not None
    return found


def test_a_checkout_tells_its_branch_commit_and_files(repository: Path) -> None:
    found = checkout(repository / "web")
    assert (Path(found.top), found.here, checkout(repository).here) == (repository.resolve(), "web", "")
    assert (found.facts.branch, found.facts.origin) == ("cart", "https://me:pw@git.example/acme/shop.git")
    assert len(found.facts.commit or "") == 40
    assert set(files_of(found, os.environ)) == {".gitignore", "web/ä b.js", "new.py"}


def test_a_checkout_of_a_commit_is_on_no_branch(repository: Path) -> None:
    git(repository, "checkout", "--detach")
    assert (checkout(repository).facts.branch, len(checkout(repository).facts.commit or "")) == (None, 40)


def test_a_repository_without_commits_has_a_branch_all_the_same(tmp_path: Path) -> None:
    git(tmp_path, "init", "--initial-branch", "main")
    assert checkout(tmp_path).facts == Facts(branch="main")


def test_where_there_is_no_repository_or_no_git_there_is_no_checkout(tmp_path: Path, repository: Path) -> None:
    outside = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    assert read_checkout(tmp_path, outside) is None
    assert read_checkout(repository, {"PATH": str(tmp_path)}) is None
    assert [is_unread(one) for one in (tmp_path, repository, repository / "web")] == [False, True, True]
