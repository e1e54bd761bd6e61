"""The secrets of an installation: where they come from, who agrees on them, and how another one takes their place."""

import json
import logging
import os
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from packages.server.tests.commandline import invoked
from packages.server.tests.conftest import World

from integrates.db_model.tokens.rules import MAX_LIFE
from integrates.server.app import new_app
from integrates.server.auth.keyring import following
from integrates.server.auth.secret import (
    LIFE,
    Secret,
    derive,
    keys_of,
    new_secret,
    read_secrets,
    rotate_file,
    rotated,
    secrets_in,
    verifying,
)
from integrates.server.settings import BadSetting

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def values(found: tuple[Secret, ...]) -> list[bytes]:
    return [one.value for one in found]


def entries(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_the_variable_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "store.db.key"
    read_secrets({}, file)
    assert values(read_secrets({"INTEGRATES_SECRET": "v" * 32}, file)) == [b"v" * 32]
    several = {"INTEGRATES_SECRET": f" {'n' * 32}\n{'o' * 32}  {'p' * 40}\n"}
    assert values(read_secrets(several, file)) == [b"n" * 32, b"o" * 32, b"p" * 40]


def test_the_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "store.db.key"
    (first,) = read_secrets({}, file)
    assert len(first.value) >= 64
    assert read_secrets({}, file) == (first,)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert entries(tmp_path) == ["store.db.key"]


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    file = tmp_path / "store.db.key"
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: read_secrets({}, file), range(64)))
    assert len(found) == 1


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"INTEGRATES_SECRET": "v" * 31},
        {"INTEGRATES_SECRET": ""},
        {"INTEGRATES_SECRET": " \n"},
        {"INTEGRATES_SECRET": f"{'w' * 32} {'v' * 31}"},
        {"INTEGRATES_SECRET": "vvv vvv horse battery staple and more of it"},
    ],
)
def test_without_good_secrets_nothing_starts(environ: Mapping[str, str]) -> None:
    with pytest.raises(BadSetting, match="INTEGRATES_SECRET") as caught:
        read_secrets(environ, None)
    assert "vvv" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["", "\n", "v" * 31, f"{'v' * 32} tomorrow", f"{'v' * 32} 2026-01-01T00:00:00", f"{'v' * 32} 2026-01-01T00:00:00+00:00 x"],
)
def test_a_file_that_is_none_of_ours_is_told_without_its_content(tmp_path: Path, content: str) -> None:
    file = tmp_path / "store.db.key"
    file.write_text(content)
    with pytest.raises(BadSetting) as caught:
        read_secrets({}, file)
    assert "vvv" not in str(caught.value)
    assert file.read_text() == content


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys, others = derive(b"a" * 32), derive(b"b" * 32)
    assert len({keys.token, keys.cursor, keys.login, others.token, others.cursor, others.login}) == 6
    assert keys.token_id != others.token_id
    assert derive(b"a" * 32) == keys


def test_a_former_key_verifies_until_its_date() -> None:
    keys = keys_of((Secret(b"n" * 32), Secret(b"o" * 32, NOW), Secret(b"p" * 32)))
    new, old, open_ended = (derive(letter * 32) for letter in (b"n", b"o", b"p"))
    assert (keys.token, keys.token_id, keys.cursor) == (new.token, new.token_id, new.cursor)
    assert verifying(keys, new.token_id, NOW) == new.token
    assert verifying(keys, old.token_id, NOW - INSTANT) == old.token
    assert verifying(keys, old.token_id, NOW) is None
    assert verifying(keys, open_ended.token_id, NOW + LIFE * 99) == open_ended.token
    assert verifying(keys, "", NOW) is None
    assert verifying(keys, "../../dev/null", NOW) is None


def test_a_new_secret_goes_in_front_and_former_ones_go_when_their_tokens_have_expired() -> None:
    first = rotated((Secret(b"o" * 32),), Secret(b"n" * 32), NOW, forget=False)
    assert first == (Secret(b"n" * 32), Secret(b"o" * 32, NOW + LIFE))
    assert LIFE > MAX_LIFE, "a token that was signed just before lives this long"
    second = rotated(first, Secret(b"m" * 32), NOW + timedelta(days=9), forget=False)
    expected = [None, NOW + timedelta(days=9) + LIFE, NOW + LIFE]
    assert [one.until for one in second] == expected, "what was former keeps its date"
    assert values(rotated(second, Secret(b"l" * 32), NOW + LIFE, forget=False)) == [b"l" * 32, b"m" * 32, b"n" * 32]
    assert rotated(second, Secret(b"l" * 32), NOW, forget=True) == (Secret(b"l" * 32),)


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "store.db.key"
    (old,) = read_secrets({}, file)
    made = rotate_file(file, NOW, forget=False)
    assert secrets_in(file) == made
    assert (made[1].value, made[1].until) == (old.value, NOW + LIFE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(entries(tmp_path)) <= {"store.db.key", "store.db.key.lock"}, "no draft is left"
    assert rotate_file(file, NOW, forget=True)[1:] == ()


def test_of_many_that_rotate_at_once_each_keeps_what_the_others_made(tmp_path: Path) -> None:
    file = tmp_path / "store.db.key"
    (first,) = read_secrets({}, file)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: rotate_file(file, NOW, forget=False), range(16)))
    left = set(values(secrets_in(file)))
    assert left == {first.value, *(one[0].value for one in made)}
    assert len(left) == 17


