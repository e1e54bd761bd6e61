"""The command ``integrates``: what it refuses, what it makes, and starting again."""

import json
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.serving import CLEAN, Caller, Running, Serve, command

pytestmark = pytest.mark.functional

ADA = "ada@demo.example"


@pytest.mark.parametrize(
    "arguments, told",
    [
        (("serve", "--port", "70000"), "port"),
        (("serve", "--port", "http"), "port"),
        (("serve", "--store", "mysql://localhost"), "sqlite:///"),
        (("serve", "--store", "sqlite:///"), "store"),
        (("serve", "--store", "sqlite:///missing/folder/store.db"), "missing/folder"),
        (("serve", "--store", "dynamodb://?color=red"), "color"),
        (("serve", "--host", "203.0.113.7"), "203.0.113.7"),
        (("token", ADA), "integrates.db"),
        (("expire",), "integrates.db"),
        (("expire", "--store", "memory://"), "memory"),
        (("clean", "--store", "memory://"), "memory"),
        (("token", ADA, "--days", "180"), "days"),
        (("token", ADA, "--store", "memory://"), ADA),
        (("check",), "integrates.db"),
        (("check", "--store", "memory://"), "empty"),
        (("demo", "--now", "yesterday", "--store", "memory://"), "now"),
        (("demo", "--store", "memory://"), "serve --demo"),
        (("frobnicate",), "frobnicate"),
        (("--store",), "store"),
    ],
)
def test_a_wrong_setting_is_told_in_words_with_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = command(*arguments, folder=tmp_path, INTEGRATES_PORT="0")
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "variables, told",
    [
        ({"INTEGRATES_PORT": "http"}, "port"),
        ({"INTEGRATES_SECRET": "too short"}, "INTEGRATES_SECRET"),
        ({"INTEGRATES_ORIGIN": "integrates.example/path"}, "origin"),
        ({"INTEGRATES_STORE": "mysql://localhost"}, "store"),
        ({"INTEGRATES_FILES": "ftp://localhost"}, "files"),
        ({"INTEGRATES_ADMINS": "me@example.com, you"}, "admins"),
    ],
)
def test_a_wrong_variable_is_told_without_its_value(tmp_path: Path, variables: dict[str, str], told: str) -> None:
    done = command("serve", folder=tmp_path, **{"INTEGRATES_PORT": "0", **variables})
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "too short" not in done.stderr


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = command("serve", "--port", port, "--demo", folder=tmp_path)
    assert (done.returncode, port in done.stderr, list(tmp_path.iterdir())) == (2, True, [])


def test_acceptances_whose_date_has_come_are_ended_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    assert command("demo", "--now", "2024-01-31T12:00:00+00:00", "--store", url, folder=tmp_path).returncode == 0
    first, again = [command("expire", "--store", url, folder=tmp_path) for _ in range(2)]
    assert (first.returncode, first.stderr) == (0, "")
    assert re.fullmatch(r"[1-9]\d* acceptances? ended\n", first.stdout)
    assert (again.returncode, again.stdout, again.stderr) == (0, "0 acceptances ended\n", "")
    assert json.loads(command("expire", "--json", "--store", url, folder=tmp_path).stdout) == {"done": 0, "refused": {}}


@pytest.mark.parametrize("verb", [(), ("serve",), ("demo",), ("expire",), ("token",)])
def test_help_explains_with_an_example(tmp_path: Path, verb: tuple[str, ...]) -> None:
    done = command(*verb, "--help", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--store" in done.stdout
    assert re.search(r"^ *(TOKEN=\$\()?integrates (serve|demo|expire|token) ", done.stdout, re.MULTILINE)


def test_the_version_is_told(tmp_path: Path) -> None:
    assert re.fullmatch(r"integrates \S+\n", command("--version", folder=tmp_path).stdout)


@pytest.mark.parametrize(
    "before, after, variables",
    [
        (("--store", "sqlite:///here.db"), (), {}),
        ((), ("--store", "sqlite:///here.db"), {}),
        ((), (), {"INTEGRATES_STORE": "sqlite:///here.db"}),
        (("--store", "sqlite:///other.db"), ("--store", "sqlite:///here.db"), {"INTEGRATES_STORE": "sqlite:///third.db"}),
    ],
)
def test_the_store_is_named_before_or_after_the_command_or_outside(
    tmp_path: Path, before: tuple[str, ...], after: tuple[str, ...], variables: dict[str, str]
) -> None:
    done = command(*before, "demo", *after, folder=tmp_path, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "here.db").exists()
    assert not (tmp_path / "other.db").exists()
    again = command(*before, "demo", *after, folder=tmp_path, **variables)
    assert (again.returncode, "not empty" in again.stderr) == (2, True)


def test_what_ada_does_with_her_token(demo: Running) -> None:
    token = demo.token(ADA, "--name", "once", "--days", "1")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token)
    with demo.client(token) as client:
        assert Caller(client).ask("{ me { email role } }")["me"] == {"email": ADA, "role": "ADMIN"}
    again = command("token", ADA, "--name", "once", "--store", demo.store, folder=demo.folder)
    assert (again.returncode, "of that name" in again.stderr, again.stdout) == (2, True, "")


def test_a_sixth_token_replaces_the_oldest_when_asked_to(demo: Running) -> None:
    nina = "nina@demo.example"
    tokens = [demo.token(nina) for _ in range(5)]
    sixth = command("token", nina, "--store", demo.store, folder=demo.folder)
    assert (sixth.returncode, "--replace" in sixth.stderr) == (2, True)
    tokens.append(demo.token(nina, "--replace"))
    statuses = []
    for token in tokens:
        with demo.client(token) as client:
            statuses.append(client.post("/api", json={"query": "{ me { email } }"}).status_code)
    assert statuses == [401, 200, 200, 200, 200, 200]


