"""What the service does by itself from its start."""

from pathlib import Path

import pytest
from tests.serving import Caller, Serve, command, eventually

pytestmark = pytest.mark.functional

STORE = "sqlite:///kept.db"
LATER = "2200-01-01T00:00:00Z"
ACCEPTED = """query ($now: DateTime) { organization(name: "aurora") {
  vulnerabilities(filter: {treatments: [ACCEPTED], acceptedUntilBefore: $now}) { nodes { treatment { acceptedUntil } } }
  untreated: vulnerabilities(filter: {treatments: [UNTREATED]}) { nodes { treatment { by acceptedUntil } } } } }"""


def test_acceptances_whose_date_has_come_are_ended_when_the_service_starts(serve: Serve, tmp_path: Path) -> None:
    """The demo has one that ended yesterday; the first run is at the start, and not after an hour."""
    loaded = command("demo", "--store", STORE, folder=tmp_path)
    assert loaded.returncode == 0, loaded.stderr
    running = serve("--store", STORE)
    assert running.folder == tmp_path
    with running.client(running.token("ada@demo.example")) as client:
        ada = Caller(client)

        def ended() -> bool:
            untreated = ada.ask(ACCEPTED, now=LATER)["organization"]["untreated"]["nodes"]
            return any(one["treatment"]["by"] == "system" for one in untreated)

        eventually(ended)
        left = ada.ask(ACCEPTED, now=LATER)["organization"]["vulnerabilities"]["nodes"]
        assert len(left) == 3, "of the demo's four in aurora, one has ended"