def test_secrets_do_not_show_themselves() -> None:
    keys = keys_of((Secret(b"n" * 32), Secret(b"o" * 32)))
    for shown in (repr(keys), repr(keys.former[0]), repr(Secret(b"n" * 32))):
        assert "nnn" not in shown
        assert repr(keys.token) not in shown


async def test_a_running_service_notices_and_tokens_of_before_go_on(tmp_path: Path, world: World) -> None:
    file = tmp_path / "store.db.key"
    file.write_bytes(b"the secret of the tests, 32 bytes and more".replace(b" ", b"-"))
    keys = keys_of(secrets_in(file))
    ring = following(file, keys)
    world.service = replace(world.service, keyring=ring)
    world.app = new_app(world.service)
    before = await world.token(keys=keys)
    assert (await world.ask(before)).status_code == 200
    rotate_file(file, world.now, forget=False)
    assert (await world.ask(before)).status_code == 200
    after = await world.token(keys=world.service.keys)
    assert (await world.ask(after)).status_code == 200
    assert ring().token_id != keys.token_id
    rotate_file(file, world.now, forget=True)
    assert [(await world.ask(token)).status_code for token in (before, after)] == [401, 401]


@pytest.mark.parametrize("content", [None, b"", b"short"])
def test_a_file_that_cannot_be_read_again_leaves_the_keys_as_they_are(
    tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "store.db.key"
    keys = keys_of(read_secrets({}, file))
    ring = following(file, keys)
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert [ring() is keys for _ in range(3)] == [True] * 3
    assert len(caplog.records) == 1
    file.unlink(missing_ok=True)
    (again,) = read_secrets({}, file)
    assert ring().token_id == derive(again.value).token_id


def keys_command(*arguments: str, **variables: str) -> tuple[int, str, str]:
    return invoked(["keys", *arguments], variables)


def rows(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_keys_are_listed_and_rotated_by_command(tmp_path: Path) -> None:
    url, file = f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "store.db.key"
    (tmp_path / "store.db").touch()
    (first,) = read_secrets({}, file)
    code, out, err = keys_command("list", "--store", url)
    assert (code, out, err) == (0, f"{derive(first.value).token_id}  signs\n", "")
    made = rows(keys_command("rotate", "--json", "--store", url)[1])
    assert [(row["signs"], row["id"] == derive(first.value).token_id) for row in made] == [(True, False), (False, True)]
    assert datetime.fromisoformat(made[1]["until"]) > datetime.now(UTC) + MAX_LIFE
    assert rows(keys_command("list", "--json", "--store", url)[1]) == made
    assert len(rows(keys_command("rotate", "--forget", "--json", "--store", url)[1])) == 1
    assert first.value.decode() not in out


def test_the_variables_next_value_is_printed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    code, out, err = keys_command("rotate", "--store", url, INTEGRATES_SECRET="o" * 32)
    new, old = out.split()
    assert (code, old, len(new), err) == (0, "o" * 32, 128, "")
    assert keys_command("rotate", "--forget", "--store", url, INTEGRATES_SECRET="o" * 32)[1].count(" ") == 0
    listed = keys_command("list", "--store", "dynamodb://?region=eu-west-1", INTEGRATES_SECRET=out)[1]
    assert [line.split()[1] for line in listed.splitlines()] == ["signs", "verifies"]
    assert entries(tmp_path) == []


@pytest.mark.parametrize("url", ["sqlite:///{}/none.db", "dynamodb://?region=eu-west-1", "memory://"])
@pytest.mark.parametrize("verb", ["list", "rotate"])
def test_where_there_is_no_secret_none_is_made(tmp_path: Path, url: str, verb: str) -> None:
    assert "INTEGRATES_SECRET" not in os.environ
    code, out, err = keys_command(verb, "--store", url.format(tmp_path))
    assert (code, out, err.count("\n"), entries(tmp_path)) == (2, "", 1, [])


def test_new_secrets_differ() -> None:
    assert new_secret() != new_secret()