@pytest.mark.parametrize("email", ["nobody@demo.example", "no-email", "a#b@demo.example", ""])
def test_nobody_gets_a_token_for_an_unknown_person(demo: Running, email: str) -> None:
    done = command("token", email, "--store", demo.store, folder=demo.folder)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False)


def test_the_greeting_tells_what_works(serve: Serve) -> None:
    running = serve("--demo")
    text = _until(running, " ls groups")
    people = dict(line.split(maxsplit=1) for line in text if line.startswith("  ") and "@demo.example  " in line)
    assert people["ada@demo.example"].strip() == "admin"
    assert "group_manager of webshop" in people["gus@demo.example"]
    end = text.index("The same by commands, which keep the token for you:\n")
    question, commands = "".join(text[text.index("A first question:\n") + 1 : end]), "".join(text[end + 1 :])
    environ = CLEAN | {"INTEGRATES_CONFIG": str(running.folder / "config.json")}
    answers = [
        subprocess.run(["/bin/sh", "-c", shell], cwd=running.folder, env=environ, capture_output=True, text=True, check=False)
        for shell in (question, commands)
    ]
    assert json.loads(answers[0].stdout)["data"]["me"]["email"] == ADA
    assert re.search(r"^You are ada@demo.example at http.*^webshop ", answers[1].stdout, re.MULTILINE | re.DOTALL)


def _until(running: Running, mark: str) -> list[str]:
    assert running.process.stdout is not None
    lines: list[str] = []
    while not lines or mark not in lines[-1]:
        lines.append(running.process.stdout.readline())
    return lines


SEEN = """{ group(name: "webshop") {
  imports { nodes { state counts { created reopened closed } } }
  summary { open closed hidden submitted rejected }
} }"""


def test_the_demo_has_a_past(demo: Running, caller: Callable[[str], Caller]) -> None:
    assert "is skipped" not in (demo.folder / "stderr").read_text()
    found = caller(ADA).ask(SEEN)["group"]
    imports = [(entry["state"], *entry["counts"].values()) for entry in found["imports"]["nodes"]]
    assert imports == [
        ("COMPLETED", 0, 2, 0),
        ("COMPLETED", 0, 0, 10),
        ("FAILED", 0, 0, 0),
        ("COMPLETED", 23, 0, 0),
    ]  # newest first
    assert found["summary"] == {"open": 20, "closed": 10, "hidden": 1, "submitted": 1, "rejected": 1}
    cargo = caller("gus@demo.example").ask('{ group(name: "cargo") { roots { nickname state reason } } }')["group"]
    assert {root["nickname"]: (root["state"], root["reason"]) for root in cargo["roots"]} == {
        "portal": ("ACTIVE", None),
        "scales": ("ACTIVE", None),
        "tracker": ("INACTIVE", "OUT_OF_SCOPE"),
    }


def test_each_start_of_the_demo_is_fresh_and_a_store_of_ones_own_is_safe(serve: Serve, tmp_path: Path) -> None:
    first = serve("--demo")
    token = first.token(ADA)
    busy = command("serve", "--demo", "--port", "0", folder=tmp_path)
    assert (busy.returncode, "another demo" in busy.stderr) == (2, True)
    assert first.stop() == 0
    second = serve("--demo")
    with second.client(token) as client:
        assert client.post("/api", json={"query": "{ me { email } }"}).status_code == 401
    with second.client(second.token(ADA)) as client:
        assert Caller(client).ask("{ me { email } }")["me"]["email"] == ADA
    given = command("serve", "--demo", "--port", "0", "--store", second.store, folder=tmp_path)
    assert (given.returncode, "not empty" in given.stderr) == (2, True)


def test_the_demo_is_not_served_under_an_address_for_others(tmp_path: Path) -> None:
    done = command("serve", "--demo", "--port", "0", folder=tmp_path, INTEGRATES_ORIGIN="https://integrates.example")
    assert (done.returncode, done.stderr.count("\n"), "local_login" in done.stderr) == (2, 1, True)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "integrates-demo").mkdir()
    (tmp_path / "integrates-demo" / "thesis.txt").write_text("years of work")
    done = command("serve", "--demo", "--port", "0", folder=tmp_path)
    assert done.returncode == 2
    assert [entry.name for entry in (tmp_path / "integrates-demo").iterdir()] == ["thesis.txt"]


def test_secrets_reach_neither_log_nor_greeting(serve: Serve) -> None:
    running = serve("--demo")
    token = running.token(ADA)
    key = (running.folder / "integrates-demo" / "store.db.key").read_text()
    with running.client(token) as client:
        client.post("/api", json={"query": "{ me { email } }"})
    logged = (running.folder / "stderr").read_text()
    assert all(secret not in logged + running.greeting for secret in (token, key, token.split(".")[2]))


def test_the_first_admins_are_named_in_the_settings(serve: Serve) -> None:
    running = serve("--store", "sqlite:///own.db", INTEGRATES_ADMINS="Me@example.com, you@example.com")
    with running.client(running.token("me@example.com")) as client:
        assert Caller(client).ask("{ me { email role } }")["me"] == {"email": "me@example.com", "role": "ADMIN"}
    assert running.stop() == 0
    again = serve("--store", "sqlite:///own.db", INTEGRATES_ADMINS="me@example.com")
    with again.client(again.token("me@example.com")) as client:
        assert Caller(client).ask("{ me { version } }")["me"]["version"] == 1, "whoever is known is left alone"
