"""Clients that are slow, idle or deaf keep nobody else waiting, and a stop beside them tears nothing."""

import asyncio
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from tests.load.conftest import Proof
from tests.load.crowd import answered, idling, ignoring, uploading
from tests.load.judge import miscounted, shared
from tests.load.pair import ADA, STORE
from tests.serving import Caller, Place, Running, eventually, new_place, result, sarif, serving

pytestmark = [pytest.mark.functional, pytest.mark.load]

NINA, OLGA = "nina@demo.example", "olga@demo.example"
"""Nina has no role anywhere."""
PATIENT = {"INTEGRATES_BODY_SECONDS": "3600", "INTEGRATES_GRACEFUL_SECONDS": "0.5", "INTEGRATES_API_RATE": "1000000"}
"""Nothing but the stop ends what is slow."""
UPLOADS, IDLE, DEAF, IMPORTS, QUESTIONS = 64, 200, 32, 8, 50
TEXT = "What the rule is about. " * 600
RULES = [{"id": f"rule-{number}", "fullDescription": {"text": TEXT}} for number in range(7)]
SMALL = [result(f"rule-{line % 7}", f"src/file_{line % 20}.py", line) for line in range(1, 101)]
REPORT = sarif(SMALL).replace(b'"driver": {', b'"driver": {"rules": %s, ' % json.dumps(RULES).encode())
LARGE = [result(f"rule-{line % 7}", f"src/file_{line % 20}.py", line) for line in range(1, 3_001)]
BIG = "query ($group: ID!) { group(name: $group) { vulnerabilities(first: 100) { nodes { finding { description } } } } }"
"""Its answer has the text a hundred times, which fits into no buffer between the service and a client who does not read."""
STATE = """query ($group: ID!) { group(name: $group) { summary { open } imports { nodes { state counts { created } } } } }"""


def statuses(who: Caller, place: Place) -> Counter[str]:
    """Return how often imports and questions of somebody were answered how."""
    found: Counter[str] = Counter()
    for _ in range(IMPORTS):
        answer = who.send(REPORT, group=place.group, root=place.root)
        done = answer.status_code == 200 and answer.json()["data"]["importVulnerabilities"]["import"]["state"] == "COMPLETED"
        found["import completed" if done else f"import {answer.status_code}"] += 1
    for _ in range(QUESTIONS):
        found[f"question {who.client.post('/api', json={'query': '{ me { groups { name } } }'}).status_code}"] += 1
    return found


def cut_off(running: Running, who: Caller, place: Place) -> int:
    """Stop the service when an import has done its first chunk; the exit code."""

    def send() -> None:
        with suppress(httpx.HTTPError):
            who.send(sarif(LARGE), group=place.group, root=place.root)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(send)
        eventually(lambda: (who.ask(STATE, group=place.group)["group"]["summary"]["open"] or 0) > 0)
        return running.stop()


def crowded(folder: Path) -> tuple[Counter[str], Counter[str], Place]:
    """Serve a crowd beside somebody who imports and asks, then stop.

    Return how that person was answered, how the slow uploads were, and where an import was cut off by the stop.
    """
    with serving(folder, "--demo", "--store", STORE, **PATIENT) as running, ExitStack() as crowd:
        olga = Caller(crowd.enter_context(running.client(running.token(OLGA))))
        place, cut = new_place(olga, "beside"), new_place(olga, "cut-off")
        before = statuses(olga, place)
        slow = crowd.enter_context(uploading(running, running.token(NINA), UPLOADS))
        crowd.enter_context(idling(running, IDLE))
        deaf = crowd.enter_context(ignoring(running, running.token(ADA), DEAF, BIG, group=place.group))
        found = statuses(olga, place)
        assert found == before
        refused = Counter(str(answered(connection)) for connection in slow)
        ada = Caller(crowd.enter_context(running.client(running.token(ADA))))
        assert statuses(ada, place) == before, "who does not listen on some connections is answered on others"
        assert {answered(connection) for connection in deaf} <= {200, 429}
        assert cut_off(running, olga, cut) == 0
    assert "Traceback" not in (folder / "stderr").read_text()
    return found, refused, cut


def judge(folder: Path, cut: Place) -> None:
    """Assert that a service that is started again ends the import that was cut off, and that everything is there once."""
    with serving(folder, "--store", STORE, **PATIENT) as running, running.client(running.token(OLGA)) as client:
        olga = Caller(client)
        eventually(lambda: olga.ask(STATE, group=cut.group)["group"]["imports"]["nodes"][0]["state"] == "COMPLETED")
        state = olga.ask(STATE, group=cut.group)["group"]
        assert (state["summary"]["open"], state["imports"]["nodes"][0]["counts"]["created"]) == (len(LARGE), len(LARGE))
    assert asyncio.run(miscounted(shared(folder), cut.group)) == {}


def test_slow_clients_keep_nobody_waiting_and_a_stop_beside_them_tears_nothing(proof: Proof, tmp_path: Path) -> None:
    for turn in proof.rounds(1):
        folder = tmp_path / str(turn)
        folder.mkdir()
        found, refused, cut = crowded(folder)
        proof.note(turn=turn, answered=found, uploads=refused)
        assert found == Counter({"import completed": IMPORTS, "question 200": QUESTIONS})
        assert refused.keys() <= {"None", "408", "429"}, "408 on a machine so busy that they take longer than a body may"
        judge(folder, cut)
        proof.count(slow_uploads=UPLOADS, of_them_refused=refused["429"], idle=IDLE, deaf=DEAF, stops=1)
        proof.count(**{name.replace(" ", "_"): count for name, count in found.items()})
