"""What the tests of the model share: the emulator of DynamoDB and S3, or an endpoint to use in its place."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.register_assert_rewrite("integrates.db_model.testing.requirements")

STARTED_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + STARTED_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the DynamoDB emulator did not start")


@contextmanager
def emulator(program: str, folder: Path) -> Iterator[str]:
    """Run the emulator on a free port of the loopback interface."""
    port = free_port()
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": "dynamodb,s3", "LOG_LEVEL": "ERROR"}
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen([program], env={**os.environ, **settings}, cwd=folder, stdout=log, stderr=log)
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


@pytest.fixture(scope="session")
def emulator_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of the emulator whose program INTEGRATES_TEST_MINISTACK names."""
    program = os.environ.get("INTEGRATES_TEST_MINISTACK")
    if program is None:
        pytest.skip("INTEGRATES_TEST_MINISTACK does not name an emulator (nox -s dynamodb does)")
    with emulator(program, tmp_path_factory.mktemp("emulator")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def dynamodb_endpoint(request: pytest.FixtureRequest) -> str:
    """The endpoint in INTEGRATES_TEST_DYNAMODB, else the emulator's."""
    endpoint: str = os.environ.get("INTEGRATES_TEST_DYNAMODB") or request.getfixturevalue("emulator_endpoint")
    return endpoint
