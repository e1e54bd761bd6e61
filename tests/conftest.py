"""What tests that cross packages share: services to talk to, and how far the proofs of `tests/load` go."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from packages.db_model.tests.conftest import emulator
from tests.serving import Caller, Running, Serve, serving

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "sarif"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let one say how long each proof goes on, and repeat the choices of a former run."""
    group = parser.getgroup("load", "proofs of tests/load")
    group.addoption("--minutes", type=float, help="repeat each proof for so many minutes; without it, each runs its short form")
    group.addoption("--seed", type=int, default=None, help="what the choices of the proofs come from; printed by each run")


def pytest_configure(config: pytest.Config) -> None:
    """Draw the seed unless one is given."""
    if config.option.seed is None:
        config.option.seed = secrets.randbelow(10**6)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a service of the test's own, by default in its own folder."""
    with ExitStack() as started:

        def start(*arguments: str, folder: Path = tmp_path, **variables: str) -> Running:
            return started.enter_context(serving(folder, *arguments, **variables))

        yield start


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service with the demo data for all tests that leave the demo's own entities alone."""
    with serving(tmp_path_factory.mktemp("demo"), "--demo") as running:
        yield running


@pytest.fixture
def caller(demo: Running) -> Iterator[Callable[[str], Caller]]:
    """Somebody of the demo, with a token that is theirs for the session of tests."""
    with ExitStack() as opened:
        yield lambda email: Caller(opened.enter_context(demo.client(_token(demo, email))))


@cache
def _token(running: Running, email: str) -> str:
    return running.token(email)


@pytest.fixture(scope="session")
def sample() -> bytes:
    """A real report of semgrep with 1,768 results; where it lies says ``INTEGRATES_SARIF_SAMPLES``."""
    folder = Path(os.environ.get("INTEGRATES_SARIF_SAMPLES", SAMPLES))
    path = folder / "semgrepowasp-benchmark-sample.sarif"
    if not path.is_file():
        pytest.skip("the sample reports are not part of the repository; INTEGRATES_SARIF_SAMPLES names their folder")
    return path.read_bytes()


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DynamoDB endpoint in INTEGRATES_TEST_DYNAMODB, else an emulator started as the tests of the model start it."""
    if given := os.environ.get("INTEGRATES_TEST_DYNAMODB"):
        yield given
        return
    program = os.environ.get("INTEGRATES_TEST_MINISTACK")
    if program is None:
        pytest.skip("INTEGRATES_TEST_MINISTACK does not name an emulator (nox -s dynamodb does)")
    with emulator(program, tmp_path_factory.mktemp("emulator")) as started:
        yield started
