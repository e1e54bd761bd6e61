"""The file in which ``integrates login`` keeps tokens, each for one address, readable by its owner alone."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import typer
from filelock import FileLock

from integrates.server.client.fault import Fault
from integrates.server.client.file import replacing

VARIABLE: Final = "INTEGRATES_CONFIG"
"""Names the file, where that is not the usual one."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MOST: Final = 1024 * 1024
"""Bytes of the largest file that is read."""


class Login(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept for one service: its token, whose it is, and whether it may travel over http."""

    token: str
    email: str | None = None
    allow_http: bool = False


class Config(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole file: the service that is meant when none is named, and a login for each address."""

    address: str | None = None
    logins: Mapping[str, Login] = {}


def config_file(environ: Mapping[str, str]) -> Path:
    """Return where the file is: ``INTEGRATES_CONFIG``, else in the person's folder for such things."""
    named = environ.get(VARIABLE)
    return Path(named) if named else Path(typer.get_app_dir("integrates")) / "config.json"


def read_config(path: Path) -> Config:
    """Return what the file says, and an empty one when there is none.

    Raise :class:`Fault` when others may read or write it, when it is somebody else's, and when it is no such file.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    with os.fdopen(opened, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Fault(f"{path} is no file")
        if found.st_uid != os.geteuid():
            raise Fault(f"{path} belongs to somebody else, who could have put any token there")
        if found.st_mode & _OTHERS:
            raise Fault(f"{path} may be read by others, and it holds tokens: run chmod 600 {path}, and issue new tokens")
        content = file.read(_MOST)
    try:
        return msgspec.json.decode(content, type=Config)
    except msgspec.DecodeError as error:
        raise Fault(f"{path} is damaged ({error}); remove it and run integrates login again") from error


def keep_login(path: Path, address: str, login: Login) -> None:
    """Keep a login, and mean its service from now on when none is named. Logins kept at the same time all stay."""
    with _locked(path):
        known = read_config(path)
        _write(path, Config(address=address, logins={**known.logins, address: login}))


def forget_login(path: Path, address: str) -> bool:
    """Forget the login of an address. Return whether there was one."""
    with _locked(path):
        known = read_config(path)
        rest = {name: login for name, login in known.logins.items() if name != address}
        if len(rest) < len(known.logins):
            _write(path, Config(address=None if known.address == address else known.address, logins=rest))
    return len(rest) < len(known.logins)


def _locked(path: Path) -> FileLock:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileLock(path.with_name(f"{path.name}.lock"), timeout=10, mode=0o600)


def _write(path: Path, config: Config) -> None:
    with replacing(path, 0o600) as file:
        file.write(msgspec.json.format(msgspec.json.encode(config), indent=2) + b"\n")
