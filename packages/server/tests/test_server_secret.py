import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from integrates.server.auth.secret import derive, read_secret
from integrates.server.settings import BadSetting


def test_the_variable_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "store.db.key"
    read_secret({}, file)
    assert read_secret({"INTEGRATES_SECRET": "v" * 32}, file) == b"v" * 32


def test_the_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "store.db.key"
    first = read_secret({}, file)
    assert len(first) >= 64
    assert read_secret({}, file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["store.db.key"]


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    file = tmp_path / "store.db.key"
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(lambda _: read_secret({}, file), range(64)))
    assert len(secrets) == 1


@pytest.mark.parametrize("environ", [{}, {"INTEGRATES_SECRET": "v" * 31}, {"INTEGRATES_SECRET": ""}])
def test_without_a_good_secret_nothing_starts(environ: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match="INTEGRATES_SECRET") as caught:
        read_secret(environ, None)
    assert "vvv" not in str(caught.value)


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys, others = derive(b"a" * 32), derive(b"b" * 32)
    assert len({keys.token, keys.cursor, others.token, others.cursor}) == 4
    assert keys.token_id != others.token_id
    assert derive(b"a" * 32) == keys
