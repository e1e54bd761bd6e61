"""Where GIT roots may be (domain section 3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.db_model.errors import Rejected, Rejections
from integrates.db_model.roots import git
from integrates.db_model.roots.argument import last_part
from integrates.db_model.values.check import Check


def refusal(value: str, check: Check) -> str:
    with pytest.raises(Rejected) as caught:
        check(value, ("argument",))
    assert caught.value.path == ("argument",)
    return caught.value.reason


@pytest.mark.parametrize(
    "spellings,stored",
    [
        (
            [
                "https://git.example/Acme/App",
                "https://git.example/Acme/App.git",
                "https://git.example/Acme/App/",
                "https://git.example/Acme/App.git/",
                "https://git.example/Acme/App.git.git//",
                "HTTPS://GIT.Example/Acme/App",
                "https://user@git.example/Acme/App",
                "https://user:p@git.example/Acme/App.git",
                "https://:secret@git.example/Acme/App",
                " https://git.example:/Acme/App ",
            ],
            "https://git.example/Acme/App",
        ),
        (["https://h:8443/a.git"], "https://h:8443/a"),
        (["https://h/a.github"], "https://h/a.github"),
        (["https://h/a.GIT"], "https://h/a.GIT"),
        (["https://10.0.0.1/a", "https://10.0.0.1/a/"], "https://10.0.0.1/a"),
        (["https://[2001:DB8::1]:1/a"], "https://[2001:db8::1]:1/a"),
        (["ssh://git@Host:22/a/b.git", "SSH://git:secret@host:22/a/b/"], "ssh://git@host:22/a/b"),
        (["ssh://host/a.git"], "ssh://host/a"),
        (["git@GitHub.example:Acme/App.git", "git@github.example:Acme/App/"], "git@github.example:Acme/App"),
        (["me@h:/srv/a.git"], "me@h:/srv/a"),
        (["me@h:a"], "me@h:a"),
        (["me@[::1]:a"], "me@[::1]:a"),
    ],
)
def test_spellings_of_one_location_are_one(spellings: list[str], stored: str) -> None:
    assert {git.normalised_git_url(spelling, ()) for spelling in spellings} == {stored}
    assert git.normalised_git_url(stored, ()) == stored


@pytest.mark.parametrize(
    "url,rule",
    [
        ("", "required"),
        ("https://h/" + "a" * 2039, "too_long"),
        ("http://h/a", "bad_format"),
        ("git://h/a", "bad_format"),
        ("file:///etc/passwd", "bad_format"),
        ("ext::sh -c x", "bad_characters"),
        ("/srv/a", "bad_format"),
        ("host/a", "bad_format"),
        ("host:a", "bad_format"),
        ("user@host", "bad_format"),
        ("https://h", "bad_format"),
        ("https://h/", "bad_format"),
        ("https://h/.git", "bad_format"),
        ("https:///a", "bad_format"),
        ("https://h/a/../b", "bad_format"),
        ("git@h:..", "bad_format"),
        ("https://h/a?b", "bad_format"),
        ("https://h/a#b", "bad_format"),
        ("https://h:x/a", "bad_format"),
        ("https://[::1/a", "bad_format"),
        ("https://-h/a", "bad_format"),
        ("ssh://-oProxyCommand=x/a", "bad_characters"),
        ("ssh://-u@h/a", "bad_format"),
        ("-u@h:a", "bad_format"),
        ("u@-h:a", "bad_format"),
        ("https://h/a\nb", "bad_characters"),
        ("https://h\\@evil/a", "bad_characters"),
        ("https://h\u00e9/a", "bad_characters"),
    ],
)
def test_bad_git_urls(url: str, rule: str) -> None:
    assert refusal(url, git.normalised_git_url) == rule


@given(
    st.sampled_from(["https://", "HTTPS://", "ssh://", "u@"]),
    st.sampled_from(["", "u@", "u:p@"]),
    st.sampled_from(["h", "H.x", "[::1]", "h:1", "h:"]),
    st.text("a./:git", max_size=12),
)
def test_normalising_is_idempotent(scheme: str, user: str, host: str, rest: str) -> None:
    try:
        stored = git.normalised_git_url(f"{scheme}{user}{host}/{rest}", ())
    except Rejected:
        return
    assert git.normalised_git_url(stored, ()) == stored
    assert not stored.endswith(("/", ".git"))


@pytest.mark.parametrize(
    "url,nickname", [("https://h/a/App", "App"), ("git@h:App", "App"), ("git@h:a/App", "App"), ("ssh://h:1/a", "a")]
)
def test_the_nickname_is_the_last_segment(url: str, nickname: str) -> None:
    assert last_part(url) == nickname


@pytest.mark.parametrize("name", ["main", "feature/x-1", "v1.0", "a@b", "\u00e9", "#12", "a" * 255, "lock", "HEAD/x"])
def test_branches(name: str) -> None:
    assert git.branch(name, ()) == name


@pytest.mark.parametrize(
    "name,rule",
    [
        ("", "required"),
        ("a" * 256, "too_long"),
        ("a b", "bad_characters"),
        ("a~1", "bad_characters"),
        ("a^", "bad_characters"),
        ("a:b", "bad_characters"),
        ("a?", "bad_characters"),
        ("a*", "bad_characters"),
        ("a[", "bad_characters"),
        ("a\\b", "bad_characters"),
        ("-a", "bad_format"),
        ("/a", "bad_format"),
        ("a/", "bad_format"),
        ("a//b", "bad_format"),
        (".a", "bad_format"),
        ("a/.b", "bad_format"),
        ("a..b", "bad_format"),
        ("a.", "bad_format"),
        ("a.lock", "bad_format"),
        ("a.lock/b", "bad_format"),
        ("@", "bad_format"),
        ("a@{b", "bad_format"),
    ],
)
def test_bad_branches(name: str, rule: str) -> None:
    assert refusal(name, git.branch) == rule


def test_exclusions_keep_their_order_and_repetitions() -> None:
    patterns = ["docs/", "!docs/a.md", "**/test_*", "docs/", "a-z", "[a-z]", "\\#x", "a\\\\", "x" * 200]
    assert git.gitignore(patterns, ()) == tuple(patterns)


@pytest.mark.parametrize(
    "pattern,rule",
    [
        ("", "required"),
        ("x" * 201, "too_long"),
        ("a\nb", "bad_characters"),
        ("*", "bad_exclusion"),
        ("**/*.*", "bad_exclusion"),
        ("/", "bad_exclusion"),
        ("!?", "bad_exclusion"),
        ("a\\", "bad_exclusion"),
        ("a\\/b", "bad_exclusion"),
        ("[z-a]", "bad_exclusion"),
        ("[]-:]", "bad_exclusion"),
    ],
)
def test_bad_exclusions(pattern: str, rule: str) -> None:
    with pytest.raises(Rejections) as caught:
        git.gitignore(["a", pattern], ("gitignore",))
    assert [(one.reason, one.path) for one in caught.value.refusals] == [(rule, ("gitignore", "1"))]


def test_exclusions_are_bounded() -> None:
    assert len(git.gitignore(["a"] * 50, ())) == 50
    with pytest.raises(Rejected, match="too_many_items"):
        git.gitignore(["a"] * 51, ())
